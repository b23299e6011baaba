"""A blocked person: what they write is kept, and calls nobody."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text

from kiaai import clock
from kiaai.delivery.outbox import Sender, queue_message
from kiaai.errors import ValidationFailed
from kiaai.extensions import db
from kiaai.models import Channel, Conversation, Message
from kiaai.whatsapp.errors import GraphError
from tests.conftest import Signed
from tests.inbox.conftest import HTMX, Say
from tests.inbox.test_deeds import deed, events
from tests.webhook.test_views import body
from tests.webhook.test_views import text as message


class BlockList:
    """WhatsApp's block list, as the client changes it. It refuses when it is told to."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.refuses = False

    def block_user(self, to: str) -> None:
        if self.refuses:
            raise GraphError("refused", "Failed to block some users", code=139100)
        self.names.append(to)

    def unblock_user(self, to: str) -> None:
        self.names.remove(to)


@pytest.fixture(autouse=True)
def block_list(app: Flask) -> Iterator[BlockList]:
    kept, app.extensions["whatsapp"] = app.extensions["whatsapp"], BlockList()
    yield app.extensions["whatsapp"]
    app.extensions["whatsapp"] = kept


def test_a_person_is_blocked_once_and_put_away(
    signed_in: FlaskClient, dana: Conversation, say: Say, block_list: BlockList
) -> None:
    say(dana)
    queued = queue_message(dana, Sender("bot"), text="Soy el bot", epoch=dana.owner_epoch)
    db.session.commit()

    answers = [deed(signed_in, "put", dana, "block") for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert dana.lead.blocked_at is not None and events(dana, "blocked") == 1
    assert (dana.state, dana.unread_count, queued.status) == ("closed", 0, "cancelled")
    assert block_list.names == [f"+{dana.lead.phone_number}"]
    assert 'id="more-unblock"' in answers[0].text and "You blocked this person" in answers[0].text


def test_a_block_that_is_undone_leaves_the_conversation_where_it_was(
    signed_in: FlaskClient, dana: Conversation, say: Say
) -> None:
    say(dana)

    blocked = deed(signed_in, "put", dana, "block")
    deed(signed_in, "delete", dana, "block", undoing="1", reopened="1")

    assert 'name="reopened"' in blocked.text
    assert (dana.state, dana.lead.blocked_at) == ("open", None)


def test_what_whatsapp_refuses_is_said_and_our_own_block_stands(
    signed_in: FlaskClient, dana: Conversation, block_list: BlockList
) -> None:
    block_list.refuses = True

    answer = deed(signed_in, "put", dana, "block")

    assert dana.lead.blocked_at is not None
    assert "own block list did not take it" in answer.text.replace("&#39;", "'")


def test_unblocked_they_reach_the_team_again(
    signed_in: FlaskClient, client: FlaskClient, signed: Signed, dana: Conversation, block_list: BlockList
) -> None:
    deed(signed_in, "put", dana, "block")
    deed(signed_in, "delete", dana, "block")

    client.post("/webhook", **signed(body(message("wamid.again", sender=str(dana.lead.phone_number)))))

    db.session.expire_all()
    assert (dana.lead.blocked_at, dana.state, dana.unread_count) == (None, "open", 1)
    assert block_list.names == [] and events(dana, "unblocked") == 1


@pytest.mark.parametrize("state", ["closed", "snoozed", "open"])
def test_what_a_blocked_person_writes_is_kept_and_calls_nobody(
    client: FlaskClient, signed: Signed, dana: Conversation, state: str
) -> None:
    dana.lead.blocked_at = clock.now()
    dana.state = state
    db.session.commit()

    answer = client.post(
        "/webhook", **signed(body(message("wamid.blocked", sender=str(dana.lead.phone_number))))
    )

    db.session.expire_all()
    assert answer.status_code == 200
    assert db.session.scalars(select(Message.message_id)).all() == ["wamid.blocked"]
    assert (dana.state, dana.unread_count, dana.bot_due_at) == (state, 0, None)
    assert dana.last_message_preview != ""


def test_others_in_the_same_body_are_not_silenced(
    client: FlaskClient, signed: Signed, channel: Channel, dana: Conversation
) -> None:
    dana.lead.blocked_at = clock.now()
    db.session.commit()
    items = [message("wamid.a", sender=str(dana.lead.phone_number)), message("wamid.b", sender="56900020002")]

    client.post("/webhook", **signed(body(*items)))

    counts = db.session.scalars(select(Conversation.unread_count).order_by(Conversation.id)).all()
    assert counts == [0, 1]


def test_nothing_is_sent_to_a_blocked_person(signed_in: FlaskClient, dana: Conversation, say: Say) -> None:
    say(dana)
    deed(signed_in, "put", dana, "block")

    with pytest.raises(ValidationFailed) as refusal:
        queue_message(dana, Sender("user"), text="Hola")

    assert "Unblock them first" in refusal.value.fields["to"][0]
    db.session.rollback()
    form: dict[str, Any] = {"message": "Hola", "key": "k1"}
    answer = signed_in.post(f"/inbox/conversations/{dana.id}/messages", data=form, headers=HTMX)
    assert answer.status_code == 422 and "Unblock them first" in answer.text


def test_the_composer_says_that_the_person_is_blocked_and_how_to_undo_it(
    signed_in: FlaskClient, dana: Conversation, say: Say
) -> None:
    say(dana)

    blocked = deed(signed_in, "put", dana, "block").text
    unblocked = deed(signed_in, "delete", dana, "block").text

    assert "This person is blocked." in blocked and 'id="window-unblock"' in blocked
    assert 'id="window-unblock"' not in unblocked


@pytest.mark.committed
def test_nothing_is_queued_for_whom_a_colleague_has_just_blocked(
    app: Flask, dana: Conversation, say: Say
) -> None:
    say(dana)
    lead = dana.lead  # held by whoever found the conversation through it
    assert lead.blocked_at is None
    with db.engine.begin() as colleague:
        colleague.execute(text("UPDATE leads SET blocked_at = now()"))

    with pytest.raises(ValidationFailed) as refusal:
        queue_message(dana, Sender("user"), text="Hola")

    db.session.rollback()
    assert "blocked" in refusal.value.fields["to"][0]
