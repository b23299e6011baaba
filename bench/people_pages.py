"""The pages of people by every filter, as a table and a board, and exports; a lead for each conversation."""

import statistics
from collections.abc import Iterator
from datetime import date, timedelta
from urllib.parse import urlencode

from bench.figures import Figure, at_most
from bench.filling import NAMES, TAGS
from bench.load import Call, once, run
from bench.people import signed_in
from bench.stage import Stage

PART = "People"
ROUNDS = 3
ROUND_SECONDS = 0.5
BAR_MS = 100.0
EXPORT_BAR_SECONDS = 5.0


def by_every_filter(stage: Stage, size: int | None) -> Iterator[Figure]:
    """Measure each page on one connection, the pages in turn; the median of the rounds' p95 counts."""
    _spread(stage)
    leads = int(stage.number("SELECT count(*) FROM leads"))
    with stage.web() as port:
        cookie = signed_in(stage, port)
        calls = {name: _call("/people", filters, cookie) for name, filters in _filters(stage).items()}
        found: dict[str, list[float]] = {name: [] for name in calls}
        for call in calls.values():
            once(port, call)
        for _ in range(ROUNDS):
            for name, call in calls.items():
                result = run(port, [call], ROUND_SECONDS, connections=1).only(200)
                found[name].append(result.quantile(0.95))
        for name, rounds in found.items():
            yield at_most(PART, f"{name}, p95", statistics.median(rounds), BAR_MS, "ms", size)
        yield from _exports(stage, port, cookie, size)
    yield Figure(PART, "leads", leads, "", size)


def _exports(stage: Stage, port: int, cookie: str, size: int | None) -> Iterator[Figure]:
    for name in ("everybody", "a tag of 10 %", "a status, an owner and dates"):
        seconds, status = once(port, _call("/people/export", _filters(stage)[name], cookie))
        if status != 200:
            raise SystemExit(f"The export was answered {status}.")
        yield at_most(PART, f"export of {name}", seconds, EXPORT_BAR_SECONDS, "s", size)


def _filters(stage: Stage) -> dict[str, dict[str, str]]:
    """Return what is asked for, by what is said of it; with some that nobody or hardly anybody fulfils."""
    me = str(int(stage.number("SELECT min(id) FROM users")))
    newest = _day(0)
    month = {"last_from": _day(7), "last_to": newest}
    return {
        "everybody": {},
        "everybody by name": {"sort": "name"},
        "everybody by first contact": {"sort": "first"},
        "board": {"view": "board"},
        "a status of 20 %": {"status": "customer"},
        "a tag of 10 %": {"tag": TAGS["10 %"]},
        "a tag of 0.2 %": {"tag": TAGS["0.2 %"]},
        "a tag of nobody": {"tag": "nadie"},
        "an owner": {"owner": me},
        "nobody's": {"owner": "none"},
        "an origin of 5 %": {"source": "ad"},
        "dates of last contact": month,
        "dates of first contact": {"first_from": _day(200), "first_to": _day(150)},
        "search for a name of 10 %": {"q": NAMES["10 %"]},
        "search for a name of 1 %": {"q": NAMES["1 %"]},
        "search for one person": {"q": NAMES["one"]},
        "search for nobody": {"q": NAMES["none"]},
        "search for digits": {"q": "0000"},
        "a tag of 10 % by name": {"tag": TAGS["10 %"], "sort": "name"},
        "a name of 10 % with a tag of 10 %": {"q": NAMES["10 %"], "tag": TAGS["10 %"]},
        "a status and a tag that never meet": {"status": "potential_client", "tag": TAGS["10 %"]},
        "an origin and a status that never meet": {"source": "ad", "status": "bad_lead"},
        "an owner and a tag that hardly meet": {"owner": me, "tag": TAGS["0.2 %"]},
        "nobody's with an origin": {"owner": "none", "source": "ad"},
        "nobody's by name in a status": {"owner": "none", "status": "customer", "sort": "name"},
        "a status, an owner and dates": {"status": "customer", "owner": me, **month},
        "a name in dates of first contact": {
            "q": NAMES["10 %"],
            "first_from": _day(200),
            "first_to": _day(1),
        },
        "board of a tag of 10 %": {"view": "board", "tag": TAGS["10 %"]},
        "board of an owner": {"view": "board", "owner": me},
        "board of a search for a name of 1 %": {"view": "board", "q": NAMES["1 %"]},
        "board of an origin": {"view": "board", "source": "ad"},
    }


def _spread(stage: Stage) -> None:
    """Let people have come over a year, and every twentieth from an advertisement; once for each database."""
    stage.rows(
        "UPDATE lead_facts SET first_contact_at = now() - (lead_id % 365) * interval '1 day',"
        " origin = CASE WHEN lead_id % 20 = 3 THEN 'ad' ELSE 'direct' END"
    )
    # The triggers would only write the same facts once more.
    stage.rows(
        "SET session_replication_role = replica;"
        " UPDATE leads l SET first_contact_at = f.first_contact_at FROM lead_facts f WHERE f.lead_id = l.id"
    )
    for table in ("leads", "lead_facts"):
        stage.rows(f"VACUUM (ANALYZE) {table}")


def _call(path: str, filters: dict[str, str], cookie: str) -> Call:
    headers = {"Cookie": cookie}
    if path == "/people":
        headers["HX-Request"] = "true"
    return Call("GET", f"{path}?{urlencode(filters)}" if filters else path, headers)


def _day(days_ago: int) -> str:
    return (date.today() - timedelta(days=days_ago)).isoformat()
