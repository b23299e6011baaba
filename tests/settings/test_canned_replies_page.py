"""Canned replies: written, found, changed and deleted by admins."""

import html
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text

from kiaai.extensions import db
from kiaai.models import CannedReply, User
from kiaai.settings.canned_replies import unknown_variables
from tests.people import enter

PATH = "/settings/canned-replies"
WAITING = text("SELECT count(*) FROM pg_locks WHERE NOT granted")


@pytest.fixture
def admin(client: FlaskClient, alice: User) -> FlaskClient:
    enter(client, alice)
    return client


@pytest.fixture
def hello(alice: User) -> CannedReply:
    reply = CannedReply(shortcut="hola", text="¡Hola, {{first_name}}! 100 % tuyo")
    db.session.add(reply)
    db.session.commit()
    return reply


def kept() -> dict[str, str]:
    return {reply.shortcut: reply.text for reply in db.session.scalars(select(CannedReply))}


def test_a_reply_is_written_without_its_slash_in_small_letters(admin: FlaskClient) -> None:
    answer = admin.post(PATH, data={"shortcut": "/Envío_2-a", "text": " Enviamos\r\na todo Chile. "})

    assert (answer.status_code, answer.location) == (303, PATH)
    assert kept() == {"envío_2-a": "Enviamos\na todo Chile."}
    assert 'class="toast"' in admin.get(PATH).text


@pytest.mark.parametrize(
    ("form", "reason"),
    [
        ({"shortcut": ""}, "Letters, digits, - and _, without spaces."),
        ({"shortcut": "dos palabras"}, "Letters, digits, - and _, without spaces."),
        ({"shortcut": "x" * 41}, "At most 40 characters."),
        ({"shortcut": "HOLA"}, "Another reply has this shortcut."),
        ({"text": "  "}, "Write what the customer will read."),
        ({"text": "x" * 4097}, "At most 4,096 characters."),
        ({"text": "Hola {{nmae}}"}, "Nothing fills in {{nmae}}."),
    ],
)
def test_what_does_not_fit_is_said_at_its_field(
    admin: FlaskClient, hello: CannedReply, form: dict[str, str], reason: str
) -> None:
    answer = admin.post(PATH, data={"shortcut": "nueva", "text": "Hola", **form})

    assert answer.status_code == 422
    assert reason in html.unescape(answer.text) and 'aria-invalid="true"' in answer.text
    assert list(kept()) == ["hola"]


def test_a_reply_of_the_full_length_is_kept(admin: FlaskClient) -> None:
    admin.post(PATH, data={"shortcut": "larga", "text": "ñ" * 4096})

    assert len(kept()["larga"]) == 4096


def test_a_reply_is_changed_in_its_place(admin: FlaskClient, hello: CannedReply) -> None:
    answer = admin.post(f"{PATH}/{hello.id}", data={"shortcut": "hola", "text": "Hola de nuevo"})

    assert answer.status_code == 303
    assert kept() == {"hola": "Hola de nuevo"}


def test_a_refused_change_stays_open_as_it_was_written(admin: FlaskClient, hello: CannedReply) -> None:
    page = admin.post(f"{PATH}/{hello.id}", data={"shortcut": "con espacio", "text": "Nuevo"}).text

    assert f'id="canned-reply-{hello.id}" open' in page
    assert 'value="con espacio"' in page and ">Nuevo</textarea>" in page


def test_a_reply_is_deleted(admin: FlaskClient, hello: CannedReply) -> None:
    admin.post(f"{PATH}/{hello.id}/deletion")

    assert kept() == {}
    assert "/hola was deleted" in admin.get(PATH).text
    assert admin.post(f"{PATH}/{hello.id}/deletion").status_code == 404


def test_words_for_a_reply_that_is_gone_are_kept_to_be_saved_anew(
    admin: FlaskClient, hello: CannedReply
) -> None:
    admin.post(f"{PATH}/{hello.id}/deletion")

    answer = admin.post(f"{PATH}/{hello.id}", data={"shortcut": "hola", "text": "Nuevo"})

    assert answer.status_code == 422
    assert "Somebody has deleted this reply. Save it to have it again." in answer.text
    assert 'id="new-reply" open' in answer.text and ">Nuevo</textarea>" in answer.text


@pytest.mark.committed
def test_a_reply_that_is_deleted_while_it_is_changed_is_said_to_be_gone(
    app: Flask, admin: FlaskClient, hello: CannedReply
) -> None:
    address = f"{PATH}/{hello.id}"
    form = {"shortcut": "hola", "text": "Nuevo"}
    db.session.rollback()

    with ThreadPoolExecutor() as pool, db.engine.connect() as other:
        other.execute(text("DELETE FROM canned_replies"))
        changing = pool.submit(lambda: admin.post(address, data=form))
        while not (changing.done() or other.scalar(WAITING)):
            pass
        other.commit()
        answer = changing.result()

    assert answer.status_code == 422 and "Somebody has deleted this reply." in answer.text


@pytest.mark.parametrize(
    ("q", "is_found"),
    [("hola", True), ("/HO", True), ("tuyo 100", True), ("%", True), ("_", True), ("x", False)],
)
def test_replies_are_found_by_shortcut_and_text(
    admin: FlaskClient, hello: CannedReply, q: str, is_found: bool
) -> None:
    page = admin.get(PATH, query_string={"q": q}).text

    assert (f'id="canned-reply-{hello.id}"' in page) is is_found


def test_the_search_answers_the_list_alone(admin: FlaskClient, hello: CannedReply) -> None:
    answer = admin.get(PATH, query_string={"q": "hola"}, headers={"HX-Request": "true"})

    assert answer.text.lstrip().startswith('<div id="canned-replies">') and "<html" not in answer.text


def test_the_preview_fills_in_and_draws_what_whatsapp_would(admin: FlaskClient) -> None:
    answer = admin.post(f"{PATH}/preview", data={"text": "Hola {{ first_name }}, soy *{{agent}}* <b> {{x}}"})

    assert "Hola Dana, soy" in answer.text and "Alice</" in answer.text
    assert "&lt;b&gt; {{x}}" in answer.text


def test_a_variable_that_nothing_fills_in_is_named_once() -> None:
    assert unknown_variables("{{name}} {{foo}} {{foo}} {x} {{ Agent }}") == ["{{foo}}"]
