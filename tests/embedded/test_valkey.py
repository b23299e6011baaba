"""The embedded Valkey: one per instance, in memory only."""

import os
import signal
from pathlib import Path

import psutil
import pytest
from kombu.connection import Connection
from limits.storage import storage_from_string

from kiaai.embedded import valkey
from tests.embedded.conftest import instance_at, valkey_pid, wait_for


def test_it_carries_a_doorbell(instance: Path) -> None:
    valkey.start(instance)

    with Connection(valkey.broker_url(instance)) as connection:
        queue = connection.SimpleQueue("doorbells")
        queue.put({"id": 7})
        assert queue.get(timeout=5).payload == {"id": 7}


def test_it_counts_for_the_rate_limits(instance: Path) -> None:
    valkey.start(instance)
    storage = storage_from_string(valkey.limits_url(instance))

    assert [storage.incr("someone", 60) for _ in range(2)] == [1, 2]


def test_one_left_over_is_stopped_first(instance: Path) -> None:
    left_over = valkey.start(instance)

    valkey.start(instance)

    assert left_over.poll() is not None
    assert valkey.is_ready(instance)


def test_it_starts_again_after_kill_9(instance: Path) -> None:
    process = valkey.start(instance)
    process.kill()
    process.wait()

    valkey.start(instance)

    assert valkey.is_ready(instance)


def test_it_ends_no_other_program_that_has_its_old_pid(instance: Path) -> None:
    innocent = psutil.Popen(["sleep", "60"])
    (instance / "valkey").mkdir(mode=0o700)
    (instance / "valkey" / "valkey.pid").write_text(f"{innocent.pid}\n")

    valkey.start(instance)

    assert innocent.poll() is None
    innocent.kill()
    innocent.wait()


def test_two_copies_share_nothing(instance: Path, other_instance: Path) -> None:
    valkey.start(instance)
    valkey.start(other_instance)
    storages = [storage_from_string(valkey.limits_url(path)) for path in (instance, other_instance)]

    assert [storage.incr("someone", 60) for storage in storages] == [1, 1]


@pytest.mark.parametrize("name", ['with space "and quote"', "ñandú", "long" * 40])
def test_any_folder_name_will_do(folder: Path, name: str) -> None:
    for path in instance_at(folder / name):
        valkey.start(path)
        assert valkey.is_ready(path)


def test_it_listens_on_no_port_and_lets_nobody_else_in(instance: Path) -> None:
    process = valkey.start(instance)

    assert psutil.Process(process.pid).net_connections(kind="inet") == []
    assert (instance / "valkey").stat().st_mode & 0o077 == 0


def test_stopping_it_twice_does_no_harm(instance: Path) -> None:
    valkey.start(instance)
    os.kill(valkey_pid(instance), signal.SIGTERM)
    wait_for(lambda: not valkey.is_ready(instance), "Valkey to end")

    valkey.stop(instance)
    valkey.stop(instance)
