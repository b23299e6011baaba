"""The search over messages: excerpts with their words marked, and links that open the message."""

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from kiaai.extensions import db
from kiaai.inbox import found_messages
from kiaai.inbox.found_messages import EXCERPT, excerpt
from kiaai.models import Conversation, User
from tests.inbox.conftest import HTMX, Say
from tests.people import enter

FOUND = "/inbox/conversations/found"


def test_a_hit_is_marked_and_leads_to_its_message(
    signed_in: FlaskClient, dana: Conversation, say: Say
) -> None:
    message = say(dana, "¿Tienen HORA mañana?")

    page = signed_in.get(f"{FOUND}?q=hora", headers=HTMX).text

    assert "¿Tienen <mark>HORA</mark> mañana?" in page and "Dana Díaz" in page
    assert f'/{dana.id}?message={message.id}&amp;q=hora#message-{message.id}"' in page


def test_what_is_found_is_never_markup(signed_in: FlaskClient, dana: Conversation, say: Say) -> None:
    say(dana, "<b>hora</b><script>alert(1)</script>")

    page = signed_in.get(f"{FOUND}?q=hora", headers=HTMX).text

    assert "&lt;b&gt;<mark>hora</mark>&lt;/b&gt;" in page and "<script>" not in page


def test_more_hits_come_when_asked_for(signed_in: FlaskClient, dana: Conversation, say: Say) -> None:
    for number in range(31):
        say(dana, f"hora {number}")

    first = signed_in.get(f"{FOUND}?q=hora", headers=HTMX).text
    address = first.split('id="found-more"')[1].split('hx-get="')[1].split('"')[0].replace("&amp;", "&")
    rest = signed_in.get(address, headers=HTMX).text

    assert first.count("<mark>") == 30 and rest.count("<mark>") == 1
    assert "found-more" not in rest and "found-messages" not in rest


def test_nothing_found_says_what_to_try(signed_in: FlaskClient, dana: Conversation) -> None:
    assert "No message contains “xyz" in signed_in.get(f"{FOUND}?q=xyz", headers=HTMX).text


def test_an_index_that_is_not_built_yet_is_told(
    signed_in: FlaskClient, dana: Conversation, say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    say(dana, "hora")
    monkeypatch.setattr(found_messages, "_IS_READY", text("SELECT false"))

    assert "still being built" in signed_in.get(f"{FOUND}?q=hora", headers=HTMX).text


def test_the_index_is_built_in_an_ordinary_installation(dana: Conversation) -> None:
    assert db.session.scalar(found_messages._IS_READY) is True


def test_a_stranger_finds_nothing(client: FlaskClient, carol: User) -> None:
    enter(client, carol)

    assert client.get(f"{FOUND}?q=hora").status_code == 303


def test_an_excerpt_begins_near_the_first_hit_and_loses_no_letter_of_it() -> None:
    message = "palabra " * 20 + "hora " + "después " * 40
    at = message.index("hora")

    pieces = excerpt(message, [(at, at + 4)])

    assert [piece.text for piece in pieces if piece.is_hit] == ["hora"]
    assert pieces[0].text == "… " and pieces[1].text.startswith("palabra ")
    assert pieces[-1].text.endswith(" …")
    assert sum(len(piece.text) for piece in pieces[1:]) <= EXCERPT + 2


def test_a_hit_at_the_end_of_the_excerpt_is_cut_with_it() -> None:
    message = "hora " + "x" * (EXCERPT - 7) + "hora y más"

    pieces = excerpt(message, [(0, 4), (EXCERPT - 2, EXCERPT + 2)])

    assert "".join(piece.text for piece in pieces) == message[:EXCERPT] + " …"
