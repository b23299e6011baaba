"""What becomes of a claimed message when its lease ends, or the answer to the claim's commit is lost."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from kiaai import clock
from kiaai.delivery import hold, sending
from kiaai.delivery.claiming import LAST_END_SECONDS, Claim, claim_head
from kiaai.delivery.outbox import cancel
from kiaai.delivery.outcomes import NotNow, Outcome, Refused, Sent, Stopped, Unknown
from kiaai.delivery.settling import settle
from kiaai.extensions import db
from kiaai.models import Conversation
from kiaai.sandbox.server import SandboxServer
from kiaai.transactions import commit
from tests.delivery.conftest import Drain, Say


def test_a_claim_found_again_after_a_lost_commit_ends_before_its_lease(
    open_dana: Conversation, say: Say
) -> None:
    say("uno")
    token = uuid4()
    assert claim(open_dana, token)
    lease_ends_in("2 seconds", open_dana)

    again = claim(open_dana, token)

    assert again is not None and again.attempt == 1
    assert open_dana.lease_until
    assert (open_dana.lease_until - clock.now()).total_seconds() > LAST_END_SECONDS


def test_what_was_claimed_in_a_lost_commit_goes_on_before_a_talk_queued_meanwhile(
    open_dana: Conversation, say: Say
) -> None:
    campaign = say("Oferta", author="campaign")
    token = uuid4()
    assert claim(open_dana, token)
    say("Respuesta")

    again = claim(open_dana, token)

    assert again is not None and again.message_id == campaign.id


def test_what_was_claimed_in_a_lost_commit_goes_on_though_delivery_is_held_since(
    open_dana: Conversation, say: Say
) -> None:
    claimed = say("uno")
    token = uuid4()
    assert claim(open_dana, token)
    hold.hold("a test")
    say("dos")

    again = claim(open_dana, token)

    assert again is not None and again.message_id == claimed.id


def test_what_was_claimed_and_never_called_is_queued_again_at_its_place_when_the_lease_is_over(
    whatsapp: SandboxServer, open_dana: Conversation, say: Say, drain_now: Drain
) -> None:
    first, second, token = say("uno"), say("dos"), uuid4()
    assert claim(open_dana, token)
    lease_ends_in("-1 second", open_dana)
    version = open_dana.version

    assert claim(open_dana, token) is None

    assert (first.status, first.unknown_at, open_dana.lease_token) == ("queued", None, None)
    assert open_dana.version > version
    drain_now(open_dana)
    assert [sent["text"] for sent in whatsapp.sent] == ["uno", "dos"]
    assert (first.attempt, second.attempt) == (2, 1)


def test_whoever_lost_the_lease_to_another_queues_nothing_again(open_dana: Conversation, say: Say) -> None:
    first, _second = say("uno"), say("dos")
    late, now = uuid4(), uuid4()
    assert claim(open_dana, late)
    lease_ends_in("-1 second", open_dana)
    assert claim(open_dana, now)

    assert claim(open_dana, late) is None

    assert (first.status, open_dana.lease_token) == ("unknown", now)


def test_whoever_lost_the_lease_to_one_who_is_done_queues_nothing_again(
    open_dana: Conversation, say: Say, drain_now: Drain
) -> None:
    first, late = say("uno"), uuid4()
    assert claim(open_dana, late)
    lease_ends_in("-1 second", open_dana)
    drain_now(open_dana)

    assert claim(open_dana, late) is None

    assert first.status == "unknown"


def test_whoever_lost_the_lease_leaves_the_queue_alone(open_dana: Conversation, say: Say) -> None:
    say("uno"), say("dos")
    late = claim(open_dana, uuid4())
    lease_ends_in("-1 second", open_dana)
    assert claim(open_dana, uuid4())
    due_at = open_dana.talk_due_at

    assert late
    settle(late, Unknown("It woke up too late"))

    db.session.expire_all()
    assert open_dana.talk_due_at == due_at


@pytest.mark.parametrize(
    "outcome",
    [NotNow(1, 131016, "busy"), Stopped(190, "token"), Refused(131026, "nobody"), Unknown("silence")],
    ids=lambda outcome: type(outcome).__name__,
)
def test_an_outcome_that_comes_after_the_lease_changes_nothing(
    open_dana: Conversation, say: Say, outcome: Outcome
) -> None:
    message = say("uno")
    late = claim(open_dana, uuid4())
    lease_ends_in("-1 second", open_dana)
    assert claim(open_dana, uuid4()) is None
    version, reason = open_dana.version, message.error_text

    assert late
    settle(late, outcome)

    db.session.expire_all()
    assert (message.status, message.error_code, message.error_text) == ("unknown", None, reason)
    assert open_dana.version == version


def test_a_wamid_that_comes_after_the_lease_proves_that_the_message_left(
    open_dana: Conversation, say: Say
) -> None:
    message = say("uno")
    late = claim(open_dana, uuid4())
    lease_ends_in("-1 second", open_dana)
    assert claim(open_dana, uuid4()) is None

    assert late
    settle(late, Sent("wamid.LATE"))

    db.session.expire_all()
    assert (message.status, message.message_id) == ("sent", "wamid.LATE")


def test_a_call_left_over_is_found_though_delivery_was_held_during_it(
    open_dana: Conversation, say: Say, drain_now: Drain
) -> None:
    left_over, undone = say("uno"), say("dos")
    assert claim(open_dana, uuid4())
    hold.hold("a test")
    assert cancel(undone.id)
    lease_ends_in("-1 second", open_dana)

    drain_now(open_dana)

    assert left_over.status == "unknown"


@pytest.mark.parametrize("lost", [1, 2, 3])
def test_a_claim_whose_answer_came_after_its_lease_leaves_nothing_unknown(
    whatsapp: SandboxServer,
    open_dana: Conversation,
    say: Say,
    drain_now: Drain,
    monkeypatch: pytest.MonkeyPatch,
    lost: int,
) -> None:
    queued = [say(words) for words in ("uno", "dos", "tres")]
    monkeypatch.setattr(sending, "SAVE_PAUSE_SECONDS", 0)
    monkeypatch.setattr(sending, "commit", answer_lost_until_the_lease_is_over(open_dana.id, lost))

    for _ in range(2):
        drain_now(open_dana)

    assert [sent["text"] for sent in whatsapp.sent] == ["uno", "dos", "tres"]
    assert [(message.status, message.unknown_at) for message in queued] == [("sent", None)] * 3


def claim(conversation: Conversation, token: UUID) -> Claim | None:
    """Claim as a worker does, and look at everything afresh."""
    claimed = claim_head(conversation.id, token)
    db.session.commit()
    return claimed


def lease_ends_in(wait: str, conversation: Conversation) -> None:
    db.session.execute(
        text(
            "UPDATE conversations SET lease_until = clock_timestamp() + CAST(:wait AS interval),"
            " talk_due_at = CASE WHEN talk_due_at IS NOT NULL THEN clock_timestamp() END WHERE id = :id"
        ),
        {"wait": wait, "id": conversation.id},
    )
    db.session.commit()


def answer_lost_until_the_lease_is_over(conversation_id: int, number: int) -> Callable[..., Any]:
    """Commit, but answer the `number`-th commit by a broken connection, half a minute later."""
    commits = iter(range(1, 1000))

    def run(work: Callable[[], Any]) -> Any:
        result = commit(work)
        if next(commits) == number:
            db.session.execute(
                text("UPDATE conversations SET lease_until = lease_until - :late WHERE id = :id"),
                {"late": timedelta(seconds=30), "id": conversation_id},
            )
            db.session.commit()
            raise OperationalError("COMMIT", {}, Exception("gone"), connection_invalidated=True)
        return result

    return run
