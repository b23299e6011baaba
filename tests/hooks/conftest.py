"""A program elsewhere that takes deliveries over HTTP, and a webhook that leads to it."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text

from kiaai.extensions import db
from kiaai.hooks import claiming
from kiaai.hooks.telling import LOOK, Teller
from kiaai.hooks.webhooks import create_webhook
from kiaai.models import OutgoingDelivery, OutgoingWebhook
from kiaai.models.outgoing_webhook import OUTGOING_EVENTS

Tell = Callable[[], None]


@dataclass
class Receiver:
    """What arrived: headers and body of each post. answers: statuses in their order, then 200.

    peers: one for each connection.
    """

    url: str = ""
    posts: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    answer: bytes = b"ok"
    peers: set[tuple[str, int]] = field(default_factory=set)
    may_answer: threading.Event = field(default_factory=threading.Event)
    came: threading.Condition = field(default_factory=threading.Condition)

    def wait_for(self, count: int) -> None:
        """Wait until so many posts have arrived."""
        with self.came:
            assert self.came.wait_for(lambda: len(self.posts) >= count, 20), f"only {len(self.posts)} came"

    def take(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers["Content-Length"]))
        self.peers.add(handler.client_address)
        with self.came:
            self.posts.append((dict(handler.headers), body))
            self.came.notify_all()
        self.may_answer.wait(20)
        handler.send_response(self.answers.pop(0) if self.answers else 200)
        for name, value in self.headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(self.answer)))
        handler.end_headers()
        with suppress(OSError):
            handler.wfile.write(self.answer)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with _serving() as receiver:
        yield receiver


@pytest.fixture
def other_receiver() -> Iterator[Receiver]:
    with _serving() as receiver:
        yield receiver


@contextmanager
def _serving() -> Iterator[Receiver]:
    taken = Receiver()
    taken.may_answer.set()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            taken.take(self)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    taken.url = f"http://127.0.0.1:{server.server_port}/kia-ai"
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield taken
    finally:
        taken.may_answer.set()
        server.shutdown()
        server.server_close()


@pytest.fixture
def webhook(app: Flask, receiver: Receiver) -> OutgoingWebhook:
    """A webhook that wants to know everything."""
    webhook = create_webhook(receiver.url, list(OUTGOING_EVENTS))
    db.session.commit()
    return webhook


@pytest.fixture
def tell(app: Flask) -> Tell:
    """Do once what a worker does when it looks."""
    return teller_of(allow_private=True)


def teller_of(allow_private: bool) -> Tell:
    teller = Teller(allow_private, lambda: False)

    def work() -> None:
        for track, _ in teller.work(LOOK):
            if track != LOOK:
                teller.work(track)

    return work


def told(event: str | None = None) -> list[OutgoingDelivery]:
    """Return what is written down to be told, in its order; first what waits for the end of a transaction."""
    db.session.execute(text("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED"))
    db.session.commit()
    found = select(OutgoingDelivery).order_by(OutgoingDelivery.id).execution_options(populate_existing=True)
    return [row for row in db.session.scalars(found) if event in (None, row.event)]


def make_due() -> None:
    """Let all that waits be due now."""
    db.session.execute(
        text("UPDATE outgoing_deliveries SET next_try_at = clock_timestamp() WHERE state = 'due'")
    )
    db.session.commit()


def queue(webhook: OutgoingWebhook, count: int = 1) -> list[int]:
    """Write down something to tell, on one track; return the ids."""
    ids = []
    for number in range(count):
        row = OutgoingDelivery(
            id=1000 + number * claiming.TRACKS,
            webhook_id=webhook.id,
            event="test",
            payload={"number": number},
        )
        db.session.add(row)
        ids.append(row.id)
    db.session.commit()
    return ids
