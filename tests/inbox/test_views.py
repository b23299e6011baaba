"""The inbox as people use it: who may enter, what they see, and what their buttons do."""

from collections.abc import Callable
from datetime import datetime

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from kiaai.extensions import db
from kiaai.models import Channel, Conversation, LeadEvent, Message, User
from kiaai.web.filters import phone
from kiaai.whatsapp.errors import explain
from tests.inbox.conftest import HTMX, Attach, Say, counted_queries
from tests.people import enter

HOSTILE = '<script>alert("x")</script><img src=x onerror=y>'


def test_the_dashboard_sends_strangers_to_sign_in(client: FlaskClient) -> None:
    response = client.get("/")

    assert (response.status_code, response.headers["Location"]) == (303, "/login")


@pytest.mark.parametrize("path", ["/", "/inbox/conversations/{id}", "/inbox/conversations/panel"])
def test_somebody_who_left_may_not_enter(
    client: FlaskClient, carol: User, dana: Conversation, path: str
) -> None:
    enter(client, carol)

    assert client.get(path.format(id=dana.id)).status_code == 303


def test_a_member_sees_the_conversation_with_its_lead(
    signed_in: FlaskClient, dana: Conversation, say: Say
) -> None:
    say(dana, "¿Tienen hora?")

    page = signed_in.get(f"/inbox/conversations/{dana.id}").text

    assert "Dana Díaz" in page and "¿Tienen hora?" in page
    for panel in ("conversations", f"conversation-{dana.id}", "thread", "composer", "lead", "toasts"):
        assert f'id="{panel}"' in page
    assert 'name="message"' in page and ">Back<" in page


def test_htmx_gets_the_conversation_without_the_page_around_it(
    signed_in: FlaskClient, dana: Conversation
) -> None:
    part = signed_in.get(f"/inbox/conversations/{dana.id}", headers=HTMX).text
    restored = {**HTMX, "HX-Request-Type": "full", "HX-History-Restore-Request": "true"}
    whole = signed_in.get(f"/inbox/conversations/{dana.id}", headers=restored).text

    assert part.lstrip().startswith('<div id="open"')
    assert whole.lstrip().startswith("<!doctype html>")


def test_a_page_takes_few_queries_however_long_the_list(
    signed_in: FlaskClient, channel: Channel, dana: Conversation, say: Say, attach: Attach
) -> None:
    from tests.conftest import make_conversation

    for number in range(12):
        say(make_conversation(channel, f"5690002{number:04d}", f"Otra {number}"))
        attach(say(dana, None, kind="image"), mime_type="image/png")

    # What is known of the business is kept for a moment.
    signed_in.get(f"/inbox/conversations/{dana.id}")
    with counted_queries() as statements:
        signed_in.get(f"/inbox/conversations/{dana.id}")

    assert len(statements) <= 16


def test_what_customers_write_is_never_markup(
    signed_in: FlaskClient, dana: Conversation, say: Say, attach: Attach
) -> None:
    dana.lead.customer_name = dana.lead.notes = HOSTILE
    dana.lead.tags = [HOSTILE]
    dana.lead.source = {"headline": HOSTILE}
    say(dana, HOSTILE, payload={"referral": {"headline": HOSTILE}, "context": {"forwarded": True}})
    attach(say(dana, HOSTILE, kind="document"), file_name=HOSTILE, state="stored", path="x")
    attach(say(dana, None, kind="image"), file_name=HOSTILE, state="refused", error=HOSTILE)
    for kind in ("location", "contacts", "system", "order", "interactive", "edit", "revoke", HOSTILE[:60]):
        say(dana, HOSTILE, kind=kind, payload={kind: {"latitude": HOSTILE}, "contacts": HOSTILE})
    say(dana, None, kind="contacts", payload={"contacts": [{"name": {"formatted_name": HOSTILE}}]})
    say(dana, None, kind="unsupported", payload={"unsupported": {"type": HOSTILE}})

    page = signed_in.get(f"/inbox/conversations/{dana.id}").text

    assert "<script>alert" not in page and "<img src=x" not in page
    assert page.count("&lt;script&gt;") >= 12


def test_links_open_elsewhere_and_tell_nothing(signed_in: FlaskClient, dana: Conversation, say: Say) -> None:
    say(dana, "Mire https://kia.example/a?b=1&c=2, javascript:alert(1)")

    page = signed_in.get(f"/inbox/conversations/{dana.id}").text

    link = '<a href="https://kia.example/a?b=1&amp;c=2" target="_blank" rel="noopener noreferrer nofollow">'
    assert link in page
    assert 'href="javascript' not in page


def test_sending_answers_the_bubble_and_queues_the_message(
    signed_in: FlaskClient, dana: Conversation, bob: User, say: Say
) -> None:
    say(dana)

    response = signed_in.post(
        f"/inbox/conversations/{dana.id}/messages",
        data={"message": "Claro, a las 10", "key": "k1"},
        headers=HTMX,
    )

    queued = db.session.scalars(select(Message).where(Message.direction == "outgoing")).one()
    assert (queued.text, queued.status, queued.author, queued.user_id) == (
        "Claro, a las 10",
        "queued",
        "user",
        bob.id,
    )
    assert f'id="message-{queued.id}"' in response.text and "Claro, a las 10" in response.text


def test_the_same_composer_sends_once(signed_in: FlaskClient, dana: Conversation, say: Say) -> None:
    say(dana)
    form = {"message": "Una vez", "key": "k1"}

    for _ in range(2):
        signed_in.post(f"/inbox/conversations/{dana.id}/messages", data=form, headers=HTMX)

    sent = select(func.count()).select_from(Message).where(Message.direction == "outgoing")
    assert db.session.scalar(sent) == 1


def test_each_composer_that_is_drawn_has_a_key_of_its_own(signed_in: FlaskClient, dana: Conversation) -> None:
    pages = [signed_in.get(f"/inbox/conversations/{dana.id}").text for _ in range(2)]

    keys = {page.split('name="key" value="')[1].split('"')[0] for page in pages}

    assert len(keys) == 2


@pytest.mark.parametrize("text", ["", "   ", "x" * 4097])
def test_a_message_that_cannot_go_comes_back_with_its_text(
    signed_in: FlaskClient, dana: Conversation, say: Say, text: str
) -> None:
    say(dana)

    response = signed_in.post(
        f"/inbox/conversations/{dana.id}/messages", data={"message": text}, headers=HTMX
    )

    assert response.status_code == 422
    assert 'id="composer"' in response.text and 'role="alert"' in response.text
    assert f">{text}</textarea>" in response.text


def test_outside_the_window_the_text_comes_back_with_the_reason(
    signed_in: FlaskClient, dana: Conversation, say: Say, ago: Callable[..., datetime]
) -> None:
    say(dana, timestamp=ago(hours=25))

    response = signed_in.post(f"/inbox/conversations/{dana.id}/messages", data={"message": "¿Hola?"})

    assert response.status_code == 422
    assert "24 hours" in response.text and ">¿Hola?</textarea>" in response.text


def test_without_javascript_sending_leads_back_to_the_thread(
    signed_in: FlaskClient, dana: Conversation, say: Say
) -> None:
    say(dana)

    response = signed_in.post(f"/inbox/conversations/{dana.id}/messages", data={"message": "Listo"})

    assert response.status_code == 303
    assert response.headers["Location"].endswith(f"/inbox/conversations/{dana.id}")


def test_a_failed_message_says_why_and_what_to_do(
    signed_in: FlaskClient, dana: Conversation, say: Say
) -> None:
    say(dana)
    failed = say(dana, "¿Sigue ahí?", direction="outgoing", status="failed", error_code=131000)

    page = signed_in.get(f"/inbox/conversations/{dana.id}").text

    assert explain(131000).cause in page and "Send again" in page
    response = signed_in.post(f"/inbox/messages/{failed.id}/again", headers=HTMX)
    assert response.text.count("¿Sigue ahí?") >= 2 and "Sent again below" in response.text


def test_a_wrong_number_is_not_tried_again_but_marked(
    signed_in: FlaskClient, dana: Conversation, say: Say
) -> None:
    say(dana)
    say(dana, "¿Hola?", direction="outgoing", status="failed", error_code=131026)

    page = signed_in.get(f"/inbox/conversations/{dana.id}").text

    assert "Not deliverable" in page and "Mark the number as wrong" in page and "Send again" not in page


def test_undo_takes_back_what_has_not_left(signed_in: FlaskClient, dana: Conversation, say: Say) -> None:
    say(dana)
    queued = say(dana, "Ups", direction="outgoing", status="queued", message_id=None)

    response = signed_in.post(f"/inbox/messages/{queued.id}/cancel", headers=HTMX)

    assert response.status_code == 200
    db.session.refresh(queued)
    assert queued.status == "cancelled"


def test_undo_says_when_it_is_too_late(signed_in: FlaskClient, dana: Conversation, say: Say) -> None:
    sent = say(dana, "Ups", direction="outgoing", status="sent")

    response = signed_in.post(f"/inbox/messages/{sent.id}/cancel", headers=HTMX)

    assert response.status_code == 422
    assert "Already sent" in response.text


def test_taking_over_silences_the_bot_until_it_is_handed_back(
    signed_in: FlaskClient, dana: Conversation, bob: User
) -> None:
    taken = signed_in.post(f"/inbox/conversations/{dana.id}/takeover", headers=HTMX)
    db.session.refresh(dana)
    quiet_until, assignee = dana.bot_quiet_until, dana.assignee_id

    given = signed_in.delete(f"/inbox/conversations/{dana.id}/takeover", headers=HTMX)

    assert quiet_until is not None and assignee == bob.id
    assert "You answer" in taken.text and "Bot answers" in given.text
    db.session.refresh(dana)
    assert dana.bot_quiet_until is None


def test_the_switch_turns_the_bot_off_and_on(signed_in: FlaskClient, dana: Conversation) -> None:
    off = signed_in.put(f"/inbox/conversations/{dana.id}/bot", data={}, headers=HTMX)
    db.session.refresh(dana)
    was_off = not dana.bot_enabled

    on = signed_in.put(f"/inbox/conversations/{dana.id}/bot", data={"bot_enabled": "on"}, headers=HTMX)

    assert was_off and "Bot off here" in off.text and "Bot answers" in on.text


def test_closing_puts_a_conversation_away_until_it_is_reopened(
    signed_in: FlaskClient, dana: Conversation, say: Say
) -> None:
    say(dana)

    signed_in.post(f"/inbox/conversations/{dana.id}/closure", headers=HTMX)
    listed, closed = signed_in.get("/").text, signed_in.get("/?tab=closed").text
    signed_in.delete(f"/inbox/conversations/{dana.id}/closure", headers=HTMX)

    row = f'id="conversation-{dana.id}"'
    assert row not in listed and row in closed and row in signed_in.get("/").text
    kinds = db.session.scalars(select(LeadEvent.kind).order_by(LeadEvent.id)).all()
    assert kinds == ["closed", "reopened"]


@pytest.mark.parametrize(
    ("form", "shown"),
    [
        ({"customer_name": "Dana del Sur"}, "Dana del Sur"),
        ({"lead_status": "customer"}, "set the status to Customer"),
        ({"tags": "portones, vip"}, "set the tags: portones, vip"),
        ({"notes": "Llamar el lunes"}, "Llamar el lunes"),
    ],
)
def test_each_field_of_the_lead_is_changed_by_itself(
    signed_in: FlaskClient, dana: Conversation, form: dict[str, str], shown: str
) -> None:
    before = dana.lead.customer_name

    response = signed_in.patch(f"/inbox/conversations/{dana.id}/lead", data=form, headers=HTMX)

    assert response.status_code == 200 and shown in response.text
    db.session.refresh(dana.lead)
    assert "customer_name" in form or dana.lead.customer_name == before


def test_a_wrong_field_of_the_lead_says_what_is_wrong(signed_in: FlaskClient, dana: Conversation) -> None:
    response = signed_in.patch(
        f"/inbox/conversations/{dana.id}/lead", data={"customer_name": "x" * 201}, headers=HTMX
    )

    assert (response.status_code, response.text) == (422, "At most 200 characters.")


def test_search_finds_part_of_a_name_or_number(
    signed_in: FlaskClient, channel: Channel, dana: Conversation, say: Say
) -> None:
    from tests.conftest import make_conversation

    other = make_conversation(channel, "56900009999", "Pedro 100%")
    say(dana)
    say(other)

    def found(q: str) -> list[int]:
        page = signed_in.get("/inbox/conversations/panel", query_string={"q": q}, headers=HTMX).text
        return [row.id for row in (dana, other) if f'id="conversation-{row.id}"' in page]

    assert found("díaz") == found("DIAZ") == [dana.id]
    assert found("+56 9 0000 9999") == [other.id]
    assert found("100%") == [other.id]
    assert found("d.z") == found("[dz]") == found("*") == found("\\d") == []
    assert found("nadie") == []


def test_only_admins_resume_a_channel(
    client: FlaskClient, signed_in: FlaskClient, alice: User, channel: Channel
) -> None:
    refused = signed_in.delete(f"/inbox/channels/{channel.id}/pause", headers=HTMX).status_code

    enter(client, alice)

    assert refused == 403
    assert client.delete(f"/inbox/channels/{channel.id}/pause", headers=HTMX).status_code == 200


def test_an_empty_inbox_shows_the_way_to_the_first_message(signed_in: FlaskClient) -> None:
    page = signed_in.get("/").text

    assert "No conversations yet" in page
    assert 'href="http://127.0.0.1:8001"' in page


def test_writes_need_the_pages_token(client: FlaskClient, bob: User, dana: Conversation, say: Say) -> None:
    client.application.config["WTF_CSRF_ENABLED"] = True
    try:
        enter(client, bob)
        say(dana)
        response = client.post(f"/inbox/conversations/{dana.id}/messages", data={"message": "Hola"})
    finally:
        client.application.config["WTF_CSRF_ENABLED"] = False

    assert response.status_code == 403


def test_a_person_without_a_name_has_one_number_everywhere(
    signed_in: FlaskClient, dana: Conversation, say: Say
) -> None:
    say(dana)
    dana.lead.customer_name = None
    db.session.commit()

    drawn = signed_in.get(f"/inbox/conversations/{dana.id}").text

    number = phone(dana.lead.phone_number)
    # In the list and in the head; beside them only addresses and what is copied have another form.
    assert f'<span dir="auto">{number}</span>' in drawn and f"<h2>{number}</h2>" in drawn
    assert " " in number and f">+{dana.lead.phone_number}" not in drawn
