"""The dashboard can be installed: a manifest, icons of the sizes it names, and the colours of the themes."""

import re
import struct

import pytest
from flask.testing import FlaskClient

from kiaai.business import forget_business
from kiaai.config import ROOT
from kiaai.extensions import db
from kiaai.models import User
from kiaai.settings.business_form import BusinessForm, save_business
from tests.people import enter
from tests.web.draw_icons import SIZES

TOKENS = (ROOT / "static" / "css" / "tokens.css").read_text()


def test_anybody_may_install_it(client: FlaskClient) -> None:
    answer = client.get("/manifest.webmanifest")

    assert answer.mimetype == "application/manifest+json"
    manifest = answer.get_json(force=True)
    assert (manifest["name"], manifest["start_url"], manifest["display"]) == (
        "Kia Pruebas",
        "/",
        "standalone",
    )
    assert {icon["purpose"] for icon in manifest["icons"]} == {"any", "maskable"}


def test_it_has_the_name_that_the_team_gave(client: FlaskClient) -> None:
    save_business(BusinessForm(name="Casa Azul"))
    db.session.commit()
    forget_business()

    assert client.get("/manifest.webmanifest").get_json(force=True)["name"] == "Casa Azul"


def test_its_icons_are_there_in_their_sizes(client: FlaskClient) -> None:
    for icon in client.get("/manifest.webmanifest").get_json(force=True)["icons"]:
        image = client.get(icon["src"]).data
        assert icon["sizes"] == "{}x{}".format(*struct.unpack(">II", image[16:24]))


@pytest.mark.parametrize(("name", "size"), SIZES.items())
def test_each_icon_is_small(name: str, size: int) -> None:
    image = (ROOT / "static" / "icons" / f"{name}.png").read_bytes()

    assert struct.unpack(">II", image[16:24]) == (size, size)
    assert len(image) < 20_000


def test_every_page_names_it_and_the_grounds_of_both_themes(client: FlaskClient, alice: User) -> None:
    enter(client, alice)

    page = client.get("/account").text

    light, dark = re.findall(r"--ground: light-dark\((#\w+), (#\w+)\)", TOKENS)[0]
    assert 'rel="manifest" href="/manifest.webmanifest"' in page and "apple-touch-icon" in page
    assert f'dark)" content="{dark}"' in page and f'light)" content="{light}"' in page
