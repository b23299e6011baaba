"""A file of 50,000 leads: how long its preview and its import take, and what people see meanwhile."""

import io
import time
from collections.abc import Iterator

import requests

from bench.figures import Figure, at_most
from bench.people import signed_in
from bench.stage import Stage, until

PART = "Importing"
LINES = 50_000
SECONDS = 30.0
LIMITS = (3, 60)
POLL_SECONDS = 1.0
_NAMES = ("Ana", "Benjamín", "Carla", "Diego", "Elisa", "Fermín", "Gabriela", "Hugo", "Íñigo", "Julia")


def of_a_file(stage: Stage, _size: int | None) -> Iterator[Figure]:
    """Measure 50,000 new leads, the same file once more, and the undo; every poll of the progress counts."""
    with stage.web(app="wsgi:app") as port, stage.worker():
        browser = _Browser(stage, port)
        yield Figure(PART, "preview of 50,000 lines", browser.upload(_file()), "s")
        seconds, seen, slowest = browser.start()
        yield at_most(PART, "50,000 new leads", seconds, SECONDS, "s")
        yield Figure(PART, "steps of progress seen", seen, "")
        yield at_most(PART, "slowest poll of the progress", slowest * 1000, 500, "ms")
        browser.upload(_file())
        seconds, *_ = browser.start(known="overwrite", tags="otra vez")
        yield at_most(PART, "50,000 leads changed", seconds, SECONDS, "s")
        yield Figure(PART, "undo of that", browser.undo(), "s")
    left = stage.number("SELECT count(*) FROM leads WHERE tags @> '{otra vez}'")
    yield at_most(PART, "leads that the undo forgot", left, 0)


class _Browser:
    """A person of the team with the import page open."""

    def __init__(self, stage: Stage, port: int) -> None:
        self._stage, self._address = stage, f"http://127.0.0.1:{port}/people/import"
        self._session = requests.Session()
        for cookie in signed_in(stage, port).split("; "):
            name, _, value = cookie.partition("=")
            # As the server will set it anew: two of the same name would both be sent.
            self._session.cookies.set(name, value, domain="127.0.0.1")
        page = self._session.get(self._address, timeout=LIMITS).text
        self._token = page.split('name="csrf_token" value="')[1].split('"')[0]
        self._page = self._address

    def upload(self, content: bytes) -> float:
        """Hand in the file and look at its preview; return the seconds."""
        began = time.monotonic()
        files = {"file": ("clientes.csv", io.BytesIO(content), "text/csv")}
        answer = self._post(self._address, files=files)
        self._page = answer.url
        return time.monotonic() - began

    def start(self, **chosen: str) -> tuple[float, int, float]:
        """Start and follow the progress; return the seconds, the steps seen and the slowest poll."""
        fields = {f"column-{place}": column for place, column in enumerate(_COLUMNS)}
        began = time.monotonic()
        self._post(f"{self._page}/start", data=fields | {"how": chosen.get("known", "fill"), **chosen})
        return self._follow(began, "done")

    def undo(self) -> float:
        began = time.monotonic()
        self._post(f"{self._page}/undo")
        return self._follow(began, "undone")[0]

    def _follow(self, began: float, state: str) -> tuple[float, int, float]:
        steps: set[float] = set()
        slowest = 0.0

        def has_ended() -> bool:
            nonlocal slowest
            asked = time.monotonic()
            self._session.get(f"{self._page}/progress", timeout=LIMITS).raise_for_status()
            slowest = max(slowest, time.monotonic() - asked)
            now, done = self._stage.rows("SELECT state, done FROM imports ORDER BY id DESC LIMIT 1")[0]
            steps.add(float(str(done)))
            # As often as the page asks.
            time.sleep(0 if now == state else POLL_SECONDS)
            return now == state

        until(has_ended, "the end of the import", 180)
        return time.monotonic() - began, len(steps), slowest

    def _post(self, url: str, **options: object) -> requests.Response:
        options["data"] = {"csrf_token": self._token, **(options.get("data") or {})}  # type: ignore[dict-item]
        answer = self._session.post(url, timeout=LIMITS, **options)  # type: ignore[arg-type]
        answer.raise_for_status()
        return answer


_COLUMNS = ("phone_number", "customer_name", "lead_status", "notes", "tags")


def _file() -> bytes:
    lines = [";".join(("Teléfono", "Nombre", "Estado", "Notas", "Etiquetas"))]
    for number in range(LINES):
        name = f"{_NAMES[number % 10]} Prueba {number}"
        lines.append(f"+56 9 {70000000 + number};{name};cliente;Llegó por la feria;feria, {number % 20}")
    return "\r\n".join(lines).encode("utf-8-sig")
