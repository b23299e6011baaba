"""`python -m bench.ingest`: durable webhook ingest against one query on the same server, in the same run."""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.load import Call, Result, run
from kiaai.config import ROOT
from kiaai.embedded import postgres
from kiaai.whatsapp.signature import sign

SECRET = "only-for-measuring"  # noqa: S105  # an invented app secret
PHONE_NUMBER_ID = "200000000000001"
CUSTOMERS = 500
BODIES = 60_000
ROUNDS = 3
SECONDS = 4.0


def main() -> None:
    """Measure in alternating rounds and print the figures and their ratio."""
    with tempfile.TemporaryDirectory(prefix="kiaai-bench-") as folder:
        instance = Path(folder) / "instance"
        environment = _environment(postgres.start(instance), instance)
        server = None
        try:
            _flask(environment, "db", "upgrade")
            port = _free_port()
            server = _serve(environment, port)
            _measure(port)
        finally:
            if server:
                server.terminate()
                server.wait(30)
            postgres.stop(instance)


def _measure(port: int) -> None:
    bodies = _bodies()
    run(port, bodies[:CUSTOMERS], 3, connections=8)
    shares, query, ingest = [], None, None
    for number in range(ROUNDS):
        query = run(port, [Call("GET", "/bench/select-1", {})], SECONDS)
        ingest = run(port, bodies[CUSTOMERS + number * 15_000 :], SECONDS)
        shares.append(ingest.per_second / query.per_second)
        _show("SELECT 1", query)
        _show("webhook", ingest)
    print(f"ratio {sorted(shares)[len(shares) // 2]:.2f} (bar: 0.60)")


def _show(name: str, result: Result) -> None:
    p50, p99 = result.quantile(0.5) * 1000, result.quantile(0.99) * 1000
    print(f"{name:<10}{result.per_second:8.0f}/s  p50 {p50:.1f} ms  p99 {p99:.1f} ms  failed {result.failed}")


def _bodies() -> list[Call]:
    """Return signed bodies of one text each, every one with a wamid of its own, from customers in turn."""
    calls = []
    for number in range(BODIES):
        sender = str(56_900_000_000 + number % CUSTOMERS)
        value = {
            "messaging_product": "whatsapp",
            "metadata": {"display_phone_number": "56221110000", "phone_number_id": PHONE_NUMBER_ID},
            "contacts": [{"profile": {"name": "Ana Prueba"}, "wa_id": sender}],
            "messages": [
                {
                    "from": sender,
                    "id": f"wamid.BENCH{number}",
                    "timestamp": str(int(time.time())),
                    "type": "text",
                    "text": {"body": f"Hola, ¿tienen hora mañana? {number}"},
                }
            ],
        }
        entry = {"id": "100000000000001", "changes": [{"field": "messages", "value": value}]}
        body = json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()
        headers = {"Content-Type": "application/json", "X-Hub-Signature-256": sign(body, SECRET)}
        calls.append(Call("POST", "/webhook", headers, body))
    return calls


def _environment(database_url: str, instance: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "KIAAI_ENV_FILE": os.devnull,
        "DATABASE_URL": database_url,
        "BROKER_URL": "redis://127.0.0.1:1/0",
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "INSTANCE_PATH": str(instance),
        "SECRET_KEY": "only-for-measuring",
        "WHATSAPP_APP_SECRET": SECRET,
        "WHATSAPP_PHONE_NUMBER_ID": PHONE_NUMBER_ID,
        "BOT_ENABLED": "false",
        "LOG_LEVEL": "ERROR",
    }


def _flask(environment: dict[str, str], *command: str) -> None:
    arguments = [sys.executable, "-m", "flask", "--app", "wsgi", *command]
    subprocess.run(arguments, cwd=ROOT, env=environment, check=True, timeout=120)


def _serve(environment: dict[str, str], port: int) -> "subprocess.Popen[bytes]":
    options = [
        "--bind",
        f"127.0.0.1:{port}",
        "--worker-class",
        "gthread",
        "--workers",
        "1",
        "--threads",
        "16",
    ]
    server = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "bench.app:app", *options, "--no-control-socket"],
        cwd=ROOT,
        env=environment,
        stderr=subprocess.DEVNULL,
    )
    until = time.monotonic() + 60
    while socket.socket().connect_ex(("127.0.0.1", port)) != 0:
        if time.monotonic() > until:
            raise SystemExit("The server did not start.")
        time.sleep(0.1)
    return server


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    main()
