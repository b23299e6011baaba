"""A file of people in a real browser: looked at, mapped, followed, taken back; by the keyboard too."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import expect

from kiaai.leads.imports.running import run
from kiaai.models import User
from tests.inbox.browser import visiting

pytestmark = [pytest.mark.services, pytest.mark.committed, pytest.mark.enable_socket]

TABLE = "Teléfono;Quién;Ciudad\n900007001;Ana;Lota\n5.69E+10;Eva;Tomé\n"


@pytest.fixture
def phone(chromium: Any, app: Flask, address: str, alice: User) -> Iterator[Any]:
    options = {"viewport": {"width": 360, "height": 740}, "locale": "es-CL"}
    with visiting(chromium, app, address, alice, **options) as page:
        yield page


def test_a_file_is_mapped_imported_and_taken_back(phone: Any, tmp_path: Path) -> None:
    file = tmp_path / "clientes.csv"
    file.write_text(TABLE)
    phone.goto("/people/import")
    phone.set_input_files("#file-leads", str(file))
    phone.get_by_role("button", name="Revisar primero").first.press("Enter")

    phone.get_by_label("Quién").select_option("customer_name")
    phone.get_by_label("Los números sin +").select_option("CL")
    phone.get_by_role("button", name="Volver a mirar").press("Enter")
    expect(phone.locator(".import-count.import-created dd")).to_have_text("1")
    expect(phone.locator("#import")).to_contain_text("La planilla acortó este número")
    assert phone.evaluate("document.documentElement.scrollWidth") == 360

    phone.get_by_role("button", name="Importar 1 línea").press("Enter")
    expect(phone.get_by_role("progressbar")).to_be_visible()
    number = int(phone.url.rpartition("/")[2])
    run(number)
    phone.once("dialog", lambda question: question.accept())
    phone.get_by_role("button", name="Deshacer toda la importación").press("Enter")
    expect(phone.get_by_role("progressbar")).to_be_visible()
    run(number)

    expect(phone.locator("#import")).to_contain_text("1 eliminadas, 0 como antes, 0 conservadas.")
