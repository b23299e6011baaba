"""Put a conversation aside until a moment, and bring it back: by hand, by time, or by the next message.

The webhook does the last of these. What comes back by time keeps `snoozed_until` until somebody writes: it
tells where the conversation comes from.
"""

from datetime import datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo

from sqlalchemy import text

from kiaai import clock
from kiaai.delivery.ownership import lock
from kiaai.errors import ValidationFailed
from kiaai.extensions import db
from kiaai.leads.pipeline import Actor, record
from kiaai.models import Conversation
from kiaai.texts import Text, lazy

LATER = timedelta(hours=3)
MORNING = time(9)
LONGEST = timedelta(days=366)
BATCH = 200

# In the order of their index; a row that somebody else holds is looked at again by the next sweep.
_WAKE = text(f"""
    WITH due AS MATERIALIZED (
        SELECT id FROM conversations
        WHERE state = 'snoozed' AND coalesce(snoozed_until, last_message_at) <= clock_timestamp()
          AND snoozed_until IS NOT NULL
        ORDER BY coalesce(snoozed_until, last_message_at), id LIMIT {BATCH} FOR NO KEY UPDATE SKIP LOCKED),
    woken AS (
        UPDATE conversations c SET state = 'open', version = version + 1
        WHERE c.id = ANY (ARRAY(SELECT id FROM due)) RETURNING c.id, c.lead_id)
    INSERT INTO lead_events (lead_id, conversation_id, kind, by)
    SELECT lead_id, id, 'woken', 'system' FROM woken RETURNING id""")


def moment(choice: str, now: datetime, zone: tzinfo) -> datetime:
    """Return until when a choice of the menu means: `later`, `tomorrow`, `monday`, or a local date and time.

    Raises ValidationFailed naming `until`.
    """
    today = now.astimezone(zone).date()
    if choice == "later":
        return now + LATER
    if choice == "tomorrow":
        return datetime.combine(today + timedelta(days=1), MORNING, zone)
    if choice == "monday":
        return datetime.combine(today + timedelta(days=7 - today.weekday()), MORNING, zone)
    return _chosen(choice, now, zone)


def choices(now: datetime, zone: ZoneInfo) -> list[str]:
    """Return what the menu offers: of two that mean the same moment the first."""
    moments: dict[datetime, str] = {}
    for choice in ("later", "tomorrow", "monday"):
        moments.setdefault(moment(choice, now, zone), choice)
    return list(moments.values())


def snooze(conversation: Conversation, until: datetime, actor: Actor) -> None:
    """Put the conversation aside until a moment; the same moment twice changes nothing."""
    conversation = lock(conversation.id)
    if conversation.state == "snoozed" and conversation.snoozed_until == until:
        return
    conversation.state, conversation.snoozed_until = "snoozed", until
    conversation.version += 1
    record(conversation.lead, "snoozed", actor, new=until.isoformat(), conversation_id=conversation.id)


def wake(conversation: Conversation, actor: Actor) -> None:
    """Bring the conversation back now; one that does not sleep stays as it is."""
    conversation = lock(conversation.id)
    if conversation.state != "snoozed":
        return
    conversation.state, conversation.snoozed_until = "open", None
    conversation.version += 1
    record(conversation.lead, "woken", actor, conversation_id=conversation.id)


def wake_due() -> int:
    """Bring back up to BATCH conversations whose time has come, and return how many. The caller commits.

    Two at once choose different ones.
    """
    return len(db.session.execute(_WAKE).all())


def is_back(conversation: Conversation) -> bool:
    """Tell whether the conversation came back by time and nobody has written since."""
    until = conversation.snoozed_until
    return bool(conversation.state == "open" and until and until > conversation.last_message_at)


def _chosen(choice: str, now: datetime, zone: tzinfo) -> datetime:
    try:
        chosen = datetime.fromisoformat(choice.strip())
        until = (chosen if chosen.tzinfo else chosen.replace(tzinfo=zone)).astimezone(clock.now().tzinfo)
    except (ValueError, OverflowError):
        raise _refused(lazy("Choose a day and a time.")) from None
    if until <= now:
        raise _refused(lazy("This moment has passed. Choose one that is yet to come."))
    if until > now + LONGEST:
        raise _refused(lazy("Choose a moment within a year."))
    return until


def _refused(reason: Text) -> ValidationFailed:
    return ValidationFailed(reason, {"until": [reason]})
