"""`/leads`: the people who wrote, and where they stand."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from kiaai.extensions import db
from kiaai.leads.pipeline import Actor, set_notes
from kiaai.models import Channel, Conversation, Lead, User
from tests.api.conftest import Call, codes, fields, make_conversations
from tests.people import enter

NOON = datetime(2026, 11, 3, 12, tzinfo=UTC)


def test_a_lead_is_told_as_promised(get: Call, dana: Conversation) -> None:
    lead = dana.lead
    lead.first_contact_at, lead.last_contact_at = NOON, NOON + timedelta(hours=1)
    lead.tags, lead.notes = ["vip"], "Tiles"
    db.session.commit()

    assert get("/leads").json == {
        "leads": [
            {
                "id": lead.id,
                "phone_number": "56900000001",
                "customer_name": "Dana Díaz",
                "lead_status": "unknown",
                "first_contact_at": "2026-11-03T12:00:00.000Z",
                "last_contact_at": "2026-11-03T13:00:00.000Z",
                "notes": "Tiles",
                "tags": ["vip"],
            }
        ],
        "next": None,
    }


def test_a_lead_without_a_number_is_found_by_its_id(get: Call, channel: Channel) -> None:
    lead = Lead(customer_name="Username only")
    db.session.add(lead)
    db.session.commit()

    answer = get(f"/leads/id:{lead.id}").json

    assert (answer["lead"]["id"], answer["lead"]["phone_number"]) == (lead.id, None)


def test_leads_are_filtered_by_status_and_text(get: Call, channel: Channel) -> None:
    first, second, _ = make_conversations(channel, 3, NOON)
    first.lead.lead_status = second.lead.lead_status = "customer"
    db.session.commit()

    assert [row["id"] for row in get("/leads", status="customer").json["leads"]] == [
        second.lead_id,
        first.lead_id,
    ]
    assert [row["id"] for row in get("/leads", status="customer", q="person 0").json["leads"]] == [
        first.lead_id
    ]
    assert get("/leads", status="bad_lead").json["leads"] == []


def test_paging_reaches_the_end_without_gaps_or_doubles(get: Call, channel: Channel) -> None:
    made = make_conversations(channel, 5, NOON)
    db.session.query(Lead).update({"last_contact_at": NOON})
    db.session.commit()

    seen: list[int] = []
    before: str | None = ""
    while before is not None:
        page = get("/leads", limit=2, before=before).json
        seen += [row["id"] for row in page["leads"]]
        before = page["next"]
        db.session.add(Lead(customer_name="Late"))
        db.session.commit()

    assert seen == sorted((row.lead_id for row in made), reverse=True)


@pytest.mark.parametrize("status", ["friend", "", "CUSTOMER"])
def test_an_unknown_status_to_filter_by_is_refused(get: Call, status: str) -> None:
    assert fields(get("/leads", status=status)) == ["status"]


def test_too_long_a_search_is_refused(get: Call) -> None:
    assert fields(get("/leads", q="x" * 101)) == ["q"]


def test_a_status_is_changed_and_the_history_names_the_key(get: Call, put: Call, dana: Conversation) -> None:
    answer = put("/leads/+56 9 0000 0001/status", {"lead_status": "customer", "notes": "Paid"})

    assert answer.status_code == 200 and set(answer.json) == {"lead"}
    assert (answer.json["lead"]["lead_status"], answer.json["lead"]["notes"]) == ("customer", "Paid")
    history = get("/leads/56900000001").json["history"]
    told = [(line["kind"], line["old"], line["new"], line["by"], line["by_name"]) for line in history]
    assert told == [
        ("notes", "", "Paid", "api", "web shop"),
        ("status", "unknown", "customer", "api", "web shop"),
    ]


def test_a_person_in_the_history_is_named(client: FlaskClient, bob: User, dana: Conversation) -> None:
    enter(client, bob)

    client.put("/leads/56900000001/status", json={"lead_status": "bad_lead"})

    line = client.get("/leads/56900000001").json["history"][0]  # type: ignore[index]  # JSON is there
    assert (line["by"], line["by_name"]) == ("user", "Bob")


def test_absent_notes_are_unchanged(put: Call, dana: Conversation) -> None:
    set_notes(dana.lead, "Keep me", Actor("user"))
    db.session.commit()

    put("/leads/56900000001/status", {"lead_status": "customer"})

    assert dana.lead.notes == "Keep me"


@pytest.mark.parametrize("status", [None, "", "friend", 1, ["customer"], {"a": 1}])
def test_a_wrong_status_is_refused(put: Call, dana: Conversation, status: Any) -> None:
    assert fields(put("/leads/56900000001/status", {"lead_status": status})) == ["lead_status"]
    assert dana.lead.lead_status == "unknown"


@pytest.mark.parametrize("notes", [None, 1, ["x"], "x" * 10_001])
def test_wrong_notes_are_refused_and_the_status_stays(put: Call, dana: Conversation, notes: Any) -> None:
    assert fields(put("/leads/56900000001/status", {"lead_status": "customer", "notes": notes})) == ["notes"]
    assert dana.lead.lead_status == "unknown"


def test_a_missing_status_is_refused(put: Call, dana: Conversation) -> None:
    assert fields(put("/leads/56900000001/status", {"notes": "x"})) == ["lead_status"]


def test_notes_that_no_database_can_store_are_cleaned(put: Call, dana: Conversation) -> None:
    answer = put("/leads/56900000001/status", {"lead_status": "customer", "notes": "a\x00b"})

    assert answer.json["lead"]["notes"] == "a�b"


def test_somebody_unknown_is_404(get: Call, put: Call, dana: Conversation) -> None:
    assert codes(get("/leads/56900000099")) == (404, "not_found")
    assert codes(put("/leads/56900000099/status", {"lead_status": "customer"})) == (404, "not_found")


def test_name_notes_and_tags_are_changed_and_what_is_absent_stays(
    get: Call, put: Call, dana: Conversation
) -> None:
    put("/leads/56900000001", {"notes": "Pays at once"})

    answer = put("/leads/56900000001", {"customer_name": " Dana D. ", "tags": ["vip", "vip"]}).json

    lead = answer["lead"]
    assert (lead["customer_name"], lead["notes"], lead["tags"]) == ("Dana D.", "Pays at once", ["vip"])
    kinds = [event["kind"] for event in get("/leads/56900000001").json["history"]]
    assert kinds == ["tags", "name", "notes"]


def test_a_refused_change_of_a_lead_changes_nothing(get: Call, put: Call, dana: Conversation) -> None:
    answer = put("/leads/56900000001", {"customer_name": "Other", "tags": ["x" * 51]})

    assert fields(answer) == ["tags"]
    assert get("/leads/56900000001").json["lead"]["customer_name"] == "Dana Díaz"
