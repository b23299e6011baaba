"""A person of the team who is signed in, as polls need one."""

import re
from collections.abc import Iterable, Sequence
from html import unescape
from urllib.parse import urlencode

import requests

from bench.load import Call
from bench.stage import Stage

EMAIL, PASSWORD = "ana@kia.example", "only-for-measuring-1"  # an invented person
LIMITS = (3, 10)


def make_person(stage: Stage) -> None:
    """Make the person, once."""
    stage.flask("welcome", ADMIN_EMAIL=EMAIL, ADMIN_PASSWORD=PASSWORD)


def signed_in(stage: Stage, port: int) -> str:
    """Sign the person in on this server, and return the Cookie header."""
    make_person(stage)
    address = f"http://127.0.0.1:{port}/login"
    with requests.Session() as browser:
        page = browser.get(address, timeout=LIMITS).text
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
        assert token, "the sign-in page has no token"
        fields = {"csrf_token": token.group(1), "email": EMAIL, "password": PASSWORD}
        answer = browser.post(address, data=fields, timeout=LIMITS, allow_redirects=False)
        assert answer.status_code in (302, 303), f"signing in was answered {answer.status_code}"
        return "; ".join(f"{cookie.name}={cookie.value}" for cookie in browser.cookies)


def poll(path: str, cookie: str) -> Call:
    """Return a poll of a panel that shows nothing yet: it is answered with everything."""
    return Call("GET", path, {"Cookie": cookie, "HX-Request": "true"})


# The fields that say what is loaded.
_LIST_PLACE = ("until",)
_THREAD_PLACE = ("unread", "seen", "from", "until")


def open_polls(port: int, conversation_id: int, cookie: str, tabs: Iterable[str] = ()) -> dict[str, Call]:
    """Return what the list, some of its tabs, and a thread ask again and again: all are answered 304."""
    path = f"/inbox/conversations/{conversation_id}"
    base = "/inbox/conversations"
    return {
        "list": _as_it_stands(_page(port, "/", cookie), _LIST_PLACE, base, cookie),
        "thread": _as_it_stands(_page(port, path, cookie), _THREAD_PLACE, f"{path}/messages", cookie),
        **{
            f"list, {tab}": _as_it_stands(
                _page(port, f"/?tab={tab}", cookie), _LIST_PLACE, f"{base}?tab={tab}", cookie
            )
            for tab in tabs
        },
    }


def _page(port: int, path: str, cookie: str) -> str:
    return requests.get(f"http://127.0.0.1:{port}{path}", headers={"Cookie": cookie}, timeout=LIMITS).text


def _as_it_stands(page: str, place: Sequence[str], address: str, cookie: str) -> Call:
    """Return the poll of a panel as the browser sends it: with its tag, and down to where it is loaded."""
    tag = re.search(rf'hx-get="{re.escape(address)}"[^>]*hx-ptag="([^"]+)"', page)
    assert tag, f"the page has no poll of {address}"
    loaded = {name: re.search(rf'<input[^>]*name="{name}" value="([^"]*)"', page) for name in place}
    query = urlencode({name: unescape(found.group(1)) for name, found in loaded.items() if found})
    asked = poll(f"{address}{'&' if '?' in address else '?'}{query}", cookie)
    return Call("GET", asked.path, {**asked.headers, "HX-PTag": tag.group(1)})
