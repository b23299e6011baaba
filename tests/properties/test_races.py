"""Two deeds at once on real connections: whatever the order of their steps, no promise is broken."""

import itertools
import os
import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, Phase, example, given, note, settings
from hypothesis import strategies as st

from kiaai.extensions import db
from kiaai.inbox.reading import mark_read
from kiaai.models import Conversation, Message
from tests.properties.deeds import (
    DEEDS,
    PAIRS,
    Deed,
    cancel_held,
    ingest,
    leave_sandbox,
    release,
    send,
    tell,
    undo,
)
from tests.properties.shop import Shop
from tests.properties.steering import TABLES, Behind, Held, Race, Steering, Together
from tests.properties.world import World

# So long further races are tried, besides those named below: always the same ones, unless new ones are asked
# for by naming a time. `--junitxml` tells how many they were. `make test` tries a few of them.
SECONDS = int(os.environ.get("KIAAI_RACE_SECONDS", "20"))
FIRST_SECONDS = 2
ARE_NEW = "KIAAI_RACE_SECONDS" in os.environ
MOST_PER_SECOND = 8
# Once a race is lost, to try simpler ones takes long and shows little: the steering is the finding.
PHASES = (Phase.explicit, Phase.generate)
# Mostly both sides have to do with the same customer.
CUSTOMERS = st.sampled_from((0, 0, 0, 1))
PICKS = st.lists(st.integers(0, 6), min_size=1, max_size=4)


@dataclass(frozen=True)
class Half:
    """One side: what it does, to whom, and with which messages of the pool."""

    deed: Deed
    customer: int
    picks: tuple[int, ...]

    def __repr__(self) -> str:
        return f"{self.deed.__name__}({self.customer}, {self.picks})"


@st.composite
def races(draw: st.DrawFn) -> tuple[Half, Half, Steering]:
    """Draw two deeds, often a pair that meets every day, and how their steps are mixed."""
    any_pair = st.tuples(st.sampled_from(list(DEEDS)), st.sampled_from(list(DEEDS)))
    deeds = draw(st.sampled_from(PAIRS) | any_pair)
    first, second = (Half(deed, draw(CUSTOMERS), tuple(draw(PICKS))) for deed in deeds)
    side = draw(st.integers(0, 1))
    steering: st.SearchStrategy[Steering] = st.one_of(
        _places(deeds[side]).map(lambda place: Held(side, place)),
        st.tuples(_places(deeds[side]), _places(deeds[1 - side])).map(lambda both: Held(side, *both)),
        st.sampled_from(TABLES).map(Behind),
        st.just(Together()),
    )
    return first, second, draw(steering)


def _places(deed: Deed) -> st.SearchStrategy[str]:
    """Draw a fault point of the deed, or one of its statements."""
    points, count = DEEDS[deed]
    statements = st.integers(1, count).map(lambda number: f"statement {number}")
    return st.sampled_from(points) | statements if points else statements


def at_once(first: Deed, second: Deed, steering: Steering) -> tuple[Half, Half, Steering]:
    return Half(first, 0, (0, 2, 4)), Half(second, 0, (4, 2, 1)), steering


@pytest.mark.committed
@pytest.mark.timeout(SECONDS + 60)
@pytest.mark.parametrize(
    "seconds",
    [
        pytest.param(FIRST_SECONDS, id="a few"),
        pytest.param(SECONDS, id="many", marks=pytest.mark.faults),
    ],
)
def test_no_two_deeds_at_once_break_a_promise(
    world: World, record_property: Callable[[str, object], None], seconds: int
) -> None:
    counted, ends_at = itertools.count(1), time.monotonic() + seconds

    @settings(
        max_examples=seconds * MOST_PER_SECOND,
        phases=PHASES,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
        derandomize=not ARE_NEW,
        print_blob=True,
    )
    @given(races())
    # What once was broken, or would be first if a lock were forgotten.
    @example((Half(ingest, 0, (5, 3)), Half(ingest, 0, (0, 6, 6, 4)), Held(1, "statement 8")))
    @example(at_once(release, cancel_held, Held(0, "statement 2")))
    @example(at_once(leave_sandbox, send, Held(1, "statement 4")))
    @example(at_once(send, send, Held(0, "before_claim", "before_post")))
    @example(at_once(tell, send, Held(1, "before_outcome")))
    # The outcome has its conversation, and not yet its message.
    @example(at_once(tell, send, Held(1, "statement 11")))
    @example(at_once(undo, send, Held(1, "after_post")))
    @example(at_once(ingest, ingest, Behind("conversations")))
    @example(at_once(ingest, ingest, Held(0, "before_commit")))
    def run(drawn: tuple[Half, Half, Steering]) -> None:
        if time.monotonic() > ends_at:
            return
        record_property("races", next(counted))
        first, second, steering = drawn
        note(f"{first} and {second}, {steering}")
        shop = Shop(world)
        works = [half.deed(shop, half.customer, list(half.picks)) for half in (first, second)]
        before = shop.begin()

        with Race(world.app).watching() as race:
            errors = race.run(steering, *works)

        assert (errors, race.deadlocks) == ([], [])
        assert shop.untrue(before) == []
        shop.settle()
        assert shop.violations() == []

    run()


PLACES_OF_READING = [f"statement {number}" for number in range(1, 6)]


@pytest.mark.committed
@pytest.mark.parametrize(
    "steering",
    [*(Held(0, place) for place in PLACES_OF_READING), Held(1, "before_commit"), Behind("conversations")],
)
def test_what_comes_while_a_person_reads_stays_unread(world: World, steering: Steering) -> None:
    shop = Shop(world)
    conversation_id = shop.conversation_ids[0]
    shown = db.session.query(Message).filter_by(conversation_id=conversation_id).one().id
    db.session.commit()

    def read() -> None:
        assert mark_read(db.session.get_one(Conversation, conversation_id), shown)
        db.session.commit()

    with Race(world.app).watching() as race:
        errors = race.run(steering, read, lambda: shop.deliver([shop.items[2]]))

    assert errors == []
    assert db.session.get_one(Conversation, conversation_id).unread_count == 1
