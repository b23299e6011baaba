"""Settings: read once, checked, explained when wrong, and all of them in `.env.example`."""

import os
import re
import stat
from pathlib import Path

import pytest
from dotenv import dotenv_values

from kiaai.config import ROOT, Settings
from kiaai.errors import SettingsError

# Not for people who run the product: where the file itself lies, and faults for tests.
INTERNAL = {"KIAAI_ENV_FILE", "KIAAI_FAULTS"}
REAL = {"WHATSAPP_API_TOKEN": "t", "WHATSAPP_APP_SECRET": "s", "WHATSAPP_PHONE_NUMBER_ID": "2000"}


def read(tmp_path: Path, **values: str) -> Settings:
    return Settings.from_environment(
        {"KIAAI_ENV_FILE": os.devnull, "INSTANCE_PATH": str(tmp_path), "SECRET_KEY": "k", **values}
    )


def known_names() -> set[str]:
    """Return the variables that `config.py` asks for."""
    source = (ROOT / "kiaai" / "config.py").read_text()
    return set(re.findall(r'read\.\w+\(\s*"([A-Z_]+)"', source)) | INTERNAL


def test_the_example_names_every_setting_and_no_other() -> None:
    assert set(dotenv_values(ROOT / ".env.example")) == known_names() - INTERNAL


def test_every_setting_of_the_example_is_explained_or_in_an_explained_group() -> None:
    groups = (ROOT / ".env.example").read_text().split("\n\n")
    assigning = [group for group in groups if re.search(r"^[A-Z_]+=", group, re.MULTILINE)]

    plain = {"WHATSAPP_API_VERSION=v25.0", "BOT_ENABLED=true"}
    unexplained = [group for group in assigning if not group.startswith("#") and group not in plain]
    assert unexplained == ["BUSINESS_NAME=Kia-Ai\nBUSINESS_TIMEZONE=America/Santiago"]


def test_the_example_changes_nothing(tmp_path: Path) -> None:
    example = {name: value or "" for name, value in dotenv_values(ROOT / ".env.example").items()}
    kept = {"INSTANCE_PATH": str(tmp_path), "SECRET_KEY": "k"}

    from_example = Settings.from_environment({"KIAAI_ENV_FILE": os.devnull, **example, **kept})

    assert from_example == read(tmp_path)


@pytest.mark.parametrize(
    ("name", "value", "accepts"),
    [
        ("DATABASE_URL", "mysql://x", "PostgreSQL address"),
        ("BROKER_URL", "http://x", "amqp://"),
        ("REDIS_URL", "amqp://x", "redis://"),
        ("PORT", "0", "1 to 65534"),
        ("PORT", "http", "1 to 65534"),
        ("PORT", "65535", "1 to 65534"),
        ("PUBLIC_URL", "inbox.example.com", "https://inbox.example.com"),
        ("TRUSTED_PROXIES", "-1", "0 to 10"),
        ("WHATSAPP_PHONE_NUMBER_ID", "+56", "digits only"),
        ("WHATSAPP_BUSINESS_ACCOUNT_ID", "x", "digits only"),
        ("WHATSAPP_API_VERSION", "25", "v25.0"),
        ("WHATSAPP_API_BASE", "http://graph.example.com", "https://"),
        ("LLM_BASE_URL", "http://llm.example.com", "https://"),
        ("BUSINESS_TIMEZONE", "Mars/Olympus", "America/Santiago"),
        ("BUSINESS_TIMEZONE", "../etc/passwd", "America/Santiago"),
        ("BOT_ENABLED", "maybe", "true or false"),
        ("BOT_WAIT_SECONDS", "nan", "0 to 60"),
        ("BOT_WAIT_SECONDS", "61", "0 to 60"),
        ("SEND_RATE_PER_SECOND", "0", "0.1 to 1000"),
        ("SEND_RATE_PER_SECOND", "inf", "0.1 to 1000"),
        ("API_RATE_LIMIT", "many", "6000 per minute"),
        ("LOG_LEVEL", "LOUD", "DEBUG, INFO, WARNING or ERROR"),
    ],
)
def test_a_wrong_value_names_the_variable_and_what_it_accepts(
    tmp_path: Path, name: str, value: str, accepts: str
) -> None:
    with pytest.raises(SettingsError) as error:
        read(tmp_path, **{name: value})

    assert name in str(error.value) and accepts in str(error.value)


@pytest.mark.parametrize("missing", ["WHATSAPP_APP_SECRET", "WHATSAPP_PHONE_NUMBER_ID"])
def test_a_token_alone_does_not_start(tmp_path: Path, missing: str) -> None:
    with pytest.raises(SettingsError, match=missing):
        read(tmp_path, **{name: value for name, value in REAL.items() if name != missing})


def test_a_shared_database_needs_a_shared_secret(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="SECRET_KEY"):
        read(tmp_path, SECRET_KEY="", DATABASE_URL="postgresql://localhost/x")


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg2"])
def test_every_spelling_of_a_database_address_is_read(tmp_path: Path, scheme: str) -> None:
    settings = read(tmp_path, DATABASE_URL=f"{scheme}://u:p@host:5432/name")

    assert settings.database_url == "postgresql+psycopg2://u:p@host:5432/name"


def test_without_a_token_it_is_the_sandbox_with_secrets_of_its_own(tmp_path: Path) -> None:
    first, second = read(tmp_path), read(tmp_path)

    assert first.is_sandbox and first.whatsapp_api_base == "http://127.0.0.1:8001"
    assert first == second
    assert read(tmp_path, SECRET_KEY="another").whatsapp_app_secrets != first.whatsapp_app_secrets


def test_with_a_token_it_is_meta(tmp_path: Path) -> None:
    settings = read(tmp_path, **REAL, WHATSAPP_API_VERSION="v26.0")

    assert not settings.is_sandbox
    assert settings.whatsapp_api_base == "https://graph.facebook.com"


def test_several_app_secrets_are_for_rotation(tmp_path: Path) -> None:
    assert read(tmp_path, WHATSAPP_APP_SECRET="new, old,").whatsapp_app_secrets == ("new", "old")


def test_the_secret_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    first = read(tmp_path / "instance", SECRET_KEY="")
    second = read(tmp_path / "instance", SECRET_KEY="")

    path = tmp_path / "instance" / "secret_key"
    assert first.secret_key == second.secret_key == path.read_text()
    assert len(first.secret_key) == 64
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [kept.name for kept in path.parent.iterdir()] == ["secret_key"]


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "env"
    file.write_text("PORT=9000\nBUSINESS_NAME=From the file\n")

    settings = read(tmp_path, KIAAI_ENV_FILE=str(file), PORT="9001")

    assert (settings.port, settings.business_name) == (9001, "From the file")


def test_secrets_are_not_shown(tmp_path: Path) -> None:
    shown = repr(read(tmp_path, **{**REAL, "SECRET_KEY": "hidden-one", "WHATSAPP_API_TOKEN": "hidden-two"}))

    assert "hidden" not in shown


@pytest.mark.parametrize("name", ["DATABASE_URL", "BROKER_URL", "REDIS_URL"])
def test_a_wrong_address_is_named_without_its_password(tmp_path: Path, name: str) -> None:
    with pytest.raises(SettingsError) as refusal:
        read(tmp_path, **{name: "wrong://kia:hunter2@host/x"})

    assert name in str(refusal.value)
    assert "hunter2" not in str(refusal.value)


@pytest.mark.parametrize("limit", ["0 per minute", "² per minute", "10 per fortnight"])
def test_a_limit_that_makes_no_sense_is_refused(tmp_path: Path, limit: str) -> None:
    with pytest.raises(SettingsError, match="API_RATE_LIMIT"):
        read(tmp_path, API_RATE_LIMIT=limit)


def test_the_first_admins_address_must_be_one(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="ADMIN_EMAIL"):
        read(tmp_path, ADMIN_EMAIL="nobody")
