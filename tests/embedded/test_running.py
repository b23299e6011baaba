"""A command beside a running product finds its port by itself."""

import os
from pathlib import Path

import pytest

from kiaai.config import Settings
from kiaai.embedded.locks import try_lock
from kiaai.embedded.running import SUPERVISOR_LOCK, keep_port
from kiaai.errors import SettingsError


def read(folder: Path, **values: str) -> Settings:
    return Settings.from_environment(
        {"KIAAI_ENV_FILE": os.devnull, "INSTANCE_PATH": str(folder), "SECRET_KEY": "k" * 32, **values}
    )


def test_a_command_uses_the_port_of_the_running_supervisor(tmp_path: Path) -> None:
    lock = try_lock(tmp_path / SUPERVISOR_LOCK)
    assert lock is not None
    keep_port(tmp_path, 9123)

    found, asked = read(tmp_path).port, read(tmp_path, PORT="9001").port

    os.close(lock)
    assert (found, asked) == (9123, 9001)


def test_the_port_of_a_supervisor_that_is_gone_is_forgotten(tmp_path: Path) -> None:
    keep_port(tmp_path, 9123)

    assert read(tmp_path).port == 8000


def test_a_file_of_settings_that_is_not_there_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="KIAAI_ENV_FILE"):
        read(tmp_path, KIAAI_ENV_FILE=str(tmp_path / "none"))
