"""`/leads`: the people who wrote, and where they stand."""

from typing import Any

from kiaai.api import queries, schemas
from kiaai.api.authentication import caller, require_caller
from kiaai.api.loading import lead_or_404
from kiaai.api.routing import PHONE, Routes
from kiaai.api.shapes import Shape, lead_shape
from kiaai.errors import ValidationFailed
from kiaai.extensions import db
from kiaai.leads.pipeline import rename, set_notes, set_status, set_tags

bp = Routes("Leads", __name__, url_prefix="/leads", description="The people who wrote")
require_caller(bp)


@bp.route("")
@bp.arguments(schemas.LeadsQuery, location="query")
@bp.response(200, schemas.LeadsAnswer)
@bp.errors()
def list_leads(query: dict[str, Any]) -> Shape:
    """List leads, the one last in contact first."""
    page = queries.list_leads(query["status"], query["q"], query["limit"], query["before"])
    return {"leads": [lead_shape(lead) for lead in page.rows], "next": page.next}


@bp.route("/<phone>", parameters=[PHONE])
@bp.response(200, schemas.LeadHistoryAnswer)
@bp.errors(404)
def show_lead(phone: str) -> Shape:
    """Show a lead with its newest 200 changes, newest first."""
    lead = lead_or_404(phone)
    return {"lead": lead_shape(lead), "history": queries.list_history(lead.id)}


@bp.route("/<phone>", methods=["PUT"], parameters=[PHONE])
@bp.arguments(schemas.LeadBody)
@bp.response(200, schemas.LeadAnswer)
@bp.errors(403, 404, 413)
def change_lead(body: dict[str, Any], phone: str) -> Shape:
    """Change name, notes or tags of a lead; what is absent stays as it is."""
    lead, actor = lead_or_404(phone), caller().actor
    try:
        if "customer_name" in body:
            rename(lead, body["customer_name"], actor)
        if "notes" in body:
            set_notes(lead, body["notes"], actor)
        if "tags" in body:
            set_tags(lead, body["tags"], actor)
    except ValidationFailed:
        # All of it or nothing.
        db.session.rollback()
        raise
    db.session.commit()
    return {"lead": lead_shape(lead)}


@bp.route("/<phone>/status", methods=["PUT"], parameters=[PHONE])
@bp.arguments(schemas.StatusBody)
@bp.response(200, schemas.LeadAnswer)
@bp.errors(403, 404, 413)
def set_lead_status(body: dict[str, Any], phone: str) -> Shape:
    """Move a lead to a status; notes that are absent stay as they are."""
    lead = lead_or_404(phone)
    set_status(lead, body["lead_status"], caller().actor, body.get("notes"))
    db.session.commit()
    return {"lead": lead_shape(lead)}
