"""The phone page in a real browser: it polls, keeps drafts, and stays within its own policy."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from kiaai.sandbox.server import SandboxServer
from tests.browser import browsing
from tests.sandbox import CAMILA
from tests.sandbox.conftest import Graph, Receiver

pytestmark = [pytest.mark.faults, pytest.mark.services]


@pytest.fixture
def page(chromium: Browser, whatsapp: SandboxServer) -> Iterator[Page]:
    """A window of a desktop, on Camila's phone; any complaint in the console fails the test."""
    complaints: list[str] = []
    with browsing(chromium, viewport={"width": 1280, "height": 800}) as context:
        page = context.new_page()
        page.on("console", lambda entry: complaints.append(entry.text) if entry.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        whatsapp.write(CAMILA, "Hola, ¿están abiertos?")
        page.goto(whatsapp.url)
        yield page
    assert complaints == []


def test_an_answer_appears_and_a_draft_survives(page: Page, graph: Graph) -> None:
    page.get_by_label("Message to Café Ñuble").fill("Un borrador")

    graph.send(content={"body": "¡Sí, hasta las 20!"})

    expect(page.get_by_role("log").get_by_text("¡Sí, hasta las 20!")).to_be_visible()
    expect(page.get_by_label("Message to Café Ñuble")).to_have_value("Un borrador")


def test_enter_sends_and_the_answer_is_read(page: Page, graph: Graph, receiver: Receiver) -> None:
    page.get_by_label("Message to Café Ñuble").fill("¿Y mañana?")
    page.keyboard.press("Enter")
    expect(page.get_by_role("log").get_by_text("¿Y mañana?")).to_be_visible()

    graph.send(content={"body": "También"})

    expect(page.get_by_role("log").get_by_text("También")).to_be_visible()
    assert receiver.wait(lambda: "read" in [status["status"] for status in receiver.statuses])


def test_a_customers_markup_is_only_text(page: Page, whatsapp: SandboxServer) -> None:
    attack = "<img src=x onerror=alert(1)><script>alert(2)</script>"

    whatsapp.write(CAMILA, attack, name=attack)

    expect(page.get_by_role("log").get_by_text(attack)).to_be_visible()
    expect(page.get_by_role("navigation").get_by_text(attack).first).to_be_visible()


def test_replying_quotes_and_editing_changes(page: Page, graph: Graph, receiver: Receiver) -> None:
    graph.send(content={"body": "¿Para cuántos?"})
    row = page.get_by_role("listitem").filter(has_text="¿Para cuántos?")
    row.get_by_label("What to do with this message").click()
    row.get_by_role("button", name="Reply").click()
    page.keyboard.type("Para dos")
    page.keyboard.press("Enter")

    own = page.get_by_role("listitem").filter(has_text="Para dos")
    expect(own.get_by_role("blockquote")).to_have_text("Café Ñuble¿Para cuántos?")
    own.get_by_label("What to do with this message").click()
    own.get_by_role("button", name="Edit").click()
    page.get_by_label("Message to Café Ñuble").fill("Para tres")
    page.keyboard.press("Enter")

    expect(page.get_by_role("log").get_by_text("Para tres")).to_be_visible()
    assert receiver.wait(lambda: len(receiver.messages) == 3)
    assert [message["type"] for message in receiver.messages] == ["text", "text", "edit"]


def test_the_typing_indicator_comes_and_goes(
    page: Page, graph: Graph, whatsapp: SandboxServer, receiver: Receiver
) -> None:
    assert receiver.wait(lambda: bool(receiver.messages))
    receipt = {"messaging_product": "whatsapp", "status": "read", "message_id": receiver.messages[0]["id"]}
    graph.post(f"{graph.number_id}/messages", {**receipt, "typing_indicator": {"type": "text"}})
    expect(page.get_by_text("typing ...")).to_be_visible()

    graph.send()

    expect(page.get_by_text("typing ...")).not_to_be_visible()
    expect(page.get_by_role("img", name="read", exact=True)).to_be_visible()


def test_the_panel_plans_a_bad_answer(page: Page, whatsapp: SandboxServer) -> None:
    page.get_by_role("button", name="429 too fast").click()
    expect(page.get_by_text("1 planned", exact=True)).to_be_visible()
    with page.expect_response("**/panel"):
        page.get_by_text("The token is refused").click()

    expect(page.get_by_label("The token is refused")).to_be_checked()
    assert (whatsapp.faults.planned_count, whatsapp.faults.refuse_token) == (1, True)


def test_a_narrow_screen_goes_from_list_to_chat_and_back(page: Page) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    expect(page.get_by_role("log")).not_to_be_visible()

    page.get_by_role("link", name="Camila").click()
    expect(page.get_by_role("log")).to_be_visible()
    width = page.evaluate("document.documentElement.scrollWidth")
    page.get_by_role("link", name="Back to the customers").click()

    assert width <= 360
    expect(page.get_by_role("link", name="Camila")).to_be_visible()
    expect(page.get_by_role("log")).not_to_be_visible()
