"""The rules that the database itself keeps."""

import pytest
from flask_migrate import check
from sqlalchemy.exc import IntegrityError

from kiaai.extensions import db
from kiaai.models import Conversation, Message


@pytest.mark.committed
def test_the_migrations_make_just_the_tables_of_the_models(app: object) -> None:
    check()


def test_it_refuses_a_second_message_with_the_same_wamid(dana: Conversation) -> None:
    db.session.add(Message(conversation_id=dana.id, message_id="wamid.KIA1"))
    db.session.commit()

    db.session.add(Message(conversation_id=dana.id, message_id="wamid.KIA1"))

    with pytest.raises(IntegrityError):
        db.session.commit()


def test_it_refuses_two_messages_under_way_in_one_conversation(dana: Conversation) -> None:
    for _ in range(2):
        db.session.add(Message(conversation_id=dana.id, direction="outgoing", status="sending"))

    with pytest.raises(IntegrityError):
        db.session.commit()


def test_it_refuses_a_second_conversation_of_one_lead_on_one_channel(dana: Conversation) -> None:
    db.session.add(Conversation(channel_id=dana.channel_id, lead_id=dana.lead_id))

    with pytest.raises(IntegrityError):
        db.session.commit()
