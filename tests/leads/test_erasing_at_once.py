"""Somebody is forgotten while all sorts of things are under way for them. Real connections, real locks."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, text

from kiaai import clock, faults
from kiaai.bot.manager import ConversationManager
from kiaai.config import Settings
from kiaai.delivery.claiming import claim_head
from kiaai.delivery.outbox import Sender, queue_message
from kiaai.delivery.outcomes import Sent
from kiaai.delivery.settling import settle
from kiaai.errors import NotFound
from kiaai.extensions import db
from kiaai.leads.finding import find_lead, find_or_create_lead
from kiaai.leads.forgetting import Forgotten, forget
from kiaai.leads.pipeline import Actor
from kiaai.media import media_folder
from kiaai.media.storage import Storage
from kiaai.models import Attachment, Channel, Conversation, Erasure, Lead, Message, OrphanReceipt
from kiaai.worker.sweep import Sweep
from tests.conftest import Signed
from tests.leads.erasable import NAME, NUMBER, WORD, body, everything, item, status

pytestmark = pytest.mark.committed

WAMID = "wamid.KIAATONCE"
Post = Callable[[bytes], int]


@pytest.fixture
def post(client: FlaskClient, signed: Signed) -> Post:
    return lambda content: client.post("/webhook", **signed(content)).status_code


@pytest.fixture
def media(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setitem(app.extensions, "media", Storage(tmp_path / "media"))
    return tmp_path / "media"


@pytest.fixture
def talk(channel: Channel, post: Post, media: Path) -> Conversation:
    """Zoraida has written once."""
    post(body(item(f"{WAMID}.1", WORD)))
    return db.session.scalars(select(Conversation)).one()


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Callable[[], Any]]]:
    """Say what happens at which place, once."""
    actions: dict[str, Callable[[], Any]] = {}
    monkeypatch.setattr(faults, "_actions", _Once(actions))
    yield actions


class _Once:
    def __init__(self, actions: dict[str, Callable[[], Any]]):
        self._actions = actions

    def get(self, name: str) -> Callable[[], Any] | None:
        return self._actions.pop(name, None)


def erase_now(app: Flask, lead_id: int) -> Forgotten:
    """Forget the person as another process does."""
    with app.app_context():
        return forget(lead_id, Actor("system"), app.extensions["settings"].secret_key)


def until_blocked(count: int = 1) -> None:
    """Wait until so many connections wait for a lock of another."""
    waiting = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
    with db.engines[None].connect() as connection:
        for _ in range(500):
            if connection.execute(waiting).scalar_one() >= count:
                return
            connection.rollback()
            threading.Event().wait(0.01)
    raise AssertionError("nobody waits for a lock")


def test_a_message_that_comes_while_they_are_erased_is_of_somebody_new(
    app: Flask, talk: Conversation, post: Post, media: Path, at: dict[str, Callable[[], Any]]
) -> None:
    former_id = talk.lead_id
    with ThreadPoolExecutor(1) as pool:
        answers = []

        def meanwhile() -> None:
            answers.append(pool.submit(post, body(item(f"{WAMID}.2", "Hola otra vez"))))
            until_blocked()

        at["erase_before_commit"] = meanwhile
        erase_now(app, former_id)
        assert answers[0].result(10) == 200

    db.session.rollback()
    lead = db.session.scalars(select(Lead)).one()
    assert (lead.id != former_id, lead.phone_number) == (True, NUMBER)
    assert list(db.session.scalars(select(Message.text))) == ["Hola otra vez"]
    assert WORD not in everything(media)


def test_a_message_that_came_just_before_is_erased_with_them(
    app: Flask, talk: Conversation, post: Post, media: Path, at: dict[str, Callable[[], Any]]
) -> None:
    lead_id = talk.lead_id
    db.session.rollback()
    with ThreadPoolExecutor(1) as pool:
        erased = []

        def meanwhile() -> None:
            erased.append(pool.submit(erase_now, app, lead_id))
            until_blocked()

        at["before_commit"] = meanwhile
        assert post(body(item(f"{WAMID}.2", f"Más {WORD}"))) == 200
        assert erased[0].result(10).counts["messages"] == 2

    db.session.rollback()
    assert find_lead(NUMBER) is None
    assert WORD not in everything(media)


def test_what_is_being_sent_leaves_no_trace(app: Flask, talk: Conversation, post: Post, media: Path) -> None:
    lead_id, conversation_id = talk.lead_id, talk.id
    queue_message(talk, Sender("api"), text=f"Tu {WORD}")
    db.session.commit()
    claim = claim_head(conversation_id, uuid4())
    db.session.commit()
    assert claim is not None

    erase_now(app, lead_id)
    settle(claim, Sent("wamid.ZORAIDA.late"))
    db.session.commit()
    post(body(statuses=(status("wamid.ZORAIDA.late", biz_opaque_callback_data=claim.send_key),)))

    db.session.rollback()
    assert db.session.scalar(select(func.count()).select_from(OrphanReceipt)) == 0
    kept = everything(media)
    assert not [secret for secret in (NUMBER, WORD, "wamid.zoraida") if secret in kept]


def test_what_was_queued_never_leaves(app: Flask, talk: Conversation) -> None:
    lead_id, conversation_id = talk.lead_id, talk.id
    queue_message(talk, Sender("api"), text=WORD)
    db.session.commit()

    erase_now(app, lead_id)

    assert claim_head(conversation_id, uuid4()) is None
    db.session.rollback()


@pytest.mark.parametrize("place", ["bot_after_claim", "bot_before_commit"])
def test_a_turn_of_the_bot_that_is_under_way_comes_to_nothing(
    app: Flask,
    settings: Settings,
    talk: Conversation,
    media: Path,
    at: dict[str, Callable[[], Any]],
    place: str,
) -> None:
    lead_id, conversation_id = talk.lead_id, talk.id
    db.session.execute(text("UPDATE conversations SET bot_due_at = clock_timestamp() - interval '1 s'"))
    db.session.commit()
    with ThreadPoolExecutor(1) as pool:
        erased = []

        def meanwhile() -> None:
            erased.append(pool.submit(erase_now, app, lead_id))
            erased[0].result(10) if place == "bot_after_claim" else until_blocked()

        at[place] = meanwhile
        ConversationManager(settings).turn(conversation_id)
        erased[0].result(10)

    db.session.rollback()
    assert db.session.scalar(select(func.count()).select_from(Message)) == 0
    kept = everything(media)
    assert not [secret for secret in (NUMBER, WORD, NAME.lower()) if secret in kept]


def test_of_two_who_erase_at_once_one_does_it(app: Flask, talk: Conversation) -> None:
    lead_id = talk.lead_id
    db.session.rollback()

    with ThreadPoolExecutor(2) as pool:
        tries = [pool.submit(erase_now, app, lead_id) for _ in range(2)]
        errors = [type(attempt.exception(10)) for attempt in tries]

    assert sorted(error.__name__ for error in errors) == ["NoneType", NotFound.__name__]
    assert db.session.scalar(select(func.count()).select_from(Erasure)) == 1


def test_an_importer_who_knew_the_number_makes_somebody_new(
    app: Flask, talk: Conversation, at: dict[str, Callable[[], Any]]
) -> None:
    former_id = talk.lead_id
    db.session.rollback()

    erase_now(app, former_id)
    lead = find_or_create_lead(NUMBER, actor=Actor("api"))
    db.session.commit()

    assert lead.id != former_id


def test_files_are_removed_after_a_crash_behind_the_commit(
    app: Flask, talk: Conversation, media: Path, at: dict[str, Callable[[], Any]]
) -> None:
    lead_id = talk.lead_id
    message = db.session.scalars(select(Message)).one()
    file = Attachment(message_id=message.id, state="stored", file_name=WORD)
    db.session.add(file)
    db.session.flush()
    file.path = media_folder().keep(file.id, WORD.encode()).path
    db.session.commit()

    def crash() -> None:
        raise faults.FaultInjected("killed")

    at["erased_files"] = crash
    with pytest.raises(faults.FaultInjected):
        erase_now(app, lead_id)
    db.session.rollback()
    assert [f for f in media.rglob("*") if f.is_file()]

    _sweep_once(app)

    assert not [f for f in media.rglob("*") if f.is_file()]


def test_a_crash_before_the_commit_changes_nothing(
    app: Flask, talk: Conversation, media: Path, at: dict[str, Callable[[], Any]]
) -> None:
    lead_id = talk.lead_id
    db.session.rollback()
    before = everything(media)

    def crash() -> None:
        raise faults.FaultInjected("killed")

    at["erase_before_commit"] = crash
    with pytest.raises(faults.FaultInjected):
        erase_now(app, lead_id)

    db.session.rollback()
    assert everything(media) == before


def test_twenty_thousand_messages_go_in_a_few_seconds(
    app: Flask, talk: Conversation, post: Post, media: Path
) -> None:
    lead_id = talk.lead_id
    db.session.execute(
        text("""
            INSERT INTO messages (conversation_id, text, message_id, timestamp)
            SELECT :id, 'zarzaparrilla ' || n, 'wamid.ZORAIDA.' || n, now() - n * interval '1 minute'
            FROM generate_series(1, 20000) n"""),
        {"id": talk.id},
    )
    db.session.commit()
    started = clock.now()

    done = erase_now(app, lead_id)

    assert done.counts["messages"] == 20_001
    assert (clock.now() - started).total_seconds() < 15
    assert db.session.scalar(select(func.count()).select_from(Message)) == 0


def _sweep_once(app: Flask) -> None:
    from kiaai.leads.erased_files import remove_due_files

    assert "remove_due_files" in Sweep.once.__code__.co_names
    with app.app_context():
        remove_due_files()
