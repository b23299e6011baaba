"""Leads come in from any table, once each, and go out without harm."""

import csv
import io
import threading
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import func, select

from kiaai.extensions import db
from kiaai.leads.imports.cells import Row, read_line
from kiaai.leads.imports.planning import Plan
from kiaai.leads.imports.saving import Origin, Outcome, save
from kiaai.leads.table import Line
from kiaai.models import Channel, Conversation, Lead, LeadEvent, LeadIdentity

HEADER = "phone_number,customer_name,lead_status,notes,tags\n"


def seed(app: Flask, folder: Path, content: str | bytes, name: str = "clientes.csv") -> Result:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return app.test_cli_runner().invoke(args=["leads", "seed", str(path)])


def lead_of(number: str) -> Lead:
    return db.session.scalars(select(Lead).where(Lead.phone_number == number)).one()


def test_it_makes_a_lead_of_each_line(app: Flask, tmp_path: Path) -> None:
    result = seed(
        app, tmp_path, HEADER + '+56 9 0000 7001,Ana Prueba,customer,Paga al día,"vip, mayorista"\n'
    )

    lead = lead_of("56900007001")
    assert (result.exit_code, result.stdout) == (0, "1 created, 0 updated, 0 unchanged, 0 refused\n")
    assert (lead.customer_name, lead.lead_status, lead.notes) == ("Ana Prueba", "customer", "Paga al día")
    assert lead.tags == ["vip", "mayorista"]


def test_a_second_run_changes_nothing(app: Flask, tmp_path: Path) -> None:
    content = HEADER + "56900007001,Ana,customer,Hola,vip\n56900007002,,,,\n"
    seed(app, tmp_path, content)
    events = db.session.scalar(select(func.count()).select_from(LeadEvent))

    result = seed(app, tmp_path, content)

    assert result.stdout == "0 created, 0 updated, 2 unchanged, 0 refused\n"
    assert db.session.scalar(select(func.count()).select_from(LeadEvent)) == events


def test_a_known_person_is_changed_and_the_history_says_so(
    app: Flask, dana: Conversation, tmp_path: Path
) -> None:
    version = dana.version

    result = seed(app, tmp_path, HEADER + "+56900000001,,potential_client,,\n")

    change = db.session.scalars(select(LeadEvent).where(LeadEvent.kind == "status")).one()
    db.session.refresh(dana)
    assert result.stdout == "0 created, 1 updated, 0 unchanged, 0 refused\n"
    assert (change.by, change.old, change.new) == ("import", "unknown", "potential_client")
    assert (dana.lead.customer_name, dana.version > version) == ("Dana Díaz", True)


def test_bad_lines_are_named_and_the_others_go_in(app: Flask, tmp_path: Path) -> None:
    lines = ["abc,Ana,,,", '56900007001,"dos\nlíneas",,,', "56900007002,Eva,gold,,", "1,2,3,4,5,6", ",,,,"]

    result = seed(app, tmp_path, HEADER + "\n".join(lines) + "\n")

    assert result.exit_code == 1
    assert result.stdout == "1 created, 0 updated, 0 unchanged, 3 refused\n"
    starts = [line.partition(":")[0] for line in result.stderr.splitlines()]
    assert starts == ["line 2", "line 5", "line 6"]
    assert "customer" in result.stderr


def test_the_later_line_about_one_person_wins(app: Flask, tmp_path: Path) -> None:
    result = seed(app, tmp_path, HEADER + "5215500007001,Ana,,,\n+52 55 0000 7001,Ana María,,,\n")

    assert result.stdout == "1 created, 1 updated, 0 unchanged, 0 refused\n"
    assert db.session.scalars(select(Lead.customer_name)).all() == ["Ana María"]


@pytest.mark.parametrize(
    ("content", "name"),
    [
        ("\ufeffTags;Customer Name;Phone_Number\nvip;Íñigo;56900007001\n".encode(), "Íñigo"),
        ("phone_number;customer_name\r\n56900007001;Íñigo\r\n".encode("cp1252"), "Íñigo"),
        ("phone_number\tcustomer_name\n56900007001,0\tÍñigo\n".encode("utf-16"), "Íñigo"),
        (b"phone_number,customer_name,colour\n56900007001.0,Ana\x00,red\n", "Ana\ufffd"),
    ],
    ids=["excel", "windows letters", "unicode text", "odd cells"],
)
def test_it_reads_what_spreadsheets_write(app: Flask, tmp_path: Path, content: bytes, name: str) -> None:
    result = seed(app, tmp_path, content)

    assert result.stdout == "1 created, 0 updated, 0 unchanged, 0 refused\n"
    assert lead_of("56900007001").customer_name == name


@pytest.mark.parametrize("content", ["", "56900007001,Ana\n", "phone_number,phone_number\n"])
def test_a_file_without_its_header_is_wrong_use(app: Flask, tmp_path: Path, content: str) -> None:
    assert seed(app, tmp_path, content).exit_code == 2


@pytest.mark.parametrize("args", [[], ["nowhere.csv"], ["--demo", "0"], ["--demo", "many"]])
def test_wrong_use_ends_with_two(app: Flask, args: list[str]) -> None:
    assert app.test_cli_runner().invoke(args=["leads", "seed", *args]).exit_code == 2


def test_a_new_lead_is_found_again_when_the_person_writes(app: Flask, tmp_path: Path) -> None:
    seed(app, tmp_path, HEADER + "5215500007001,Ana,,,\n")

    identity = db.session.scalars(select(LeadIdentity)).one()
    assert (identity.kind, identity.value) == ("phone", "525500007001")


def test_many_lines_go_in_by_batches(app: Flask, tmp_path: Path) -> None:
    lines = [f"5690000{number},Cliente {number},,,\n" for number in range(1000, 2050)]

    result = seed(app, tmp_path, HEADER + "".join(lines))

    assert result.stdout == "1050 created, 0 updated, 0 unchanged, 0 refused\n"


@pytest.mark.committed
def test_two_imports_at_once_make_each_lead_once(app: Flask, channel: Channel) -> None:
    lines = [Line(n, {"phone_number": f"5690000{n}", "customer_name": f"C{n}"}) for n in range(1000, 1150)]
    done: list[list[Outcome]] = [[], []]
    together = threading.Barrier(2)

    def load(mine: list[Outcome], lines: list[Line]) -> None:
        with app.app_context():
            rows = [row for row in map(read_line, lines) if isinstance(row, Row)]
            together.wait()
            mine += save(rows, Plan(), Origin("clientes.csv"))
            db.session.commit()

    threads = [
        threading.Thread(target=load, args=(mine, lines[::step]))
        for mine, step in zip(done, (1, -1), strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    outcomes = sorted(outcome.outcome for mine in done for outcome in mine)
    assert outcomes == ["created"] * len(lines) + ["unchanged"] * len(lines)
    assert db.session.scalar(select(func.count()).select_from(Lead)) == len(lines)


def test_what_goes_out_comes_in_again_unchanged(app: Flask, tmp_path: Path) -> None:
    name, notes = "=HYPERLINK(1)", '-2 días\n\'=x, "y"; ñ'
    db.session.add(
        Lead(phone_number="56900007001", customer_name=name, notes=notes, tags=["@vip", "dos palabras"])
    )
    db.session.commit()

    out = app.test_cli_runner().invoke(args=["leads", "export"])
    result = seed(app, tmp_path, out.stdout)

    row = next(csv.DictReader(io.StringIO(out.stdout)))
    assert (row["customer_name"], row["notes"][:2], row["tags"]) == ("'" + name, "'-", "'@vip, dos palabras")
    assert (out.exit_code, result.stdout) == (0, "0 created, 0 updated, 1 unchanged, 0 refused\n")
