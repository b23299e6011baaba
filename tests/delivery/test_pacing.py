"""The pace: even slots, never over the limit, and none where the channel may not send."""

import itertools
import time

import pytest
from sqlalchemy import text

from kiaai.delivery import channels
from kiaai.delivery.pacing import Crowded, Pace, Slot
from kiaai.extensions import db
from kiaai.models import Channel, Conversation
from tests.conftest import PHONE_NUMBER_ID
from tests.delivery.conftest import Say


@pytest.fixture
def due(open_dana: Conversation, say: Say) -> Conversation:
    say("Hola")
    return open_dana


def slot_of(pace: Pace, conversation: Conversation) -> Slot:
    slot = pace.reserve(conversation.id)
    assert isinstance(slot, Slot)
    return slot


def test_slots_are_evenly_spaced_with_no_burst(due: Conversation) -> None:
    pace = Pace(PHONE_NUMBER_ID, rate_per_second=80)
    # All of them lie ahead, however long this process is kept waiting.
    db.session.execute(text("UPDATE channels SET next_slot_at = clock_timestamp() + interval '0.6 s'"))

    slots = [slot_of(pace, due) for _ in range(20)]

    gaps = [later.at - earlier.at for earlier, later in itertools.pairwise(slots)]
    # The clocks of database and process are read a moment apart, so each gap alone is only nearly right.
    assert sum(gaps) == pytest.approx(19 * pace.spacing_seconds, abs=0.05)


def test_with_all_slots_of_a_second_taken_it_says_so_instead_of_waiting(due: Conversation) -> None:
    pace = Pace(PHONE_NUMBER_ID, rate_per_second=0.05)

    first, second = pace.reserve(due.id), pace.reserve(due.id)

    assert isinstance(first, Slot)
    assert isinstance(second, Crowded)


def test_nothing_due_gets_no_slot(open_dana: Conversation) -> None:
    assert Pace(PHONE_NUMBER_ID, 80).reserve(open_dana.id) is None


def test_a_kept_slot_serves_the_next_claim_at_once(due: Conversation) -> None:
    pace = Pace(PHONE_NUMBER_ID, 80)
    slot = slot_of(pace, due)

    pace.keep(slot)

    assert pace.reserve(due.id) is slot


def test_a_kept_slot_is_of_no_use_once_the_channel_is_paused(due: Conversation) -> None:
    pace = Pace(PHONE_NUMBER_ID, 80)
    pace.keep(Slot(due.channel_id, time.monotonic() + 0.9))
    channels.pause(due.channel_id, 131031, "locked")

    assert pace.reserve(due.id) is None
    assert pace.next(due.channel_id) is None


def test_a_paused_channel_lets_one_probe_go(due: Conversation) -> None:
    channels.pause(due.channel_id, 131031, "locked")
    db.session.execute(text("UPDATE channels SET probe_at = clock_timestamp() - interval '1 s'"))
    pace = Pace(PHONE_NUMBER_ID, 80)

    probe = slot_of(pace, due)

    assert probe.is_probe
    assert pace.reserve(due.id) is None


@pytest.mark.parametrize("code", [0, 190])
def test_a_channel_paused_for_its_token_lets_no_probe_go(due: Conversation, code: int) -> None:
    channels.pause(due.channel_id, code, "token")
    db.session.execute(text("UPDATE channels SET probe_at = clock_timestamp() - interval '1 s'"))

    assert Pace(PHONE_NUMBER_ID, 80).reserve(due.id) is None


def test_after_five_failures_one_head_at_a_time_goes(due: Conversation) -> None:
    for _ in range(5):
        channels.count_failure(due.channel_id)
    pace = Pace(PHONE_NUMBER_ID, 80)
    assert pace.reserve(due.id) is None
    db.session.execute(text("UPDATE channels SET probe_at = clock_timestamp() - interval '1 s'"))

    assert isinstance(pace.reserve(due.id), Slot)
    assert pace.reserve(due.id) is None


def test_a_throttled_channel_holds_everybody_and_a_success_does_not_end_the_hold(due: Conversation) -> None:
    channels.count_failure(due.channel_id, hold_seconds=60)
    channels.note_success(due.channel_id, was_probe=False)

    assert Pace(PHONE_NUMBER_ID, 80).reserve(due.id) is None


@pytest.mark.parametrize("was_probe", [True, False])
def test_a_pause_ends_by_its_own_probe_alone(due: Conversation, was_probe: bool) -> None:
    channels.pause(due.channel_id, 131031, "locked")

    channels.note_success(due.channel_id, was_probe)

    db.session.expire_all()
    assert (db.session.get_one(Channel, due.channel_id).paused_at is None) == was_probe


def test_a_failure_does_not_hurry_the_probe_of_a_paused_channel(due: Conversation) -> None:
    channels.pause(due.channel_id, 131031, "locked")
    before = db.session.get_one(Channel, due.channel_id).probe_at

    channels.count_failure(due.channel_id)

    db.session.expire_all()
    assert db.session.get_one(Channel, due.channel_id).probe_at == before
