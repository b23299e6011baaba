"""The page of all components: complete, in both themes, and for debugging alone."""

import re
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

from kiaai.config import ROOT
from kiaai.extensions import db
from kiaai.models import Message
from kiaai.models.desk import TAG_COLOURS

CSS = ROOT / "static" / "css"
TOKENS = (CSS / "tokens.css").read_text()


@pytest.fixture
def debugging(app: Flask) -> Iterator[None]:
    app.debug = True
    yield
    app.debug = False


def test_nobody_sees_it_outside_of_debug_mode(client: FlaskClient) -> None:
    assert client.get("/style").status_code == 404


@pytest.mark.usefixtures("debugging")
def test_it_shows_every_shared_component_and_stores_nothing(client: FlaskClient) -> None:
    page = client.get("/style").text
    shown = set(re.findall(r"[\w-]+", " ".join(re.findall(r'class="([^"]*)"', page))))

    sheets = "".join((CSS / f"{name}.css").read_text() for name in ("marks", "overlays"))
    ours = set(re.findall(r"\.([a-z][\w-]*)", re.sub(r"/\*.*?\*/|url\([^)]*\)", "", sheets, flags=re.S)))
    rare = {"swatch", "menu-end", "dialog-wide", "avatar-lg"}
    assert ours - shown - rare == set()
    assert db.session.query(Message).count() == 0


@pytest.mark.usefixtures("debugging")
def test_no_id_is_there_twice(client: FlaskClient) -> None:
    ids = re.findall(r'\sid="([^"]+)"', client.get("/style").text)

    assert sorted(set(ids)) == sorted(ids)


@pytest.mark.parametrize(
    "name", [*(f"tag-{colour}" for colour in TAG_COLOURS), *(f"avatar-{n}" for n in range(8))]
)
def test_words_on_a_colour_can_be_read_in_both_themes(name: str) -> None:
    for ground, words in zip(colours_of(f"--{name}"), colours_of(f"--on-{name}"), strict=True):
        assert contrast(ground, words) >= 4.5


def colours_of(token: str) -> tuple[str, str]:
    found = re.search(rf"{token}: light-dark\((#\w+), (#\w+)\)", TOKENS)
    assert found, token
    return found[1], found[2]


def contrast(one: str, other: str) -> float:
    """Return the ratio of WCAG 2, "contrast ratio"."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
