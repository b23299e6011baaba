"""The supervisor keeps everything running, and leaves nothing behind."""

import os
import signal
import socket
from pathlib import Path

import psutil
import pytest

from kiaai.embedded import postgres, valkey
from kiaai.embedded.processes import is_alive, wait_for_end
from tests.embedded.conftest import Supervise, Watched, free_port, postgres_pid, query, valkey_pid, wait_for

pytestmark = pytest.mark.faults


def ready(watched: Watched) -> Watched:
    watched.wait_to_hear("welcome runs")
    watched.wait_to_hear("worker runs")
    watched.wait_to_hear("sandbox runs")
    return watched


def test_sigterm_leaves_no_process_and_ends_with_zero(supervise: Supervise) -> None:
    watched = ready(supervise())

    code = watched.stop()

    assert (code, watched.leftovers()) == (0, [])
    assert watched.said.index("worker ends") < watched.said.index("sandbox ends")


def test_ctrl_c_reaches_the_supervisor_alone_which_ends_all_in_order(supervise: Supervise) -> None:
    watched = ready(supervise())

    os.killpg(watched.process.pid, signal.SIGINT)

    assert (watched.wait_for_end(), watched.leftovers()) == (0, [])
    assert "worker ends" in watched.said


def test_it_starts_again_on_the_same_data(supervise: Supervise, instance: Path) -> None:
    first = ready(supervise())
    query(postgres.url(instance), "CREATE TABLE kept AS SELECT 7 AS value")
    first.stop()

    second = ready(supervise())

    assert query(postgres.url(instance), "SELECT value FROM kept") == 7
    second.stop()


def test_a_killed_process_runs_again(supervise: Supervise) -> None:
    watched = ready(supervise())

    watched.child("worker").kill()

    watched.wait_to_hear("worker was ended by signal 9")
    watched.wait_to_hear("worker runs", times=2)
    assert watched.stop() == 0


def test_a_killed_database_runs_again_with_its_data(supervise: Supervise, instance: Path) -> None:
    watched = ready(supervise())
    query(postgres.url(instance), "CREATE TABLE kept AS SELECT 7 AS value")

    psutil.Process(postgres_pid(instance)).kill()

    watched.wait_to_hear("postgres was ended by signal 9")
    wait_for(lambda: postgres.is_ready(instance), "PostgreSQL to come back")
    assert query(postgres.url(instance), "SELECT value FROM kept") == 7
    assert (watched.stop(), watched.leftovers()) == (0, [])


def test_a_killed_valkey_runs_again(supervise: Supervise, instance: Path) -> None:
    watched = ready(supervise())

    psutil.Process(valkey_pid(instance)).kill()

    watched.wait_to_hear("valkey was ended by signal 9")
    wait_for(lambda: valkey.is_ready(instance), "Valkey to come back")
    assert (watched.stop(), watched.leftovers()) == (0, [])


def test_nothing_is_left_whatever_was_killed_before(supervise: Supervise, instance: Path) -> None:
    watched = ready(supervise())
    for name in ("web", "worker", "sandbox"):
        watched.child(name).kill()
    for pid in (postgres_pid(instance), valkey_pid(instance)):
        psutil.Process(pid).kill()

    assert (watched.stop(), watched.leftovers()) == (0, [])


def test_the_others_end_with_a_killed_supervisor(supervise: Supervise) -> None:
    watched = ready(supervise())
    children = [watched.child(name) for name in ("web", "worker", "sandbox")]

    watched.process.kill()

    assert wait_for_end(children, 30) == []


def test_a_second_start_cleans_up_after_a_killed_one(supervise: Supervise, instance: Path) -> None:
    first = ready(supervise())
    query(postgres.url(instance), "CREATE TABLE kept AS SELECT 7 AS value")
    stopped = first.child("worker")
    stopped.suspend()
    valkey_before = valkey_pid(instance)
    first.process.kill()
    first.process.wait()

    second = ready(supervise(PORT=str(first.port)))

    assert not is_alive(stopped)
    assert valkey_pid(instance) != valkey_before
    assert query(postgres.url(instance), "SELECT value FROM kept") == 7
    assert (second.stop(), second.leftovers()) == (0, [])


def test_a_process_that_will_not_end_is_killed(supervise: Supervise) -> None:
    watched = supervise("worker=stubborn")
    watched.wait_to_hear("stubborn runs")

    code = watched.stop()

    assert (code, watched.leftovers()) == (0, [])
    assert "worker did not end in time and is killed" in watched.said


def test_it_gives_up_when_the_migration_fails(supervise: Supervise) -> None:
    watched = supervise("migrate=bad")

    assert watched.wait_for_end() == 1
    assert "no such column" in watched.said
    assert "could not be brought up to date" in watched.said
    assert watched.leftovers() == []


def test_a_stop_during_a_long_migration_leaves_nothing(supervise: Supervise) -> None:
    watched = supervise("migrate=slow")
    watched.wait_to_hear("slow runs")

    assert (watched.stop(), watched.leftovers()) == (0, [])
    assert "web runs" not in watched.said


def test_a_failing_welcome_stops_nothing(supervise: Supervise) -> None:
    watched = supervise("welcome=bad")
    watched.wait_to_hear("no such column")

    assert watched.child("web")
    assert watched.stop() == 0


def test_two_on_one_instance_is_refused(supervise: Supervise) -> None:
    first = ready(supervise())
    second = supervise()

    assert second.wait_for_end() == 1
    assert f"already runs on {first.instance} (process {first.process.pid})" in second.said
    assert first.child("web")
    assert first.stop() == 0


def test_two_copies_run_side_by_side(supervise: Supervise, instance: Path, other_instance: Path) -> None:
    first = ready(supervise())
    second = ready(supervise(on=other_instance))

    first.stop()

    assert second.child("web")
    assert query(postgres.url(other_instance), "SELECT 1") == 1
    assert (second.stop(), second.leftovers()) == (0, [])


@pytest.mark.parametrize("offset", [0, 1])
def test_a_port_in_use_is_said_at_once(supervise: Supervise, offset: int) -> None:
    port = free_port()
    with socket.create_server(("127.0.0.1", port + offset)):
        watched = supervise(PORT=str(port))

        assert watched.wait_for_end() == 1
        assert f"127.0.0.1:{port + offset}" in watched.said
        assert "is in use by another program" in watched.said


@pytest.mark.parametrize(
    ("name", "value"), [("PORT", "http"), ("DATABASE_URL", "mysql://db"), ("WHATSAPP_API_TOKEN", "a-token")]
)
def test_a_wrong_setting_is_refused_by_its_name(supervise: Supervise, name: str, value: str) -> None:
    watched = supervise(**{name: value})

    assert watched.wait_for_end() == 1
    assert name in watched.said
    assert "Traceback" not in watched.said


def test_an_instance_folder_that_cannot_be_made_is_named(supervise: Supervise, folder: Path) -> None:
    file = folder / "file"
    file.write_text("")

    watched = supervise(INSTANCE_PATH=str(file / "instance"))

    assert watched.wait_for_end() == 1
    assert "INSTANCE_PATH" in watched.said
    assert "Traceback" not in watched.said


def test_lines_carry_their_name_and_json_stays_whole(supervise: Supervise, instance: Path) -> None:
    watched = ready(supervise())
    watched.stop()

    lines = watched.said.splitlines()
    assert "worker   | worker runs" in lines
    assert f'{{"database_url": "{postgres.url(instance)}"}}' in lines
    assert not any("overcommit" in line for line in lines)


def test_settings_given_are_used_and_nothing_embedded_is_started(
    supervise: Supervise, other_instance: Path, instance: Path
) -> None:
    url = postgres.start(other_instance).replace("+psycopg2", "")
    watched = ready(
        supervise(
            DATABASE_URL=url,
            SECRET_KEY="only-for-tests-0123456789abcdef",
            BROKER_URL="amqp://127.0.0.1:1",
            REDIS_URL="redis://127.0.0.1:1",
        )
    )

    assert not (instance / "postgres").exists()
    assert not (instance / "valkey").exists()
    watched.stop()
    assert postgres.running_url(other_instance) is not None
