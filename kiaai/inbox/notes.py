"""Notes that several people may be writing: nobody replaces what they have not seen."""

import hashlib

from sqlalchemy import select

from kiaai.errors import KiaAiError
from kiaai.extensions import db
from kiaai.leads import pipeline
from kiaai.leads.pipeline import Actor, lock_lead
from kiaai.models import Lead, LeadEvent, User


class NotesChanged(KiaAiError):
    """The notes are no longer those that were shown. who: the person who changed them, where one did."""

    def __init__(self, notes: str, who: str | None):
        super().__init__("The notes were changed meanwhile.")
        self.notes = notes
        self.who = who


def sign_of(notes: str) -> str:
    """Return a short sign of the notes: a form sends back what it showed."""
    return hashlib.blake2b(notes.encode(), digest_size=8).hexdigest()


def save_notes(lead: Lead, notes: str, shown: str | None, actor: Actor) -> None:
    """Keep these notes in place of those that were shown. shown: their sign; None replaces whatever there is.

    Raises NotesChanged when there are others by now, and ValidationFailed.
    """
    # The lock of set_notes, taken before the comparison.
    lock_lead(lead)
    if shown is not None and shown != sign_of(lead.notes) and notes.strip() != lead.notes:
        raise NotesChanged(lead.notes, _who_changed(lead.id))
    pipeline.set_notes(lead, notes, actor)


def _who_changed(lead_id: int) -> str | None:
    user = db.session.scalar(
        select(User)
        .select_from(LeadEvent)
        .outerjoin(User, User.id == LeadEvent.user_id)
        .where(LeadEvent.lead_id == lead_id, LeadEvent.kind == "notes")
        .order_by(LeadEvent.id.desc())
        .limit(1)
    )
    return user.display_name if user else None
