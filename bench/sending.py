"""Draining a queue against a Graph that takes 200 ms for each message."""

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import psutil
import requests

from bench import rabbitmq
from bench.figures import Figure, at_least, at_most
from bench.stage import PHONE_NUMBER_ID, Stage, answers, free_port, until

PART = "Sending"
RATE = 80
GRAPH_SECONDS = 0.2
MESSAGES = 1600
CONVERSATIONS = 400
LIMITS = (3, 30)
# No second may hold more, whatever number of workers.
MOST_IN_A_SECOND = 84

_QUEUE = """
    WITH chosen AS (SELECT c.id FROM conversations c JOIN channels n ON n.id = c.channel_id
        WHERE n.phone_number_id = :number ORDER BY c.id LIMIT :conversations),
    opened AS (UPDATE conversations SET last_inbound_at = now(), talk_due_at = now(), version = version + 1
        WHERE id IN (SELECT id FROM chosen))
    INSERT INTO messages (conversation_id, direction, author, text, status, send_key, lane)
    SELECT chosen.id, 'outgoing', 'api', 'Hola ' || n, 'queued', gen_random_uuid(), 'talk'
    FROM generate_series(1, :each) n CROSS JOIN chosen ORDER BY n, chosen.id
"""


def at_the_limit(stage: Stage, _size: int | None) -> Iterator[Figure]:
    """Measure one worker at 80/s."""
    with _graph(stage) as graph, stage.worker(**_settings(graph, RATE)):
        per_second, most, _cpu = _drained(stage, graph)
    yield at_least(PART, f"one worker, limit {RATE}/s", per_second, 0.95 * RATE, "/s")
    yield at_most(PART, "most in any second", most, MOST_IN_A_SECOND)


def without_a_limit(stage: Stage, _size: int | None) -> Iterator[Figure]:
    """Measure one worker with the limit lifted, and what a core would send."""
    with _graph(stage) as graph, stage.worker(**_settings(graph, 1000)) as pid:
        per_second, _most, cpu = _drained(stage, graph, pid)
    yield Figure(PART, "one worker, no limit", per_second, "/s")
    yield Figure(PART, "per core of the worker, no limit", per_second / max(cpu, 0.01), "/s")


def by_two_workers(stage: Stage, _size: int | None) -> Iterator[Figure]:
    """Measure two workers on RabbitMQ under one limit."""
    if not rabbitmq.is_installed():
        print("sending: RabbitMQ is not installed (Debian package rabbitmq-server); left out", flush=True)
        return
    with ExitStack() as stack:
        graph = stack.enter_context(_graph(stage))
        broker = stack.enter_context(rabbitmq.running(stage.folder / "rabbitmq"))
        for _ in range(2):
            stack.enter_context(stage.worker(**_settings(graph, RATE, broker)))
        per_second, most, _cpu = _drained(stage, graph)
    yield at_least(PART, f"two workers on RabbitMQ, limit {RATE}/s", per_second, 0.95 * RATE, "/s")
    yield at_most(PART, "two workers on RabbitMQ: most in any second", most, MOST_IN_A_SECOND)


def _settings(graph: int, rate: int, broker: str | None = None) -> dict[str, str]:
    settings = {
        "WHATSAPP_API_BASE": f"http://127.0.0.1:{graph}",
        "WHATSAPP_API_TOKEN": "only-for-measuring",
        "WHATSAPP_BUSINESS_ACCOUNT_ID": "100000000000001",
        "SEND_RATE_PER_SECOND": str(rate),
    }
    return {**settings, "BROKER_URL": broker} if broker else settings


@contextmanager
def _graph(stage: Stage) -> Iterator[int]:
    port = free_port()
    with stage.running((sys.executable, "-m", "bench.graph", str(port), str(GRAPH_SECONDS))):
        until(lambda: answers(f"http://127.0.0.1:{port}/"), "the Graph")
        yield port


def _drained(stage: Stage, graph: int, worker: int | None = None) -> tuple[float, int, float]:
    """Send a queue; return the rate, the most in any second, and how much of a core the worker used.

    The first two seconds are left out: threads and connections are made in them.
    """
    stage.rows("UPDATE channels SET is_sandbox = false, paused_at = NULL")
    requests.delete(f"http://127.0.0.1:{graph}/", timeout=LIMITS)
    before = _cpu_seconds(worker)
    stage.rows(_QUEUE, number=PHONE_NUMBER_ID, conversations=CONVERSATIONS, each=MESSAGES // CONVERSATIONS)
    left = "SELECT count(*) FROM messages WHERE status IN ('queued', 'sending')"
    until(lambda: stage.number(left) == 0, "the end of the queue", 120)
    arrivals = sorted(requests.get(f"http://127.0.0.1:{graph}/arrivals", timeout=LIMITS).json())
    assert len(arrivals) == MESSAGES, f"{len(arrivals)} of {MESSAGES} messages arrived"
    steady = [at for at in arrivals if at >= arrivals[0] + 2]
    seconds = steady[-1] - steady[0]
    used = (_cpu_seconds(worker) - before) / (arrivals[-1] - arrivals[0])
    return (len(steady) - 1) / seconds, _most_in_a_second(arrivals), used


def _most_in_a_second(arrivals: list[float]) -> int:
    """Return the most that came within any second, wherever it begins."""
    most, first = Counter[int](), 0
    for last, at in enumerate(arrivals):
        while arrivals[first] <= at - 1:
            first += 1
        most[last - first + 1] += 1
    return max(most)


def _cpu_seconds(pid: int | None) -> float:
    if pid is None:
        return 0.0
    process = psutil.Process(pid)
    times = [each.cpu_times() for each in (process, *process.children(recursive=True))]
    return sum(each.user + each.system for each in times)
