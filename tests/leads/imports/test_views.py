"""Admins hand files in, see what they would do, start them, and take them back."""

import io
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text, update

from kiaai.extensions import db
from kiaai.leads.imports import records
from kiaai.leads.imports.running import run
from kiaai.models import Conversation, Import, Lead, User
from tests.people import enter

TABLE = "Teléfono;Nombre;Ciudad\n9 0000 7001;Ana;Lota\n5.69E+10;=Eva;Tomé\n+56900000001;;Chillán\n"


@pytest.fixture
def admin(client: FlaskClient, alice: User) -> FlaskClient:
    enter(client, alice)
    return client


def hand_in(
    client: FlaskClient, content: str | bytes = TABLE, name: str = "clientes.csv", to: str = ""
) -> Any:
    raw = content if isinstance(content, bytes) else content.encode()
    return client.post(f"/people/import{to}", data={"file": (io.BytesIO(raw), name)})


def page_of(client: FlaskClient, answer: Any) -> str:
    assert answer.status_code == 303, answer.text
    return client.get(answer.location).text


def test_a_file_is_looked_at_before_anything_happens(admin: FlaskClient, dana: Conversation) -> None:
    answer = hand_in(admin)
    admin.post(f"{answer.location}/preview", data={"country": "CL", "how": "overwrite", "tags": "feria"})
    page = page_of(admin, answer)

    assert "+56 900007001" in page
    assert "shortened this number" in page
    assert "Import 2 lines" in page  # the shortened one stays out
    assert db.session.scalars(select(Lead.phone_number)).all() == ["56900000001"]


def test_numbers_without_their_country_are_of_where_the_business_is(admin: FlaskClient) -> None:
    page = page_of(admin, hand_in(admin, "Teléfono;Nombre\n900007005;Ana\n56900007006;Eva\n"))

    assert "+56 900007005" in page
    assert "+56 900007006" in page
    assert '<option value="CL" selected>' in page


def test_what_was_chosen_is_what_is_done(admin: FlaskClient, dana: Conversation) -> None:
    where = hand_in(admin).location
    chosen = {"column-0": "phone_number", "column-1": "customer_name", "column-2": "notes", "country": "CL"}
    admin.post(f"{where}/start", data={**chosen, "how": "fill", "tags": "feria"})

    run(int(where.rpartition("/")[2]))

    page = admin.get(where).text
    leads = db.session.execute(select(Lead.phone_number, Lead.notes, Lead.tags).order_by(Lead.id)).all()
    assert [tuple(lead) for lead in leads] == [
        ("56900000001", "Chillán", ["feria"]),
        ("56900007001", "Lota", ["feria"]),
    ]
    assert "1 line is refused" in page


@pytest.mark.committed
def test_who_starts_it_a_moment_later_changes_nothing_that_was_chosen(admin: FlaskClient, app: Flask) -> None:
    where = hand_in(admin).location
    waiting = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")

    with db.engine.connect() as first, ThreadPoolExecutor(1) as later, db.engine.connect() as looking:
        first.execute(update(Import).values(state="queued"))
        answer = later.submit(lambda: admin.post(f"{where}/start", data={"how": "overwrite", "tags": "b"}))
        while not looking.execute(waiting).scalar():
            looking.rollback()
        first.commit()

    assert answer.result().status_code == 303
    assert db.session.scalars(select(Import)).one().options["how"] == "fill"


@pytest.mark.parametrize("state", ["preview", "done"])
def test_refused_lines_go_out_as_a_safe_table(admin: FlaskClient, state: str) -> None:
    where = hand_in(admin).location
    if state == "done":
        admin.post(f"{where}/start", data={"country": "CL"})
        run(int(where.rpartition("/")[2]))
    else:
        admin.post(f"{where}/preview", data={"country": "CL"})

    table = admin.get(f"{where}/refused.csv")

    assert table.text.startswith('\ufeffLine,Reason\r\n3,"The spreadsheet has shortened')
    assert ",5.69E+10,'=Eva,Tomé" in table.text


def test_progress_asks_again_until_it_is_done(admin: FlaskClient) -> None:
    where = hand_in(admin).location
    admin.post(f"{where}/start", data={"country": "CL"})
    before = admin.get(f"{where}/progress").text
    run(int(where.rpartition("/")[2]))
    after = admin.get(f"{where}/progress").text

    assert 'hx-trigger="every 1s"' in before
    assert "hx-trigger" not in after
    assert "Undo the whole import" in after


def test_an_import_is_taken_back_once(admin: FlaskClient) -> None:
    where = hand_in(admin).location
    number = int(where.rpartition("/")[2])
    admin.post(f"{where}/start", data={"country": "CL"})
    run(number)

    for _ in range(2):
        admin.post(f"{where}/undo")
        run(number)

    assert "This import was undone" in admin.get(where).text
    assert db.session.scalars(select(Lead)).all() == []


@pytest.mark.parametrize(
    ("content", "name", "reason"),
    [
        (b"", "x.csv", "The file is empty."),
        (b"PK\x03\x04" + b"x" * 50, "x.xlsx", "This is no CSV file."),
        (b"phone\n", "x.csv", "no lines below its header"),
        (b"phone\n" + b"1\n" * 100_001, "x.csv", "At most 100,000 lines"),
        (b"x" * (records.LARGEST_BYTES + 10), "x.csv", "larger than 20 MB"),
        (b"x" * (records.LARGEST_BYTES + 300_000), "x.csv", "larger than 20 MB"),
    ],
    ids=["empty", "a workbook", "only a header", "too many lines", "too large", "far too large"],
)
def test_a_file_that_cannot_be_read_says_why(
    admin: FlaskClient, content: bytes, name: str, reason: str
) -> None:
    answer = hand_in(admin, content, name)

    assert answer.status_code in (413, 422)
    assert reason in answer.text
    assert db.session.scalars(select(Import)).all() == []


def test_without_a_column_of_numbers_nothing_starts(admin: FlaskClient) -> None:
    where = hand_in(admin, "Nombre,Ciudad\nAna,Lota\n").location

    answer = admin.post(f"{where}/start", data={})

    assert answer.status_code == 422
    assert "which column holds the phone numbers" in answer.text
    assert db.session.scalars(select(Import.state)).all() == ["preview"]


def test_a_preview_can_be_thrown_away(admin: FlaskClient) -> None:
    where = hand_in(admin).location

    admin.post(f"{where}/deletion")

    assert db.session.scalars(select(Import)).all() == []


def test_any_filter_goes_out_as_a_table(admin: FlaskClient, dana: Conversation) -> None:
    db.session.add(
        Lead(phone_number="56900007009", customer_name="+Eva", lead_status="customer", tags=["a,b"])
    )
    db.session.commit()

    table = admin.get("/people/export?status=customer")

    lines = table.text.splitlines()
    assert lines[0].startswith("\ufeffphone_number,customer_name")
    assert lines[1].startswith("56900007009,'+Eva,customer,,")
    assert len(lines) == 2
    assert 'attachment; filename="people-' in table.headers["Content-Disposition"]


@pytest.mark.parametrize("path", ["/people/import", "/people/export"])
def test_members_neither_bring_in_nor_take_out(client: FlaskClient, app: Flask, bob: User, path: str) -> None:
    enter(client, bob)

    assert client.get(path).status_code == 403
    assert hand_in(client).status_code == 403
