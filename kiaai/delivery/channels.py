"""The channel's own state: which one is ours, paused or not, held or failing.

Each verb here is a transaction of its own: `channels` is never locked together with anything else.
"""

from flask import current_app
from sqlalchemy import select, text

from kiaai.config import Settings
from kiaai.delivery.lanes import refresh_due_sql
from kiaai.extensions import db
from kiaai.models import Channel
from kiaai.whatsapp.error_codes import TABLE

# Codes after which a look-up with the token tells whether sending works again; others need a probe send.
TOKEN_CODES = tuple(code for code, verdict in TABLE.items() if verdict.resumes_by_look_up)
PROBE_SECONDS = 60
# A call takes 15 s at most: one probe is over before the next goes.
FAILING_PROBE_SECONDS = 15
# After this many failures in a row, one message at a time tries whether Meta is back.
FAILURES_BEFORE_PROBING = 5

MAKE_CHANNEL = text(
    "INSERT INTO channels (phone_number_id, waba_id, is_sandbox) VALUES (:number, :account, :is_sandbox)"
    " ON CONFLICT (phone_number_id) DO NOTHING"
)
_LOCK_IN_SANDBOX = text("""
    SELECT c.id FROM conversations c JOIN channels ch ON ch.id = c.channel_id AND ch.is_sandbox
    WHERE EXISTS (SELECT 1 FROM messages m WHERE m.conversation_id = c.id AND m.status = 'queued')
    ORDER BY c.id FOR NO KEY UPDATE OF c
""")
_CANCEL_IN = text("""
    UPDATE messages SET status = 'cancelled', cancelled_at = clock_timestamp()
    WHERE conversation_id = ANY (:ids) AND status = 'queued' RETURNING id
""")
_SHOW = text("UPDATE conversations SET version = version + 1 WHERE id = ANY (:ids)")
_REFRESH = text(refresh_due_sql("c.id = ANY (:ids)"))


def own_number() -> str:
    """Return the phone number id that this installation sends from."""
    settings: Settings = current_app.extensions["settings"]
    return settings.whatsapp_phone_number_id


def own_channel() -> Channel:
    """Return the channel of the number in the settings, made when missing. Commits when it makes it."""
    settings: Settings = current_app.extensions["settings"]
    wanted = select(Channel).where(Channel.phone_number_id == settings.whatsapp_phone_number_id)
    channel = db.session.scalar(wanted)
    if channel is None:
        db.session.execute(MAKE_CHANNEL, channel_values(settings))
        db.session.commit()
        channel = db.session.scalars(wanted).one()
    return channel


def channel_values(settings: Settings) -> dict[str, object]:
    """Return what MAKE_CHANNEL needs to know of the number in the settings."""
    return {
        "number": settings.whatsapp_phone_number_id,
        "account": settings.whatsapp_business_account_id or None,
        "is_sandbox": settings.is_sandbox,
    }


def leave_sandbox() -> int:
    """Cancel what sandbox channels have queued, now that a real number is set. Commits.

    Return how many messages were cancelled. A number that was tried in the sandbox becomes a real one.
    """
    ids = db.session.scalars(_LOCK_IN_SANDBOX).all()
    cancelled = db.session.execute(_CANCEL_IN, {"ids": ids}).all()
    db.session.execute(_SHOW, {"ids": ids})
    db.session.execute(_REFRESH, {"ids": ids})
    db.session.commit()
    settings: Settings = current_app.extensions["settings"]
    db.session.execute(
        text("UPDATE channels SET is_sandbox = false WHERE phone_number_id = :number AND is_sandbox"),
        {"number": settings.whatsapp_phone_number_id},
    )
    db.session.commit()
    return len(cancelled)


def pause(channel_id: int, code: int | None, reason: str) -> None:
    """Stop sending from the channel; what is queued stays queued. Commits."""
    db.session.execute(
        text(
            "UPDATE channels SET paused_at = coalesce(paused_at, clock_timestamp()), paused_code = :code,"
            " paused_reason = :reason,"
            " probe_at = clock_timestamp() + make_interval(secs => :probe_seconds) WHERE id = :id"
        ),
        {"id": channel_id, "code": code, "reason": reason, "probe_seconds": PROBE_SECONDS},
    )
    db.session.commit()


def resume(channel_id: int) -> None:
    """Let the channel send again: a person said so, or a look-up or a probe went well. Commits."""
    db.session.execute(
        text(
            "UPDATE channels SET paused_at = NULL, paused_code = NULL, paused_reason = NULL,"
            " fail_count = 0, probe_at = NULL, hold_until = NULL WHERE id = :id"
        ),
        {"id": channel_id},
    )
    db.session.commit()


def count_failure(channel_id: int, hold_seconds: float = 0) -> None:
    """Note that Meta could not take a message; with `hold_seconds` nobody sends until then. Commits."""
    db.session.execute(
        text(
            "UPDATE channels SET fail_count = fail_count + 1,"
            # A paused channel keeps its own, slower probe.
            " probe_at = CASE WHEN paused_at IS NULL"
            "  THEN clock_timestamp() + make_interval(secs => :probe_seconds) ELSE probe_at END,"
            " hold_until = CASE WHEN :hold > 0 THEN"
            "  greatest(hold_until, clock_timestamp() + make_interval(secs => :hold)) ELSE hold_until END"
            " WHERE id = :id"
        ),
        {"id": channel_id, "hold": hold_seconds, "probe_seconds": FAILING_PROBE_SECONDS},
    )
    db.session.commit()


def note_success(channel_id: int, was_probe: bool) -> None:
    """Note that a message was accepted: failures are forgotten. A pause ends by its own probe alone. Commits.

    Others that were accepted began before the pause and say nothing about it.
    """
    db.session.execute(
        text(
            "UPDATE channels SET fail_count = 0, probe_at = CASE WHEN paused_at IS NULL OR :was_probe"
            "  THEN NULL ELSE probe_at END,"
            " paused_at = CASE WHEN :was_probe THEN NULL ELSE paused_at END,"
            " paused_code = CASE WHEN :was_probe THEN NULL ELSE paused_code END,"
            " paused_reason = CASE WHEN :was_probe THEN NULL ELSE paused_reason END"
            " WHERE id = :id AND (fail_count > 0 OR paused_at IS NOT NULL)"
        ),
        {"id": channel_id, "was_probe": was_probe},
    )
    db.session.commit()


def waiting_count(channel_id: int) -> int:
    """Return how many messages of the channel wait to be sent, counted up to 1,000."""
    count: int = db.session.execute(
        text(
            "SELECT count(*) FROM (SELECT 1 FROM messages m JOIN conversations c ON c.id = m.conversation_id"
            " WHERE m.status = 'queued' AND c.channel_id = :id LIMIT 1000) AS waiting"
        ),
        {"id": channel_id},
    ).scalar_one()
    return count
