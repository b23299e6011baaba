"""An inbox with people, talk and settings in it, and whoever looks at it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask

from kiaai.extensions import db
from kiaai.models import CannedReply, Conversation, Tag, User
from tests.browser import serving

Visit = Callable[[str], Any]


@pytest.fixture
def shop(app: Flask, alice: User) -> Flask:
    """A business with customers of all sorts, some in the middle of a talk."""
    seeded = app.test_cli_runner().invoke(args=["leads", "seed", "--demo", "12"])
    assert seeded.exit_code == 0, seeded.output
    db.session.add_all(
        [
            Tag(name="urgente", colour="red"),
            Tag(name="mayorista", colour="teal"),
            CannedReply(shortcut="horario", text="Hola {{first_name}}, abrimos de 9 a 18 h."),
        ]
    )
    db.session.commit()
    return app


@pytest.fixture
def address(shop: Flask) -> Iterator[str]:
    with serving(shop) as address:
        yield address


def newest_conversation() -> int:
    newest = db.session.query(Conversation.id).order_by(Conversation.last_message_at.desc()).first()
    db.session.rollback()
    assert newest is not None
    return int(newest.id)
