"""`/leads/{phone}/consents`, and `DELETE /leads/{phone}`: what people agreed to, and forgetting them."""

from dataclasses import asdict
from typing import Any

from flask import current_app

from kiaai import clock
from kiaai.api import care_schemas as schemas
from kiaai.api.authentication import caller, refuse_member
from kiaai.api.leads import bp
from kiaai.api.loading import lead_or_404
from kiaai.api.routing import PHONE
from kiaai.api.shapes import Shape, lead_shape
from kiaai.extensions import db
from kiaai.leads.consents import Fact, agree, facts_of, lock_for_consent, refuse
from kiaai.leads.forgetting import forget


@bp.route("/<lead:phone>/consents", parameters=[PHONE])
@bp.response(200, schemas.ConsentsAnswer)
@bp.errors(404)
def list_consents(phone: str) -> Shape:
    """List what a person agreed to or asked not to get, the newest first. The newest counts."""
    return {"consents": _shapes(lead_or_404(phone).id)}


@bp.route("/<lead:phone>/consents", methods=["POST"], parameters=[PHONE])
@bp.arguments(schemas.ConsentBody)
@bp.response(201, schemas.ConsentAnswer)
@bp.errors(403, 404, 413)
def keep_consent(body: dict[str, Any], phone: str) -> Shape:
    """Keep that a person agreed to messages, or asked for no more

    The same fact twice is one. What was said earlier than the newest fact is kept and changes nothing.
    """
    lead = lock_for_consent(lead_or_404(phone).id)
    keep = agree if body["kind"] == "opt_in" else refuse
    keep(lead, body["said_at"] or clock.now(), by=caller().actor, note=body["note"])
    db.session.commit()
    return {"lead": lead_shape(lead), "consents": _shapes(lead.id)}


@bp.route("/<lead:phone>", methods=["DELETE"], parameters=[PHONE])
@bp.response(200, schemas.ErasedAnswer)
@bp.errors(403, 404)
def erase_lead(phone: str) -> Any:
    """Erase a person for good

    Every message, file, note, number and name of theirs goes, also from the journal of webhooks. It cannot
    be undone. Counts, times and hashed ids stay. With the session cookie only admins may.
    """
    if refusal := refuse_member():
        return refusal
    lead, settings = lead_or_404(phone), current_app.extensions["settings"]
    done = forget(lead.id, caller().actor, settings.secret_key)
    return {"erased": asdict(done)}


def _shapes(lead_id: int) -> list[Shape]:
    return [_shape(fact) for fact in facts_of(lead_id)]


def _shape(fact: Fact) -> Shape:
    consent = fact.consent
    names = ("id", "kind", "said_at", "by", "message_id", "note")
    by_name = fact.user.display_name if fact.user else None
    return {**{name: getattr(consent, name) for name in names}, "by_name": by_name}
