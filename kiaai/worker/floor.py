"""The floor of one worker process: its pools, its sweep, and how both start and stop."""

import logging
import random
import threading
import time
from collections.abc import Callable

from flask import Flask

from kiaai.bot.manager import ConversationManager
from kiaai.bot.model_rest import MOST_AT_ONCE
from kiaai.config import Settings
from kiaai.delivery.pacing import Pace
from kiaai.delivery.read_receipts import tell_read
from kiaai.delivery.sending import drain
from kiaai.hooks.telling import Teller
from kiaai.leads.imports.running import run as run_import
from kiaai.media.fetching import fetch
from kiaai.webhook.replay import replay
from kiaai.whatsapp.client import WhatsAppClient
from kiaai.worker.doorbells import Bell, answer_here
from kiaai.worker.pools import Pool
from kiaai.worker.sweep import Sweep

log = logging.getLogger(__name__)

SENDERS = 24
BOT_TURNS = 8
# A model may hold 16 threads for seconds each; the same 8 remain for turns that need none.
BOT_TURNS_WITH_MODEL = BOT_TURNS + MOST_AT_ONCE
FILES = 4
HOOKS = 12
IMPORTS = 2
# SIGTERM: what is in flight may finish; a call takes 15 s at most, a turn with a model 20 s.
STOP_SECONDS = 27.0


class Floor:
    """All that one worker process does, whoever woke it: a doorbell or the sweep."""

    def __init__(self, app: Flask):
        settings: Settings = app.extensions["settings"]
        client: WhatsAppClient = app.extensions["whatsapp"]
        self._app = app
        self._stopping = threading.Event()
        self._local = threading.local()
        manager = ConversationManager(settings)

        def send(conversation_id: int) -> None:
            # Until the start has decided whether old messages are held, nothing goes; the sweep comes back.
            if self.sweep.has_started:
                pace = self._pace(client, settings)
                drained = drain(conversation_id, client, pace, self._stopping.is_set)
                if drained.is_crowded:
                    self.senders.add(conversation_id, random.uniform(0.5, 1.0))

        self.senders = Pool("senders", SENDERS, self._in_app(send))
        turns = BOT_TURNS if manager.model is None else BOT_TURNS_WITH_MODEL
        self.bots = Pool("bots", turns, self._in_app(manager.turn))
        self.files = Pool("files", FILES, self._in_app(lambda id: fetch(id, client)))
        self.readers = Pool("readers", 2, self._in_app(lambda id: tell_read(id, client)))
        # Bodies over which the web ran out of time.
        self.replays = Pool("replays", 1, self._in_app(replay))
        teller = Teller(settings.webhooks_allow_private, self._stopping.is_set)

        def tell(id: int) -> None:
            for next_id, in_seconds in teller.work(id):
                self.hooks.add(next_id, in_seconds)

        self.imports = Pool(
            "imports", IMPORTS, self._in_app(lambda id: run_import(id, self._stopping.is_set))
        )
        self.hooks = Pool("hooks", HOOKS, self._in_app(tell))
        self.sweep = Sweep(app, self, client, self._stopping)
        self._pools = {
            "delivery": self.senders,
            "bot": self.bots,
            "files": self.files,
            "read": self.readers,
            "replays": self.replays,
            "hooks": self.hooks,
            "imports": self.imports,
        }

    def start(self) -> None:
        answer_here(self.answer)
        for pool in self._pools.values():
            pool.start()
        self.sweep.start()

    def answer(self, bell: Bell) -> None:
        """Put the work that a bell names into its pool, now or in a few seconds."""
        pool = self._pools.get(bell.kind)
        if pool is None or (bell.kind == "files" and not bell.id):
            self.sweep.look_now()
        else:
            pool.add(bell.id, bell.in_seconds)

    def stop(self) -> bool:
        """Begin nothing new and wait for what is under way. Return whether all of it ended."""
        until = time.monotonic() + STOP_SECONDS
        self._stopping.set()
        self.sweep.look_now()
        for pool in self._pools.values():
            pool.stop()
        has_ended = [pool.join(until) for pool in self._pools.values()]
        self.sweep.join(until)
        return all(has_ended)

    def _pace(self, client: WhatsAppClient, settings: Settings) -> Pace:
        """Return the pace of this thread: a slot that found nothing serves the same thread's next claim."""
        if not hasattr(self._local, "pace"):
            self._local.pace = Pace(client.phone_number_id, settings.send_rate_per_second)
        pace: Pace = self._local.pace
        return pace

    def _in_app(self, work: Callable[[int], object]) -> Callable[[int], None]:
        def run(id: int) -> None:
            with self._app.app_context():
                work(id)

        return run


_floor: list[Floor] = []


def open_floor(app: Flask) -> Floor:
    """Start the floor of this process."""
    _floor[:] = [Floor(app)]
    _floor[0].start()
    return _floor[0]


def floor() -> Floor:
    """Return the floor of this process; tasks run only where one was opened."""
    return _floor[0]
