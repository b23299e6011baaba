"""The sweep: finds all due work every few seconds. With every doorbell lost, it is enough."""

import logging
import os
import secrets
import socket
import threading
import time
from typing import TYPE_CHECKING, Any

from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from kiaai.bot.unanswerable import HOUSEKEEPING as BOT_HOUSEKEEPING
from kiaai.config import Settings
from kiaai.delivery import channels, hold
from kiaai.delivery.channels import FAILURES_BEFORE_PROBING
from kiaai.delivery.receipts import join_due_orphans
from kiaai.extensions import db
from kiaai.faults import fault_point
from kiaai.hooks.housekeeping import HOUSEKEEPING as HOOKS_HOUSEKEEPING
from kiaai.hooks.telling import LOOK
from kiaai.inbox import snoozing
from kiaai.leads.erased_files import remove_due_files
from kiaai.leads.imports.running import DUE as IMPORT_DUE
from kiaai.leads.imports.running import HOUSEKEEPING as IMPORTS_HOUSEKEEPING
from kiaai.whatsapp.client import WhatsAppClient
from kiaai.whatsapp.errors import GraphError
from kiaai.worker.pools import Pool

if TYPE_CHECKING:
    from kiaai.worker.floor import Floor

log = logging.getLogger(__name__)

EVERY_SECONDS = 5.0
HEARTBEAT_SECONDS = 15.0
HOUSEKEEPING_SECONDS = 3600.0
BATCH = 200
# Only one sweep chooses at a time; two would do no harm, as leases keep the work apart.
SWEEP_LOCK = 7_206_452
# So often a sweep looks whether its full batch left room for the next.
ROOM_SECONDS = 0.1

# The channel decides whether its heads are due at all: not while paused (but for one probe), held or failing.
_SENDABLE = f"""
    (ch.hold_until IS NULL OR ch.hold_until <= clock_timestamp())
    AND ch.paused_at IS NULL AND ch.fail_count < {FAILURES_BEFORE_PROBING}"""
_DUE_HEADS = f"""
    SELECT c.id FROM conversations c JOIN channels ch ON ch.id = c.channel_id
    WHERE c.{{lane}}_due_at <= clock_timestamp() AND ch.phone_number_id = :phone_number_id
      AND {_SENDABLE} AND c.id <> ALL (:taken)
    ORDER BY c.{{lane}}_due_at LIMIT {BATCH} FOR NO KEY UPDATE OF c SKIP LOCKED"""
_PROBE = f"""
    SELECT c.id FROM conversations c JOIN channels ch ON ch.id = c.channel_id
    WHERE (c.talk_due_at <= clock_timestamp() OR c.campaign_due_at <= clock_timestamp())
      AND ch.phone_number_id = :phone_number_id
      AND (ch.paused_at IS NOT NULL OR ch.fail_count >= {FAILURES_BEFORE_PROBING})
      AND ch.probe_at <= clock_timestamp()
    ORDER BY least(c.talk_due_at, c.campaign_due_at) LIMIT 1"""
_DUE_TURNS = f"""
    SELECT id FROM conversations WHERE bot_due_at <= clock_timestamp() AND id <> ALL (:taken)
      AND (turn_until IS NULL OR turn_until <= clock_timestamp())
    ORDER BY bot_due_at LIMIT {BATCH} FOR NO KEY UPDATE SKIP LOCKED"""
_DUE_READS = f"""
    SELECT id FROM conversations WHERE read_due_at <= clock_timestamp() AND id <> ALL (:taken)
    ORDER BY read_due_at LIMIT {BATCH} FOR NO KEY UPDATE SKIP LOCKED"""
_DUE_FILES = f"""
    SELECT id FROM attachments WHERE state = 'waiting' AND next_try_at <= clock_timestamp()
      AND id <> ALL (:taken)
    ORDER BY next_try_at LIMIT {BATCH} FOR NO KEY UPDATE SKIP LOCKED"""

_DUE_REPLAYS = f"""
    SELECT id FROM webhook_events WHERE replay_at <= clock_timestamp() AND id <> ALL (:taken)
    ORDER BY replay_at LIMIT {BATCH} FOR NO KEY UPDATE SKIP LOCKED"""
_DUE_IMPORTS = f"""
    SELECT id FROM imports WHERE {IMPORT_DUE} AND id <> ALL (:taken)
    ORDER BY id LIMIT {BATCH} FOR NO KEY UPDATE SKIP LOCKED"""
# While a webhook is on, its pool looks by itself; the sweep starts that.
_LOOK_FOR_HOOKS = f"""
    SELECT {LOOK} WHERE {LOOK} <> ALL (:taken) AND EXISTS (SELECT FROM outgoing_webhooks WHERE is_active)"""

_HEARTBEAT = text("""
    INSERT INTO processes (name) VALUES (:name)
    ON CONFLICT (name) DO UPDATE SET seen_at = clock_timestamp()
""")
_HOUSEKEEPING = (
    "DELETE FROM webhook_events WHERE outcome = 'applied'"
    " AND received_at < clock_timestamp() - interval '30 days'",
    "DELETE FROM webhook_events WHERE received_at < clock_timestamp() - interval '180 days'",
    "DELETE FROM orphan_receipts WHERE received_at < clock_timestamp() - interval '30 days'",
    "DELETE FROM processes WHERE seen_at < clock_timestamp() - interval '1 day'",
    *BOT_HOUSEKEEPING,
    *HOOKS_HOUSEKEEPING,
    *IMPORTS_HOUSEKEEPING,
)


class Sweep:
    """A thread that looks for due work and hands it to the pools."""

    def __init__(self, app: Flask, floor: "Floor", client: WhatsAppClient, stopping: threading.Event):
        self._app = app
        self._floor = floor
        self._client = client
        self._stopping = stopping
        self._now = threading.Event()
        self._name = f"worker-{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(2)}"
        self._seen_at = self._cleaned_at = self._looked_up_at = 0.0
        self.has_started = False
        self._thread = threading.Thread(target=self._run, name="sweep", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def look_now(self) -> None:
        """Sweep at once instead of at the next beat."""
        self._now.set()

    def join(self, until: float) -> None:
        self._thread.join(max(0.0, until - time.monotonic()))

    def once(self) -> bool:
        """Choose and hand out one batch of each kind of due work, then keep house.

        Return whether a batch was full, so that more of it is due.
        """
        if not self.has_started:
            self._start_delivery()
        self._beat()
        work = (
            (self._floor.senders, _DUE_HEADS.format(lane="talk")),
            (self._floor.senders, _PROBE),
            (self._floor.bots, _DUE_TURNS),
            (self._floor.readers, _DUE_READS),
            (self._floor.files, _DUE_FILES),
            (self._floor.replays, _DUE_REPLAYS),
            (self._floor.hooks, _LOOK_FOR_HOOKS),
            (self._floor.imports, _DUE_IMPORTS),
            (self._floor.senders, _DUE_HEADS.format(lane="campaign")),
        )
        is_full = [self._hand_out(pool, query) for pool, query in work]
        is_full.append(self._wake_snoozed())
        join_due_orphans()
        remove_due_files()
        self._look_up_paused_channel()
        self._keep_house()
        return any(is_full)

    def _run(self) -> None:
        while not self._stopping.is_set():
            is_full = False
            try:
                with self._app.app_context():
                    is_full = self.once()
            except SQLAlchemyError as error:
                log.warning("The sweep could not reach the database: %s", type(error).__name__)
            # The worker's loop: a bug in one sweep must not end all sweeps.
            except Exception:
                log.exception("The sweep failed")
            self._now.wait(ROOM_SECONDS if is_full else EVERY_SECONDS)
            self._now.clear()
        with self._app.app_context():
            self._sign_off()

    def _start_delivery(self) -> None:
        settings: Settings = self._app.extensions["settings"]
        channel = channels.own_channel()
        if not settings.is_sandbox:
            channels.leave_sandbox()
        if hold.check_at_start(settings.instance_path):
            log.warning("Delivery of old messages is held; see the dashboard or: flask delivery release")
        if channel.paused_at is not None and channel.paused_code in channels.TOKEN_CODES:
            self._look_up(channel.id)
        self.has_started = True

    def _hand_out(self, pool: Pool, query: str) -> bool:
        """Hand one batch to the pool, if it has room; return whether more may be due."""
        if not pool.room():
            return True
        ids = self._choose(query, pool)
        for id in ids:
            pool.add(id)
        return len(ids) == BATCH

    def _choose(self, query: str, pool: Pool) -> list[int]:
        """Choose one batch in a short transaction that ends before the work begins.

        Its row locks end with it: they only let two sweeps choose different rows.
        """
        try:
            if not db.session.execute(text(f"SELECT pg_try_advisory_xact_lock({SWEEP_LOCK})")).scalar():
                return []
            fault_point("sweep_choosing")
            values: dict[str, Any] = {"taken": pool.taken(), "phone_number_id": self._client.phone_number_id}
            return list(db.session.execute(text(query), values).scalars())
        finally:
            db.session.commit()

    def _wake_snoozed(self) -> bool:
        """Bring back the conversations whose time has come; return whether more may be due."""
        woken = snoozing.wake_due()
        db.session.commit()
        return woken == snoozing.BATCH

    def _beat(self) -> None:
        if time.monotonic() - self._seen_at < HEARTBEAT_SECONDS and self._seen_at:
            return
        db.session.execute(_HEARTBEAT, {"name": self._name})
        db.session.execute(text("UPDATE installation SET last_seen_at = clock_timestamp()"))
        db.session.commit()
        self._seen_at = time.monotonic()

    def _sign_off(self) -> None:
        try:
            db.session.execute(text("DELETE FROM processes WHERE name = :name"), {"name": self._name})
            db.session.commit()
        except SQLAlchemyError:
            log.info("The database is away; the heartbeat will age instead")

    def _look_up_paused_channel(self) -> None:
        if time.monotonic() - self._looked_up_at < HEARTBEAT_SECONDS:
            return
        self._looked_up_at = time.monotonic()
        channel = channels.own_channel()
        if channel.paused_at is not None and channel.paused_code in channels.TOKEN_CODES:
            self._look_up(channel.id)

    def _look_up(self, channel_id: int) -> None:
        """Resume a paused channel when its number can be looked up with the token we have now."""
        db.session.remove()
        try:
            self._client.look_up_number()
        except GraphError as error:
            log.info("The channel stays paused: %s", error)
        else:
            channels.resume(channel_id)
            self.look_now()

    def _keep_house(self) -> None:
        if time.monotonic() - self._cleaned_at < HOUSEKEEPING_SECONDS and self._cleaned_at:
            return
        for statement in _HOUSEKEEPING:
            db.session.execute(text(statement))
            db.session.commit()
        self._cleaned_at = time.monotonic()
