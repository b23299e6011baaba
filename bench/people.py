"""A person of the team who is signed in, as polls need one."""

import re

import requests

from bench.load import Call
from bench.stage import Stage

EMAIL, PASSWORD = "ana@kia.example", "only-for-measuring-1"  # an invented person
LIMITS = (3, 10)


def signed_in(stage: Stage, port: int) -> str:
    """Make the person, sign them in on this server, and return the Cookie header."""
    stage.flask("welcome", ADMIN_EMAIL=EMAIL, ADMIN_PASSWORD=PASSWORD)
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


def poll_again(port: int, path: str, cookie: str) -> Call:
    """Return the same poll with the tag of what is there now: it is answered 304."""
    first = poll(path, cookie)
    answer = requests.get(f"http://127.0.0.1:{port}{path}", headers=first.headers, timeout=LIMITS)
    assert answer.ok, f"{path} was answered {answer.status_code}"
    return Call("GET", path, {**first.headers, "HX-PTag": answer.headers["HX-PTag"]})
