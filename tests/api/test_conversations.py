"""`/api/conversations`: the list, one with its messages, and its bot."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event

from kiaai import clock
from kiaai.api import queries
from kiaai.delivery.ownership import take_over
from kiaai.extensions import db
from kiaai.models import Channel, Conversation, LeadIdentity
from tests.api.conftest import Call, codes, fields, make_conversations, open_window, say
from tests.conftest import make_conversation

NOON = datetime(2026, 11, 3, 12, 0, 0, 123456, tzinfo=UTC)
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def test_a_conversation_is_told_as_promised(get: Call, dana: Conversation) -> None:
    dana.last_message_at = dana.last_inbound_at = NOON
    dana.last_message_preview, dana.last_direction, dana.unread_count = "Hola", "incoming", 2
    db.session.commit()

    answer = get("/api/conversations").json

    assert answer == {
        "conversations": [
            {
                "id": dana.id,
                "phone_number": "56900000001",
                "customer_name": "Dana Díaz",
                "last_message": "Hola",
                "last_message_at": "2026-11-03T12:00:00.123Z",
                "last_direction": "incoming",
                "unread_count": 2,
                "lead_status": "unknown",
                "bot_enabled": True,
                "window_expires_at": "2026-11-04T11:55:00.123Z",
            }
        ],
        "total": 1,
        "next": None,
    }


def test_without_a_message_of_theirs_there_is_no_window(get: Call, dana: Conversation) -> None:
    assert get("/api/conversations").json["conversations"][0]["window_expires_at"] is None


def test_an_empty_inbox_is_an_empty_list(get: Call) -> None:
    assert get("/api/conversations").json == {"conversations": [], "total": 0, "next": None}


def test_paging_reaches_the_end_without_gaps_or_doubles_while_new_rows_arrive(
    get: Call, channel: Channel
) -> None:
    made = make_conversations(channel, 7, NOON)
    # Two of the same microsecond: the id decides.
    made[2].last_message_at = made[3].last_message_at
    db.session.commit()

    seen: list[int] = []
    before: str | None = ""
    while before is not None:
        page = get("/api/conversations", limit=2, before=before).json
        seen += [row["id"] for row in page["conversations"]]
        before = page["next"]
        make_conversation(channel, f"5690000{2000 + len(seen)}", "Late")

    expected = sorted(made, key=lambda row: (row.last_message_at, row.id), reverse=True)
    assert seen == [row.id for row in expected]


def test_a_full_last_page_has_no_next(get: Call, channel: Channel) -> None:
    make_conversations(channel, 4, NOON)

    first = get("/api/conversations", limit=2).json
    second = get("/api/conversations", limit=2, before=first["next"]).json

    assert first["next"] is not None and second["next"] is None
    assert first["total"] == second["total"] == 4


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("dana", True),
        ("DÍAZ", True),
        ("diaz", True),
        ("+56 9 0000", True),
        ("0001", True),
        ("(569) 0000-0001", True),
        ("%", False),
        ("_", False),
        ("Eva", False),
        ("0002", False),
        ("a\x00", False),
    ],
)
def test_it_searches_names_and_numbers(get: Call, dana: Conversation, q: str, found: bool) -> None:
    answer = get("/api/conversations", q=q).json

    assert (len(answer["conversations"]), answer["total"]) == (int(found), int(found))


@pytest.mark.parametrize("limit", ["0", "201", "-1", "x", "1.5", "", "99999999999999999999999"])
@pytest.mark.parametrize("path", ["/api/conversations", "/leads", "/api/conversations/56900000001"])
def test_a_limit_outside_1_to_200_is_refused(get: Call, dana: Conversation, path: str, limit: str) -> None:
    assert fields(get(path, limit=limit)) == ["limit"]


@pytest.mark.parametrize(
    "before", ["x", "W10", "bnVsbA", "WyIyMDI2LTExLTAzVDEyOjAwOjAwIiwxXQ", "é", "a" * 5000]
)
@pytest.mark.parametrize("path", ["/api/conversations", "/leads", "/api/conversations/56900000001"])
def test_a_made_up_cursor_is_refused(get: Call, dana: Conversation, path: str, before: str) -> None:
    assert fields(get(path, before=before)) == ["before"]


def test_limit_is_50_by_default_and_200_at_most(get: Call, channel: Channel) -> None:
    make_conversations(channel, 51, NOON)

    assert len(get("/api/conversations").json["conversations"]) == 50
    assert len(get("/api/conversations", limit=200).json["conversations"]) == 51


def test_a_list_costs_the_same_queries_whatever_its_length(get: Call, channel: Channel) -> None:
    make_conversations(channel, 3, NOON)
    get("/api/conversations")

    few = _count_queries(lambda: get("/api/conversations", limit=1))
    more = _count_queries(lambda: get("/api/conversations", limit=3))

    assert few == more <= 5


def test_above_a_thousand_the_total_is_kept_for_a_while(
    get: Call, channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "EXACT_TOTAL", 2)
    monkeypatch.setattr(queries, "_totals", {})
    make_conversations(channel, 2, NOON)
    assert get("/api/conversations").json["total"] == 2

    make_conversation(channel, "56900000003", "Third")
    assert get("/api/conversations").json["total"] == 3
    make_conversation(channel, "56900000004", "Fourth")
    assert get("/api/conversations").json["total"] == 3

    queries._totals[""] = (3, 0.0)
    assert get("/api/conversations").json["total"] == 4


def test_a_thread_comes_newest_page_first_and_oldest_first_within(get: Call, dana: Conversation) -> None:
    for number in range(5):
        say(dana, f"text {number}", NOON + timedelta(seconds=number // 2))

    first = get("/api/conversations/56900000001", limit=2).json
    say(dana, "meanwhile", clock.now())
    second = get("/api/conversations/56900000001", limit=2, before=first["next"]).json
    third = get("/api/conversations/56900000001", limit=2, before=second["next"]).json

    pages = [[message["message_text"] for message in page["messages"]] for page in (first, second, third)]
    assert pages == [["text 3", "text 4"], ["text 1", "text 2"], ["text 0"]]
    assert third["next"] is None


def test_a_message_is_told_as_promised(get: Call, dana: Conversation) -> None:
    message = say(dana, "Hola", NOON, message_id="wamid.KIA1")

    answer = get("/api/conversations/56900000001").json

    assert set(answer) == {"conversation", "lead", "messages", "next"}
    assert answer["lead"]["phone_number"] == answer["conversation"]["phone_number"] == "56900000001"
    assert answer["messages"] == [
        {
            "id": message.id,
            "message_id": "wamid.KIA1",
            "direction": "incoming",
            "kind": "text",
            "message_text": "Hola",
            "timestamp": "2026-11-03T12:00:00.123Z",
            "status": "received",
            "author": "customer",
            "error": None,
        }
    ]


def test_a_failed_message_says_why_and_what_to_do(get: Call, dana: Conversation) -> None:
    say(dana, "Hi", NOON, direction="outgoing", author="api", status="failed", error_code=131047)

    error = get("/api/conversations/56900000001").json["messages"][0]["error"]

    assert error["code"] == 131047
    assert error["title"] and error["message"] and error["next_step"]


@pytest.mark.parametrize(
    "phone", ["+56900000001", "+56 9 0000 0001", "56-9-0000-0001", "{id}", "CL.100000001"]
)
def test_a_person_is_found_by_every_form_of_reference(get: Call, dana: Conversation, phone: str) -> None:
    db.session.add(LeadIdentity(kind="bsuid", value="CL.100000001", lead_id=dana.lead_id))
    db.session.commit()

    answer = get(f"/api/conversations/{phone.replace('{id}', f'id:{dana.lead_id}')}")

    assert answer.json["conversation"]["id"] == dana.id


@pytest.mark.parametrize("phone", ["56900000099", "id:0", "id:9999999999999999999", "nobody", "%00", "CL.9"])
def test_somebody_unknown_is_404(get: Call, put: Call, dana: Conversation, phone: str) -> None:
    assert codes(get(f"/api/conversations/{phone}")) == (404, "not_found")
    assert codes(put(f"/api/conversations/{phone}/bot", {"bot_enabled": True})) == (404, "not_found")


def test_with_several_channels_the_newest_or_the_named_one_answers(get: Call, dana: Conversation) -> None:
    other = Channel(phone_number_id="200000000000002", display_phone_number="+56 2 2111 0002")
    db.session.add(other)
    db.session.flush()
    newer = Conversation(channel_id=other.id, lead_id=dana.lead_id)
    db.session.add(newer)
    db.session.commit()

    assert get("/api/conversations/56900000001").json["conversation"]["id"] == newer.id
    named = get("/api/conversations/56900000001", channel=dana.channel.phone_number_id)
    assert named.json["conversation"]["id"] == dana.id
    by_number = get("/api/conversations/56900000001", channel="56221110002")
    assert by_number.json["conversation"]["id"] == newer.id
    assert fields(get("/api/conversations/56900000001", channel="1")) == ["channel"]


def test_reading_marks_nothing_as_read(get: Call, dana: Conversation) -> None:
    dana.unread_count = 3
    db.session.commit()

    get("/api/conversations/56900000001")

    assert dana.unread_count == 3


def test_the_bot_is_switched_off_and_on_and_on_hands_back(get: Call, put: Call, dana: Conversation) -> None:
    off = put("/api/conversations/56900000001/bot", {"bot_enabled": False})
    assert off.json["conversation"]["bot_enabled"] is False

    take_over(dana, None)
    db.session.commit()
    on = put("/api/conversations/56900000001/bot", {"bot_enabled": True})

    assert (on.status_code, on.json["conversation"]["bot_enabled"]) == (200, True)
    assert dana.bot_quiet_until is None


def test_bot_enabled_tells_whether_it_would_answer_the_next_message(
    app: Flask, get: Call, dana: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def told() -> bool:
        return bool(get("/api/conversations").json["conversations"][0]["bot_enabled"])

    assert told()
    dana.bot_quiet_until = clock.now() + timedelta(hours=1)
    db.session.commit()
    assert not told()
    dana.bot_quiet_until = clock.now() - timedelta(hours=1)
    db.session.commit()
    assert told()
    off = replace(app.extensions["settings"], bot_enabled=False)
    monkeypatch.setitem(app.extensions, "settings", off)
    assert not told()


@pytest.mark.parametrize(
    "body", [{}, {"bot_enabled": "true"}, {"bot_enabled": 1}, {"bot_enabled": None}, {"bot_enabled": []}]
)
def test_a_bot_switch_is_true_or_false(put: Call, dana: Conversation, body: dict[str, Any]) -> None:
    assert fields(put("/api/conversations/56900000001/bot", body)) == ["bot_enabled"]


def test_a_misspelt_field_is_named(put: Call, dana: Conversation) -> None:
    assert "bot" in fields(put("/api/conversations/56900000001/bot", {"bot_enabled": True, "bot": 1}))


def test_all_times_are_rfc_3339_in_utc_with_milliseconds(get: Call, dana: Conversation) -> None:
    say(dana, "Hola", NOON)
    open_window(dana)

    answer = get("/api/conversations/56900000001").json

    times = [answer["conversation"][name] for name in ("last_message_at", "window_expires_at")]
    times += [answer["lead"][name] for name in ("first_contact_at", "last_contact_at")]
    assert all(TIME.fullmatch(text) for text in [*times, answer["messages"][0]["timestamp"]])


def _count_queries(act: Any) -> int:
    db.session.expire_all()
    statements: list[str] = []
    engine = db.engines[None]

    def note(*arguments: Any) -> None:
        statements.append(arguments[2])

    event.listen(engine, "before_cursor_execute", note)
    try:
        act()
    finally:
        event.remove(engine, "before_cursor_execute", note)
    return sum(not statement.startswith(("SAVEPOINT", "RELEASE")) for statement in statements)
