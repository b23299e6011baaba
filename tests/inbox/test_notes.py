"""Notes that two people write at the same time: neither is lost."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import expect

from kiaai.extensions import db
from kiaai.leads import pipeline
from kiaai.leads.pipeline import Actor
from kiaai.models import Conversation, User
from tests.browser import poll
from tests.inbox.browser import hear, open_thread
from tests.inbox.conftest import HTMX
from tests.people import enter

Save = Callable[[FlaskClient, str, str], Any]


@pytest.fixture
def bobs_client(app: Flask, bob: User) -> FlaskClient:
    client = app.test_client()
    enter(client, bob)
    return client


@pytest.fixture
def save(dana: Conversation) -> Save:
    def save_notes(client: FlaskClient, notes: str, shown: str) -> Any:
        form = {"notes": notes, "notes_shown": shown}
        return client.patch(f"/inbox/conversations/{dana.id}/lead", data=form, headers=HTMX)

    return save_notes


def shown_notes(html: str) -> str:
    """Return the sign of the notes that a panel shows."""
    found = re.search(r'notes_shown"[^>]*?\b([0-9a-f]{16})\b', html)
    assert found is not None
    return found[1]


def test_notes_that_somebody_changed_meanwhile_are_not_replaced(
    client: FlaskClient, alice: User, bobs_client: FlaskClient, dana: Conversation, save: Save
) -> None:
    enter(client, alice)
    shown = shown_notes(client.get(f"/inbox/conversations/{dana.id}").text)
    save(bobs_client, "Llamar <b>el lunes</b>", shown)

    answer = save(client, "Prefiere la tarde", shown)

    db.session.refresh(dana.lead)
    assert (answer.status_code, dana.lead.notes) == (422, "Llamar <b>el lunes</b>")
    assert "Bob" in answer.text and "Llamar &lt;b&gt;el lunes&lt;/b&gt;" in answer.text
    assert save(client, "Las dos", shown_notes(answer.text)).status_code == 200


def test_notes_shown_as_they_are_can_be_changed_again_and_again(
    client: FlaskClient, alice: User, dana: Conversation, save: Save
) -> None:
    enter(client, alice)
    first = save(client, "Uno", shown_notes(client.get(f"/inbox/conversations/{dana.id}").text))

    second = save(client, "Dos\r\nlíneas", shown_notes(first.text))
    third = save(client, "Tres", shown_notes(second.text))

    db.session.refresh(dana.lead)
    assert (third.status_code, dana.lead.notes) == (200, "Tres")


def test_the_same_notes_from_two_people_are_no_conflict(
    client: FlaskClient, alice: User, bobs_client: FlaskClient, dana: Conversation, save: Save
) -> None:
    enter(client, alice)
    shown = shown_notes(client.get(f"/inbox/conversations/{dana.id}").text)
    save(bobs_client, "Lo mismo", shown)

    assert save(client, " Lo mismo ", shown).status_code == 200


def change_notes(conversation_id: int, notes: str) -> None:
    """Be another person who saves the notes."""
    pipeline.set_notes(db.session.get_one(Conversation, conversation_id).lead, notes, Actor("api"))
    db.session.commit()


def stored_notes(conversation_id: int) -> str:
    db.session.rollback()
    notes = db.session.get_one(Conversation, conversation_id).lead.notes
    db.session.rollback()
    return notes


browser = pytest.mark.parametrize(
    "_browser",
    [pytest.param(None, marks=[pytest.mark.services, pytest.mark.committed, pytest.mark.enable_socket])],
    ids=["chromium"],
)


@browser
def test_notes_being_written_stay_when_somebody_saves_theirs(page: Any, talk: int, _browser: None) -> None:
    open_thread(page, talk)
    page.locator("#lead-notes").focus()
    page.keyboard.type("De Alicia")

    change_notes(talk, "De Bob")
    hear(talk, "¿Hola?")
    page.locator("#thread").get_by_text("¿Hola?").wait_for()
    page.locator("#lead-tags").focus()

    page.locator("#lead-error").get_by_text("De Bob").wait_for()
    expect(page.locator("#lead-notes")).to_have_value("De Alicia")
    assert stored_notes(talk) == "De Bob"
    page.get_by_role("button", name="Save mine instead").click()
    page.locator("#lead-error").get_by_text("De Bob").wait_for(state="detached")
    assert stored_notes(talk) == "De Alicia"


@browser
def test_notes_of_others_show_after_own_ones_were_saved(page: Any, talk: int, _browser: None) -> None:
    open_thread(page, talk)
    page.locator("#lead-notes").fill("De Alicia")
    page.locator("#lead-tags").focus()
    page.locator("#lead").get_by_text("changed the notes").wait_for()

    change_notes(talk, "De Bob")
    expect(page.locator("#lead-notes")).to_have_value("De Bob")
    page.locator("#lead-notes").focus()
    page.keyboard.press("Control+End")
    page.keyboard.type(" y Alicia")
    page.locator("#lead-tags").focus()
    expect(page.locator("#lead .history li", has_text="You changed the notes")).to_have_count(2)

    assert stored_notes(talk) == "De Bob y Alicia"


@browser
def test_notes_changed_twice_in_a_row_are_no_conflict_with_oneself(
    page: Any, talk: int, _browser: None
) -> None:
    open_thread(page, talk)
    held: list[Any] = []
    page.route("**/lead", lambda route: route.continue_() if held else held.append(route))
    for text in ("uno", "uno y dos"):
        page.locator("#lead-notes").fill(text)
        page.locator("#lead-tags").focus()
    poll(page, lambda: held)

    held[0].continue_()

    expect(page.locator("#lead .history li", has_text="You changed the notes")).to_have_count(2)
    expect(page.locator("#lead-error")).to_have_text("")
    assert stored_notes(talk) == "uno y dos"
