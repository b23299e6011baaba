"""`flask leads import` and `export`: what a shell sees of them."""

from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import select

from kiaai.extensions import db
from kiaai.models import Channel, Conversation, Lead

TABLE = "Teléfono;Nombre\n9 0000 7001;Ana\n56900000001;Danae\n"


def leads(app: Flask, *args: str) -> Result:
    return app.test_cli_runner().invoke(args=["leads", *args])


def file_of(folder: Path, content: str = TABLE) -> str:
    path = folder / "clientes.csv"
    path.write_text(content)
    return str(path)


def test_a_dry_run_tells_what_would_be_done_and_does_nothing(
    app: Flask, dana: Conversation, tmp_path: Path
) -> None:
    options = ("--country", "cl", "--known", "overwrite")
    dry = leads(app, "import", file_of(tmp_path), *options, "--dry-run")
    before = db.session.scalars(select(Lead.customer_name)).all()

    real = leads(app, "import", file_of(tmp_path), *options, "--tag", "feria")

    assert (dry.exit_code, dry.stdout) == (0, "1 created, 1 updated, 0 unchanged, 0 refused\n")
    assert before == ["Dana Díaz"]
    assert (real.exit_code, real.stdout) == (0, dry.stdout)
    assert db.session.scalars(select(Lead.customer_name).order_by(Lead.id)).all() == ["Danae", "Ana"]


def test_refused_lines_end_with_one(app: Flask, tmp_path: Path) -> None:
    result = leads(app, "import", file_of(tmp_path, "phone\n5.69E+10\n56900007001\n"))

    assert result.exit_code == 1
    assert result.stderr.startswith("line 2: The spreadsheet has shortened")


@pytest.mark.parametrize(
    "options",
    [("--columns", "phone,name"), ("--columns", "-,customer_name"), ("--known", "all"), ("--country", "XX")],
)
def test_wrong_use_ends_with_two(app: Flask, tmp_path: Path, options: tuple[str, ...]) -> None:
    assert leads(app, "import", file_of(tmp_path), *options).exit_code == 2


@pytest.mark.parametrize("command", ["seed", "import", "export"])
def test_help_has_an_example(app: Flask, command: str) -> None:
    assert f"Example: flask leads {command}" in leads(app, command, "--help").stdout


def test_a_filter_goes_out_and_a_wrong_one_is_said_so(app: Flask, dana: Conversation) -> None:
    db.session.add(Lead(phone_number="56900007009", lead_status="customer", tags=["vip"]))
    db.session.commit()

    found = leads(app, "export", "--status", "customer", "--tag", "vip", "--bom")

    assert [line.split(",")[0] for line in found.stdout.splitlines()] == ["\ufeffphone_number", "56900007009"]
    assert leads(app, "export", "--last-from", "ayer").exit_code == 2


def test_a_dry_run_of_seed_counts_what_would_be_done_and_does_nothing(
    app: Flask, dana: Conversation, tmp_path: Path
) -> None:
    table = "phone_number,customer_name\n56900007001,Ana\n56900000001,Danae\nnobody,Eva\n"

    dry = leads(app, "seed", file_of(tmp_path, table), "--dry-run")
    names = db.session.scalars(select(Lead.customer_name)).all()
    real = leads(app, "seed", file_of(tmp_path, table))

    assert (dry.exit_code, dry.stdout) == (1, "1 created, 1 updated, 0 unchanged, 1 refused\n")
    assert dry.stderr.splitlines()[-1] == "This was a dry run: nothing was changed."
    assert dry.stderr.startswith("line 4: ")
    assert names == ["Dana Díaz"]
    assert (real.exit_code, real.stdout) == (1, dry.stdout)


def test_a_dry_run_of_the_demo_tells_how_many_are_there(app: Flask) -> None:
    db.session.add(Channel(phone_number_id="200000000000001", is_sandbox=True))
    before = leads(app, "seed", "--demo", "12", "--dry-run")
    made_by_it = db.session.scalars(select(Lead)).all()
    leads(app, "seed", "--demo", "5")

    after = leads(app, "seed", "--demo", "12", "--dry-run")

    assert (before.exit_code, before.stdout) == (0, "12 created, 0 there already\n")
    assert made_by_it == []
    assert after.stdout == "7 created, 5 there already\n"


def test_a_dry_run_of_an_export_counts(app: Flask, dana: Conversation) -> None:
    db.session.add(Lead(phone_number="56900007009", lead_status="customer"))
    db.session.commit()

    assert leads(app, "export", "--dry-run").stdout == "2 leads\n"
    assert leads(app, "export", "--status", "customer", "--dry-run").stdout == "1 lead\n"
    assert leads(app, "export", "--owner", "bob", "--dry-run").exit_code == 2
