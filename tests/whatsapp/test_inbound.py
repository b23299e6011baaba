"""Webhook bodies: what moves the thread, what does not, and what no bytes can break."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiaai.whatsapp.inbound import Batch, UnreadableBody, parse
from tests.samples import NAMES, payload
from tests.whatsapp.bodies import DANA, RECEIVED_AT, body, item, read, read_one

BSUID = "CL.10000000000000000001"


@pytest.mark.parametrize("kind", ["reaction", "system", "edit", "revoke"])
def test_words_about_the_thread_move_nothing(kind: str) -> None:
    message = read_one(kind, **{kind: {"message_id": "wamid.X", "emoji": "👍"}})

    assert (message.counts_unread, message.opens_window, message.wants_answer) == (False, False, False)


@pytest.mark.parametrize("kind", ["unknown", "unsupported", "hologram", "x" * 200, None, 7])
def test_a_kind_of_tomorrow_is_shown_and_left_to_people(kind: Any) -> None:
    message = read_one(kind)

    assert (message.counts_unread, message.opens_window, message.wants_answer) == (True, True, False)
    assert message.preview.startswith("Unsupported message")
    assert len(message.kind) <= 64


@pytest.mark.parametrize("kind", ["image", "video", "audio", "sticker", "document", "location", "contacts"])
def test_files_places_and_cards_are_for_the_bot_to_decide(kind: str) -> None:
    message = read_one(kind, **{kind: {"id": "4"} if kind != "contacts" else [{"name": {}}]})

    assert (message.counts_unread, message.opens_window, message.wants_answer) == (True, True, True)


def test_the_bot_stays_out_of_groups() -> None:
    message = read_one(text={"body": "hola"}, group_id="group-1")

    assert (message.counts_unread, message.wants_answer) == (True, False)


def test_a_button_without_its_content_is_kept_for_a_person() -> None:
    message = read_one("interactive")

    assert (message.text, message.preview) == (None, "Answer without content")
    assert (message.counts_unread, message.wants_answer) == (True, False)


def test_text_is_kept_as_typed_and_previewed_in_one_line() -> None:
    message = read_one(text={"body": "  hola\n\n mundo " + "x" * 500})

    assert message.text is not None
    assert message.text.startswith("  hola\n\n mundo x")
    assert message.preview.startswith("hola mundo xxx")
    assert len(message.preview) == 120


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("1795000001", datetime(2026, 11, 18, 11, 6, 41, tzinfo=UTC)),
        (1795000001, datetime(2026, 11, 18, 11, 6, 41, tzinfo=UTC)),
        (str(int(RECEIVED_AT.timestamp()) + 540), RECEIVED_AT + timedelta(minutes=9)),
        (str(int(RECEIVED_AT.timestamp()) + 660), RECEIVED_AT),
        ("soon", RECEIVED_AT),
        ("", RECEIVED_AT),
        (None, RECEIVED_AT),
        (True, RECEIVED_AT),
        (-5, RECEIVED_AT),
        ("9" * 12, RECEIVED_AT),
        (1e300, RECEIVED_AT),
        ("٣٣", RECEIVED_AT),
    ],
)
def test_a_time_ahead_or_unreadable_counts_as_now(sent: Any, kept: datetime) -> None:
    (message,) = read(body(messages=[item(timestamp=sent)])).messages

    assert message.timestamp == kept


def test_nul_and_lone_surrogates_become_a_replacement_mark_everywhere() -> None:
    message = read_one(text={"body": "a\x00b\ud800c", "k\x00": {"\udfff": ["\x00"]}})

    assert message.text == "a\ufffdb\ufffdc"
    assert message.payload["text"]["k\ufffd"] == {"\ufffd": ["\ufffd"]}
    json.dumps(message.payload, ensure_ascii=False).encode()


def test_escaped_emoji_survive() -> None:
    assert read_one(text={"body": "👋 ok"}).text == "👋 ok"


def test_numbers_that_no_column_can_hold_stay_storable() -> None:
    numbers = '{"a": NaN, "b": Infinity, "c": 1e999, "d": ' + "9" * 5000 + ', "e": 1.5, "f": 7}'
    raw = body(messages=[item(x="HERE")]).replace(b'"HERE"', numbers.encode())

    (message,) = read(raw).messages

    assert message.payload["x"] == {"a": None, "b": None, "c": "1e999", "d": "9" * 5000, "e": 1.5, "f": 7}


def test_answered_forms_are_cleaned_too() -> None:
    form = {"type": "nfm_reply", "nfm_reply": {"response_json": '{"name": "a\\u0000b", "n": [1, true]}'}}

    assert read_one("interactive", interactive=form).text == "name: a\ufffdb\nn: 1, yes"


def test_an_answered_form_that_is_no_json_shows_its_body() -> None:
    form = {"type": "nfm_reply", "nfm_reply": {"response_json": "[" * 100_000, "body": "Sent"}}

    assert read_one("interactive", interactive=form).text == "Sent"


def test_a_place_without_a_name_shows_its_coordinates() -> None:
    location = {"latitude": -33.4372, "longitude": -70.6506}

    assert read_one("location", location=location).text == "-33.4372, -70.6506"


def test_the_ids_of_the_message_win_and_the_contact_fills_the_gaps() -> None:
    contacts = [
        {"wa_id": "56900000002", "user_id": "CL.2", "profile": {"name": "Beto"}},
        {"wa_id": DANA, "user_id": BSUID, "profile": {"name": " Dana\n Demo "}},
    ]

    (message,) = read(body(contacts=contacts, messages=[item()])).messages

    assert message.customer.name == "Dana Demo"
    assert message.customer.identities == (("bsuid", BSUID), ("wa_id", DANA), ("phone", DANA))


def test_a_business_scoped_id_in_from_is_understood() -> None:
    (message,) = read(body(messages=[item(**{"from": BSUID})])).messages

    assert message.customer.identities == (("bsuid", BSUID),)


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        ({"from": DANA, "type": "text"}, "messages[1]: no id"),
        ({"id": "wamid." + "A" * 600, "from": DANA}, "messages[1]: no id"),
        ({"id": "wamid.X", "type": "text"}, "messages[1]: names no person"),
        ("hola", "messages[1]: no object"),
        (None, "messages[1]: no object"),
    ],
)
def test_a_bad_item_is_a_problem_and_harms_no_other(broken: Any, why: str) -> None:
    batch = read(body(messages=[item(), broken, item(id="wamid.KIA2AAAA")]))

    assert [m.wamid for m in batch.messages] == ["wamid.KIA1AAAA", "wamid.KIA2AAAA"]
    assert batch.problems == (f"entry[0].changes[0].value.{why}",)


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        (b"{}", "entry: no list"),
        (b'{"entry": [{"id": "1"}]}', "entry[0].changes: no list"),
        (b'{"entry": [{"changes": [{}]}]}', "entry[0].changes[0]: no field"),
        (b'{"entry": [{"changes": [{"field": "messages"}]}]}', "entry[0].changes[0]: value is no object"),
        (
            b'{"entry": [{"changes": [{"field": "messages", "value": {}}]}]}',
            "entry[0].changes[0].value: no phone_number_id",
        ),
    ],
)
def test_a_broken_envelope_is_a_problem_with_its_place(raw: bytes, problem: str) -> None:
    assert read(raw).problems == (problem,)


def test_a_body_of_junk_gives_a_short_list_with_a_count() -> None:
    batch = read(body(messages=[1] * 100_000))

    assert len(batch.problems) == 201
    assert batch.problems[-1] == "and 99800 more"


@pytest.mark.parametrize(
    "raw",
    [b"", b"hello", b"[]", b'"x"', b"null", b"\xff\xfe", b"[" * 1_000_000, b'{"a":' * 300_000],
)
def test_what_is_no_object_is_unreadable(raw: bytes) -> None:
    with pytest.raises(UnreadableBody):
        read(raw)


@pytest.mark.parametrize(("depth", "is_readable"), [(50, True), (65, False), (200, False)])
def test_it_reads_64_levels_and_no_more(depth: int, is_readable: bool) -> None:
    raw = b'{"entry": [], "x": ' + b"[" * depth + b"]" * depth + b"}"

    if is_readable:
        assert isinstance(read(raw), Batch)
    else:
        with pytest.raises(UnreadableBody, match="deep"):
            read(raw)


def test_bytes_that_are_no_utf8_cost_a_letter_and_not_the_message() -> None:
    raw = body(messages=[item(text={"body": "HERE"})]).replace(b"HERE", b"ma\xf1ana")

    (message,) = read(raw).messages

    assert message.text == "ma\ufffdana"


def test_only_a_uuid_counts_as_our_send_key() -> None:
    key = "3f2b8a52-5a53-4c7e-9d1c-6f0f0a5d7e11"
    keys = [key.upper(), "kia:outbox:1001", "{" + key[:-2] + "}", 7, None]
    statuses = [{"id": "wamid.X", "status": "sent", "biz_opaque_callback_data": k} for k in keys]

    found = [s.send_key for s in read(body(statuses=statuses)).statuses]

    assert found == [key, None, None, None, None]


def test_an_unknown_status_is_noted() -> None:
    batch = read(body(statuses=[{"id": "wamid.X", "status": "deleted"}]))

    assert (batch.statuses, batch.problems) == ((), ())
    assert batch.notes == ("entry[0].changes[0].value.statuses[0]: status deleted",)


def test_a_part_nobody_knows_is_noted_and_never_just_dropped() -> None:
    batch = read(body(messages=[item()], holograms=[1]))

    assert len(batch.messages) == 1
    assert batch.notes == ("entry[0].changes[0].value: unknown key holograms",)


def test_a_status_in_a_group_is_about_the_participant() -> None:
    status = {"id": "w", "status": "read", "recipient_id": "g-1", "recipient_type": "group"}

    (found,) = read(body(statuses=[{**status, "recipient_participant_id": DANA}])).statuses

    assert found.recipient is not None
    assert found.recipient.wa_id == DANA


@pytest.mark.parametrize(
    ("context", "status"),
    [("READ", "read"), ("PLAYED", "played"), ("ERROR", "failed"), ("PENDING", "sent"), (None, "sent")],
)
def test_history_from_the_business_is_outgoing_with_its_status(context: str | None, status: str) -> None:
    old = item(**{"from": "56221110000"}, history_context={"status": context})
    threads = [{"id": DANA, "messages": [old]}]

    (message,) = read(body("history", history=[{"threads": threads}])).messages

    assert (message.direction, message.author, message.status) == ("outgoing", "phone", status)
    assert message.customer.wa_id == DANA


def test_files_of_history_come_in_a_list_of_their_own() -> None:
    photo = item("image", image={"id": "4"}, to=DANA, **{"from": "56221110000"})

    (message,) = read(body("history", messages=[photo])).messages

    assert message.file is not None
    assert (message.is_history, message.direction, message.customer.wa_id) == (True, "outgoing", DANA)


def test_declined_history_is_noted() -> None:
    chunk = {"errors": [{"code": 2593109, "title": "History sharing declined"}]}

    assert "2593109" in read(body("history", history=[chunk])).notes[0]


def test_a_file_name_is_never_a_path() -> None:
    message = read_one("document", document={"id": "4", "filename": "..\\..//etc/pass\x00wd\n.pdf"})

    assert message.file is not None
    assert message.file.file_name == "pass\ufffdwd .pdf"


@pytest.mark.parametrize("digest", ["q6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s=", "AB" * 32])
def test_a_digest_is_hex_whether_it_came_so_or_as_base64(digest: str) -> None:
    message = read_one("image", image={"id": "4", "sha256": digest})

    assert message.file is not None
    assert message.file.sha256 == "ab" * 32


@given(st.binary())
def test_no_bytes_raise_anything_but_unreadable(raw: bytes) -> None:
    assert_total(raw)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(st.data())
def test_no_sample_with_a_part_replaced_raises_or_gives_what_cannot_be_stored(data: st.DataObject) -> None:
    """Put any JSON, or nothing, in place of any part of a real body."""
    tree = json.loads(payload(data.draw(st.sampled_from(NAMES))))
    node: Any = tree
    while isinstance(node, dict | list) and node:
        key = data.draw(st.sampled_from(list(node) if isinstance(node, dict) else range(len(node))))
        child = node[key]
        if not isinstance(child, dict | list) or data.draw(st.booleans()):
            node[key] = data.draw(JSON)
            break
        node = child

    assert_total(json.dumps(tree).encode())


@given(st.data())
def test_no_sample_with_bytes_changed_raises(data: st.DataObject) -> None:
    raw = bytearray(payload(data.draw(st.sampled_from(NAMES))))
    for _ in range(data.draw(st.integers(1, 5))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))

    assert_total(bytes(raw))


def assert_total(raw: bytes) -> None:
    try:
        batch = parse(raw, RECEIVED_AT)
    except UnreadableBody:
        return
    for message in batch.messages:
        stored = json.dumps(message.payload, allow_nan=False, ensure_ascii=False)
        words = "".join([message.text or "", message.preview, message.kind, message.wamid])
        assert "\\u0000" not in stored.replace("\\\\", "")
        assert "\x00" not in words
        (stored + words).encode()
        assert len(message.preview) <= 120
        assert message.customer.identities
        assert message.timestamp <= RECEIVED_AT + timedelta(minutes=10)
