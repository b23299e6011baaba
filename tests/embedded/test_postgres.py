"""The embedded PostgreSQL: keeps its data through anything, and keeps it to itself."""

import os
import pwd
import stat
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from sqlalchemy import create_engine

from kiaai.config import ROOT
from kiaai.embedded import postgres
from kiaai.embedded.cluster import run_as
from kiaai.embedded.errors import EmbeddedError
from kiaai.embedded.processes import is_alive, wait_for_end
from kiaai.embedded.unprivileged import USER, owner_of_data
from tests.embedded.conftest import instance_at, kill_everything, postgres_pid, query

pytestmark = pytest.mark.faults
only_root = pytest.mark.skipif(os.geteuid() != 0, reason="concerns what root runs")


def test_it_survives_kill_9_and_starts_again_with_the_data(instance: Path) -> None:
    url = postgres.start(instance)
    query(url, "CREATE TABLE kept AS SELECT 7 AS value")

    kill_everything(postgres_pid(instance))

    assert postgres.running_url(instance) is None
    assert query(postgres.start(instance), "SELECT value FROM kept") == 7


def test_a_process_of_a_killed_server_does_not_keep_the_next_one_from_starting(instance: Path) -> None:
    postgres.start(instance)
    postmaster = psutil.Process(postgres_pid(instance))
    helper = postmaster.children()[0]
    helper.suspend()

    postmaster.kill()
    assert wait_for_end([postmaster], 10) == []

    assert query(postgres.start(instance), "SELECT 1") == 1
    assert not is_alive(helper)


def test_starting_it_twice_gives_the_same_server(instance: Path) -> None:
    first = postgres.start(instance)
    pid = postgres_pid(instance)

    assert postgres.start(instance) == first == postgres.running_url(instance)
    assert postgres_pid(instance) == pid


def test_stopping_ends_it_without_waiting_for_its_clients(instance: Path) -> None:
    url = postgres.start(instance)
    idle = create_engine(url).connect()

    postgres.stop(instance)

    assert postgres.running_url(instance) is None
    assert not (instance / "postgres" / "postmaster.pid").exists()
    idle.invalidate()


def test_two_copies_share_nothing(instance: Path, other_instance: Path) -> None:
    first, second = postgres.start(instance), postgres.start(other_instance)
    query(first, "CREATE TABLE mine (id int)")

    assert query(second, "SELECT to_regclass('mine')") is None
    postgres.stop(instance)
    assert query(second, "SELECT 1") == 1


def test_it_writes_durably(instance: Path) -> None:
    url = postgres.start(instance)

    assert query(url, "SELECT current_setting('fsync') || current_setting('synchronous_commit')") == "onon"


@pytest.mark.parametrize("name", ["with space, comma:colon", "ñandú", "long" * 40])
def test_any_folder_name_will_do(folder: Path, name: str) -> None:
    for path in instance_at(folder / name):
        assert query(postgres.start(path), "SELECT 1") == 1


def test_a_pid_that_now_belongs_to_another_program_means_nothing(instance: Path) -> None:
    postgres.start(instance)
    pid_file = instance / "postgres" / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    kill_everything(postgres_pid(instance))
    # Of the same user: PostgreSQL itself would take it for a server that still runs.
    innocent = subprocess.Popen(["/bin/sleep", "60"], **run_as(owner_of_data(instance / "postgres")))
    pid_file.write_text("\n".join([str(innocent.pid), *lines[1:]]) + "\n")

    assert postgres.running_url(instance) is None
    assert query(postgres.start(instance), "SELECT 1") == 1
    assert innocent.poll() is None
    innocent.kill()
    innocent.wait()


def test_a_first_start_that_was_killed_halfway_is_made_again(instance: Path) -> None:
    half = instance / "postgres.new"
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")

    assert query(postgres.start(instance), "SELECT 1") == 1
    assert not half.exists()


def test_it_refuses_the_data_of_another_version_and_says_so(instance: Path) -> None:
    (instance / "postgres").mkdir()
    (instance / "postgres" / "PG_VERSION").write_text("17\n")

    with pytest.raises(EmbeddedError, match=r"made by PostgreSQL 17, and this release brings 18"):
        postgres.start(instance)


def test_it_tells_why_it_does_not_start(instance: Path) -> None:
    postgres.start(instance)
    postgres.stop(instance)
    with (instance / "postgres" / "postgresql.conf").open("a") as file:
        file.write("no_such_setting = on\n")

    with pytest.raises(EmbeddedError, match="no_such_setting"):
        postgres.start(instance)


def test_only_its_owner_reaches_its_files_and_its_socket(instance: Path) -> None:
    postgres.start(instance)

    closed = [instance / "postgres", instance / "postgres" / postgres.SOCKET]
    assert [stat.S_IMODE(path.stat().st_mode) & 0o077 for path in closed] == [0, 0]
    assert stat.S_IMODE(instance.stat().st_mode) & 0o007 == 0


@only_root
def test_root_may_keep_it_below_a_closed_folder_that_stays_closed(instance: Path) -> None:
    closed = instance / "home" / "checkout"
    closed.mkdir(mode=0o700, parents=True)
    secret = closed / "secret_key"
    secret.write_text("secret")
    secret.chmod(0o600)

    assert query(postgres.start(closed), "SELECT 1") == 1

    user = pwd.getpwnam(USER)
    as_user = run_as((user.pw_uid, user.pw_gid))
    as_nobody = run_as((65534, 65534))
    assert subprocess.run(["/bin/ls", closed], capture_output=True, **as_user).returncode != 0
    assert subprocess.run(["/bin/cat", secret], capture_output=True, **as_user).returncode != 0
    assert subprocess.run(["/bin/ls", secret], capture_output=True, **as_nobody).returncode != 0
    postgres.stop(closed)


@only_root
def test_root_keeps_the_data_of_an_ordinary_user_theirs(instance: Path) -> None:
    data = instance / "postgres"
    postgres.start(instance)
    postgres.stop(instance)
    subprocess.run(["/bin/chown", "-R", "65534:65534", data], check=True)

    postgres.start(instance)

    assert psutil.Process(postgres_pid(instance)).uids().real == 65534


def test_it_waits_until_a_recovery_is_over(instance: Path) -> None:
    url = postgres.start(instance)
    query(url, "CREATE TABLE big AS SELECT generate_series(1, 300000) AS id")
    kill_everything(postgres_pid(instance))

    assert query(postgres.start(instance), "SELECT count(*) FROM big") == 300000


def test_commands_that_start_it_at_once_share_one(instance: Path) -> None:
    code = "import sys; from pathlib import Path; from kiaai.embedded import postgres\n"
    code += "sys.stdout.write(postgres.start(Path(sys.argv[1])))"
    commands = [
        subprocess.Popen([sys.executable, "-c", code, instance], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]

    answers = {command.communicate(timeout=60)[0] for command in commands}

    assert answers == {postgres.running_url(instance)}


@only_root
def test_a_chmod_of_the_folders_above_does_not_shut_it_out(instance: Path) -> None:
    postgres.start(instance)
    postgres.stop(instance)

    instance.chmod(0o700)

    assert query(postgres.start(instance), "SELECT 1") == 1
