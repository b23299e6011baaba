"""`python -m bench`: measure it all, or the parts that are named, and print one table.

Starts everything itself, on loopback, in a scratch folder. Figures in the table that depend on the machine
are given as they are; what must hold is a ratio within one run wherever that is possible.
"""

import argparse
import platform
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil

from bench import (
    answers,
    clicks,
    filling,
    footprint,
    importing,
    ingest,
    pages,
    peers,
    people,
    people_pages,
    polls,
    profile,
    sending,
)
from bench.figures import Figure, as_markdown, write_results, written
from bench.stage import Stage
from kiaai.config import ROOT

Part = Callable[[Stage, int | None], Iterator[Figure]]

RESULTS = ROOT / "bench" / "results"
SIZES = (10_000, 100_000, 1_000_000, 5_000_000)
# Messages to a conversation, as in an inbox that was used for years.
MESSAGES_EACH = 20
# Measured at every size of the database.
GROWING: dict[str, tuple[Part, ...]] = {
    "ingest": (ingest.against_select_1,),
    "polls": (polls.with_nothing_new,),
    "pages": (pages.with_something_new,),
    "clicks": (clicks.to_a_drawn_thread,),
    "people": (people_pages.by_every_filter,),
}
# Measured once, with the smallest database.
ONCE: dict[str, tuple[Part, ...]] = {
    "importing": (importing.of_a_file,),
    "ingest": (ingest.in_large_bodies, ingest.at_a_steady_rate),
    "profile": (profile.of_one_body,),
    "peers": (peers.against_pgbench, peers.against_pywa),
    "polls": (polls.of_a_hundred_browsers,),
    "sending": (sending.at_the_limit, sending.without_a_limit, sending.by_two_workers),
}
# These start the whole product for themselves.
ALONE: dict[str, Callable[[], Iterator[Figure]]] = {
    "answers": answers.measure,
    "footprint": footprint.measure,
}


def main() -> None:
    """Run the parts that are asked for. Exits with 1 when something does not reach its bar."""
    names = sorted({*GROWING, *ONCE, *ALONE})
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="part", help=f"of {', '.join(names)}; without one: all")
    parser.add_argument("--largest", type=int, default=SIZES[-1], help="messages; no larger database")
    parser.add_argument("--results", type=Path, help="folder; of a whole run that of the repository")
    given = parser.parse_args()
    if unknown := set(given.parts) - set(names):
        parser.error(f"no such part: {', '.join(sorted(unknown))}; there are {', '.join(names)}")
    # Whoever is told to end cleans up first.
    signal.signal(signal.SIGTERM, lambda *_signal: sys.exit("ended by SIGTERM"))
    is_whole = not given.parts and given.largest >= SIZES[-1]
    results = given.results or (RESULTS if is_whole else None)
    began = time.monotonic()
    figures = list(_measured(given.parts or names, given.largest, results))
    about = f"{_machine()}; {(time.monotonic() - began) / 60:.0f} minutes"
    print("\n" + as_markdown(figures, about))
    if results:
        write_results(figures, about, results)
    sys.exit(any(figure.holds is False for figure in figures))


def _measured(parts: list[str], largest: int, results: Path | None) -> Iterator[Figure]:
    for name in parts:
        yield from _said(name, ALONE[name]) if name in ALONE else ()
    if not {*parts} & {*GROWING, *ONCE}:
        return
    for size in [size for size in SIZES if size <= largest]:
        with Stage(results) as stage:
            _fill(stage, size)
            for name in parts:
                for part in GROWING.get(name, ()):
                    yield from _said(name, part, stage, size)
                for part in ONCE.get(name, ()) if size == SIZES[0] else ():
                    yield from _said(name, part, stage, None)


def _fill(stage: Stage, size: int) -> None:
    began = time.monotonic()
    people.make_person(stage)  # some conversations are theirs
    with stage.engine.connect() as connection:
        filling.fill(connection, messages=size, conversations=size // MESSAGES_EACH)
    print(f"filled to {written(size)} messages in {time.monotonic() - began:.0f} s", flush=True)


def _said(name: str, part: Callable[..., Iterator[Figure]], *arguments: object) -> Iterator[Figure]:
    for figure in part(*arguments):
        size = "" if figure.size is None else f" at {written(figure.size)}"
        print(f"{name}{size}: {figure.what}: {figure.shown}  {figure.bar} {figure.verdict}", flush=True)
        yield figure


def _machine() -> str:
    memory = psutil.virtual_memory().total / 2**30
    system = f"{platform.system()} {platform.release().split('-')[0]}"
    return (
        f"{psutil.cpu_count()} cores, {memory:.0f} GB, {system}, "
        f"Python {platform.python_version()}; {time.strftime('%Y-%m-%d')}"
    )


if __name__ == "__main__":
    main()
