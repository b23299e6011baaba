"""`/leads/imports`: a table comes in from a program, is followed, and is taken back."""

import io
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from kiaai.extensions import db
from kiaai.leads.imports import records
from kiaai.leads.imports.running import run
from kiaai.models import ApiKey, Conversation, Import, Lead, LeadEvent, User
from tests.api.conftest import Call, bearer, codes, fields
from tests.people import csrf_token, enter

TABLE = "Teléfono;Nombre;Ciudad\n9 0000 7001;Ana;Lota\n5.69E+10;Eva;Tomé\n+56900000001;;Chillán\n"
PATH = "/leads/imports"
CSV = {"Content-Type": "text/csv"}


@pytest.fixture
def send(client: FlaskClient, key: tuple[ApiKey, str]) -> Call:
    """Send a table: `send(TABLE, country="CL")`."""

    def call(table: str | bytes = TABLE, headers: dict[str, str] | None = None, **options: Any) -> Any:
        data = table if isinstance(table, bytes) else table.encode()
        sent = {**bearer(key[1]), **CSV, **(headers or {})}
        return client.post(PATH, data=data, query_string=options, headers=sent)

    return call


def numbers() -> list[str | None]:
    return list(db.session.scalars(select(Lead.phone_number).order_by(Lead.id)))


def imports() -> int:
    return db.session.scalar(select(func.count()).select_from(Import)) or 0


def test_a_table_comes_in_and_is_taken_back(send: Call, get: Call, post: Call, dana: Conversation) -> None:
    answer = send(country="CL", tags="feria, norte", columns="phone_number,customer_name,notes")
    told = answer.json["import"]
    run(told["id"])
    done = get(told["links"]["self"]).json
    post(done["import"]["links"]["undo"], None)
    run(told["id"])

    assert (answer.status_code, told["state"], told["total"], told["done"]) == (202, "queued", 3, 0)
    assert (done["import"]["state"], done["import"]["done"]) == ("done", 3)
    assert done["import"]["counts"] == {"created": 1, "changed": 1, "unchanged": 0, "refused": 1}
    (line,) = done["refused"]
    assert (line["line"], line["cells"]) == (3, ["5.69E+10", "Eva", "Tomé"])
    assert line["reason"].startswith("The spreadsheet has shortened")
    assert get(told["links"]["self"]).json["import"]["state"] == "undone"
    assert numbers() == ["56900000001"] and db.session.scalars(select(Lead.tags)).all() == [[]]


def test_a_dry_run_only_tells_until_it_is_started(
    send: Call, get: Call, post: Call, dana: Conversation
) -> None:
    dry = send(country="CL", dry_run="true").json["import"]
    looked_at = get(dry["links"]["self"]).json
    before = numbers()

    started = [post(dry["links"]["start"], None) for _ in range(2)]
    run(dry["id"])

    assert (dry["state"], dry["columns"]) == ("preview", ["phone_number", "customer_name", "-"])
    assert dry["counts"] == {"created": 1, "changed": 0, "unchanged": 1, "refused": 1}
    assert looked_at["import"] == dry and [line["line"] for line in looked_at["refused"]] == [3]
    assert before == ["56900000001"]
    assert [(one.status_code, one.json["import"]["state"]) for one in started] == [(202, "queued")] * 2
    assert numbers() == ["56900000001", "56900007001"]


def test_a_form_brings_the_file_with_its_name_and_options(
    client: FlaskClient, key: tuple[ApiKey, str]
) -> None:
    data = {"file": (io.BytesIO(TABLE.encode()), "clientes.csv"), "country": "CL", "known": "skip"}

    answer = client.post(PATH, data=data, headers=bearer(key[1]))

    assert answer.json is not None
    told = answer.json["import"]
    assert (told["file_name"], told["country"], told["known"]) == ("clientes.csv", "CL", "leave")


def test_refused_lines_come_in_pages_in_both_states(send: Call, get: Call) -> None:
    table = "phone\n" + "".join(f"no {number}\n" for number in range(5))
    record = send(table, dry_run="true").json["import"]
    for _ in range(2):
        lines: list[int] = []
        before: str | None = ""
        while before is not None:
            page = get(record["links"]["self"], limit=2, before=before).json
            lines += [line["line"] for line in page["refused"]]
            before = page["next"]
        db.session.get_one(Import, record["id"]).state = "queued"
        db.session.commit()
        run(record["id"])

        assert lines == [2, 3, 4, 5, 6]


def test_the_list_has_pages_and_those_of_the_dashboard(send: Call, get: Call, alice: User) -> None:
    ids = [records.keep_table(TABLE.encode(), f"{number}.csv", alice.id).id for number in range(2)]
    ids.append(send(country="CL").json["import"]["id"])

    first = get(PATH, limit=2).json
    second = get(PATH, limit=2, before=first["next"]).json

    assert [row["id"] for page in (first, second) for row in page["imports"]] == ids[::-1]
    assert second["next"] is None
    assert [row["counts"] is None for row in first["imports"]] == [False, True]


def test_the_same_key_is_one_import_and_another_file_is_refused(send: Call) -> None:
    key = {"Idempotency-Key": "night-1"}

    first, again = (send(headers=key, country="CL") for _ in range(2))
    other = send(headers=key, country="MX")

    assert (first.status_code, again.status_code, imports()) == (202, 202, 1)
    assert again.json["import"]["id"] == first.json["import"]["id"]
    assert codes(other) == (422, "idempotency_key_reused")


def test_the_history_says_that_an_import_did_it(send: Call) -> None:
    run(send(country="CL").json["import"]["id"])

    made = db.session.scalars(select(LeadEvent).where(LeadEvent.kind == "created")).all()
    assert [(event.by, event.user_id) for event in made] == [("import", None)] * 2


@pytest.mark.parametrize(
    ("table", "options", "wrong"),
    [
        (TABLE, {"known": "all"}, ["known"]),
        (TABLE, {"country": "XX"}, ["country"]),
        (TABLE, {"dry_run": "perhaps"}, ["dry_run"]),
        (TABLE, {"tags": "x" * 51}, ["tags"]),
        (TABLE, {"tags": ",".join("abcdefghijk")}, ["tags"]),
        (TABLE, {"columns": "phone,name"}, ["columns"]),
        (TABLE, {"columns": "-,customer_name"}, ["file"]),
        (TABLE, {"columns": "phone_number,phone_number"}, ["file"]),
        ("", {}, ["file"]),
        ("phone\n", {}, ["file"]),
        ("PK\x03\x04", {}, ["file"]),
    ],
)
def test_what_does_not_fit_is_refused_and_leaves_nothing(
    send: Call, table: str, options: Any, wrong: list[str]
) -> None:
    assert fields(send(table, **options)) == wrong
    assert imports() == 0


def test_a_body_that_is_no_table_is_refused(post: Call) -> None:
    assert fields(post(PATH, {"leads": []})) == ["file"]


def test_too_large_a_file_is_413_whichever_way_it_comes(
    client: FlaskClient, key: tuple[ApiKey, str], send: Call
) -> None:
    content = b"phone\n" + b"5690000" * 3_100_000
    form = {"file": (io.BytesIO(content), "clientes.csv")}

    plain, in_form = send(content), client.post(PATH, data=form, headers=bearer(key[1]))

    assert codes(plain) == codes(in_form) == (413, "too_large")
    assert "20 MB" in plain.json["error"]["message"]


def test_a_file_may_be_larger_than_other_bodies(send: Call) -> None:
    lines = [f"5690000{1000 + number},{'x' * 9000}" for number in range(600)]

    answer = send("phone,notes\n" + "\n".join(lines), dry_run="true")

    assert (answer.status_code, answer.json["import"]["counts"]["created"]) == (202, 600)


def test_what_cannot_be_done_in_this_state_is_refused(send: Call, post: Call) -> None:
    running, dry = send(country="CL").json["import"], send(dry_run="true").json["import"]

    assert fields(post(f"{PATH}/{dry['id']}/undo", None)) == ["state"]
    assert fields(post(f"{PATH}/{running['id']}/undo", None)) == ["state"]
    db.session.get_one(Import, running["id"]).state = "undone"
    db.session.commit()
    assert fields(post(f"{PATH}/{running['id']}/start", None)) == ["state"]


def test_a_preview_is_deleted_and_an_import_is_not(
    client: FlaskClient, key: tuple[ApiKey, str], send: Call
) -> None:
    dry, real = send(dry_run="true").json["import"], send(country="CL").json["import"]

    gone, stays = (client.delete(f"{PATH}/{one['id']}", headers=bearer(key[1])) for one in (dry, real))

    assert (gone.status_code, fields(stays), imports()) == (204, ["state"], 1)


def test_a_talk_that_waits_for_its_choice_is_listed_and_not_started(
    app: Flask, get: Call, post: Call, alice: User
) -> None:
    from kiaai.leads.imports import chat_records

    talk = "12/11/26, 10:00 - Ana: Hola\n12/11/26, 10:01 - Kia: Buenos días\n"
    record = chat_records.keep(talk.encode(), "WhatsApp.txt", alice.id, "Kia", "America/Santiago")
    db.session.commit()

    shown = get(f"{PATH}/{record.id}").json["import"]

    assert (shown["kind"], shown["state"], shown["counts"]) == ("chat", "preview", None)
    assert fields(post(f"{PATH}/{record.id}/start", None)) == ["file"]


def test_only_admins_may_and_their_page_sends_its_token(
    app: Flask, client: FlaskClient, alice: User, bob: User
) -> None:
    enter(client, bob)
    refused = [client.get(PATH), client.post(PATH, data=TABLE, headers=CSV)]
    enter(client, alice)
    app.config["WTF_CSRF_ENABLED"] = True
    try:
        without = client.post(PATH, data=TABLE, headers=CSV)
        token = {"X-CSRFToken": csrf_token(client, "/people/import")}
        let_in = client.post(PATH, data=TABLE, query_string={"country": "CL"}, headers={**CSV, **token})
    finally:
        app.config["WTF_CSRF_ENABLED"] = False

    assert [codes(answer) for answer in refused] == [(403, "forbidden")] * 2
    assert codes(without) == (403, "csrf_failed")
    assert let_in.status_code == 202
    assert db.session.scalars(select(Import.user_id)).all() == [alice.id]
