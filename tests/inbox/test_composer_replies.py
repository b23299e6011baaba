"""Answering a message with its quote, and canned replies."""

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from kiaai.extensions import db
from kiaai.inbox.canned import fill_in
from kiaai.models import CannedReply, Channel, Conversation, Message, User
from tests.conftest import make_conversation
from tests.inbox.conftest import HTMX, Say
from tests.people import enter


def can(**texts: str) -> None:
    db.session.add_all(CannedReply(shortcut=shortcut, text=text) for shortcut, text in texts.items())
    db.session.commit()


def ask(client: FlaskClient, conversation: Conversation, typed: str = "") -> str:
    path = f"/inbox/conversations/{conversation.id}/canned"
    return client.get(path, query_string={"q": typed}, headers=HTMX).text


def send(client: FlaskClient, conversation: Conversation, **form: object) -> tuple[int, str]:
    path = f"/inbox/conversations/{conversation.id}/messages"
    answer = client.post(path, data={"message": "Sí", **form}, headers=HTMX)
    return answer.status_code, answer.text


def test_an_answer_carries_the_wamid_and_shows_its_quote(
    signed_in: FlaskClient, dana: Conversation, say: Say
) -> None:
    question = say(dana, "¿Tienen hora?")

    code, bubble = send(signed_in, dana, reply_to=question.id)

    sent = db.session.scalars(select(Message).where(Message.text == "Sí")).one()
    assert (code, sent.reply_to) == (200, question.message_id)
    assert "¿Tienen hora?" in bubble and f'href="#message-{question.id}"' in bubble


def test_only_what_whatsapp_knows_can_be_answered(
    signed_in: FlaskClient, channel: Channel, dana: Conversation, say: Say
) -> None:
    say(dana, "Hola")
    queued = say(dana, "En cola", direction="outgoing", status="queued", message_id=None)
    elsewhere = say(make_conversation(channel, "56900000002", "Pedro"), "Ajeno")

    answers = [send(signed_in, dana, reply_to=message.id) for message in (queued, elsewhere)]

    assert [code for code, _ in answers] == [422, 422]
    assert "Ajeno" not in answers[1][1] and "cannot be referred to" in answers[1][1]
    page = signed_in.get(f"/inbox/conversations/{dana.id}", headers=HTMX).text
    assert f"/inbox/messages/{queued.id}/reply" not in page


def test_the_quote_for_the_composer_names_its_message(
    signed_in: FlaskClient, dana: Conversation, say: Say
) -> None:
    question = say(dana, "¿<b>Hora</b>?")

    strip = signed_in.get(f"/inbox/messages/{question.id}/reply", headers=HTMX).text

    assert f'value="{question.id}"' in strip and "¿&lt;b&gt;Hora&lt;/b&gt;?" in strip


def test_canned_replies_are_found_by_shortcut_and_text_the_closest_first(
    signed_in: FlaskClient, dana: Conversation
) -> None:
    can(hola="Buenos días", horas="Abrimos a las 9", nohora="Sin cupos", adios="Gracias por la hora")

    found = ask(signed_in, dana, "HO")

    assert [f"/{name}<" in found for name in ("hola", "horas", "nohora", "adios")] == [True] * 4
    assert found.index("/horas") < found.index("/nohora") < found.index("/adios")
    assert "/hola" not in ask(signed_in, dana, "hora") and "/hola" not in ask(signed_in, dana, "%")


def test_variables_are_those_of_this_conversation(
    signed_in: FlaskClient, bob: User, dana: Conversation
) -> None:
    can(hi="Hola {{name}} ({{ first_name }}), soy {{agent}} de {{business}}. {{ticket}}")

    found = ask(signed_in, dana, "hi")

    assert 'data-text="Hola Dana Díaz (Dana), soy Bob de Kia Pruebas. {{ticket}}"' in found
    assert "<mark>{{ticket}}</mark>" in found


def test_a_variable_that_nobody_knows_stays_and_is_marked(signed_in: FlaskClient, dana: Conversation) -> None:
    dana.lead.customer_name = None
    db.session.commit()
    can(hi="Hola {{first_name}}")

    assert "<mark>{{first_name}}</mark>" in ask(signed_in, dana)


@pytest.mark.parametrize("text", ["{{", "{{}}", "{{a b}}", "{ {name} }", "{{name}"])
def test_what_is_no_variable_stays_as_it_is(text: str) -> None:
    assert fill_in(text, {"name": "Dana"}) == [(text, False)]


def test_a_name_with_braces_is_not_filled_again(signed_in: FlaskClient, dana: Conversation) -> None:
    dana.lead.customer_name = "{{agent}} <b>"
    db.session.commit()
    can(hi="Hola {{name}}")

    assert 'data-text="Hola {{agent}} &lt;b&gt;"' in ask(signed_in, dana)


def test_an_empty_list_leads_admins_to_the_settings(
    client: FlaskClient, alice: User, bob: User, dana: Conversation
) -> None:
    enter(client, alice)
    for_admins = ask(client, dana)
    enter(client, bob)

    assert "/settings/canned-replies" in for_admins
    assert "/settings/canned-replies" not in ask(client, dana)
