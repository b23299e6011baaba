"""Doorbells: wake a worker after a commit. They may be lost; the sweep finds the work all the same.

Ringing never delays and never fails: ids go to a bounded set that one thread per process publishes.
"""

import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from amqp.exceptions import AMQPError
from celery.exceptions import CeleryError
from kombu.connection import Connection
from kombu.exceptions import KombuError
from redis.exceptions import RedisError

from kiaai.extensions import celery

log = logging.getLogger(__name__)

# A bell older than this is of no use: the sweep came by ten times meanwhile.
EXPIRES_SECONDS = 60
MOST_WAITING = 10_000
# With so many bells unheard at the broker, more of them wake nobody sooner.
LONGEST_QUEUE = 1000
# After a failure nothing is published for a while: a dead broker can take seconds to say so.
PAUSE_SECONDS = 2.0
LONGEST_COUNTDOWN_SECONDS = 10.0

# What the broker's client libraries raise when it is away; anything else is a bug and is seen.
_TROUBLE = (OSError, KombuError, CeleryError, AMQPError, RedisError)


@dataclass(frozen=True)
class Bell:
    """Work that may be due. kind: `delivery`, `bot`, `files`, `read`, `hooks` or `imports`."""

    kind: str
    id: int
    in_seconds: float = 0


def ring_delivery(conversation_id: int, in_seconds: float = 0) -> None:
    """Wake a sender for the conversation."""
    _ring(Bell("delivery", conversation_id, in_seconds))


def ring_bot(conversation_id: int, in_seconds: float = 0) -> None:
    """Wake the bot for the conversation."""
    _ring(Bell("bot", conversation_id, in_seconds))


def ring_files(attachment_id: int = 0) -> None:
    """Wake whoever fetches files; 0 means: look what is due."""
    _ring(Bell("files", attachment_id))


def ring_read(conversation_id: int) -> None:
    """Wake whoever tells Meta that a conversation was read."""
    _ring(Bell("read", conversation_id))


def ring_hooks(track: int) -> None:
    """Wake whoever sends to webhooks, for one track of one of them."""
    _ring(Bell("hooks", track))


def ring_import(import_id: int) -> None:
    """Wake whoever does imports."""
    _ring(Bell("imports", import_id))


def answer_here(handler: Callable[[Bell], None]) -> None:
    """Hand all bells of this process to `handler` instead of the broker: a worker wakes itself."""
    _Local.handler = handler


class _Local:
    handler: Callable[[Bell], None] | None = None


class _Publisher:
    """One thread that empties the set of bells to the broker."""

    def __init__(self) -> None:
        self._waiting: dict[Bell, None] = {}
        self._lock = threading.Lock()
        self._news = threading.Event()
        self._thread: threading.Thread | None = None
        self._connection: Connection | None = None

    def add(self, bell: Bell) -> None:
        with self._lock:
            if len(self._waiting) < MOST_WAITING:
                self._waiting[bell] = None
            if self._thread is None or not self._thread.is_alive():
                # Started at the first bell, so that a forked server has it in each child.
                self._thread = threading.Thread(target=self._run, name="doorbells", daemon=True)
                self._thread.start()
        self._news.set()

    def _run(self) -> None:
        while True:
            self._news.wait()
            self._news.clear()
            with self._lock:
                bells, self._waiting = list(self._waiting), {}
            try:
                self._publish(bells)
            except _TROUBLE as error:
                log.warning("The broker is away (%s); the sweep does the work", type(error).__name__)
                self._hang_up()
                time.sleep(PAUSE_SECONDS)
                with self._lock:
                    self._waiting.clear()

    def _publish(self, bells: list[Bell]) -> None:
        connection = self._connect()
        if _queue_length(connection) > LONGEST_QUEUE:
            return
        with celery.amqp.Producer(connection.default_channel, auto_declare=False) as producer:
            for bell in bells:
                celery.send_task(
                    "kiaai.ring",
                    args=[bell.kind, bell.id],
                    producer=producer,
                    expires=EXPIRES_SECONDS,
                    countdown=min(bell.in_seconds, LONGEST_COUNTDOWN_SECONDS) or None,
                    ignore_result=True,
                    retry=False,
                )

    def _connect(self) -> Connection:
        if self._connection is None:
            connection = celery.connection_for_write()
            connection.ensure_connection(max_retries=1, interval_start=0, timeout=2)
            self._connection = connection
        return self._connection

    def _hang_up(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(*_TROUBLE):
                connection.release()


def _queue_length(connection: Connection) -> int:
    """Return how many bells wait at the broker; 0 when no worker has made the queue yet."""
    channel = connection.channel()
    try:
        declared = channel.queue_declare(queue=celery.conf.task_default_queue, passive=True)
    except connection.channel_errors:
        return 0
    finally:
        with suppress(*_TROUBLE):
            channel.close()
    return int(declared.message_count)


_publisher = _Publisher()


def _ring(bell: Bell) -> None:
    if _Local.handler is not None:
        _Local.handler(bell)
    elif celery.conf.broker_url:
        _publisher.add(bell)
