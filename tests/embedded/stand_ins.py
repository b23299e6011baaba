"""Runs the real supervisor with small programs in place of web, worker and sandbox.

`stand_ins.py [migrate=bad|slow] [worker=stubborn]` supervises; `stand_ins.py be <role>` is such a program.
"""

import json
import logging
import signal
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from kiaai.config import Settings  # noqa: E402 - the path must be set before
from kiaai.embedded.__main__ import main  # noqa: E402
from kiaai.embedded.programs import Plan, Program  # noqa: E402


def plan(wishes: dict[str, str]) -> Plan:
    def program(name: str, patience_seconds: float = 10) -> Program:
        role = wishes.get(name, name)
        return Program(name, (sys.executable, __file__, "be", role, name), patience_seconds)

    stages = ((program("sandbox"),), (program("web"), program("worker", 1)))
    return Plan(program("migrate"), stages, program("welcome"))


def be(role: str) -> None:
    """Play one program until SIGTERM."""
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set() if role != "stubborn" else None)
    settings = Settings.from_environment()
    if role == "bad":
        sys.exit("no such column")
    if role == "web":
        server = ThreadingHTTPServer((settings.host, settings.port), Answer)
        threading.Thread(target=server.serve_forever, daemon=True).start()
    say(f"{role} runs")
    if role == "worker":
        say(json.dumps({"database_url": settings.database_url}))
    if role not in ("migrate", "welcome"):
        ended.wait()
        say(f"{role} ends")


class Answer(BaseHTTPRequestHandler):
    """Answers 200 to everything."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def say(words: str) -> None:
    sys.stderr.write(words + "\n")
    sys.stderr.flush()


if __name__ == "__main__":
    if sys.argv[1:2] == ["be"]:
        logging.disable()
        be(sys.argv[2])
    else:
        wishes = dict(argument.split("=") for argument in sys.argv[1:])
        sys.exit(main(lambda settings: plan(wishes)))
