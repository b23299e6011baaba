"""The rig: PostgreSQL, a broker, a Redis, web, workers and a Graph, each behind a proxy where it matters."""

import base64
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import psutil
import requests
from sqlalchemy import NullPool, create_engine, text
from sqlalchemy.engine import make_url

from kiaai.config import Settings
from kiaai.embedded import postgres
from kiaai.embedded.processes import wait_for_end
from kiaai.embedded.programs import plan_for
from kiaai.embedded.sockets import socket_folder
from kiaai.sandbox.server import SandboxServer
from kiaai.whatsapp.signature import sign
from tests.embedded.conftest import free_port
from tests.faults.brokers import Broker, Nobody, Valkey, make_broker
from tests.faults.processes import (
    LIMITS,
    PATIENCE_SECONDS,
    Part,
    answers,
    environment_for,
    run_flask,
    until,
)
from tests.faults.proxy import Proxy
from tests.signals import to_each

# "Progress" of the ledger: with the faults over, everything is final within a minute.
PROGRESS_SECONDS = 60.0

_UNSETTLED = text("""
    SELECT (SELECT count(*) FROM messages WHERE status IN ('queued', 'sending')) AS messages,
        (SELECT count(*) FROM conversations WHERE bot_due_at IS NOT NULL) AS turns,
        (SELECT count(*) FROM conversations WHERE talk_due_at IS NOT NULL) AS heads,
        (SELECT count(*) FROM attachments WHERE state = 'waiting') AS files,
        (SELECT count(*) FROM orphan_receipts WHERE next_try_at IS NOT NULL) AS receipts,
        (SELECT count(*) FROM webhook_events WHERE replay_at IS NOT NULL) AS bodies
""")


class Rig:
    """Everything that runs, and what was asked of it. Accepted requests are remembered for the ledger.

    broker_kind: what carries the doorbells; "none": there is no Redis either.
    """

    def __init__(self, broker_kind: str) -> None:
        self.broker_kind = broker_kind
        # Short and not below pytest's own folder, which PostgreSQL's user may not enter.
        self.folder = Path(tempfile.mkdtemp(prefix="kiaai-faults-"))
        self.folder.chmod(0o711)
        self.instance = self.folder / "instance"
        self.direct_url = postgres.start(self.instance)
        self.database = Proxy(str(Path(make_url(self.direct_url).query["host"]) / postgres.SOCKET))  # type: ignore[arg-type]  # one host
        self.broker = make_broker(broker_kind, self.folder)
        self.redis: Broker = Nobody() if broker_kind == "none" else Valkey(self.folder / "redis")
        self.faults_path = self.folder / "faults"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.settings = Settings.from_environment(self._environment("http://127.0.0.1:1"))
        self.whatsapp = SandboxServer(self.settings, f"{self.url}/webhook").__enter__()
        self.graph = Proxy(("127.0.0.1", int(self.whatsapp.url.rpartition(":")[2])))
        self.environment = self._environment(f"http://127.0.0.1:{self.graph.port}")
        self.engine = create_engine(self.direct_url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
        self.flask("db", "upgrade")
        self._key = self.flask("api-keys", "create", "faults").strip()
        self._parts: dict[str, Part] = {}
        self.answered: list[bytes] = []
        self.asked: dict[str, str] = {}
        # Customers whose statuses are not what WhatsApp tells by itself.
        self.untold: set[str] = set()
        self.expected_failures = 0
        self.recoveries: dict[str, float] = {}
        self._numbers = iter(range(1000, 9999))

    # --- Parts

    @property
    def web(self) -> Part:
        return self._part("web")

    @property
    def worker(self) -> Part:
        return self._part("worker")

    def parts(self) -> list[Part]:
        return list(self._parts.values())

    def another_worker(self, name: str) -> Part:
        return self._part(name, like="worker")

    def start(self) -> None:
        """Start what does not run, heal the proxies, and wait until web and worker are at work."""
        self.faults_path.unlink(missing_ok=True)
        self.whatsapp.faults.clear()
        for proxy in (self.database, self.broker.proxy, self.redis.proxy, self.graph):
            proxy.heal()
        self.run_postgres()
        self.redis.start()
        self.broker.start()
        for part in self._parts.values():
            if part.name not in ("web", "worker"):
                part.end()
        is_new, since = not self.worker.is_running, self.value("SELECT clock_timestamp()")
        self.web.start()
        self.worker.start()
        until(self.is_web_up, "the web")
        if is_new:
            sql = "SELECT 1 FROM processes WHERE started_at > :since"
            until(lambda: self.value(sql, since=since), "the worker's first sweep", 40)

    def run_postgres(self) -> None:
        postgres.start(self.instance)

    def kill_postgres(self) -> None:
        postmaster = psutil.Process(self._postgres_pid())
        postmaster.kill()
        assert not wait_for_end([postmaster], PATIENCE_SECONDS)

    def stop_postgres(self) -> None:
        postgres.stop(self.instance)

    @contextmanager
    def frozen_postgres(self) -> Iterator[None]:
        """SIGSTOP: it takes connections and answers nothing, like a machine that is suspended."""
        postmaster = psutil.Process(self._postgres_pid())
        frozen = [postmaster, *postmaster.children()]
        to_each(frozen, psutil.Process.suspend)
        try:
            yield
        finally:
            to_each(frozen, psutil.Process.resume)

    def _postgres_pid(self) -> int:
        return int((self.instance / "postgres" / "postmaster.pid").read_text().splitlines()[0])

    def break_at(self, plan: str) -> None:
        """Tell all running processes where to break: `before_post:raise`; empty: nowhere."""
        draft = self.faults_path.with_suffix(".draft")
        draft.write_text(plan)
        draft.rename(self.faults_path)

    def close(self) -> None:
        for part in self._parts.values():
            part.end()
        self.whatsapp.__exit__(None, None, None)
        for proxy in (self.database, self.graph):
            proxy.refuse()
        self.broker.close()
        self.redis.close()
        postgres.stop(self.instance)
        shutil.rmtree(socket_folder(self.instance / "postgres", postgres.SOCKET), ignore_errors=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    # --- What customers and people do

    def customers(self, count: int) -> list[str]:
        """Give numbers that nobody has used."""
        return [f"5690000{next(self._numbers)}" for _ in range(count)]

    def write(self, sender: str, words: str, **details: Any) -> str:
        """Write as a customer: the webhook is repeated until it is answered with 200."""
        return self.whatsapp.write(sender, words, **details)

    def known_customers(self, count: int) -> list[str]:
        """Give customers who have written and got the bot's answer, so that their window is open."""
        customers = self.customers(count)
        for customer in customers:
            self.write(customer, "Hola")
        until(lambda: all(self.received(customer) for customer in customers), "the bot's answers")
        self.wait_until_settled()
        return customers

    def send(self, to: str, words: str) -> str:
        """Queue a message through the API, asking again with the same key until it says 202."""
        key = str(uuid4())
        until(lambda: self._try_to_send(to, words, key), f"a 202 for {words}")
        self.asked[key] = words
        return key

    def send_many(self, conversations: Iterable[str], words: Iterable[str]) -> None:
        """Queue the same texts to each customer: in order for each, the customers at once."""
        words = list(words)

        def send_all(customer: str) -> None:
            for text_ in words:
                self.send(customer, text_)

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(send_all, conversations))

    def post(self, body: bytes) -> int | None:
        """Post a signed body; return the status, None without an answer. A 200 is remembered."""
        headers = {
            "X-Hub-Signature-256": sign(body, self.settings.whatsapp_app_secrets[0]),
            "Content-Type": "application/json",
        }
        try:
            status = requests.post(
                f"{self.url}/webhook", data=body, headers=headers, timeout=LIMITS
            ).status_code
        except requests.RequestException:
            return None
        if status == 200:
            self.answered.append(body)
        return status

    def received(self, customer: str) -> list[str]:
        """Return the texts that arrived on the customer's phone, in order."""
        return [sent["text"] for sent in self.whatsapp.sent if sent["to"] == customer]

    @property
    def number(self) -> str:
        """Return the id of our phone number."""
        return self.settings.whatsapp_phone_number_id

    # --- What is left

    def value(self, sql: str, **values: Any) -> Any:
        with self.engine.connect() as connection:
            result = connection.execute(text(sql), values)
            return result.scalar() if result.returns_rows else None

    def rows(self, sql: str, **values: Any) -> list[Any]:
        with self.engine.connect() as connection:
            return list(connection.execute(text(sql), values).all())

    def statuses(self, customer: str) -> list[str]:
        """Return the statuses of what was sent to the customer through the API, in order."""
        sql = (
            "SELECT m.status FROM messages m JOIN conversations c ON c.id = m.conversation_id"
            " JOIN leads l ON l.id = c.lead_id"
            " WHERE l.phone_number = :customer AND m.author = 'api' ORDER BY m.id"
        )
        return [row.status for row in self.rows(sql, customer=customer)]

    def unsettled(self) -> dict[str, int]:
        """Count what is not final yet."""
        with self.engine.connect() as connection:
            counts = dict(connection.execute(_UNSETTLED).mappings().one())
        counts["webhooks"] = self.whatsapp.app.extensions["sandbox"].hooks.waiting_count
        return {name: count for name, count in counts.items() if count}

    def wait_until_settled(self, seconds: float = PROGRESS_SECONDS) -> float:
        """Wait until everything is final; return the monotonic moment since when all of ours is."""
        started = ours_until = time.monotonic()
        while left := self.unsettled():
            assert time.monotonic() - started < seconds, f"after {seconds:g} s there are still {left}"
            if left.keys() != {"webhooks"}:
                ours_until = time.monotonic()
            time.sleep(0.05)
        return ours_until

    def recover(self, fault: str, seconds: float = PROGRESS_SECONDS) -> None:
        """Wait until everything is final after a fault, and note how long that took.

        Webhooks that WhatsApp tries again after a pause of its own are waited for, and not counted.
        """
        healed_at = time.monotonic()
        self._keep_longest(fault, self.wait_until_settled(seconds) - healed_at)

    def note(self, what: str, since: float) -> None:
        """Note how long something took, from a monotonic moment until now."""
        self._keep_longest(what, time.monotonic() - since)

    def _keep_longest(self, what: str, seconds: float) -> None:
        self.recoveries[what] = max(seconds, self.recoveries.get(what, 0.0))

    # --- Helpers

    def is_web_up(self) -> bool:
        return answers(f"{self.url}/healthz")

    def is_ready(self) -> bool:
        return answers(f"{self.url}/readyz")

    def has_no_plan(self) -> bool:
        """Tell whether Graph has given all the wrong answers it was told to give."""
        return not self.whatsapp.faults.planned_count

    def readiness(self) -> dict[str, Any]:
        state: dict[str, Any] = requests.get(f"{self.url}/readyz", timeout=LIMITS).json()
        return state

    def _try_to_send(self, to: str, words: str, key: str) -> bool:
        try:
            answer = requests.post(
                f"{self.url}/api/send-message",
                json={"to": to, "message": words},
                headers={"Authorization": f"Bearer {self._key}", "Idempotency-Key": key},
                timeout=LIMITS,
            )
        except requests.RequestException:
            return False
        assert answer.status_code == 202 or answer.status_code >= 500, answer.text
        return answer.status_code == 202

    def _part(self, name: str, like: str = "") -> Part:
        if name not in self._parts:
            programs = [program for stage in plan_for(self.settings).stages for program in stage]
            command = next(program.command for program in programs if program.name == (like or name))
            self._parts[name] = Part(name, command, self.environment, self.folder)
        return self._parts[name]

    def _environment(self, graph: str) -> dict[str, str]:
        return environment_for(
            KIAAI_FAULTS=f"@{self.faults_path}",
            DATABASE_URL=f"postgresql://postgres@127.0.0.1:{self.database.port}/postgres",
            BROKER_URL=self.broker.url,
            REDIS_URL=self.redis.url,
            INSTANCE_PATH=str(self.instance),
            PORT=str(self.port),
            SECRET_KEY="only-for-tests-0123456789abcdef",
            WHATSAPP_API_BASE=graph,
            BOT_WAIT_SECONDS="0.2",
            LOG_LEVEL="INFO",
        )

    def flask(self, *command: str, check: bool = True) -> str:
        """Run a `flask` command beside the running processes and return what it prints."""
        return run_flask(self.environment, *command, check=check)


def body_of(*items: dict[str, Any], number: str, key: str = "messages") -> bytes:
    """Make a webhook body of one change with these items."""
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"phone_number_id": number, "display_phone_number": "56221110000"},
        key: items,
    }
    change = {"field": "messages", "value": value}
    body = {"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [change]}]}
    return json.dumps(body).encode()


def pdf(size_bytes: int) -> dict[str, str]:
    """Make a file as the sandbox takes it."""
    content = b"%PDF-1.4\n" + os.urandom(size_bytes)
    return {
        "base64": base64.b64encode(content).decode(),
        "mime_type": "application/pdf",
        "name": "plano.pdf",
    }


def text_item(sender: str, wamid: str, words: str = "Hola", at: float | None = None) -> dict[str, Any]:
    """Make an incoming text as it stands in a webhook."""
    stamp = str(int(time.time() if at is None else at))
    return {"from": sender, "id": wamid, "timestamp": stamp, "type": "text", "text": {"body": words}}
