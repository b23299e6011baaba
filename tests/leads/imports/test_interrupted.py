"""`flask leads import` that is stopped half-way: whole batches are in, none is halved, and it says so."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import Connection, NullPool, create_engine, func, make_url, select, text

from kiaai.config import ROOT
from kiaai.extensions import db
from kiaai.leads.imports.saving import BATCH
from kiaai.models import Lead

pytestmark = [pytest.mark.faults, pytest.mark.committed, pytest.mark.enable_socket]

LINES = 2 * BATCH + 10
# In the second batch.
HELD = f"5690000{BATCH + 1500}"
PATIENCE = 30.0


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "clientes.csv"
    path.write_text("phone_number\n" + "".join(f"5690000{1000 + number}\n" for number in range(LINES)))
    return path


def _heed_ctrl_c() -> None:
    """Take back what a shell does to what it starts in the background."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@contextmanager
def importing(database_url: str, table: Path, **streams: int) -> Iterator["subprocess.Popen[str]"]:
    """Run the command as a shell does."""
    environment = {
        "PATH": os.environ["PATH"],
        "KIAAI_ENV_FILE": os.devnull,
        "DATABASE_URL": database_url,
        "BROKER_URL": "redis://127.0.0.1:1/0",
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "INSTANCE_PATH": str(table.parent / "instance"),
        "SECRET_KEY": "only-for-tests-0123456789abcdef",
        "WHATSAPP_PHONE_NUMBER_ID": "200000000000001",
    }
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "leads", "import", str(table)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **streams}
    process = subprocess.Popen(  # type: ignore[call-overload]  # which streams are pipes
        command, cwd=ROOT, env=environment, text=True, preexec_fn=_heed_ctrl_c, **pipes
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate(timeout=PATIENCE)


@contextmanager
def second_batch_held(database_url: str) -> Iterator[Connection]:
    """Claim a number of the second batch and keep it open, so that the command waits there."""
    url = make_url(database_url).set(drivername="postgresql+psycopg2")
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        claim = "INSERT INTO lead_identities (kind, value, lead_id) VALUES ('phone', :value, 999999)"
        connection.execute(text(claim), {"value": HELD})
        yield connection


def waiting_process(connection: Connection) -> int:
    """Return the process of the database that waits for us, as soon as there is one."""
    # Unlike `pg_stat_activity`, this is looked at anew within one transaction.
    blocked = text("SELECT pid FROM pg_locks WHERE pg_backend_pid() = ANY (pg_blocking_pids(pid))")
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        found = connection.execute(blocked).first()
        if found is not None:
            return int(found[0])
        time.sleep(0.02)
    raise AssertionError("the command never came to its second batch")


def leads() -> int:
    return db.session.scalars(select(func.count()).select_from(Lead)).one()


def test_ctrl_c_leaves_whole_batches_and_says_how_far_it_came(
    app: Flask, database_url: str, table: Path
) -> None:
    with second_batch_held(database_url) as held, importing(database_url, table) as command:
        waiting_process(held)
        command.send_signal(signal.SIGINT)
        held.rollback()
        stdout, stderr = command.communicate(timeout=PATIENCE)

    assert (command.returncode, stdout, leads()) == (1, "", BATCH)
    assert stderr.splitlines() == [
        "Stopped. The first 1,000 lines are done (1000 created, 0 updated, 0 unchanged, 0 refused)."
        " Run it again for the rest: what is in stays as it is."
    ]


def test_a_database_that_goes_away_leaves_whole_batches_and_is_said_so(
    app: Flask, database_url: str, table: Path
) -> None:
    with second_batch_held(database_url) as held, importing(database_url, table) as command:
        held.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": waiting_process(held)})
        stdout, stderr = command.communicate(timeout=PATIENCE)

    assert (command.returncode, stdout, leads()) == (1, "", BATCH)
    assert stderr.startswith("The database does not answer. The first 1,000 lines are done (")
    assert "Traceback" not in stderr


def test_a_database_that_is_not_there_is_said_in_a_line(table: Path) -> None:
    with importing("postgresql://nobody@127.0.0.1:1/none", table) as command:
        stdout, stderr = command.communicate(timeout=PATIENCE)

    assert (command.returncode, stdout) == (1, "")
    assert stderr.startswith("The database does not answer. No line is done.")


def test_nobody_who_reads_the_refusals_ends_it_after_a_whole_batch(
    app: Flask, database_url: str, table: Path
) -> None:
    table.write_text(table.read_text().replace("phone_number\n", "phone_number\nnobody\n"))
    read, write = os.pipe()
    os.close(read)
    with importing(database_url, table, stderr=write) as command:
        os.close(write)
        stdout, _ = command.communicate(timeout=PATIENCE)

    assert (command.returncode, leads()) == (1, BATCH - 1)
    assert stdout.startswith("Stopped: nobody reads the output any more. The first 1,000 lines are done (")


def test_the_rest_comes_in_when_it_is_run_again(app: Flask, database_url: str, table: Path) -> None:
    with second_batch_held(database_url) as held, importing(database_url, table) as command:
        waiting_process(held)
        command.send_signal(signal.SIGINT)
        held.rollback()
        command.communicate(timeout=PATIENCE)
    with importing(database_url, table) as command:
        stdout, _ = command.communicate(timeout=PATIENCE)

    assert stdout == f"{LINES - BATCH} created, 0 updated, {BATCH} unchanged, 0 refused\n"
    assert leads() == LINES
