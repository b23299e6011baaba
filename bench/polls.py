"""Polls of open dashboards while nothing happens: most of what the server ever does."""

from collections.abc import Iterable, Iterator

import psutil

from bench.figures import Figure, at_least, at_most
from bench.ingest import ROUND_SECONDS, ROUNDS, SELECT_1
from bench.load import Call, run, run_at
from bench.people import open_polls, signed_in
from bench.stage import Stage

PART = "Polls"
# Besides the list as it opens: the tabs in which people work.
TABS = ("mine", "unassigned", "waiting")
BROWSERS = 100
# Every browser polls the list every 5 s and its thread every 3 s.
POLLS_PER_SECOND = BROWSERS / 5 + BROWSERS / 3
SECONDS = 15.0


def with_nothing_new(stage: Stage, size: int | None) -> Iterator[Figure]:
    """Measure list and thread polls that are answered 304, in alternation with the yardstick."""
    with stage.web() as port:
        calls = _polls(stage, port, TABS)
        found: dict[str, list[float]] = {name: [] for name in calls}
        for _ in range(ROUNDS):
            query = run(port, [SELECT_1], ROUND_SECONDS).only(200)
            for name, call in calls.items():
                answered = run(port, [call], ROUND_SECONDS).only(304)
                found[name].append(answered.per_second / query.per_second)
    for name, shares in found.items():
        share = sorted(shares)[ROUNDS // 2]
        yield at_least(PART, f"{name}, nothing new: share of a SELECT 1 route", share, 0.6, size=size)


def of_a_hundred_browsers(stage: Stage, size: int | None) -> Iterator[Figure]:
    """Measure what a hundred open dashboards cost: web and PostgreSQL together."""
    with stage.web() as port:
        calls = _polls(stage, port)
        # Three polls of a list to five of a thread, evenly mixed.
        mixed = [calls["list" if n * 3 % 8 < 3 else "thread"] for n in range(int(POLLS_PER_SECOND * SECONDS))]
        processes = [*_family(port), *_servers_of(stage)]
        before = _cpu_seconds(processes)
        result = run_at(port, mixed, POLLS_PER_SECOND, SECONDS).only(304)
        used = (_cpu_seconds(processes) - before) / SECONDS
    yield at_most(PART, "100 browsers: share of one core", used, 0.25, size=size)
    yield Figure(PART, "100 browsers: p95 of a poll", result.quantile(0.95), "ms", size)


def _polls(stage: Stage, port: int, tabs: Iterable[str] = ()) -> dict[str, Call]:
    cookie = signed_in(stage, port)
    thread = int(stage.number("SELECT id FROM conversations ORDER BY last_message_at DESC, id DESC LIMIT 1"))
    return open_polls(port, thread, cookie, tabs)


def _family(port: int) -> list[psutil.Process]:
    """Return gunicorn and its worker, by the port they listen on."""
    for process in psutil.Process().children(recursive=True):
        if f"127.0.0.1:{port}" in process.cmdline():
            return [process, *process.children(recursive=True)]
    raise SystemExit("The web server is gone.")


def _servers_of(stage: Stage) -> list[psutil.Process]:
    pids = stage.rows("SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'kiaai%'")
    return [psutil.Process(int(str(pid))) for (pid,) in pids]


def _cpu_seconds(processes: list[psutil.Process]) -> float:
    times = [process.cpu_times() for process in processes]
    return sum(each.user + each.system for each in times)
