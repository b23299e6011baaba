"""Somebody who asks for it is forgotten everywhere, others are not, and nothing brings them back."""

import json
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, text

from kiaai.errors import ValidationFailed
from kiaai.extensions import db
from kiaai.leads.erased_files import remove_due_files, remove_files
from kiaai.leads.erasing import count, erase
from kiaai.leads.finding import find_lead
from kiaai.leads.merging import merge, undo
from kiaai.leads.pipeline import Actor
from kiaai.media.storage import Storage
from kiaai.models import (
    BotTurn,
    Channel,
    Conversation,
    ErasedId,
    ErasedMessage,
    Erasure,
    Import,
    Lead,
    Message,
    OrphanReceipt,
    Question,
    User,
    WebhookEvent,
)
from kiaai.webhook.erased_ids import hash_of, hash_sql, hash_values, key_of
from kiaai.webhook.replay import replay
from tests.conftest import Signed
from tests.leads.erasable import (
    NUMBER,
    OTHER_NUMBER,
    SECRETS,
    WAMID,
    WORD,
    body,
    everything,
    fill_every_place,
    item,
    status,
    wrapped,
)

FIRST = body(item(f"{WAMID}.1", f"Quiero {WORD}"))


@pytest.fixture
def post(client: FlaskClient, signed: Signed) -> Any:
    return lambda content: client.post("/webhook", **signed(content)).status_code


@pytest.fixture
def media(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A media folder of this test's own."""
    monkeypatch.setitem(app.extensions, "media", Storage(tmp_path / "media"))
    return tmp_path / "media"


@pytest.fixture
def zoraida(channel: Channel, alice: User, post: Any, media: Path) -> Lead:
    post(FIRST)
    post(body(statuses=(status(f"{WAMID}.orphan"),)))
    return fill_every_place(alice)


def forget(lead: Lead | None, app: Flask) -> Erasure:
    assert lead is not None
    erasure = erase(lead, Actor("system"), key_of(app.extensions["settings"].secret_key))
    db.session.commit()
    return erasure


def test_nothing_of_them_is_left_anywhere(app: Flask, zoraida: Lead, media: Path) -> None:
    before = everything(media)
    assert all(secret in before for secret in SECRETS)

    remove_files(forget(zoraida, app).id)

    after = everything(media)
    assert not [
        line for line in after.splitlines() if any(secret in line for secret in (*SECRETS, WAMID.lower()))
    ]


def test_counts_times_and_directions_stay(app: Flask, zoraida: Lead, alice: User) -> None:
    erasure = forget(zoraida, app)

    kept = db.session.scalars(select(ErasedMessage).order_by(ErasedMessage.id)).all()
    assert sorted((m.direction, m.author, m.status) for m in kept) == [
        ("incoming", "customer", "received"),
        ("outgoing", "api", "cancelled"),
        ("outgoing", "bot", "unknown"),
        ("outgoing", "user", "sent"),
    ]
    assert erasure.counts == {
        "conversations": 1,
        "messages": 4,
        "files": 2,
        "notes": 1,
        "drafts": 1,
        "bot_turns": 1,
        "history": erasure.counts["history"],
        "consents": 1,
        "bodies": 2,
        "import_rows": 2,
    }


def test_it_says_before_how_much_that_is(app: Flask, zoraida: Lead) -> None:
    told = count(zoraida)

    assert told.items() <= forget(zoraida, app).counts.items()


def test_a_body_that_comes_again_brings_nothing_back(app: Flask, zoraida: Lead, post: Any) -> None:
    forget(zoraida, app)

    assert post(FIRST) == 200

    assert find_lead(NUMBER) is None
    assert [(e.outcome, bytes(e.body)) for e in _journal()] == [("erased", b"")] * 3


def test_an_erased_body_cannot_be_replayed(app: Flask, zoraida: Lead) -> None:
    forget(zoraida, app)

    answer = app.test_cli_runner().invoke(args=["webhook", "replay", str(_journal()[0].id)])

    assert answer.exit_code == 1
    assert find_lead(NUMBER) is None


def test_who_writes_anew_is_somebody_new(app: Flask, zoraida: Lead, post: Any) -> None:
    former_id = zoraida.id
    forget(zoraida, app)

    post(body(item(f"{WAMID}.2", "Hola de nuevo")))

    lead = find_lead(NUMBER)
    assert lead is not None and lead.id != former_id
    assert (lead.notes, lead.tags, lead.opted_out_at) == ("", [], None)
    texts = db.session.scalars(select(Message.text).join(Conversation).where(Conversation.lead_id == lead.id))
    assert list(texts) == ["Hola de nuevo"]


def test_what_is_new_in_a_body_counts_and_what_is_not_does_not(app: Flask, zoraida: Lead, post: Any) -> None:
    forget(zoraida, app)

    post(
        body(
            item(f"{WAMID}.1", WORD), item(f"{WAMID}.3", "Otra cosa"), item("wamid.OTHER", "Yo", OTHER_NUMBER)
        )
    )

    assert sorted(t for t in db.session.scalars(select(Message.text)) if t) == ["Otra cosa", "Yo"]
    assert WORD.encode() not in bytes(_journal()[-1].body)


@pytest.mark.parametrize(
    "late",
    [
        status(f"{WAMID}.out"),
        status("wamid.NEVER.HEARD.OF", biz_opaque_callback_data="00000000-0000-4000-8000-000000000321"),
    ],
    ids=["by wamid", "by send key"],
)
def test_a_late_receipt_does_nothing(app: Flask, zoraida: Lead, post: Any, late: dict[str, Any]) -> None:
    forget(zoraida, app)
    orphans = db.session.scalar(select(func.count()).select_from(OrphanReceipt))

    assert post(body(statuses=(late,))) == 200

    assert db.session.scalar(select(func.count()).select_from(OrphanReceipt)) == orphans
    assert (_journal()[-1].outcome, bytes(_journal()[-1].body)) == ("erased", b"")
    assert find_lead(NUMBER) is None


def test_an_edit_or_a_reaction_of_what_was_erased_brings_nobody_back(
    app: Flask, zoraida: Lead, post: Any
) -> None:
    forget(zoraida, app)
    reaction = item(f"{WAMID}.9", "", type="reaction", reaction={"message_id": f"{WAMID}.1", "emoji": "🙂"})
    del reaction["text"]

    post(body(reaction))

    assert find_lead(NUMBER) is None


def test_the_words_of_others_in_the_same_body_stay(app: Flask, channel: Channel, post: Any) -> None:
    post(
        body(item(f"{WAMID}.1", WORD), item("wamid.OTHER", "Hola", OTHER_NUMBER), names={OTHER_NUMBER: "Ana"})
    )

    forget(find_lead(NUMBER), app)

    (event,) = _journal()
    left = json.loads(event.body)["entry"][0]["changes"][0]["value"]
    assert [m["id"] for m in left["messages"]] == ["wamid.OTHER"]
    assert [c["wa_id"] for c in left["contacts"]] == [OTHER_NUMBER]
    assert event.outcome == "applied"


def test_what_failed_for_others_can_still_be_replayed(app: Flask, channel: Channel, post: Any) -> None:
    post(body(item(f"{WAMID}.1", WORD)))
    both = body(item(f"{WAMID}.2", WORD), item("wamid.OTHER", "Hola", OTHER_NUMBER))
    failed = WebhookEvent(body=both, outcome="failed", error=f"nobody is known who wrote ['{WAMID}.2']")
    db.session.add(failed)
    db.session.commit()

    forget(find_lead(NUMBER), app)
    assert WAMID not in (db.session.get_one(WebhookEvent, failed.id, populate_existing=True).error or "")
    replay(failed.id)

    assert list(db.session.scalars(select(Message.text))) == ["Hola"]
    assert find_lead(NUMBER) is None


def test_statuses_and_histories_are_taken_out_of_bodies(app: Flask, channel: Channel, post: Any) -> None:
    post(body(item(f"{WAMID}.1", WORD)))
    threads = [
        {"id": NUMBER, "messages": [item(f"{WAMID}.h1", WORD)]},
        {"id": OTHER_NUMBER, "messages": [item("wamid.OTHER.h1", "Antes", OTHER_NUMBER)]},
    ]
    frame = {"metadata": {"display_phone_number": "56221110000", "phone_number_id": "200000000000001"}}
    post(wrapped("history", {**frame, "history": [{"metadata": {"phase": 0}, "threads": threads}]}))
    mine, other = status(f"{WAMID}.x"), status("wamid.OTHER.x", OTHER_NUMBER)
    post(body(statuses=(mine, other)))

    forget(find_lead(NUMBER), app)

    left = b"".join(bytes(event.body) for event in _journal())
    assert NUMBER.encode() not in left and WORD.encode() not in left
    assert b"wamid.OTHER.h1" in left and b"wamid.OTHER.x" in left
    assert list(db.session.scalars(select(OrphanReceipt.wamid))) == ["wamid.OTHER.x"]


def test_a_contact_or_a_thread_that_came_without_a_word_of_theirs_goes_too(
    app: Flask, channel: Channel, post: Any
) -> None:
    post(body(item(f"{WAMID}.1", WORD)))
    frame = {"metadata": {"display_phone_number": "56221110000", "phone_number_id": "200000000000001"}}
    contacts = [{"profile": {"name": "Zoraida"}, "wa_id": NUMBER}]
    post(
        wrapped(
            "messages", {**frame, "contacts": contacts, "messages": [item("wamid.A", "Yo", OTHER_NUMBER)]}
        )
    )
    other = {"id": OTHER_NUMBER, "messages": [item("wamid.B", "Antes", OTHER_NUMBER)]}
    threads = [{"id": NUMBER, "messages": []}, other]
    post(wrapped("history", {**frame, "history": [{"metadata": {"phase": 0}, "threads": threads}]}))

    forget(find_lead(NUMBER), app)

    left = b"".join(bytes(event.body) for event in _journal())
    assert NUMBER.encode() not in left and b"Zoraida" not in left
    assert b"wamid.A" in left and b"wamid.B" in left


def test_a_stop_from_whatsapps_menu_that_comes_again_brings_nobody_back(
    app: Flask, channel: Channel, post: Any
) -> None:
    post(body(item(f"{WAMID}.1", WORD)))
    frame = {"metadata": {"display_phone_number": "56221110000", "phone_number_id": "200000000000001"}}
    preference = {"wa_id": NUMBER, "category": "marketing_messages", "value": "stop", "timestamp": 1795000120}
    stop = wrapped("user_preferences", {**frame, "user_preferences": [preference]})
    post(stop)
    forget(find_lead(NUMBER), app)

    post(stop)

    assert find_lead(NUMBER) is None
    assert NUMBER.encode() not in b"".join(bytes(event.body) for event in _journal())


def test_others_keep_all_they_have(app: Flask, zoraida: Lead, dana: Conversation) -> None:
    db.session.add(Message(conversation_id=dana.id, text="Hola", message_id="wamid.DANA1"))
    db.session.commit()

    forget(zoraida, app)

    assert list(db.session.scalars(select(Message.text))) == ["Hola"]
    assert find_lead("56900000001") is not None


def test_it_waits_for_an_import_that_would_bring_them_back(app: Flask, zoraida: Lead) -> None:
    running = Import(kind="leads", state="running", content=b"phone_number\n+56 9 0000-0321\n")
    db.session.add(running)
    db.session.commit()

    with pytest.raises(ValidationFailed):
        forget(zoraida, app)
    db.session.rollback()

    assert find_lead(NUMBER) is not None


def test_files_that_were_left_behind_are_removed_by_the_sweep(app: Flask, zoraida: Lead, media: Path) -> None:
    erasure = forget(zoraida, app)
    assert any(WORD in file.read_text() for file in media.rglob("*") if file.is_file())

    remove_due_files()

    assert not any(WORD in file.read_text() for file in media.rglob("*") if file.is_file())
    assert db.session.get_one(Erasure, erasure.id, populate_existing=True).files == []


def test_the_database_hashes_as_we_do(app: Flask) -> None:
    key = key_of("any secret")

    hashed = db.session.scalar(text(f"SELECT {hash_sql(':id')}"), {"id": "wamid.ñ", **hash_values(key)})

    assert hashed == hash_of(key, "wamid.ñ")


def test_without_the_secret_a_hash_tells_nothing(app: Flask, zoraida: Lead) -> None:
    forget(zoraida, app)

    hashes = set(db.session.scalars(select(ErasedId.hash)))
    assert hash_of(key_of(app.extensions["settings"].secret_key), f"{WAMID}.1") in hashes
    assert hash_of(key_of("another secret"), f"{WAMID}.1") not in hashes


def test_somebody_with_no_number_and_no_talk_is_forgotten_too(app: Flask) -> None:
    lead = Lead(customer_name="Sin Número")
    db.session.add(lead)
    db.session.commit()

    assert forget(lead, app).counts["messages"] == 0
    assert db.session.scalar(select(func.count()).select_from(Lead)) == 0


def _journal() -> list[WebhookEvent]:
    found = select(WebhookEvent).order_by(WebhookEvent.id).execution_options(populate_existing=True)
    return list(db.session.scalars(found))


@pytest.mark.parametrize("is_parted", [False, True])
def test_whoever_was_merged_with_them_keeps_nothing_of_them(
    app: Flask, zoraida: Lead, dana: Conversation, media: Path, is_parted: bool
) -> None:
    db.session.execute(text("DELETE FROM merges; DELETE FROM outgoing_deliveries"))
    db.session.execute(text("UPDATE messages SET status = 'sent' WHERE status = 'queued'"))
    other_id = zoraida.id
    merged = merge(dana.lead, zoraida, Actor("system"))
    if is_parted:
        undo(merged, Actor("system"))
    db.session.commit()

    forgotten = db.session.get_one(Lead, other_id if is_parted else dana.lead_id)
    remove_files(forget(forgotten, app).id)

    kept = everything(media)
    lines = kept.splitlines()
    assert not [line for line in lines if any(secret in line for secret in (*SECRETS, WAMID.lower()))]
    assert ("56900000001" in kept) is is_parted


def test_who_was_in_a_merge_of_merges_leaves_nothing_in_it(
    app: Flask, zoraida: Lead, dana: Conversation, media: Path
) -> None:
    db.session.execute(text("DELETE FROM merges; DELETE FROM outgoing_deliveries"))
    db.session.execute(text("UPDATE messages SET status = 'sent' WHERE status = 'queued'"))
    third = Lead(customer_name="Otra Persona", phone_number=OTHER_NUMBER)
    db.session.add(third)
    db.session.flush()
    zoraida_id = zoraida.id
    inner = merge(dana.lead, zoraida, Actor("system"))
    outer = merge(third, db.session.get_one(Lead, dana.lead_id), Actor("system"))
    undo(outer, Actor("system"))
    undo(inner, Actor("system"))
    db.session.commit()

    remove_files(forget(db.session.get_one(Lead, zoraida_id), app).id)

    lines = everything(media).splitlines()
    assert not [line for line in lines if any(secret in line for secret in (*SECRETS, WAMID.lower()))]


@pytest.mark.parametrize(("times", "stays"), [(1, False), (2, False), (3, True)])
def test_a_question_stays_only_when_others_asked_it_too(
    app: Flask, dana: Conversation, times: int, stays: bool
) -> None:
    turns = [BotTurn(conversation_id=dana.id, input="¿Y frenos?", decision="fallback") for _ in range(2)]
    db.session.add_all(turns)
    db.session.flush()
    db.session.add(Question(words="y frenos", text="¿Y FRENOS?", times=times, turn_id=turns[-1].id))
    db.session.commit()

    forget(dana.lead, app)

    assert list(db.session.scalars(select(Question.text))) == (["y frenos"] if stays else [])
