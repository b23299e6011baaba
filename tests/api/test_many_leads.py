"""`/leads`: one is made, many are changed at once or go out, and no other word passes for a number."""

import csv
import io
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from kiaai.extensions import db
from kiaai.leads.bulk import MOST_AT_ONCE
from kiaai.models import ApiKey, Conversation, Lead, LeadEvent, User
from tests.api.conftest import Call, bearer, codes, fields
from tests.people import enter


def make_leads(count: int, **values: Any) -> list[Lead]:
    leads = [Lead(phone_number=f"5690000{2000 + number}", **values) for number in range(count)]
    db.session.add_all(leads)
    db.session.commit()
    return leads


def test_a_lead_is_made_once(post: Call, get: Call, key: tuple[ApiKey, str]) -> None:
    body = {"phone_number": "+56 9 0000 2001", "customer_name": "Ana", "lead_status": "customer"}

    first = post("/leads", {**body, "notes": "Paga", "tags": ["vip"]})
    again = post("/leads", {**body, "customer_name": "Otra"})

    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json == first.json
    lead = first.json["lead"]
    assert (lead["phone_number"], lead["customer_name"], lead["tags"]) == ("56900002001", "Ana", ["vip"])
    history = get("/leads/56900002001").json["history"]
    assert [event["kind"] for event in history] == ["tags", "notes", "status", "name", "created"]
    assert {event["by_name"] for event in history} == {"web shop"}


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({}, ["phone_number"]),
        ({"phone_number": "12"}, ["phone_number"]),
        ({"phone_number": "56900002001", "lead_status": "friend"}, ["lead_status"]),
        ({"phone_number": "56900002001", "tags": ["x" * 51]}, ["tags"]),
    ],
)
def test_a_lead_that_does_not_fit_is_not_made(post: Call, body: Any, wrong: list[str]) -> None:
    assert fields(post("/leads", body)) == wrong
    assert db.session.scalars(select(Lead)).all() == []


def test_several_are_changed_in_every_way_at_once(post: Call, dana: Conversation, bob: User) -> None:
    (other,) = make_leads(1, tags=["viejo"])
    change = {"lead_status": "customer", "add_tags": ["vip"], "remove_tags": ["viejo"], "assignee_id": bob.id}

    answer = post("/leads/bulk", {"ids": [dana.lead_id, other.id], "change": change})

    assert answer.json == {"matched": 2, "changed": [dana.lead_id, other.id], "without_conversation": 1}
    assert [(lead.lead_status, lead.tags) for lead in (dana.lead, other)] == [("customer", ["vip"])] * 2
    assert dana.assignee_id == bob.id
    assert set(db.session.scalars(select(LeadEvent.by))) == {"api"}


def test_those_of_a_filter_are_changed_and_nobody_else(post: Call) -> None:
    tagged, other = make_leads(1, tags=["vip"]), Lead(phone_number="56900003000")
    db.session.add(other)
    db.session.commit()

    answer = post("/leads/bulk", {"filter": {"tag": "vip"}, "change": {"lead_status": "bad_lead"}})

    assert answer.json["changed"] == [tagged[0].id]
    assert (tagged[0].lead_status, other.lead_status) == ("bad_lead", "unknown")


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({"change": {"lead_status": "customer"}}, ["ids"]),
        ({"ids": [1], "filter": {"tag": "vip"}, "change": {"lead_status": "customer"}}, ["ids"]),
        ({"ids": [], "change": {"lead_status": "customer"}}, ["ids"]),
        ({"ids": list(range(1, MOST_AT_ONCE + 2)), "change": {"lead_status": "customer"}}, ["ids"]),
        ({"ids": [99], "change": {"lead_status": "customer"}}, ["ids"]),
        ({"ids": [2**63], "change": {"lead_status": "customer"}}, ["ids"]),
        ({"filter": {}, "change": {"lead_status": "customer"}}, ["filter"]),
        ({"filter": {"q": " "}, "change": {"lead_status": "customer"}}, ["filter"]),
        ({"filter": {"status": "gold"}, "change": {"lead_status": "customer"}}, ["filter"]),
        ({"filter": {"last_from": "ayer"}, "change": {"lead_status": "customer"}}, ["filter"]),
        ({"ids": [1], "change": {}}, ["change"]),
        ({"ids": [1]}, ["change"]),
    ],
)
def test_a_change_of_many_that_does_not_fit_is_refused(post: Call, body: Any, wrong: list[str]) -> None:
    assert fields(post("/leads/bulk", body)) == wrong


def test_what_is_wrong_within_a_field_is_said_in_words(post: Call) -> None:
    answer = post("/leads/bulk", {"ids": [1, 0], "change": {"assignee_id": 0}})

    (of_ids,), (of_change,) = (answer.json["error"]["fields"][name] for name in ("ids", "change"))
    assert of_ids.startswith("1: Must be")
    assert of_change.startswith("assignee_id: Must be")


def test_more_than_the_limit_are_not_changed_by_a_filter(post: Call) -> None:
    make_leads(MOST_AT_ONCE + 1, tags=["vip"])

    answer = post("/leads/bulk", {"filter": {"tag": "vip"}, "change": {"lead_status": "customer"}})

    assert fields(answer) == ["filter"]
    assert str(MOST_AT_ONCE) in answer.json["error"]["fields"]["filter"][0]


def test_all_of_a_change_or_nothing(post: Call) -> None:
    (lead,) = make_leads(1)

    answer = post("/leads/bulk", {"ids": [lead.id], "change": {"lead_status": "customer", "assignee_id": 99}})

    assert fields(answer) == ["assignee_id"]
    db.session.expire_all()
    assert lead.lead_status == "unknown"


def test_a_filter_goes_out_as_a_safe_table(get: Call, dana: Conversation) -> None:
    make_leads(1, tags=["vip"], customer_name="=1+1")

    answer = get("/leads/export", tag="vip", bom="true")

    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert answer.mimetype == "text/csv" and "attachment" in answer.headers["Content-Disposition"]
    assert [(row["\ufeffphone_number"], row["customer_name"]) for row in rows] == [("56900002000", "'=1+1")]


@pytest.mark.parametrize(
    "query",
    [{"status": "gold"}, {"source": "x"}, {"owner": "bob"}, {"last_from": "2026-13-01"}, {"bom": "maybe"}],
)
def test_a_wrong_filter_lets_nothing_out(get: Call, query: dict[str, str]) -> None:
    assert fields(get("/leads/export", **query)) == list(query)


def test_only_admins_take_leads_out(client: FlaskClient, alice: User, bob: User) -> None:
    enter(client, bob)
    refused = client.get("/leads/export")
    enter(client, alice)

    assert codes(refused) == (403, "forbidden")
    assert client.get("/leads/export").status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/leads/imports"),
        ("PUT", "/leads/export"),
        ("PUT", "/leads/bulk"),
        ("GET", "/leads/bulk"),
        ("POST", "/leads/export"),
        ("PUT", "/leads/imports/1"),
        ("GET", "/leads/imports/1/start"),
    ],
)
def test_a_word_of_an_address_is_never_taken_for_a_number(
    client: FlaskClient, key: tuple[ApiKey, str], method: str, path: str
) -> None:
    answer = client.open(path, method=method, json={"customer_name": "X"}, headers=bearer(key[1]))

    assert codes(answer) == (405, "not_found")


@pytest.mark.parametrize("path", ["/leads/imports/status", "/leads/imports/x", "/leads/export/status"])
def test_no_lead_hides_behind_such_a_word(client: FlaskClient, key: tuple[ApiKey, str], path: str) -> None:
    answer = client.put(path, json={"lead_status": "customer"}, headers=bearer(key[1]))

    assert codes(answer) == (404, "not_found")
