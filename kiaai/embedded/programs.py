"""The commands that make up the product. The Procfile says the same for other process managers."""

import sys
from dataclasses import dataclass

from kiaai.config import Settings


@dataclass(frozen=True)
class Program:
    """A command, and how long it may take to end when asked to."""

    name: str
    command: tuple[str, ...]
    patience_seconds: float = 10


@dataclass(frozen=True)
class Plan:
    """What a supervisor runs: `migrate` first, then the stages in order, `welcome` once the web answers.

    Stages end in reverse; the programs of one stage end together.
    """

    migrate: Program
    stages: tuple[tuple[Program, ...], ...]
    welcome: Program | None


def plan_for(settings: Settings) -> Plan:
    """Return what these settings ask for."""
    # The sandbox ends last: what the worker has under way still gets its answer.
    sandbox = (Program("sandbox", _python("kiaai.sandbox"), 5),) if settings.is_sandbox else ()
    return Plan(
        migrate=Program("migrate", _flask("db", "upgrade")),
        stages=(sandbox, (_web(settings), _worker())),
        welcome=Program("", _flask("welcome")),
    )


def _web(settings: Settings) -> Program:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    options = ["--bind", f"{host}:{settings.port}", "--worker-class", "gthread", "--workers", "1"]
    options += ["--threads", "16", "--keep-alive", "75", "--graceful-timeout", "10"]
    # Its control socket would lie in the home folder, shared by all copies of all programs.
    options += ["--no-control-socket", "--log-level", "warning"]
    return Program("web", _python("gunicorn", "wsgi:app", *options), 15)


def _worker() -> Program:
    options = ["--pool", "threads", "--concurrency", "2", "--without-mingle", "--without-gossip"]
    command = _python(
        "celery", "--quiet", "--app", "kiaai.worker.app", "worker", *options, "--loglevel", "WARNING"
    )
    return Program("worker", command, 30)


def _flask(*arguments: str) -> tuple[str, ...]:
    return _python("flask", "--app", "wsgi", *arguments)


def _python(module: str, *arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-m", module, *arguments)
