"""Pages with something to draw: they must cost the same with a hundred times as many messages."""

import random
from collections.abc import Iterator
from urllib.parse import quote

from bench import plans
from bench.figures import Figure, at_most
from bench.load import Call, run
from bench.people import poll, signed_in
from bench.stage import Stage

PART = "Pages"
LIST = "/inbox/conversations"
ROUNDS = 4
ROUND_SECONDS = 1.0
THREADS = 50

_first: dict[str, float] = {}


def with_something_new(stage: Stage, size: int | None) -> Iterator[Figure]:
    """Measure each page on one connection, the pages in turn; the plan of each query is looked at."""
    with stage.web() as port:
        pages = _pages(stage, port)
        seconds: dict[str, list[float]] = {name: [] for name in pages}
        for calls in pages.values():
            run(port, calls, 0.3, connections=1)
        for _ in range(ROUNDS):
            for name, calls in pages.items():
                result = run(port, calls, ROUND_SECONDS, connections=1)
                assert set(result.statuses) == {200}, f"{name} was answered {result.statuses}"
                seconds[name] += result.seconds
    for name, found in seconds.items():
        yield from _figures(name, 1000 * sorted(found)[int(0.95 * len(found))], size)
    scans = plans.write(stage, [call for calls in pages.values() for call in calls[:1]], size)
    yield at_most(PART, "scans of a whole table of messages", scans, 0, size=size)


def _figures(name: str, p95: float, size: int | None) -> Iterator[Figure]:
    first = _first.setdefault(name, p95)
    if name.startswith("message search"):
        yield at_most(PART, f"{name}, p95", p95, 100, "ms", size)
        return
    yield Figure(PART, f"{name}, p95", p95, "ms", size)
    if p95 is not first:
        yield at_most(PART, f"{name}, p95 against the smallest", p95 / first, 1.3, size=size)


def _pages(stage: Stage, port: int) -> dict[str, list[Call]]:
    cookie = signed_in(stage, port)
    key = {"Authorization": f"Bearer {stage.flask('api-keys', 'create', 'bench').strip()}"}
    threads = [f"{LIST}/{number}/messages" for number in _some_conversations(stage)]
    name, number = stage.rows(
        "SELECT customer_name, phone_number FROM leads WHERE phone_number IS NOT NULL ORDER BY id LIMIT 1"
    )[0]
    return {
        "inbox": [Call("GET", "/", {"Cookie": cookie})],
        "list, first page": [poll(f"{LIST}/panel", cookie)],
        "list, poll with news": [poll(LIST, cookie)],
        "thread, poll with news": [poll(path, cookie) for path in threads],
        "list, search for a frequent name": [poll(_search(str(name).split()[0]), cookie)],
        "list, search for a number": [poll(_search(str(number)), cookie)],
        "list, search for nobody": [poll(_search("Xqzwk"), cookie)],
        "leads (API)": [Call("GET", "/leads", key)],
        "message search, frequent word": [Call("GET", "/bench/search?q=hola", {})],
        "message search, two words": [Call("GET", f"/bench/search?q={quote('precio envío')}", {})],
        "message search, no hit": [Call("GET", "/bench/search?q=xqzwk", {})],
    }


def _search(q: str) -> str:
    return f"{LIST}?q={quote(q)}"


def _some_conversations(stage: Stage) -> list[int]:
    newest = int(stage.number("SELECT max(id) FROM conversations"))
    numbers = random.Random(1).sample(range(1, newest + 1), THREADS)
    found = stage.rows("SELECT id FROM conversations WHERE id = ANY(:ids)", ids=numbers)
    return [int(str(row[0])) for row in found]
