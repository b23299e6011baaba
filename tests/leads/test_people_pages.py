"""The table, the board and the page of one person, as a member of the team gets them."""

import re

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from kiaai.extensions import db
from kiaai.leads import queries
from kiaai.leads.pipeline import Actor, set_status
from kiaai.models import Channel, Conversation, Lead, LeadEvent, User
from tests.conftest import make_conversation
from tests.people import enter

HTMX = {"HX-Request": "true", "HX-Request-Type": "partial"}


@pytest.fixture
def signed_in(client: FlaskClient, bob: User) -> FlaskClient:
    enter(client, bob)
    return client


@pytest.fixture
def silent(app: object) -> Lead:
    """Somebody who never wrote."""
    lead = Lead(phone_number="56900000777", customer_name="Nadie Habló")
    db.session.add(lead)
    db.session.commit()
    return lead


def test_a_name_leads_to_the_conversation_and_without_one_to_the_person(
    signed_in: FlaskClient, dana: Conversation, silent: Lead
) -> None:
    page = signed_in.get("/people").text

    assert re.search(rf'href="/inbox/conversations/{dana.id}">.*?Dana Díaz', page, re.DOTALL)
    assert re.search(rf'href="/people/{silent.id}">.*?Nadie Habló', page, re.DOTALL)
    assert 'aria-current="page"' in re.search(r'<a class="nav-item" href="/people"[^>]*>', page)[0]  # type: ignore[index]  # it is there


@pytest.mark.parametrize(
    "path", ["/people", "/people?view=board", "/people/rows", "/people/board", "/people/1"]
)
def test_strangers_are_sent_to_sign_in(client: FlaskClient, path: str) -> None:
    assert client.get(path).headers["Location"].startswith("/login")


@pytest.mark.parametrize("path", ["/people/999", "/people/9999999999999999999", "/people/board/friend"])
def test_what_is_not_there_is_404(signed_in: FlaskClient, path: str) -> None:
    assert signed_in.get(path).status_code == 404


def test_nobody_at_all_is_explained_with_ways_on(client: FlaskClient, alice: User) -> None:
    enter(client, alice)

    page = client.get("/people").text

    assert "Nobody here yet" in page
    assert 'href="/people/import"' in page


def test_nobody_who_fits_leads_back_to_everybody(signed_in: FlaskClient, dana: Conversation) -> None:
    page = signed_in.get("/people?q=wenceslao").text

    assert "Nobody fits" in page
    assert "Nobody here yet" not in page


def test_a_filter_answers_its_part_and_a_plain_address(signed_in: FlaskClient, dana: Conversation) -> None:
    typed = "/people?q=dana&status=&tag=&owner=&source=&last_from=&sort=last&way=&view=table&columns="

    answer = signed_in.get(typed, headers=HTMX)

    assert answer.headers["HX-Push-Url"] == "/people?q=dana"
    assert "<html" not in answer.text and "Dana Díaz" in answer.text


def test_a_browser_keeps_its_columns(signed_in: FlaskClient, dana: Conversation) -> None:
    signed_in.get("/people?columns=&columns=first&columns=made-up", headers=HTMX)

    page = signed_in.get("/people").text

    assert "col-first" in page
    assert "col-status" not in page


def test_no_column_at_all_is_a_choice_too(signed_in: FlaskClient, dana: Conversation) -> None:
    signed_in.get("/people?columns=", headers=HTMX)

    assert "col-" not in signed_in.get("/people").text


def test_the_next_rows_go_on_below(
    signed_in: FlaskClient, channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "PAGE_ROWS", 2)
    monkeypatch.setattr(queries.find_page, "__defaults__", (None, 2))
    for n in range(5):
        make_conversation(channel, f"5690000200{n}", f"Persona {n}")
    first = signed_in.get("/people?sort=name").text

    more = re.search(r'hx-get="(/people/rows[^"]+)"', first)
    assert more
    second = signed_in.get(more[1].replace("&amp;", "&") + "&shown=2", headers=HTMX).text

    assert "Persona 2" in second and "Persona 3" in second and "Persona 1" not in second
    assert 'name="shown" value="4"' in second


def test_names_are_drawn_as_text(signed_in: FlaskClient, channel: Channel) -> None:
    make_conversation(channel, "56900000009", "<script>alert(1)</script>")

    for path in ("/people", "/people?view=board"):
        page = signed_in.get(path).text
        assert "<script>alert" not in page
        assert "&lt;script&gt;" in page


def test_a_poll_of_the_board_tells_of_a_card_that_somebody_moved(
    signed_in: FlaskClient, dana: Conversation, alice: User
) -> None:
    tag = signed_in.get("/people/board?view=board", headers=HTMX).headers["HX-PTag"]
    again = {**HTMX, "HX-PTag": tag}
    assert signed_in.get("/people/board?view=board", headers=again).status_code == 304

    set_status(dana.lead, "customer", Actor("user", alice.id))
    db.session.commit()
    answer = signed_in.get("/people/board?view=board", headers=again)

    assert answer.status_code == 200
    column = re.search(r'id="cards-customer".*?</ol>', answer.text, re.DOTALL)
    assert column and f'id="card-{dana.lead_id}"' in column[0]


def test_the_page_and_its_poll_have_the_same_tag(signed_in: FlaskClient, dana: Conversation) -> None:
    page = signed_in.get("/people?view=board&q=dana").text
    tag = re.search(r'hx-ptag="([^"]+)"', page)

    poll = signed_in.get(
        "/people/board?view=board&q=dana", headers={**HTMX, "HX-PTag": tag[1] if tag else ""}
    )

    assert poll.status_code == 304


def test_more_cards_come_below_those_shown(
    signed_in: FlaskClient, channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "COLUMN_CARDS", 2)
    for n in range(3):
        make_conversation(channel, f"5690000200{n}", f"Persona {n}")
    board = signed_in.get("/people?view=board").text

    more = re.search(r'hx-get="(/people/board/unknown[^"]+)"', board)
    assert more
    cards = signed_in.get(more[1].replace("&amp;", "&") + "&shown=2", headers=HTMX).text

    assert cards.count('class="person-card"') == 1
    assert 'name="shown-unknown" value="3"' in cards


def test_a_person_without_a_conversation_is_changed_on_their_page(
    signed_in: FlaskClient, silent: Lead, bob: User
) -> None:
    answer = signed_in.patch(f"/people/{silent.id}", data={"customer_name": "Nadia"}, headers=HTMX)

    assert "Name: Nadia" in answer.text and 'class="toast-undo"' in answer.text
    db.session.refresh(silent)
    assert silent.customer_name == "Nadia"
    event = db.session.scalars(select(LeadEvent)).one()
    assert (event.kind, event.old, event.new, event.user_id) == ("name", "Nadie Habló", "Nadia", bob.id)
    assert "You changed the name to Nadia" in signed_in.get(f"/people/{silent.id}").text


def test_a_status_that_is_none_is_told_beside_the_field(signed_in: FlaskClient, silent: Lead) -> None:
    answer = signed_in.patch(f"/people/{silent.id}", data={"lead_status": "friend"}, headers=HTMX)

    assert (answer.status_code, "Must be one of" in answer.text) == (422, True)


def test_notes_that_somebody_else_wrote_meanwhile_are_not_lost(signed_in: FlaskClient, silent: Lead) -> None:
    sent = {"notes": "mine", "notes_shown": "0000000000000000"}
    silent.notes = "theirs"
    db.session.commit()

    answer = signed_in.patch(f"/people/{silent.id}", data=sent, headers=HTMX)

    assert answer.status_code == 422
    assert "theirs" in answer.text and f'hx-patch="/people/{silent.id}"' in answer.text


def test_the_history_of_a_person_goes_on_below(signed_in: FlaskClient, silent: Lead, bob: User) -> None:
    for n in range(25):
        db.session.add(LeadEvent(lead_id=silent.id, kind="name", new=f"Name {n}", by="user", user_id=bob.id))
    db.session.commit()

    page = signed_in.get(f"/people/{silent.id}").text
    more = re.search(rf'hx-get="(/people/{silent.id}/timeline[^"]+)"', page)
    assert more

    older = signed_in.get(more[1].replace("&amp;", "&"), headers=HTMX).text
    assert "Name 4" in older and "Name 0" in older and "Name 5" not in older
