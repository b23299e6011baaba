"""Polls: nothing new is 304 in one query, anything visible is new, strangers are sent to sign in."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import unescape
from urllib.parse import urlencode

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from kiaai import create_app
from kiaai.config import Settings
from kiaai.extensions import db
from kiaai.inbox import list_state
from kiaai.inbox.list_filter import TABS
from kiaai.inbox.list_state import COUNT_LIMIT
from kiaai.inbox.queries import PAGE_ROWS
from kiaai.leads.pipeline import Actor, rename, set_status
from kiaai.models import Channel, Conversation, Installation, Tag, User
from kiaai.web import fragments
from kiaai.web.paging import Place
from tests.conftest import make_conversation, make_conversations
from tests.inbox.conftest import HTMX, Say, counted_queries
from tests.people import enter


def poll(client: FlaskClient, page: str, panel: str) -> tuple[str, dict[str, str]]:
    """Return the address and the tag with which a drawn panel polls."""
    html = client.get(page).get_data(as_text=True)
    tag = re.search(rf'id="{panel}"[^>]*?hx-get="([^"]+)"[^>]*?hx-ptag="([^"]+)"', html, re.DOTALL)
    assert tag is not None
    fields = {"thread": "thread-(?:from|unread|until)", "conversations": "conversations-until"}[panel]
    rows = re.findall(rf'id="{fields}"[^>]*? name="(\w+)" value="([^"]*)"', html)
    assert rows
    joint = "&" if "?" in tag[1] else "?"
    return f"{unescape(tag[1])}{joint}{urlencode(rows)}", {**HTMX, "HX-PTag": tag[2]}


def test_a_list_with_nothing_new_costs_one_query_and_no_bytes(
    signed_in: FlaskClient, dana: Conversation, say: Say
) -> None:
    say(dana)
    address, headers = poll(signed_in, "/", "conversations")

    with counted_queries() as statements:
        response = signed_in.get(address, headers=headers)

    assert (response.status_code, response.data) == (304, b"")
    assert len(statements) == 1


@pytest.mark.parametrize("size", [PAGE_ROWS, PAGE_ROWS + 1])
@pytest.mark.parametrize("page", ["/", "/?q=Dana"])
def test_the_first_poll_of_a_long_list_finds_nothing_new(
    signed_in: FlaskClient, channel: Channel, page: str, size: int
) -> None:
    make_conversations(channel, {f"5690000{n:04}": "Dana Prueba" for n in range(size)})
    address, headers = poll(signed_in, page, "conversations")

    assert signed_in.get(address, headers=headers).status_code == 304


@pytest.mark.parametrize("loaded", [PAGE_ROWS, PAGE_ROWS + 5])
@pytest.mark.parametrize("query", ["?q=Dana", "?tab=closed"])
def test_what_comes_below_a_list_loaded_to_its_end_is_news(
    signed_in: FlaskClient, channel: Channel, query: str, loaded: int
) -> None:
    rows = make_conversations(channel, {f"5690000{n:04}": "Dana Prueba" for n in range(loaded)})
    other = make_conversation(channel, "56900009999", "Otra Persona")
    # As many open ones as are counted: only the list itself can tell of a change.
    crowd = make_conversations(channel, {f"5690001{n:04}": "Nadie" for n in range(COUNT_LIMIT)})
    for row in rows:
        row.state = "closed" if "closed" in query else "open"
    for age, row in enumerate((*crowd, *rows, other)):
        row.last_message_at = datetime(2026, 1, 1, tzinfo=UTC) - timedelta(minutes=age)
    db.session.commit()
    address, headers = loaded_to_the_end(signed_in, query)
    assert signed_in.get(address, headers=headers).status_code == 304

    rename(other.lead, "Dana Otra", Actor("system"))
    other.state = "closed" if "closed" in query else "open"
    db.session.commit()

    polled = signed_in.get(address, headers=headers)
    assert polled.status_code == 200
    assert f'id="conversation-{other.id}"' in polled.text or more_below(polled.text)


@pytest.mark.parametrize("query", ["?order=newest", "?q=Dana"])
def test_rows_beyond_those_that_a_poll_draws_are_loaded_again(
    signed_in: FlaskClient, channel: Channel, monkeypatch: pytest.MonkeyPatch, query: str
) -> None:
    monkeypatch.setattr(list_state, "MOST_ROWS", 5)
    for number in range(6):
        make_conversation(channel, f"5690000{number:04}", "Dana Prueba")
    oldest = db.session.scalars(select(Conversation).order_by(Conversation.last_message_at)).first()
    assert oldest is not None
    until = str(Place(0, oldest.last_message_at, oldest.id))

    polled = signed_in.get(f"/inbox/conversations{query}&until={until}", headers=HTMX).text

    assert f'id="conversation-{oldest.id}"' not in polled
    assert f'id="conversation-{oldest.id}"' in signed_in.get(more_below(polled), headers=HTMX).text


def loaded_to_the_end(client: FlaskClient, query: str) -> tuple[str, dict[str, str]]:
    """Scroll a list down; return the address and the tag of its next poll."""
    html = client.get(f"/{query}").text
    while more := more_below(html):
        html = client.get(more, headers=HTMX).text
    until = re.search(r'name="until" value="([^"]*)"', html)
    address = f"/inbox/conversations{query}&until={until[1] if until else ''}"
    return address, {**HTMX, "HX-PTag": client.get(address, headers=HTMX).headers["HX-PTag"]}


def more_below(html: str) -> str:
    """Return where the list goes on; empty at its end."""
    more = re.search(r'id="conversations-end"[^>]*?hx-get="([^"]+)"', html, re.DOTALL)
    return unescape(more[1]) if more else ""


def test_a_list_asks_every_5_seconds_and_a_thread_every_3(settings: Settings) -> None:
    config = create_app(settings).config

    assert (config["LIST_POLL_SECONDS"], config["THREAD_POLL_SECONDS"]) == (5, 3)


def test_a_thread_with_nothing_new_costs_one_query_and_no_bytes(
    signed_in: FlaskClient, dana: Conversation, say: Say
) -> None:
    say(dana)
    address, headers = poll(signed_in, f"/inbox/conversations/{dana.id}", "thread")

    with counted_queries() as statements:
        response = signed_in.get(address, headers=headers)

    assert (response.status_code, response.data) == (304, b"")
    assert len(statements) == 1


def test_a_new_message_changes_both_tags(signed_in: FlaskClient, dana: Conversation, say: Say) -> None:
    say(dana)
    list_address, list_headers = poll(signed_in, "/", "conversations")
    address, headers = poll(signed_in, f"/inbox/conversations/{dana.id}", "thread")

    say(dana, "¿Tienen hora mañana?")

    in_list = signed_in.get(list_address, headers=list_headers)
    in_thread = signed_in.get(address, headers=headers)
    assert "¿Tienen hora mañana?" in in_list.text
    assert "¿Tienen hora mañana?" in in_thread.text
    assert in_thread.headers["HX-PTag"] != headers["HX-PTag"]


def test_a_poll_answers_the_contents_of_its_panel_and_not_the_panel(
    signed_in: FlaskClient, dana: Conversation, say: Say
) -> None:
    say(dana)

    in_list = signed_in.get("/inbox/conversations", headers=HTMX)
    in_thread = signed_in.get(f"/inbox/conversations/{dana.id}/messages", headers=HTMX)

    assert 'id="conversations"' not in in_list.text
    assert 'id="thread"' not in in_thread.text
    assert 'id="composer"' not in in_thread.text


def test_the_tag_of_an_answer_makes_the_next_poll_empty(
    signed_in: FlaskClient, dana: Conversation, say: Say
) -> None:
    message = say(dana)
    address = f"/inbox/conversations/{dana.id}/messages?from={message.id}"

    tag = signed_in.get(address, headers=HTMX).headers["HX-PTag"]

    assert signed_in.get(address, headers={**HTMX, "HX-PTag": tag}).status_code == 304


def test_a_lead_that_changes_is_news_for_list_and_thread(
    signed_in: FlaskClient, dana: Conversation, say: Say
) -> None:
    say(dana)
    list_address, list_headers = poll(signed_in, "/", "conversations")
    address, headers = poll(signed_in, f"/inbox/conversations/{dana.id}", "thread")

    rename(dana.lead, "Dana la de siempre", Actor("system"))
    set_status(dana.lead, "customer", Actor("system"))
    db.session.commit()

    assert "Dana la de siempre" in signed_in.get(list_address, headers=list_headers).text
    assert "Dana la de siempre" in signed_in.get(address, headers=headers).text


@pytest.mark.parametrize("trouble", ["pause", "hold"])
def test_trouble_with_sending_is_news_for_the_list(
    signed_in: FlaskClient, dana: Conversation, channel: Channel, say: Say, trouble: str
) -> None:
    say(dana)
    address, headers = poll(signed_in, "/", "conversations")

    if trouble == "pause":
        channel.paused_at, channel.paused_reason = datetime.now(UTC), "The token has run out."
    else:
        db.session.add(Installation(id=1, held_at=datetime.now(UTC), held_reason="The token has run out."))
    db.session.commit()

    assert "The token has run out." in signed_in.get(address, headers=headers).text


def test_two_people_never_share_a_tag(
    client: FlaskClient, alice: User, bob: User, dana: Conversation, say: Say
) -> None:
    message = say(dana)
    address = f"/inbox/conversations/{dana.id}/messages?from={message.id}"
    enter(client, alice)
    tag = client.get(address, headers=HTMX).headers["HX-PTag"]

    enter(client, bob)

    assert client.get(address, headers={**HTMX, "HX-PTag": tag}).status_code == 200


def test_rows_loaded_by_scrolling_stay_in_the_poll(
    signed_in: FlaskClient, channel: Channel, say: Say
) -> None:
    people = [make_conversation(channel, f"5690001{i:04d}", f"Persona {i:02d}") for i in range(35)]
    for minutes, person in enumerate(people):
        say(person, timestamp=datetime.now(UTC) - timedelta(minutes=minutes))
    first = signed_in.get("/").text
    more = re.search(r'id="conversations-end"[^>]*hx-get="([^"]+)"', first)
    assert more is not None

    older = signed_in.get(more[1].replace("&amp;", "&"), headers=HTMX).text
    until = re.search(r'name="until" value="([^"]+)"', older)
    assert until is not None
    polled = signed_in.get(f"/inbox/conversations?until={until[1]}", headers=HTMX).text

    assert first.count('id="conversation-') - 1 == 30  # the panel of rows has an id of that form too
    assert all(f"Persona {i:02d}" in polled for i in range(35))


def test_messages_loaded_by_scrolling_stay_in_the_poll(
    signed_in: FlaskClient, dana: Conversation, say: Say
) -> None:
    messages = [say(dana, f"Línea {i:02d}.") for i in range(50)]
    page = signed_in.get(f"/inbox/conversations/{dana.id}").text
    older = signed_in.get(
        f"/inbox/conversations/{dana.id}/messages/older?before={messages[10].id}", headers=HTMX
    ).text

    polled = signed_in.get(f"/inbox/conversations/{dana.id}/messages?from={messages[0].id}", headers=HTMX)

    assert "Línea 10." in page and "Línea 09." not in page
    assert "Línea 09." in older and "Línea 10." not in older
    assert all(f"Línea {i:02d}." in polled.text for i in range(50))


@pytest.mark.parametrize("path", ["/inbox/conversations", "/inbox/conversations/{id}/messages"])
def test_a_poll_of_a_stranger_leads_to_sign_in(client: FlaskClient, dana: Conversation, path: str) -> None:
    response = client.get(path.format(id=dana.id), headers=HTMX)

    assert response.status_code == 401
    assert response.headers["HX-Redirect"].startswith("/login")
    assert "HX-PTag" not in response.headers


def test_a_poll_of_somebody_who_left_leads_to_sign_in(
    client: FlaskClient, carol: User, dana: Conversation
) -> None:
    enter(client, carol)

    assert client.get("/inbox/conversations", headers=HTMX).status_code == 401
    assert client.get(f"/inbox/conversations/{dana.id}/messages", headers=HTMX).status_code == 401


def test_errors_carry_no_tag(signed_in: FlaskClient) -> None:
    response = signed_in.get("/inbox/conversations/999/messages", headers=HTMX)

    assert response.status_code == 404
    assert "HX-PTag" not in response.headers


def polled_again(client: FlaskClient, page: str, panel: str, change: Callable[[], object]) -> int:
    """Look at a panel, let something change, and return how the next poll is answered."""
    address, headers = poll(client, page, panel)
    change()
    db.session.commit()
    return client.get(address, headers=headers).status_code


def test_the_end_of_one_of_two_pauses_is_news(
    signed_in: FlaskClient, dana: Conversation, channel: Channel, ago: Callable[..., datetime]
) -> None:
    channel.paused_at = ago(hours=1)
    db.session.add(Channel(phone_number_id="200000000000009", paused_at=ago(minutes=1)))
    db.session.commit()

    def resume() -> None:
        channel.paused_at = None

    assert polled_again(signed_in, "/", "conversations", resume) == 200


@pytest.mark.parametrize("column", ["paused_code", "paused_reason"])
def test_another_reason_of_a_pause_is_news(
    signed_in: FlaskClient, dana: Conversation, channel: Channel, column: str
) -> None:
    channel.paused_at, channel.paused_code, channel.paused_reason = datetime.now(UTC), 190, "Refused"
    db.session.commit()

    changed = {"paused_code": 131031, "paused_reason": "Locked"}[column]

    assert polled_again(signed_in, "/", "conversations", lambda: setattr(channel, column, changed)) == 200


def test_another_reason_of_a_hold_is_news(signed_in: FlaskClient, dana: Conversation) -> None:
    hold = Installation(id=1, held_at=datetime.now(UTC), held_reason="One")
    db.session.add(hold)
    db.session.commit()

    assert polled_again(signed_in, "/", "conversations", lambda: setattr(hold, "held_reason", "Two")) == 200


def test_somebody_who_is_no_longer_admin_loses_the_buttons(
    client: FlaskClient, alice: User, dana: Conversation, channel: Channel
) -> None:
    channel.paused_at = datetime.now(UTC)
    enter(client, alice)

    assert polled_again(client, "/", "conversations", lambda: setattr(alice, "role", "member")) == 200


@pytest.mark.parametrize("panel", ["conversations", "thread"])
def test_the_end_of_the_bots_silence_is_news(
    signed_in: FlaskClient, dana: Conversation, say: Say, ago: Callable[..., datetime], panel: str
) -> None:
    say(dana)
    dana.bot_quiet_until = datetime.now(UTC) + timedelta(minutes=1)
    db.session.commit()
    page = "/" if panel == "conversations" else f"/inbox/conversations/{dana.id}"

    def run_out() -> None:
        dana.bot_quiet_until = ago(minutes=1)

    assert polled_again(signed_in, page, panel, run_out) == 200


def test_a_bot_switched_off_everywhere_is_news(
    signed_in: FlaskClient, dana: Conversation, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = app.extensions["settings"]

    def restart_without_bot() -> None:
        monkeypatch.setitem(app.extensions, "settings", replace(now, bot_enabled=False))

    page = f"/inbox/conversations/{dana.id}"
    assert polled_again(signed_in, page, "thread", restart_without_bot) == 200


@pytest.mark.parametrize("panel", ["conversations", "thread"])
def test_a_new_release_draws_everything_anew(
    signed_in: FlaskClient, dana: Conversation, monkeypatch: pytest.MonkeyPatch, panel: str
) -> None:
    page = "/" if panel == "conversations" else f"/inbox/conversations/{dana.id}"

    def release() -> None:
        monkeypatch.setattr(fragments, "release", lambda: "another")

    assert polled_again(signed_in, page, panel, release) == 200


def test_a_colleague_with_another_name_is_news_in_the_thread(
    signed_in: FlaskClient, dana: Conversation, alice: User, say: Say
) -> None:
    say(dana, "A las diez", direction="outgoing", user_id=alice.id)
    address, headers = poll(signed_in, f"/inbox/conversations/{dana.id}", "thread")

    alice.name = "Alicia"
    db.session.commit()

    assert "Alicia" in signed_in.get(address, headers=headers).text


def test_a_colleague_with_another_name_is_news_in_the_list(
    signed_in: FlaskClient, dana: Conversation, alice: User
) -> None:
    dana.assignee_id = alice.id
    db.session.commit()

    assert polled_again(signed_in, "/", "conversations", lambda: setattr(alice, "name", "Alicia")) == 200


def test_another_colour_of_a_tag_is_news_in_the_list(signed_in: FlaskClient, dana: Conversation) -> None:
    vip = Tag(name="vip", colour="red")
    db.session.add(vip)
    db.session.commit()

    assert polled_again(signed_in, "/", "conversations", lambda: setattr(vip, "colour", "blue")) == 200


def test_another_colour_of_a_tag_is_news_in_the_thread(signed_in: FlaskClient, dana: Conversation) -> None:
    dana.lead.tags = ["vip"]
    db.session.commit()
    address, headers = poll(signed_in, f"/inbox/conversations/{dana.id}", "thread")

    db.session.add(Tag(name="vip", colour="red"))
    db.session.commit()

    assert signed_in.get(address, headers=headers).status_code == 200


@pytest.mark.parametrize("tab", [tab for tab in TABS if tab != "bot"])
def test_a_count_that_changes_is_news_whatever_the_tab(
    signed_in: FlaskClient, channel: Channel, dana: Conversation, tab: str
) -> None:
    for state in ("open", "snoozed"):
        other = make_conversation(channel, f"569000000{len(state)}", state)
        other.state = state
    db.session.commit()

    def close_the_other() -> None:
        other.state = "closed"

    assert polled_again(signed_in, f"/?tab={tab}", "conversations", close_the_other) == 200


@pytest.mark.parametrize("tab", TABS)
@pytest.mark.parametrize("asked", ["", "&order=newest", "&status=unknown", "&tag=vip"])
def test_any_list_with_nothing_new_costs_one_query(
    signed_in: FlaskClient, channel: Channel, bob: User, tab: str, asked: str
) -> None:
    for row in make_conversations(channel, {f"5690000{n:04}": "Dana Prueba" for n in range(PAGE_ROWS + 1)}):
        row.state = tab if tab in ("snoozed", "closed") else "open"
        row.assignee_id = bob.id if tab == "mine" else None
        row.lead.tags = ["vip"]
    db.session.commit()
    address, headers = poll(signed_in, f"/?tab={tab}{asked}", "conversations")

    with counted_queries() as statements:
        response = signed_in.get(address, headers=headers)

    assert (response.status_code, len(statements)) == (304, 1)
