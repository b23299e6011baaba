"""Ten thousand stories, each in an order of its own: no promise of bot and sender is broken in any.

`KIAAI_INTERLEAVING_SEED=17` tells one story again, `KIAAI_INTERLEAVINGS=500` that many.
"""

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from flask import Flask
from sqlalchemy import Connection, text

from kiaai.bot.knowledge import load_demo
from kiaai.config import Settings
from kiaai.delivery import sending
from kiaai.extensions import db
from kiaai.models import Channel, User
from kiaai.whatsapp.client import WhatsAppClient
from tests.conftest import Signed
from tests.properties.interleavings.conductor import listening
from tests.properties.interleavings.line import Line
from tests.properties.interleavings.story import Story
from tests.properties.interleavings.verdict import Verdict
from tests.properties.world import World

SEED = os.environ.get("KIAAI_INTERLEAVING_SEED")
# `make test-interleavings` tells ten thousand.
MANY = int(os.environ.get("KIAAI_INTERLEAVINGS", "2000"))
# Two processes share them.
PARTS = 2
A_FEW = 60
# So often the tables are emptied, as those of a real shop are never that full of one day.
AT_A_TIME = 500

_EMPTY = text("DELETE FROM leads")
_EMPTY_JOURNAL = text("TRUNCATE webhook_events, orphan_receipts")


class Theatre(World):
    """The world of the stories: the bot waits for nobody, and the Graph is the quick one."""

    def __init__(self, app: Flask, settings: Settings, signed: Signed, line: Line):
        self.app, self.settings, self._signed = app, settings, signed
        self.sender = WhatsAppClient(
            line.url, "v25.0", "", settings.whatsapp_phone_number_id, is_sandbox=True
        )


Tell = Callable[[int], list[str]]


@pytest.fixture
def tell(
    app: Flask,
    settings: Settings,
    signed: Signed,
    channel: Channel,
    bob: User,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Tell]:
    """Tell the story of a seed and return what it broke, with the story."""
    hasty = replace(settings, bot_wait_seconds=0.0)
    monkeypatch.setitem(app.extensions, "settings", hasty)
    monkeypatch.setattr(sending, "SAVE_PAUSE_SECONDS", 0.001)
    load_demo()
    db.session.commit()
    user_id = bob.id
    db.session.remove()
    with Line() as line, _monitor() as monitor, listening():
        world = Theatre(app, hasty, signed, line)

        def run(seed: int) -> list[str]:
            story = Story(seed, world, line, monitor, user_id)
            story.tell()
            broken = Verdict(story).broken()
            line.forget(story.number)
            return [*broken, "", *story.trace] if broken else []

        yield run


class _monitor:
    """A connection that sees what the others do, each look in a transaction of its own."""

    def __enter__(self) -> Connection:
        self._connection = db.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        return self._connection

    def __exit__(self, *_error: object) -> None:
        self._connection.close()


def _tell_all(tell: Tell, seeds: range, record_property: Callable[[str, object], None]) -> None:
    started = time.monotonic()
    for count, seed in enumerate(seeds):
        if count % AT_A_TIME == 0:
            db.session.execute(_EMPTY)
            db.session.execute(_EMPTY_JOURNAL)
            db.session.commit()
            db.session.remove()
        broken = tell(seed)
        assert not broken, "\n".join([f"KIAAI_INTERLEAVING_SEED={seed} after {count} stories:", *broken])
    record_property("stories", len(seeds))
    record_property("seconds", round(time.monotonic() - started, 1))


@pytest.mark.committed
def test_a_few_interleavings_break_no_promise(
    tell: Tell, record_property: Callable[[str, object], None]
) -> None:
    first = int(SEED) if SEED else 1
    _tell_all(tell, range(first, first + (1 if SEED else A_FEW)), record_property)


@pytest.mark.committed
@pytest.mark.faults
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("part", range(PARTS))
def test_many_interleavings_break_no_promise(
    tell: Tell, record_property: Callable[[str, object], None], part: int
) -> None:
    size = MANY // PARTS
    first = 1_000 + part * size
    _tell_all(tell, range(first, first + size), record_property)
