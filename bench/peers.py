"""The same bodies elsewhere: the database alone, and a web framework that stores nothing."""

from collections.abc import Iterator
from importlib.util import find_spec

from bench import bodies, pgbench
from bench.figures import Figure
from bench.ingest import CUSTOMERS, ROUND_SECONDS
from bench.load import run
from bench.stage import Stage

PART = "Peers"
CLIENTS = 16


def against_pgbench(stage: Stage, _size: int | None) -> Iterator[Figure]:
    """Measure the statements of the hot path in pgbench: as fast as the database takes them by itself."""
    if not pgbench.is_there():
        print("peers: pgbench is not there; left out", flush=True)
        return
    ours = _our_rate(stage)
    alone = pgbench.run(stage, CLIENTS, CUSTOMERS, in_one_trip=True).per_second
    yield Figure(PART, "pgbench, the same statements", alone, "/s")
    yield Figure(PART, "webhook, share of pgbench", ours / alone, "")


def against_pywa(stage: Stage, _size: int | None) -> Iterator[Figure]:
    """Measure pywa on Flask and the same gunicorn; it checks the signature, parses, and stores nothing."""
    if find_spec("pywa") is None:
        print("peers: pywa is not installed (bench/requirements.txt); left out", flush=True)
        return
    ours = _our_rate(stage)
    with stage.web("bench.pywa_app:app") as port:
        theirs = run(port, bodies.one_text_each(8000, CUSTOMERS), 2 * ROUND_SECONDS).only(200)
    yield Figure(PART, "pywa on Flask, stores nothing", theirs.per_second, "/s")
    yield Figure(PART, "webhook, share of pywa", ours / theirs.per_second, "")


def _our_rate(stage: Stage) -> float:
    with stage.web() as port:
        run(port, bodies.one_text_each(CUSTOMERS, CUSTOMERS), 2, connections=8)
        return run(port, bodies.one_text_each(8000, CUSTOMERS), 2 * ROUND_SECONDS).only(200).per_second
