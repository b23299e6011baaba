"""A message that Meta or an importer left incomplete is drawn, and never breaks its thread."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import JSON, bindparam, text

from kiaai.extensions import db
from kiaai.models import Conversation, Message
from kiaai.whatsapp.readable import MEDIA_KINDS
from tests.inbox.conftest import Attach, Say

KINDS = [
    "text",
    "template",
    "interactive",
    "button",
    "location",
    "contacts",
    "order",
    "system",
    "reaction",
    "edit",
    "revoke",
    "unsupported",
    "request_welcome",
    "tomorrow's-kind",
]
NAMES = [
    "template",
    "interactive",
    "button",
    "location",
    "contacts",
    "order",
    "referral",
    "context",
    "unsupported",
    "sent_again_as",
    "document",
    "audio",
    "image",
]
PAYLOADS: list[Any] = [
    {},
    None,
    [],
    "words",
    dict.fromkeys(NAMES),
    {name: [] for name in NAMES},
    {name: [{}, None, "x", 1] for name in NAMES},
    {name: {} for name in NAMES},
    {"template": {"name": None}, "location": {"latitude": "nan", "longitude": 10**19}},
    {
        "template": {"name": ["x"]},
        "location": {"latitude": [], "longitude": {}},
        "referral": {"headline": []},
    },
    {"contacts": [{"name": [], "phones": {}}, {"name": {"formatted_name": {}}, "phones": [[], None]}]},
]


def give_payload(message: Message, payload: Any) -> None:
    """Store a payload as an importer may: also one that is no object."""
    statement = text("UPDATE messages SET payload = :payload WHERE id = :id")
    db.session.execute(
        statement.bindparams(bindparam("payload", type_=JSON)), {"payload": payload, "id": message.id}
    )
    db.session.commit()


@pytest.mark.parametrize("direction", ["incoming", "outgoing"])
@pytest.mark.parametrize("payload", PAYLOADS, ids=str)
def test_every_kind_is_drawn_whatever_its_payload(
    signed_in: FlaskClient, dana: Conversation, say: Say, payload: Any, direction: str
) -> None:
    for kind in (*KINDS, *sorted(MEDIA_KINDS)):
        status = "received" if direction == "incoming" else "failed"
        first = say(dana, None, kind=kind, direction=direction, status=status, error_code=131026)
        answer = say(dana, None, kind=kind, direction=direction, reply_to=first.message_id)
        for message in (first, answer):
            give_payload(message, payload)

    page = signed_in.get(f"/inbox/conversations/{dana.id}")

    assert page.status_code == 200
    assert page.text.count('id="message-') >= 2


def test_a_template_shows_its_name_where_it_has_no_words(
    signed_in: FlaskClient, dana: Conversation, say: Say
) -> None:
    say(dana, None, kind="template", payload={"template": {"name": "order_ready"}}, direction="outgoing")

    assert "order_ready" in signed_in.get(f"/inbox/conversations/{dana.id}").text


@pytest.mark.parametrize("source", [None, [], "ad", {"headline": []}, {"headline": {}}, [{}]], ids=str)
def test_a_lead_is_drawn_wherever_it_came_from(
    signed_in: FlaskClient, dana: Conversation, source: Any
) -> None:
    statement = text("UPDATE leads SET source = :source WHERE id = :id")
    values = {"source": source, "id": dana.lead_id}
    db.session.execute(statement.bindparams(bindparam("source", type_=JSON)), values)
    db.session.commit()
    db.session.expire_all()

    assert signed_in.get(f"/inbox/conversations/{dana.id}").status_code == 200


@pytest.mark.parametrize("state", ["waiting", "stored", "expired", "refused"])
def test_a_file_of_which_nothing_is_known_is_drawn(
    signed_in: FlaskClient, dana: Conversation, say: Say, attach: Attach, state: str
) -> None:
    for mime_type in ("", "image", "image/png", "video/mp4", "audio/ogg", "application/octet-stream"):
        attach(say(dana, None, kind="image"), mime_type=mime_type, state=state)

    assert signed_in.get(f"/inbox/conversations/{dana.id}").status_code == 200
