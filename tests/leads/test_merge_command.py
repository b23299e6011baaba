"""`flask leads merge`: what a shell sees of it."""

import re

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import select

from kiaai.extensions import db
from kiaai.models import Channel, Conversation, Lead, LeadIdentity, Merge, Message
from tests.conftest import make_conversation


@pytest.fixture
def second(channel: Channel) -> Conversation:
    talk = make_conversation(channel, "56900000002", "D. Díaz")
    db.session.add(LeadIdentity(kind="bsuid", value="CL.10000000000000000001", lead_id=talk.lead_id))
    db.session.add(Message(conversation_id=talk.id, text="Hola"))
    db.session.commit()
    return talk


def run(app: Flask, *arguments: str) -> Result:
    return app.test_cli_runner().invoke(args=["leads", "merge", *arguments])


@pytest.mark.parametrize("other", ["+56 9 0000 0002", "CL.10000000000000000001", "id:{id}"])
def test_it_merges_whoever_is_named_and_prints_the_id(
    app: Flask, dana: Conversation, second: Conversation, other: str
) -> None:
    keep_id = dana.lead_id

    done = run(app, "+56 9 0000 0001", other.format(id=second.lead_id))

    row = db.session.scalars(select(Merge)).one()
    assert (done.exit_code, done.stdout) == (0, f"{row.id}\n")
    assert "1 conversations, 1 messages" in done.stderr
    assert db.session.scalars(select(Lead.id)).all() == [keep_id]


def test_a_dry_run_changes_nothing(app: Flask, dana: Conversation, second: Conversation) -> None:
    done = run(app, "56900000001", "56900000002", "--dry-run")

    assert done.exit_code == 0
    assert re.search(r"1 messages.* would go from id:\d+ to id:\d+", done.stdout)
    assert db.session.scalar(select(Merge)) is None


def test_an_undo_parts_them(app: Flask, dana: Conversation, second: Conversation) -> None:
    ids = {dana.lead_id, second.lead_id}
    merge_id = run(app, "56900000001", "56900000002").stdout.strip()

    done = run(app, "--undo", merge_id)

    assert (done.exit_code, set(db.session.scalars(select(Lead.id)))) == (0, ids)
    assert "are two again" in done.stdout
    assert run(app, "--undo", merge_id).exit_code == 1


@pytest.mark.parametrize(
    "arguments, reason",
    [
        (("56900000001", "56900009999"), "Nobody is known as 56900009999."),
        (("56900000001", "56900000001"), "This is one and the same person."),
        (("--undo", "999"), "There is no such merge."),
    ],
)
def test_what_cannot_be_done_is_said(
    app: Flask, dana: Conversation, arguments: tuple[str, ...], reason: str
) -> None:
    done = run(app, *arguments)

    assert (done.exit_code, done.stderr.strip()) == (1, reason)


@pytest.mark.parametrize(
    "arguments", [(), ("1",), ("1", "2", "3"), ("1", "2", "--undo", "3"), ("--undo", "x")]
)
def test_wrong_use_ends_with_2(app: Flask, dana: Conversation, arguments: tuple[str, ...]) -> None:
    assert run(app, *arguments).exit_code == 2


def test_help_has_an_example(app: Flask) -> None:
    assert "Example: flask leads merge" in run(app, "--help").stdout
