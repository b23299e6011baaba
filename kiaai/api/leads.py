"""`/leads`: the people who wrote, and where they stand."""

from typing import Any

from kiaai.api import queries, schemas
from kiaai.api.authentication import caller, require_caller
from kiaai.api.loading import lead_or_404
from kiaai.api.routing import PHONE, Routes
from kiaai.api.shapes import Shape, lead_shape
from kiaai.errors import ValidationFailed
from kiaai.extensions import db
from kiaai.leads.finding import find_lead, find_or_create_lead, parse_phone
from kiaai.leads.pipeline import Actor, rename, set_notes, set_status, set_tags
from kiaai.models import Lead

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


@bp.route("", methods=["POST"])
@bp.arguments(schemas.NewLeadBody)
@bp.response(201, schemas.LeadAnswer)
@bp.alt_response(200, schema=schemas.LeadAnswer, description="Somebody is known by this number", success=True)
@bp.errors(403, 413)
def create_lead(body: dict[str, Any]) -> Shape | tuple[Shape, int]:
    """Make a lead

    Somebody who is known already stays as they are, and is answered with 200: change them by `PUT`.
    """
    actor = caller().actor
    known = find_lead(parse_phone(body["phone_number"], "phone_number"))
    if known is not None:
        return {"lead": lead_shape(known)}, 200
    lead = find_or_create_lead(body["phone_number"], actor=actor)
    try:
        _change(lead, body, actor)
    except ValidationFailed:
        db.session.rollback()
        raise
    db.session.commit()
    return {"lead": lead_shape(lead)}


@bp.route("/<lead:phone>", parameters=[PHONE])
@bp.response(200, schemas.LeadHistoryAnswer)
@bp.errors(404)
def show_lead(phone: str) -> Shape:
    """Show a lead with its newest 200 changes, newest first."""
    lead = lead_or_404(phone)
    return {"lead": lead_shape(lead), "history": queries.list_history(lead.id)}


@bp.route("/<lead:phone>", methods=["PUT"], parameters=[PHONE])
@bp.arguments(schemas.LeadBody)
@bp.response(200, schemas.LeadAnswer)
@bp.errors(403, 404, 413)
def change_lead(body: dict[str, Any], phone: str) -> Shape:
    """Change name, notes or tags of a lead; what is absent stays as it is."""
    lead = lead_or_404(phone)
    try:
        _change(lead, body, caller().actor)
    except ValidationFailed:
        # All of it or nothing.
        db.session.rollback()
        raise
    db.session.commit()
    return {"lead": lead_shape(lead)}


@bp.route("/<lead:phone>/status", methods=["PUT"], parameters=[PHONE])
@bp.arguments(schemas.StatusBody)
@bp.response(200, schemas.LeadAnswer)
@bp.errors(403, 404, 413)
def set_lead_status(body: dict[str, Any], phone: str) -> Shape:
    """Move a lead to a status; notes that are absent stay as they are."""
    lead = lead_or_404(phone)
    set_status(lead, body["lead_status"], caller().actor, body.get("notes"))
    db.session.commit()
    return {"lead": lead_shape(lead)}


def _change(lead: Lead, body: dict[str, Any], actor: Actor) -> None:
    """Change what the body names. Raises ValidationFailed."""
    if "customer_name" in body:
        rename(lead, body["customer_name"], actor)
    if "lead_status" in body:
        set_status(lead, body["lead_status"], actor)
    if "notes" in body:
        set_notes(lead, body["notes"], actor)
    if "tags" in body:
        set_tags(lead, body["tags"], actor)
