"""Folding the statuses of one body to one per message."""

from datetime import timedelta
from itertools import permutations

from kiaai.whatsapp.inbound import StatusChange, fold_statuses
from tests.whatsapp.bodies import NUMBER_ID, RECEIVED_AT

KEY = "3f2b8a52-5a53-4c7e-9d1c-6f0f0a5d7e11"


def change(status: str, second: int = 0, wamid: str = "wamid.A", **keys: object) -> StatusChange:
    fields: dict[str, object] = {
        "send_key": None,
        "recipient": None,
        "error_code": None,
        "error_text": None,
        "pricing": None,
        **keys,
    }
    at = RECEIVED_AT + timedelta(seconds=second)
    return StatusChange(NUMBER_ID, wamid, status, at, **fields)  # type: ignore[arg-type]  # built by name


def test_it_keeps_the_highest_status_in_any_order() -> None:
    changes = [
        change("sent", 1, send_key=KEY),
        change("failed", 2, error_code=131026, error_text="Undeliverable"),
        change("delivered", 3, pricing={"category": "utility"}),
        change("read", 4),
    ]

    for order in permutations(changes):
        (folded,) = fold_statuses(order)

        assert (folded.status, folded.send_key, folded.error_code) == ("read", KEY, 131026)
        assert folded.error_text == "Undeliverable"
        assert folded.pricing == {"category": "utility"}
        assert sorted(folded.times) == ["delivered", "failed", "read", "sent"]


def test_failed_outranks_sent_and_delivered_outranks_failed() -> None:
    (failed,) = fold_statuses([change("failed"), change("sent")])
    (delivered,) = fold_statuses([change("delivered"), change("failed")])

    assert (failed.status, delivered.status) == ("failed", "delivered")


def test_a_repeated_status_keeps_its_first_time() -> None:
    (folded,) = fold_statuses([change("read", 9), change("read", 3), change("read", 5)])

    assert folded.times == {"read": RECEIVED_AT + timedelta(seconds=3)}


def test_messages_stay_apart() -> None:
    folded = fold_statuses([change("sent", wamid="wamid.A"), change("read", wamid="wamid.B")])

    assert [(f.wamid, f.status) for f in folded] == [("wamid.A", "sent"), ("wamid.B", "read")]
