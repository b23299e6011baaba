"""Commands without a supervisor: they start the database, and the last one to leave stops it."""

import os
import subprocess
import sys
from pathlib import Path

from kiaai.config import ROOT
from kiaai.embedded import broker_url, database_url, limits_url, postgres
from kiaai.embedded.locks import try_lock
from kiaai.embedded.running import SUPERVISOR_LOCK
from tests.conftest import make_settings

COMMAND = """
import sys
from pathlib import Path
from kiaai.embedded.commands import use_database
sys.stdout.write(use_database(Path(sys.argv[1])) + "\\n")
sys.stdout.flush()
sys.stdin.read()
"""


class Command:
    """A command that uses the database until told to end."""

    def __init__(self, instance: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", COMMAND, str(instance)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout
        self.url = self.process.stdout.readline().strip()

    def end(self) -> None:
        self.process.communicate(timeout=60)


def test_a_command_stops_the_database_that_it_started(instance: Path) -> None:
    command = Command(instance)
    assert command.url == postgres.running_url(instance)

    command.end()

    assert postgres.running_url(instance) is None


def test_the_first_command_leaves_it_to_the_second(instance: Path) -> None:
    first, second = Command(instance), Command(instance)

    first.end()
    assert postgres.running_url(instance) == second.url
    second.end()

    assert postgres.running_url(instance) is None


def test_a_command_leaves_it_to_a_supervisor(instance: Path) -> None:
    command = Command(instance)
    lock = try_lock(instance / SUPERVISOR_LOCK)
    assert lock is not None

    command.end()

    assert postgres.running_url(instance) is not None
    os.close(lock)


def test_a_setting_is_taken_as_it_is(instance: Path) -> None:
    settings = make_settings("postgresql://kia@db.example/kia", instance, BROKER_URL="amqp://queue.example")

    assert database_url(settings) == "postgresql+psycopg2://kia@db.example/kia"
    assert broker_url(settings) == "amqp://queue.example"
    assert limits_url(settings) == settings.redis_url
