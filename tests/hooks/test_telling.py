"""Deliveries arrive at least once: signed, tried again for a day, and never in the way of others."""

import hashlib
import hmac
import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text

from kiaai.config import ROOT
from kiaai.extensions import db
from kiaai.faults import EXIT_CODE, FaultInjected, configure
from kiaai.hooks import claiming, posting
from kiaai.hooks.claiming import seconds_until_retry
from kiaai.hooks.reasons import reason_of
from kiaai.hooks.telling import Teller
from kiaai.hooks.webhooks import create_webhook, send_again, set_active
from kiaai.models import OutgoingDelivery, OutgoingWebhook
from kiaai.worker.pools import Pool
from tests.faults.processes import environment_for
from tests.hooks.conftest import Receiver, Tell, make_due, queue, teller_of, told


def expected_signature(secret: str, header: str, body: bytes) -> str:
    at = header.partition(",")[0].removeprefix("t=")
    return hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()


def only_webhook() -> OutgoingWebhook:
    return db.session.scalars(select(OutgoingWebhook).execution_options(populate_existing=True)).one()


def test_it_delivers_a_signed_body(webhook: OutgoingWebhook, receiver: Receiver, tell: Tell) -> None:
    secret = webhook.secret
    queue(webhook)

    tell()

    (headers, body), (row,) = receiver.posts[0], told()
    assert json.loads(body)["data"] == {"number": 0}
    assert headers["Kiaai-Delivery"] == json.loads(body)["key"] == str(row.key)
    assert headers["Kiaai-Event"] == "test"
    signature = headers["Kiaai-Signature"]
    assert signature.partition(",v1=")[2] == expected_signature(secret, signature, body)
    assert (row.state, row.status, row.tries, row.next_try_at) == ("delivered", 200, 1, None)


def test_it_delivers_many_over_one_connection(
    webhook: OutgoingWebhook, receiver: Receiver, tell: Tell
) -> None:
    queue(webhook, 30)

    tell()

    assert [json.loads(body)["data"]["number"] for _, body in receiver.posts] == list(range(30))
    assert len(receiver.peers) == 1


def test_what_concerns_one_person_comes_in_its_order(
    webhook: OutgoingWebhook, receiver: Receiver, tell: Tell
) -> None:
    for number in range(8):
        row = OutgoingDelivery(webhook_id=webhook.id, lead_id=7, event="test", payload={"number": number})
        db.session.add(row)
    db.session.commit()

    tell()

    assert [json.loads(body)["data"]["number"] for _, body in receiver.posts] == list(range(8))


def test_a_refusal_is_tried_again_until_it_is_received(
    webhook: OutgoingWebhook, receiver: Receiver, tell: Tell
) -> None:
    receiver.answers = [500]
    queue(webhook)

    tell()
    (row,) = told()
    first = (row.state, row.status, row.error)
    assert only_webhook().failing_since is not None
    make_due()
    tell()

    (row,) = told()
    assert first == ("due", 500, "answered")
    assert (row.state, row.tries, row.error) == ("delivered", 2, None)
    assert receiver.posts[0][1] == receiver.posts[1][1]
    assert only_webhook().failing_since is None


def test_a_receiver_that_is_away_loses_nothing(
    webhook: OutgoingWebhook, receiver: Receiver, tell: Tell
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        webhook.url = f"http://127.0.0.1:{closed.getsockname()[1]}/"
        ids = queue(webhook, 5)
        for _ in range(3):
            tell()
            make_due()
    assert {row.state for row in told()} == {"due"}

    only_webhook().url = receiver.url
    db.session.commit()
    tell()

    assert len(receiver.posts) == len(ids)
    assert {row.state for row in told()} == {"delivered"}


@pytest.mark.parametrize("place", ["hook_after_claim", "hook_after_post"])
def test_a_worker_that_dies_leaves_it_due_under_the_same_key(
    webhook: OutgoingWebhook, receiver: Receiver, tell: Tell, place: str
) -> None:
    queue(webhook)
    configure(f"{place}:raise")
    with pytest.raises(FaultInjected):
        tell()
    configure("")
    tell()
    before = len(receiver.posts)
    make_due()
    tell()

    keys = {headers["Kiaai-Delivery"] for headers, _ in receiver.posts}
    assert len(receiver.posts) == before + 1
    assert keys == {str(told()[0].key)}


_WORKER = """
from kiaai import create_app
from kiaai.hooks.telling import LOOK, Teller
with create_app().app_context():
    teller = Teller(True, lambda: False)
    for track, _ in teller.work(LOOK):
        if track != LOOK:
            teller.work(track)
"""


@pytest.mark.committed
def test_a_killed_process_delivers_again_under_the_same_key(
    database_url: str, tmp_path: Path, webhook: OutgoingWebhook, receiver: Receiver, tell: Tell
) -> None:
    queue(webhook)
    killed = environment_for(
        DATABASE_URL=database_url,
        SECRET_KEY="only-for-tests-0123456789abcdef",
        INSTANCE_PATH=str(tmp_path),
        KIAAI_FAULTS="hook_after_post:exit",
    )

    ended = subprocess.run([sys.executable, "-c", _WORKER], cwd=ROOT, env=killed, check=False, timeout=50)
    make_due()
    tell()

    assert ended.returncode == EXIT_CODE
    (first, body), (second, same_body) = receiver.posts
    assert first["Kiaai-Delivery"] == second["Kiaai-Delivery"] == str(told()[0].key)
    assert body == same_body


@pytest.mark.committed
def test_a_slow_receiver_gets_few_at_once_and_does_not_keep_the_others_waiting(
    app: Flask, webhook: OutgoingWebhook, receiver: Receiver, other_receiver: Receiver
) -> None:
    quick = create_webhook(other_receiver.url, ["lead.changed"])
    db.session.commit()
    for one in (webhook, quick):
        db.session.add_all([OutgoingDelivery(webhook_id=one.id, event="test") for _ in range(12)])
    db.session.commit()
    tracks = [*claiming.tracks_of(webhook.id), *claiming.tracks_of(quick.id)]
    receiver.may_answer.clear()

    with working(app) as pool:
        for track in tracks:
            pool.add(track)
        other_receiver.wait_for(12)

        receiver.wait_for(claiming.TRACKS)
        at_once = len(receiver.posts)
        receiver.may_answer.set()
        receiver.wait_for(12)

    assert at_once == claiming.TRACKS
    assert {row.state for row in told()} == {"delivered"}


@contextmanager
def working(app: Flask) -> Iterator[Pool]:
    """Let a pool work as a worker's does."""
    teller = Teller(True, lambda: False)

    def work(track: int) -> None:
        with app.app_context():
            for next_track, seconds in teller.work(track):
                pool.add(next_track, seconds)

    pool = Pool("hooks", 8, work)
    pool.start()
    yield pool
    pool.stop()
    assert pool.join(time.monotonic() + 20)


def test_a_receiver_that_never_answers_is_left_in_time(
    monkeypatch: pytest.MonkeyPatch, webhook: OutgoingWebhook, receiver: Receiver, tell: Tell
) -> None:
    monkeypatch.setattr(posting, "TOTAL_SECONDS", 0.2)
    receiver.may_answer.clear()
    queue(webhook)

    tell()

    (row,) = told()
    assert (row.state, row.status) == ("due", None)
    assert str(reason_of(row.error, None)).startswith("It did not answer within 10 seconds")


def test_a_redirect_is_not_followed(webhook: OutgoingWebhook, receiver: Receiver, tell: Tell) -> None:
    receiver.answers, receiver.headers = [302], {"Location": receiver.url}
    queue(webhook)

    tell()

    (row,) = told()
    assert (len(receiver.posts), row.state, row.status, row.error) == (1, "due", 302, "redirected")


def test_an_endless_answer_is_not_read_and_counts_by_its_status(
    webhook: OutgoingWebhook, receiver: Receiver, tell: Tell
) -> None:
    receiver.answer = b"x" * (posting.LARGEST_BYTES + 1)
    queue(webhook, 2)

    tell()

    assert {row.state for row in told()} == {"delivered"}
    assert (len(receiver.posts), len(receiver.peers)) == (2, 2)


def test_it_gives_up_after_a_day(webhook: OutgoingWebhook, receiver: Receiver, tell: Tell) -> None:
    receiver.answers = [500]
    queue(webhook)
    db.session.execute(text("UPDATE outgoing_deliveries SET give_up_at = clock_timestamp()"))
    db.session.commit()

    tell()

    (row,) = told()
    assert (row.state, row.next_try_at) == ("failed", None)
    assert row.settled_at is not None


def test_what_was_given_up_can_be_sent_again(
    webhook: OutgoingWebhook, receiver: Receiver, tell: Tell
) -> None:
    (delivery_id,) = queue(webhook)
    db.session.execute(
        text("UPDATE outgoing_deliveries SET state = 'failed', tries = 30, next_try_at = NULL")
    )
    db.session.commit()

    send_again(delivery_id)
    db.session.commit()
    tell()

    assert (told()[0].state, len(receiver.posts)) == ("delivered", 1)


def test_what_waits_for_a_paused_webhook_goes_when_it_goes_on(
    webhook: OutgoingWebhook, receiver: Receiver, tell: Tell
) -> None:
    queue(webhook)
    webhook_id = webhook.id
    set_active(webhook_id, False)
    db.session.commit()
    tell()
    assert receiver.posts == []

    set_active(webhook_id, True)
    db.session.commit()
    tell()

    assert len(receiver.posts) == 1


def test_it_refuses_an_address_of_this_machine_when_it_sends(
    webhook: OutgoingWebhook, receiver: Receiver
) -> None:
    queue(webhook)

    teller_of(allow_private=False)()

    (row,) = told()
    assert (receiver.posts, row.state, row.error) == ([], "due", "not_public: 127.0.0.1")


def test_a_name_is_looked_up_once_and_the_connection_goes_where_it_was_checked(
    monkeypatch: pytest.MonkeyPatch, webhook: OutgoingWebhook, receiver: Receiver, tell: Tell
) -> None:
    port = int(receiver.url.rpartition(":")[2].partition("/")[0])
    asked: list[str] = []

    def answer(host: str, *more: Any, **options: Any) -> Any:
        asked.append(host)
        if host == "shop.example":
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]
        return real(host, *more, **options)

    real = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", answer)
    webhook.url = f"http://shop.example:{port}/"
    queue(webhook)

    tell()

    assert asked.count("shop.example") == 1
    assert receiver.posts[0][0]["Host"] == f"shop.example:{port}"


def test_the_waits_grow_to_an_hour() -> None:
    waits = [seconds_until_retry(tries) for tries in (1, 2, 3, 10, 11, 40)]

    assert waits == [5, 10, 20, 2560, 3600, 3600]
