"""What the database tells: itself, the workers, the queues, the journal, the pause and the hold."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from kiaai import clock
from kiaai.config import Settings
from kiaai.delivery import hold
from kiaai.delivery.channels import FAILURES_BEFORE_PROBING
from kiaai.doctor.findings import Finding, look, ok, skip, span
from kiaai.extensions import db
from kiaai.texts import lazy
from kiaai.whatsapp.explanations import explain_pause

NAMES = (
    "database",
    "migrations",
    "worker",
    "clock",
    "queue",
    "last event",
    "last status",
    "receipts",
    "journal",
    "pause",
    "hold",
)

LONGEST_SILENCE_SECONDS = 60
LONGEST_DUE_SECONDS = 30
LARGEST_DRIFT = timedelta(seconds=5)
# WhatsApp tells within seconds that a message has left; after so long, statuses do not reach us.
LONGEST_WITHOUT_STATUS = "10 minutes"
STATEMENT_MS = 2000
_QUEUES = {
    "messages": lazy("messages"),
    "campaign messages": lazy("campaign messages"),
    "bot turns": lazy("bot turns"),
    "files": lazy("files"),
}

_WORKERS = text("""
    SELECT count(*) FILTER (WHERE age < :silence) AS running, min(age) AS age
    FROM (SELECT extract(epoch FROM clock_timestamp() - seen_at)::float AS age FROM processes) AS seen
""")
_OLDEST_DUE = text("""
    SELECT what, extract(epoch FROM clock_timestamp() - due_at)::float AS age FROM (
        SELECT 'messages' AS what, min(c.talk_due_at) AS due_at FROM conversations c
            JOIN channels ch ON ch.id = c.channel_id
            WHERE c.talk_due_at IS NOT NULL AND ch.phone_number_id = :number AND ch.paused_at IS NULL
        UNION ALL SELECT 'campaign messages', min(c.campaign_due_at) FROM conversations c
            JOIN channels ch ON ch.id = c.channel_id
            WHERE c.campaign_due_at IS NOT NULL AND ch.phone_number_id = :number AND ch.paused_at IS NULL
        UNION ALL SELECT 'bot turns', min(bot_due_at) FROM conversations WHERE bot_due_at IS NOT NULL
        UNION ALL SELECT 'files', min(next_try_at) FROM attachments WHERE state = 'waiting'
    ) AS queues WHERE due_at IS NOT NULL ORDER BY due_at
""")
_FAILURES = text("SELECT fail_count FROM channels WHERE phone_number_id = :number")
_LAST_EVENT = text(
    "SELECT extract(epoch FROM clock_timestamp() - max(received_at))::float FROM webhook_events"
)
# The newest bodies and messages alone: looked at in a moment, however many there are.
_LAST_STATUS = text(f"""
    WITH told AS (
        SELECT max(received_at) AS at FROM (
            SELECT received_at, body FROM webhook_events ORDER BY id DESC LIMIT 500) AS newest
        WHERE position('"statuses"'::bytea IN body) > 0),
    left_here AS (
        SELECT sent_at FROM (
            SELECT sent_at, direction, author FROM messages ORDER BY id DESC LIMIT 500) AS newest
        WHERE direction = 'outgoing' AND author <> 'phone'
          AND sent_at < clock_timestamp() - interval '{LONGEST_WITHOUT_STATUS}')
    SELECT extract(epoch FROM clock_timestamp() - (SELECT at FROM told))::float AS age,
        count(*) FILTER (WHERE sent_at > coalesce((SELECT at FROM told), '-infinity')) AS unheard
    FROM left_here
""")
_RECEIPTS = text("""
    SELECT count(*) AS all_of_them, count(*) FILTER (WHERE received_at > clock_timestamp() - interval '1 day')
        AS new FROM (SELECT received_at FROM orphan_receipts LIMIT 1000) AS few
""")
_FAILED = text("""
    SELECT count(*) FROM (SELECT 1 FROM webhook_events WHERE outcome IN ('failed', 'unroutable') LIMIT 1000)
        AS few
""")
_PAUSE = text(
    "SELECT paused_code, paused_reason FROM channels"
    " WHERE phone_number_id = :number AND paused_at IS NOT NULL"
)


def examine(app: Flask, until: float) -> Iterator[Finding]:
    """Yield a finding for each of NAMES; without a database there is nothing else to ask."""
    settings: Settings = app.extensions["settings"]
    try:
        db.session.execute(text("SELECT 1"))
    except SQLAlchemyError:
        yield look("database", lazy("It does not answer. Start it, or check DATABASE_URL."))
        yield from (skip(name, lazy("Not looked at without the database.")) for name in NAMES[1:])
        return
    yield ok("database", lazy("It answers."))
    for name, check in _CHECKS.items():
        yield _checked(name, check, app, settings)


def _checked(
    name: str, check: Callable[[Flask, Settings], Finding], app: Flask, settings: Settings
) -> Finding:
    try:
        db.session.execute(text(f"SET LOCAL statement_timeout = {STATEMENT_MS}"))
        return check(app, settings)
    except SQLAlchemyError as error:
        why = str(getattr(error, "orig", None) or type(error).__name__).splitlines()[0]
        return look(name, lazy("The database could not tell: %(why)s", why=why))
    finally:
        db.session.rollback()


def _migrations(app: Flask, _settings: Settings) -> Finding:
    head = ScriptDirectory(app.extensions["migrate"].directory).get_current_head()
    current = MigrationContext.configure(db.session.connection()).get_current_revision()
    if current == head:
        return ok("migrations", lazy("The tables are those of this release."))
    told = lazy(
        "The tables are at %(current)s, not at %(head)s. Run: flask db upgrade", current=current, head=head
    )
    if current is None:
        told = lazy("There are no tables yet. Run: flask db upgrade")
    return look("migrations", told)


def _worker(_app: Flask, _settings: Settings) -> Finding:
    seen = db.session.execute(_WORKERS, {"silence": LONGEST_SILENCE_SECONDS}).one()
    if seen.running:
        return ok(
            "worker",
            lazy("%(running)s running, seen %(span)s ago.", running=seen.running, span=span(seen.age)),
        )
    if seen.age is None:
        told = lazy("No worker has been seen, so nothing is sent or answered. Start one: make run")
    else:
        told = lazy(
            "No worker was seen for %(span)s, so nothing is sent or answered. Start one: make run",
            span=span(seen.age),
        )
    return look("worker", told)


def _clock(_app: Flask, _settings: Settings) -> Finding:
    database_now = db.session.execute(text("SELECT clock_timestamp()")).scalar_one()
    drift = abs(database_now - clock.now())
    if drift < LARGEST_DRIFT:
        return ok("clock", lazy("This machine and the database agree."))
    apart = span(drift.total_seconds())
    told = lazy("This machine and the database are %(span)s apart. Let both follow NTP.", span=apart)
    return look("clock", told)


def _queue(_app: Flask, settings: Settings) -> Finding:
    rows = db.session.execute(_OLDEST_DUE, {"number": settings.whatsapp_phone_number_id}).all()
    late = [row for row in rows if row.age > LONGEST_DUE_SECONDS]
    if not late:
        return ok("queue", lazy("Nothing is late."))
    ages = lazy("%(what)s for %(span)s", what=_QUEUES[late[0].what], span=span(late[0].age))
    for row in late[1:]:
        ages = lazy(
            "%(before)s, %(what)s for %(span)s", before=ages, what=_QUEUES[row.what], span=span(row.age)
        )
    failures = db.session.execute(_FAILURES, {"number": settings.whatsapp_phone_number_id}).scalar() or 0
    if failures >= FAILURES_BEFORE_PROBING:
        told = lazy(
            "WhatsApp took none of the last %(failures)s tries; one at a time goes on. Late: %(ages)s.",
            failures=failures,
            ages=ages,
        )
    else:
        told = lazy("Late: %(ages)s. See that workers run and read their log.", ages=ages)
    return look("queue", told)


def _last_event(_app: Flask, settings: Settings) -> Finding:
    age = db.session.execute(_LAST_EVENT).scalar()
    if age is not None:
        return ok("last event", lazy("Received %(span)s ago.", span=span(age)))
    if settings.is_sandbox:
        return ok("last event", lazy("None yet. Write something from the sandbox's phone."))
    address = f"{settings.public_url or 'https://<your address>'}/webhook"
    told = lazy(
        "WhatsApp has never called. In Meta's App Dashboard set the callback URL to %(address)s.",
        address=address,
    )
    return look("last event", told)


def _last_status(_app: Flask, _settings: Settings) -> Finding:
    row = db.session.execute(_LAST_STATUS).one()
    if row.unheard:
        return look(
            "last status",
            lazy(
                "%(count)s message(s) left over 10 minutes ago and no status came since. "
                "In Meta's App Dashboard see that the webhook field `messages` is subscribed.",
                count=row.unheard,
            ),
        )
    if row.age is None:
        return ok("last status", lazy("None yet."))
    return ok("last status", lazy("Received %(span)s ago.", span=span(row.age)))


def _receipts(_app: Flask, _settings: Settings) -> Finding:
    row = db.session.execute(_RECEIPTS).one()
    if not row.new:
        return ok("receipts", lazy("Every status of the last day found its message."))
    return look(
        "receipts",
        lazy(
            "%(count)s status(es) of the last day belong to messages that this database does not know. "
            "Does another program send from this number, or was an older backup restored?",
            count=row.new,
        ),
    )


def _journal(_app: Flask, _settings: Settings) -> Finding:
    count = db.session.execute(_FAILED).scalar_one()
    if not count:
        return ok("journal", lazy("Every webhook was applied."))
    return look(
        "journal",
        lazy(
            "%(count)s webhook(s) could not be applied. Run: flask webhook failed,"
            " then flask webhook replay --failed",
            count=count,
        ),
    )


def _pause(_app: Flask, settings: Settings) -> Finding:
    found = db.session.execute(_PAUSE, {"number": settings.whatsapp_phone_number_id}).one_or_none()
    if found is None:
        return ok("pause", lazy("The number may send."))
    return look("pause", lazy("Nothing is sent. %(why)s", why=_why_paused(found)))


def _why_paused(found: Any) -> str:
    said = explain_pause(found.paused_code)
    cause = said.cause if found.paused_code is not None else found.paused_reason or said.cause
    return f"{said.title}: {cause} {said.next_step}"


def _hold(_app: Flask, _settings: Settings) -> Finding:
    held = hold.held()
    if held is None:
        return ok("hold", lazy("Nothing is held."))
    return look(
        "hold",
        lazy(
            "%(count)s message(s) wait for you to decide. %(reason)s "
            "Look at them in the dashboard, or run: flask delivery release [--cancel]",
            count=held.count,
            reason=held.reason,
        ),
    )


_CHECKS: dict[str, Callable[[Flask, Settings], Finding]] = {
    "migrations": _migrations,
    "worker": _worker,
    "clock": _clock,
    "queue": _queue,
    "last event": _last_event,
    "last status": _last_status,
    "receipts": _receipts,
    "journal": _journal,
    "pause": _pause,
    "hold": _hold,
}
