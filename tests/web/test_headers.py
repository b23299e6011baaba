"""Headers of every answer, and static files that browsers may keep."""

import gzip
import os
import re
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask, Response, request, url_for
from flask.testing import FlaskClient

from kiaai import create_app
from kiaai.config import Settings
from kiaai.web import packing, static_files

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "media-src 'self' blob:; font-src 'self'; connect-src 'self'; manifest-src 'self'; worker-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
PACKED = {"Accept-Encoding": "gzip"}
PATHS = ["/login", "/nope", "/api/nope", "/api/docs", "/healthz", "/static/css/base.css", "/leads"]


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_carries_the_headers(client: FlaskClient, app: Flask, path: str) -> None:
    headers = client.get(path).headers

    assert headers["Content-Security-Policy"] == CSP
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "Strict-Transport-Security" not in headers


def test_a_fault_carries_them_too(app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.config, "PROPAGATE_EXCEPTIONS", False)
    monkeypatch.setitem(app.view_functions, "health.alive", lambda: 1 / 0)

    answer = client.get("/healthz")

    assert answer.status_code == 500
    assert answer.headers["Content-Security-Policy"] == CSP


def test_https_brings_hsts_and_secure_cookies(settings: Settings) -> None:
    app = create_app(replace(settings, public_url="https://inbox.example.com"))

    answer = app.test_client().get("/healthz")

    assert "max-age=63072000" in answer.headers["Strict-Transport-Security"]
    assert app.config["SESSION_COOKIE_SECURE"] and app.config["REMEMBER_COOKIE_SECURE"]


def test_pages_with_people_in_them_are_not_kept(client: FlaskClient, app: Flask) -> None:
    assert "no-store" in client.get("/login").headers["Cache-Control"]


def test_a_static_address_carries_the_hash_of_its_content(app: Flask, client: FlaskClient) -> None:
    with app.test_request_context():
        url = url_for("static", filename="css/base.css")

    assert re.fullmatch(r"/static/css/base\.css\?v=[0-9a-f]{12}", url)
    answer = client.get(url)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    again = client.get(url, headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304


@pytest.mark.parametrize("name", ["js/app.js", "css/list.css", "icons/icons.svg", "vendor/htmx/htmx.min.js"])
def test_a_text_travels_packed_to_those_who_can_unpack_it(client: FlaskClient, name: str) -> None:
    plain = client.get(f"/static/{name}")
    packed = client.get(f"/static/{name}", headers={"Accept-Encoding": "br, gzip"})

    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert plain.content_type == packed.content_type
    assert "Accept-Encoding" in plain.vary and "Accept-Encoding" in packed.vary
    assert len(packed.data) < len(plain.data) / 2
    again = client.get(f"/static/{name}", headers={"If-None-Match": packed.headers["ETag"]})
    assert again.status_code == 304


def test_a_text_that_was_written_anew_is_packed_anew(tmp_path: Path) -> None:
    shop = a_shop(tmp_path)
    answers = []
    for second, content in enumerate(("// why\nfirst();\n", "// why\nafterwards();\n")):
        write(tmp_path / "shop.js", content, second)
        answers.append(shop.test_client().get("/static/shop.js", headers=PACKED))

    assert [gzip.decompress(answer.data) for answer in answers] == [b"first();", b"afterwards();"]


def test_a_text_comes_whole_as_parts_of_what_is_packed_fit_no_other(client: FlaskClient) -> None:
    address = "/static/js/app.js"
    packed = client.get(address, headers=PACKED)

    part = client.get(address, headers={**PACKED, "Range": "bytes=10-", "If-Range": packed.headers["ETag"]})

    assert (part.status_code, part.data) == (200, packed.data)
    assert packed.headers["Accept-Ranges"] == "none"
    assert client.head(address, headers=PACKED).content_length == len(packed.data)


def test_one_file_is_packed_once_under_whatever_address(client: FlaskClient) -> None:
    client.get("/static/js/app.js", headers=PACKED)
    before = packing.packed.cache_info().misses

    assert client.get("/static/css/../js/app.js", headers=PACKED).status_code == 200
    assert packing.packed.cache_info().misses == before


def test_pictures_and_fonts_travel_as_they_are(client: FlaskClient) -> None:
    headers = {"Accept-Encoding": "gzip"}
    font = client.get("/static/fonts/inter-latin-wght-normal.woff2", headers=headers)

    assert font.status_code == 200
    assert "Content-Encoding" not in font.headers


def test_without_the_hash_a_static_file_is_asked_for_again(client: FlaskClient, app: Flask) -> None:
    assert "immutable" not in client.get("/static/css/base.css").headers.get("Cache-Control", "")


def test_the_hash_follows_the_content(tmp_path: Path) -> None:
    shop = a_shop(tmp_path)
    urls = []
    for second, content in enumerate(("a", "bb")):
        write(tmp_path / "shop.css", content, second)
        with shop.test_request_context():
            urls.append(url_for("static", filename="shop.css"))

    assert urls[0] != urls[1]


def a_shop(folder: Path) -> Flask:
    """Make an app with files of its own: other tests read those of the product at the same time."""
    shop = Flask("shop", static_url_path="/static", static_folder=folder)
    static_files.init_app(shop)
    return shop


def write(path: Path, content: str, second: int) -> None:
    """Write a file at this second of its own clock: real ones may not tell one moment from the next."""
    path.write_text(content)
    os.utime(path, (second, second))


def test_nobody_outside_says_under_which_name_we_answer(settings: Settings) -> None:
    app = create_app(replace(settings, trusted_proxies=1))
    app.add_url_rule("/which", view_func=lambda: request.host)

    answer = app.test_client().get("/which", headers={"X-Forwarded-Host": "kia.invalid"})

    assert answer.get_data(as_text=True) == "localhost"


@pytest.mark.parametrize(
    ("proxies", "address", "scheme"), [("0", "127.0.0.1", "http"), ("1", "192.0.2.2", "https")]
)
def test_only_trusted_proxies_say_who_asks(
    settings: Settings, proxies: str, address: str, scheme: str
) -> None:
    app = create_app(replace(settings, trusted_proxies=int(proxies)))

    @app.get("/who")
    def who() -> Response:
        return Response(f"{request.remote_addr} {request.scheme}")

    forwarded = {"X-Forwarded-For": "192.0.2.1, 192.0.2.2", "X-Forwarded-Proto": "https"}
    answer = app.test_client().get("/who", headers=forwarded)

    assert answer.get_data(as_text=True) == f"{address} {scheme}"
