"""Webhook ingest: against one query on the same server, in large bodies, and at a steady rate."""

from collections.abc import Iterator

from bench import bodies
from bench.figures import Figure, at_least, at_most
from bench.load import Call, once, run, run_at
from bench.stage import Stage

PART = "Ingest"
CUSTOMERS = 500
ROUNDS = 5
ROUND_SECONDS = 1.5
SELECT_1 = Call("GET", "/bench/select-1", {})
BATCH = 1000
STEADY_PER_SECOND = 300
STEADY_SECONDS = 60


def against_select_1(stage: Stage, size: int | None) -> Iterator[Figure]:
    """Measure in alternating rounds, so that both meet the same machine; the median round counts."""
    with stage.web() as port:
        run(port, bodies.one_text_each(CUSTOMERS, CUSTOMERS), 2, connections=8)
        shares, rates = [], []
        for _ in range(ROUNDS):
            query = run(port, [SELECT_1], ROUND_SECONDS).only(200)
            calls = bodies.one_text_each(int(ROUND_SECONDS * 2000), CUSTOMERS)
            ingest = run(port, calls, ROUND_SECONDS).only(200)
            shares.append(ingest.per_second / query.per_second)
            rates.append(ingest.per_second)
    yield Figure(PART, "bodies of one text", _median(rates), "/s", size)
    yield at_least(PART, "share of a SELECT 1 route", _median(shares), 0.6, size=size)


def in_large_bodies(stage: Stage, size: int | None) -> Iterator[Figure]:
    """Measure bodies of 1,000 updates: newcomers, known people, repetitions, receipts."""
    newcomers = bodies.one_body(BATCH, BATCH, first=56_910_000_000)
    known = bodies.one_body(BATCH, BATCH, first=56_910_000_000)
    receipts = bodies.one_body_of_statuses([f"wamid.UNKNOWN{n}" for n in range(BATCH)])
    cases = [("of newcomers", newcomers), ("of known people", known), ("repeated", known)]
    with stage.web() as port:
        run(port, bodies.one_text_each(CUSTOMERS, CUSTOMERS), 1, connections=8)
        for name, call in [*cases, ("of receipts", receipts)]:
            took, status = once(port, call)
            assert status == 200, f"a body {name} was answered {status}"
            yield at_most(PART, f"a body of 1,000 {name}", took, 1, "s", size)


def at_a_steady_rate(stage: Stage, size: int | None) -> Iterator[Figure]:
    """Measure 300 bodies a second for a minute, and count what is in the database afterwards."""
    calls = bodies.one_text_each(STEADY_PER_SECOND * STEADY_SECONDS, CUSTOMERS)
    with stage.web() as port:
        run(port, bodies.one_text_each(CUSTOMERS, CUSTOMERS), 2, connections=8)
        result = run_at(port, calls, STEADY_PER_SECOND, STEADY_SECONDS)
    wamids = list(bodies.wamids_of(calls))
    kept = stage.number("SELECT count(*) FROM messages WHERE message_id = ANY(:wamids)", wamids=wamids)
    name = f"at {STEADY_PER_SECOND}/s for {STEADY_SECONDS} s:"
    yield at_most(PART, f"{name} p50", result.quantile(0.5), 25, "ms", size)
    yield at_most(PART, f"{name} p99", result.quantile(0.99), 250, "ms", size)
    yield at_most(PART, f"{name} not answered 200", result.failed, 0, size=size)
    yield at_most(PART, f"{name} not in the database", len(wamids) - kept, 0, size=size)


def _median(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]
