"""`/leads/{phone}/merge`, `/merges` and `/duplicates`: two leads that are one person."""

from typing import Any

from kiaai.api import merging_schemas as schemas
from kiaai.api.authentication import caller
from kiaai.api.leads import bp
from kiaai.api.loading import lead_or_404
from kiaai.api.routing import PHONE
from kiaai.api.shapes import Shape, lead_shape
from kiaai.errors import NotFound
from kiaai.extensions import db
from kiaai.leads.duplicates import suspects_of
from kiaai.leads.finding import find_lead
from kiaai.leads.merging import merge, undo
from kiaai.leads.merging_rules import refused
from kiaai.models import Lead, Merge
from kiaai.texts import lazy
from kiaai.transactions import commit
from kiaai.web.saying import said

_MERGE_ID = {"name": "merge_id", "in": "path", "required": True, "schema": {"type": "integer", "minimum": 1}}


@bp.route("/<lead:phone>/duplicates", parameters=[PHONE])
@bp.response(200, schemas.DuplicatesAnswer)
@bp.errors(404)
def list_duplicates(phone: str) -> Shape:
    """List who may be the same person, the surest first."""
    found = suspects_of(lead_or_404(phone))
    return {
        "duplicates": [
            {"lead": lead_shape(one.lead), "reason": one.reason, "sureness": one.sureness} for one in found
        ]
    }


@bp.route("/<lead:phone>/merge", methods=["POST"], parameters=[PHONE])
@bp.arguments(schemas.MergeBody)
@bp.response(200, schemas.MergeAnswer)
@bp.errors(403, 404, 413)
def merge_leads(body: dict[str, Any], phone: str) -> Shape:
    """Make one lead of two

    All that `other` has goes to the lead of the address, which stays. Each conversation goes on answering the
    number that it answered before. While a message is just going out the answer is 422: try again.
    """
    actor = caller().actor

    def work() -> tuple[int, int]:
        keep = lead_or_404(phone)
        other = find_lead(body["other"])
        if other is None:
            raise refused(lazy("Nobody is known by this number or id."))
        return keep.id, merge(keep, other, actor).id

    lead_id, merge_id = commit(work)
    return {"lead": lead_shape(db.session.get_one(Lead, lead_id)), "merge_id": merge_id}


@bp.route("/<lead:phone>/merges/<int:merge_id>", methods=["DELETE"], parameters=[PHONE, _MERGE_ID])
@bp.response(200, schemas.UndoneAnswer)
@bp.errors(403, 404)
def undo_merge(phone: str, merge_id: int) -> Shape:
    """Take a merge apart

    What came since goes to whom it is of, as far as that is known; `left` says what stays as it is.
    """
    actor = caller().actor

    def work() -> tuple[int, int, list[str]]:
        lead = lead_or_404(phone)
        row = db.session.get(Merge, merge_id) if merge_id < 2**63 else None
        if row is None or row.lead_id != lead.id:
            raise NotFound("There is no such merge.")
        done = undo(row, actor)
        return done.keep_id, done.other_id, [said(reason) for reason in done.left]

    keep_id, other_id, left = commit(work)
    keep, other = (lead_shape(db.session.get_one(Lead, id_)) for id_ in (keep_id, other_id))
    return {"lead": keep, "other": other, "left": left}
