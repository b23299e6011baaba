"""Pages with something to draw: they must cost the same with a hundred times as many messages."""

import random
import statistics
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import quote

from bench import plans
from bench.figures import Figure, at_most, written
from bench.filling import NAMES, TAGS, WORDS
from bench.load import Call, run
from bench.people import poll, signed_in
from bench.stage import Stage
from kiaai.inbox.list_filter import TABS

PART = "Pages"
LIST = "/inbox/conversations"
ROUNDS = 5
ROUND_SECONDS = 0.6
THREADS = 50
# What grows beyond this size is shown, not judged.
BARRED_UP_TO = 1_000_000
# The first size at which these pages are full; in smaller databases they have fewer rows than 30.
FEWER_TAGGED = "list, a tag of 0.2 %"
_FULL_LATER = (
    "list, search for a name of 1 %",
    "list, unread",
    "list, snoozed",
    "list, closed",
)
FULL_FROM = {**dict.fromkeys(_FULL_LATER, 100_000), FEWER_TAGGED: 1_000_000}
SEARCHED_WORDS = ("30 %", "two often together", "two hardly ever together", "rare", "none")

# The p95 of each page at the size with which others are compared.
_first: dict[str, float] = {}


def with_something_new(stage: Stage, size: int | None) -> Iterator[Figure]:
    """Measure each page on one connection, the pages in turn; the plan of each query is looked at.

    A round's p95 counts, and of the rounds the median: one hiccup of the machine is not the page's.
    """
    with stage.web() as port:
        pages = _pages(stage, port)
        found: dict[str, list[float]] = {name: [] for name in pages}
        for calls in pages.values():
            run(port, calls, 0.3, connections=1)
        for _ in range(ROUNDS):
            for name, calls in pages.items():
                result = run(port, calls, ROUND_SECONDS, connections=1).only(200)
                found[name].append(result.quantile(0.95))
    for name, rounds in found.items():
        yield from _figures(name, statistics.median(rounds), size)
    scans = plans.write(stage, {name: calls[0] for name, calls in pages.items()}, size)
    yield at_most(PART, "scans of a whole table of messages", scans, 0, size=size)


def _figures(name: str, p95: float, size: int | None) -> Iterator[Figure]:
    if name.startswith("message search"):
        yield at_most(PART, f"{name}, p95", p95, 100, "ms", size)
        return
    yield Figure(PART, f"{name}, p95", p95, "ms", size)
    if size is None or size < FULL_FROM.get(name, 0):
        return
    if name not in _first:
        _first[name] = p95
        return
    judged = at_most(PART, f"{name}, p95 against the smallest", p95 / _first[name], 1.3, size=size)
    judged = replace(judged, bar=f"{judged.bar} up to {written(BARRED_UP_TO)}")
    yield judged if size <= BARRED_UP_TO else replace(judged, bar="", holds=None)


def _pages(stage: Stage, port: int) -> dict[str, list[Call]]:
    cookie = signed_in(stage, port)
    key = {"Authorization": f"Bearer {stage.flask('api-keys', 'create', 'bench').strip()}"}
    threads = [f"{LIST}/{number}/messages" for number in _some_conversations(stage)]
    number = stage.rows("SELECT max(phone_number) FROM leads")[0][0]
    return {
        "inbox": [Call("GET", "/", {"Cookie": cookie})],
        "list, first page": [poll(f"{LIST}/panel", cookie)],
        "list, poll with news": [poll(LIST, cookie)],
        **{f"list, {tab}": [poll(f"{LIST}?tab={tab}", cookie)] for tab in TABS if tab != "all"},
        "list, newest first": [poll(f"{LIST}?order=newest", cookie)],
        "list, a status of 20 %": [poll(f"{LIST}?status=customer", cookie)],
        "list, a tag of 10 %": [poll(f"{LIST}?tag={TAGS['10 %']}", cookie)],
        FEWER_TAGGED: [poll(f"{LIST}?tag={TAGS['0.2 %']}", cookie)],
        "thread, poll with news": [poll(path, cookie) for path in threads],
        "list, search for a name of 10 %": [poll(_search(NAMES["10 %"]), cookie)],
        "list, search for a name of 1 %": [poll(_search(NAMES["1 %"]), cookie)],
        "list, search for one person": [poll(_search(NAMES["one"]), cookie)],
        "list, search for a number": [poll(_search(str(number)), cookie)],
        "list, search for nobody": [poll(_search(NAMES["none"]), cookie)],
        "leads (API)": [Call("GET", "/leads", key)],
        **{f"message search, {name}": [_message_search(WORDS[name])] for name in SEARCHED_WORDS},
    }


def _message_search(q: str) -> Call:
    return Call("GET", f"/bench/search?q={quote(q)}", {})


def _search(q: str) -> str:
    return f"{LIST}?q={quote(q)}"


def _some_conversations(stage: Stage) -> list[int]:
    newest = int(stage.number("SELECT max(id) FROM conversations"))
    numbers = random.Random(1).sample(range(1, newest + 1), THREADS)
    found = stage.rows("SELECT id FROM conversations WHERE id = ANY(:ids)", ids=numbers)
    return [int(str(row[0])) for row in found]
