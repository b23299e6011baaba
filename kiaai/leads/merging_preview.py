"""What a merge would keep, move and answer to: shown before anybody decides. Changes nothing."""

from dataclasses import dataclass

from sqlalchemy import select, text

from kiaai import clock
from kiaai.errors import ValidationFailed
from kiaai.extensions import db
from kiaai.leads.merging_rules import MergedLead, merged
from kiaai.leads.merging_talks import answering, find_recipients
from kiaai.models import Conversation, Lead
from kiaai.models.numbers import readable

_COUNTS = text("""
    WITH talks AS (SELECT id FROM conversations WHERE lead_id = :id)
    SELECT (SELECT count(*) FROM talks) AS conversations,
        (SELECT count(*) FROM messages WHERE conversation_id IN (SELECT id FROM talks)) AS messages,
        (SELECT count(*) FROM notes WHERE conversation_id IN (SELECT id FROM talks)) AS notes,
        (SELECT count(*) FROM lead_events WHERE lead_id = :id) AS changes""")


@dataclass(frozen=True)
class Answers:
    """One conversation as it will be. to: the number or id, as people read it, that it answers to, or None.

    also: another that its messages are with too; the next message from there turns the answers there.
    """

    to: str | None
    also: str | None = None


@dataclass(frozen=True)
class Preview:
    """A merge that nobody has made. facts: None when it cannot be, and then why. counts: what moves."""

    facts: MergedLead | None
    reason: str | None
    counts: dict[str, int]
    answers: list[Answers]


def preview(keep: Lead, other: Lead) -> Preview:
    """Return what would come of it."""
    counts = db.session.execute(_COUNTS, {"id": other.id}).mappings().one()
    try:
        facts, reason = merged(keep, other), None
    except ValidationFailed as refused:
        facts, reason = None, refused.message
    return Preview(facts, reason, dict(counts), _answers(keep.id, other.id))


def _answers(keep_id: int, other_id: int) -> list[Answers]:
    talks = list(
        db.session.scalars(
            select(Conversation)
            .where(Conversation.lead_id.in_((keep_id, other_id)))
            .order_by(Conversation.channel_id, Conversation.id)
        )
    )
    known = find_recipients([talk.id for talk in talks])
    recipients = {id_: readable(to) if to else None for id_, to in known.items()}
    found = []
    for channel_id in dict.fromkeys(talk.channel_id for talk in talks):
        here = {talk.lead_id: talk for talk in talks if talk.channel_id == channel_id}
        into, talk = here.get(keep_id), here.get(other_id)
        if into and talk:
            to = recipients[answering(into, talk, clock.now()).id]
            others = {recipients[into.id], recipients[talk.id]} - {to, None}
            found.append(Answers(to or next(iter(others), None), next(iter(others), None) if to else None))
        else:
            found += [Answers(recipients[one.id]) for one in (into, talk) if one]
    return found
