"""Somebody writes for the first time while the import that made them is taken back. With real locks."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from kiaai import faults
from kiaai.extensions import db
from kiaai.leads.imports import records
from kiaai.leads.imports.running import run
from kiaai.models import Channel, Conversation, ImportRow, Lead, Message, User
from tests.conftest import Signed
from tests.leads.erasable import NUMBER, OTHER_NUMBER, body, item
from tests.leads.test_erasing_at_once import _Once, until_blocked

pytestmark = pytest.mark.committed


@pytest.fixture
def undone(app: Flask, channel: Channel, alice: User) -> int:
    """An import of one person that a worker is about to take back."""
    record = records.keep_table(f"phone\n{NUMBER}\n".encode(), "clientes.csv", alice.id)
    import_id = record.id
    records.start(record)
    db.session.commit()
    run(import_id)
    records.start_undo(db.session.get_one(type(record), import_id))
    db.session.commit()
    return import_id


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Callable[[], Any]]]:
    """Say what happens at which place, once."""
    actions: dict[str, Callable[[], Any]] = {}
    monkeypatch.setattr(faults, "_actions", _Once(actions))
    yield actions


@pytest.mark.parametrize("first", ["undo", "message"])
def test_a_first_message_is_never_lost(
    app: Flask, client: FlaskClient, signed: Signed, undone: int, at: dict[str, Callable[[], Any]], first: str
) -> None:
    # What is asked once is known: the first transaction of the next body is the one that stores it.
    client.post(
        "/webhook",
        **signed(body(item("wamid.KIAOTHER", "Buenas", number=OTHER_NUMBER), names={OTHER_NUMBER: "Otra"})),
    )

    def write() -> int:
        return client.post("/webhook", **signed(body(item("wamid.KIAUNDO", "Hola")))).status_code

    def take_back() -> None:
        with app.app_context():
            run(undone)

    acts: list[Callable[[], Any]] = [take_back, write] if first == "undo" else [write, take_back]
    place = "import_undo_before_commit" if first == "undo" else "before_commit"
    with ThreadPoolExecutor(1) as pool:
        later = []

        def meanwhile() -> None:
            later.append(pool.submit(acts[1]))
            until_blocked()

        at[place] = meanwhile
        acts[0]()
        later[0].result(10)

    db.session.rollback()
    lead = db.session.scalars(select(Lead).where(Lead.phone_number == NUMBER)).one()
    marks = [row.new["undone"] for row in db.session.scalars(select(ImportRow))]
    theirs = select(Message.text).join(Conversation).where(Conversation.lead_id == lead.id)
    assert marks == ["deleted" if first == "undo" else "kept"]
    assert list(db.session.scalars(theirs)) == ["Hola"]
