"""People who are merged or erased while others work on them: nothing fails, is lost, or brings them back."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, text

from kiaai import clock, faults
from kiaai.delivery.outbox import Sender, send_again
from kiaai.extensions import db
from kiaai.leads.erasing import erase
from kiaai.leads.forgetting import forget
from kiaai.leads.imports import records
from kiaai.leads.imports.running import run
from kiaai.leads.imports.undoing import undo_batch
from kiaai.leads.merging import merge, undo
from kiaai.leads.pipeline import Actor
from kiaai.models import Channel, Conversation, Import, ImportRow, Lead, LeadIdentity, Merge, Message, User
from kiaai.webhook.erased_ids import key_of
from tests.conftest import make_conversation
from tests.leads.test_merging_at_once import until_somebody_waits
from tests.people import enter

pytestmark = pytest.mark.committed

SYSTEM = Actor("system")
FIRST, SECOND = "56900000001", "56900000002"


@pytest.fixture
def second(channel: Channel) -> Conversation:
    return make_conversation(channel, SECOND, "D. Díaz")


def waiting(app: Flask, work: Callable[[], Any]) -> "Future[Any]":
    """Do it on a thread and a connection of its own; return as soon as it waits for a lock."""

    def inside() -> Any:
        with app.app_context():
            return work()

    pool = ThreadPoolExecutor(1)
    done = pool.submit(inside)
    pool.shutdown(wait=False)
    until_somebody_waits()
    return done


def started(content: str, user: User) -> int:
    record = records.keep_table(content.encode(), "clientes.csv", user.id)
    records.start(record)
    db.session.commit()
    return record.id


@pytest.mark.parametrize("line", [f"{SECOND},customer", f"{SECOND},unknown"], ids=["changed", "unchanged"])
def test_an_import_finds_whoever_is_merged_meanwhile(
    app: Flask, dana: Conversation, second: Conversation, alice: User, line: str
) -> None:
    lead_id = dana.lead_id
    import_id = started(f"phone,status\n{line}\n", alice)
    merge(dana.lead, second.lead, SYSTEM)

    done = waiting(app, lambda: run(import_id))
    db.session.commit()
    done.result(20)

    assert db.session.get_one(Import, import_id).state == "done"
    assert db.session.scalars(select(ImportRow.lead_id)).all() == [lead_id]
    assert db.session.get_one(Lead, lead_id).lead_status == line.partition(",")[2]


def test_a_merge_does_not_deadlock_with_a_talk_that_is_being_brought_in(
    app: Flask, dana: Conversation, second: Conversation
) -> None:
    ids = (dana.lead_id, second.lead_id)
    db.session.add(Import(kind="chat", state="running", content=b"", conversation_id=second.id))
    db.session.commit()

    def merge_once() -> None:
        merge(db.session.get_one(Lead, ids[0]), db.session.get_one(Lead, ids[1]), SYSTEM)
        db.session.commit()

    with db.engine.connect() as connection:
        # As the worker does with each batch.
        connection.execute(text("SELECT 1 FROM imports FOR NO KEY UPDATE"))
        done = waiting(app, merge_once)
        connection.execute(text("SELECT 1 FROM leads WHERE id = :id FOR NO KEY UPDATE"), {"id": ids[1]})
        connection.commit()
        done.result(20)

    assert db.session.scalars(select(Lead.id)).all() == [ids[0]]


def test_an_import_that_comes_during_an_erasure_neither_fails_nor_brings_them_back(
    app: Flask, dana: Conversation, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    lead_id, user_id = dana.lead_id, alice.id
    db.session.commit()
    running: list[Future[Any]] = []

    def meanwhile() -> None:
        running.append(
            waiting(app, lambda: run(started(f"phone\n{FIRST}\n", db.session.get_one(User, user_id))))
        )

    monkeypatch.setattr(faults, "_actions", {"erase_before_commit": meanwhile})
    forget(lead_id, SYSTEM, "a secret")
    running[0].result(20)

    assert db.session.scalars(select(Import.state)).all() == ["done"]
    assert db.session.scalar(select(func.count()).select_from(Lead)) == 0
    assert db.session.scalar(select(func.count()).select_from(LeadIdentity)) == 0


def test_an_erasure_does_not_deadlock_with_who_changes_a_conversation_twice(
    app: Flask, dana: Conversation
) -> None:
    lead_id, key = dana.lead_id, key_of("a secret")
    db.session.commit()
    raising = text("UPDATE conversations SET version = version + 1 WHERE id = :id")
    with db.engine.connect() as connection:
        connection.execute(raising, {"id": dana.id})
        db.session.commit()

        def erase_once() -> None:
            erase(db.session.get_one(Lead, lead_id), SYSTEM, key)
            db.session.commit()

        done = waiting(app, erase_once)
        # PostgreSQL looks at the lead again, as the row is of this transaction.
        connection.execute(raising, {"id": dana.id})
        connection.commit()
        done.result(20)

    db.session.rollback()
    assert db.session.get(Lead, lead_id) is None


def test_the_undo_of_an_import_keeps_whom_somebody_is_just_writing_to(
    app: Flask, channel: Channel, alice: User
) -> None:
    channel_id, import_id = channel.id, started(f"phone\n{SECOND}\n", alice)
    run(import_id)
    lead_id = db.session.scalars(select(Lead.id)).one()
    talk = Conversation(channel_id=channel_id, lead_id=lead_id)
    db.session.add(talk)
    records.start_undo(db.session.get_one(Import, import_id))
    db.session.commit()
    talk_id = talk.id
    raising = text("UPDATE conversations SET version = version + 1 WHERE id = :id")
    db.session.commit()

    def undo_once() -> None:
        undo_batch(import_id)
        db.session.commit()

    with db.engine.connect() as connection:
        connection.execute(raising, {"id": talk_id})
        done = waiting(app, undo_once)
        written = text("INSERT INTO messages (conversation_id, text) VALUES (:id, 'Hola')")
        connection.execute(written, {"id": talk_id})
        connection.execute(raising, {"id": talk_id})
        connection.commit()
        done.result(20)

    assert db.session.scalars(select(Message.text)).all() == ["Hola"]
    assert db.session.get(Lead, lead_id) is not None


def test_what_is_sent_again_while_two_are_parted_stays_with_its_person(
    app: Flask, dana: Conversation, second: Conversation
) -> None:
    second.last_inbound_at = clock.now()
    failed = Message(
        conversation_id=second.id, direction="outgoing", author="user", status="failed", text="Hola"
    )
    db.session.add(failed)
    db.session.commit()
    failed_id, second_id = failed.id, second.id
    merge_id = merge(dana.lead, second.lead, SYSTEM).id
    db.session.commit()
    undo(db.session.get_one(Merge, merge_id), SYSTEM)

    def again() -> int:
        queued = send_again(db.session.get_one(Message, failed_id), Sender("user"))
        db.session.commit()
        return queued.conversation_id

    done = waiting(app, again)
    db.session.commit()

    assert done.result(20) == second_id


@pytest.mark.parametrize(
    ("method", "path", "fields"),
    [
        ("PATCH", "/people/{id}", {"customer_name": "Dana Soto"}),
        ("PATCH", "/inbox/conversations/{talk}/lead", {"notes": "Hola"}),
        ("POST", "/people/{id}/consents", {"kind": "opt_out"}),
        ("PUT", "/leads/56900000001/status", {"lead_status": "customer"}),
        ("POST", "/leads/56900000001/consents", {"kind": "opt_out"}),
    ],
)
def test_a_request_that_has_just_looked_them_up_finds_them_gone(
    app: Flask,
    client: FlaskClient,
    dana: Conversation,
    alice: User,
    method: str,
    path: str,
    fields: dict[str, str],
) -> None:
    enter(client, alice)
    lead_id, key = dana.lead_id, key_of("a secret")
    address = path.format(id=lead_id, talk=dana.id)
    sent: dict[str, Any] = {"json": fields} if path.startswith("/leads") else {"data": fields}
    db.session.commit()
    erase(db.session.get_one(Lead, lead_id), SYSTEM, key)

    answer = waiting(app, lambda: client.open(address, method=method, **sent).status_code)
    db.session.commit()

    assert answer.result(20) == 404
