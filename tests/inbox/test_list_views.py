"""What a row shows, and that every address of the list brings back the same one."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
from flask.testing import FlaskClient

from kiaai.extensions import db
from kiaai.inbox.list_filter import TABS
from kiaai.models import Channel, Conversation, Tag, User
from tests.conftest import make_conversation
from tests.inbox.conftest import HTMX, Say

PANEL = "/inbox/conversations/panel"


def row_of(client: FlaskClient, conversation: Conversation, query: str = "") -> str:
    page = client.get(f"{PANEL}{query}", headers=HTMX).text
    found = re.search(rf'<li id="conversation-{conversation.id}".*?</li>', page, re.DOTALL)
    assert found is not None
    return found[0]


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("queued", "Waiting to be sent"),
        ("delivered", "Delivered"),
        ("read", "Read"),
        ("failed", "Not delivered"),
    ],
)
def test_a_row_tells_how_our_last_message_fares(
    signed_in: FlaskClient, dana: Conversation, say: Say, status: str, words: str
) -> None:
    say(dana)
    say(dana, "Sí", direction="outgoing", status=status)

    assert f'aria-label="{words}"' in row_of(signed_in, dana)


def test_a_failed_answer_still_shows_once_the_customer_wrote_again(
    signed_in: FlaskClient, dana: Conversation, say: Say, ago: Callable[..., datetime]
) -> None:
    say(dana, "Sí", direction="outgoing", status="failed", timestamp=ago(minutes=5))
    say(dana, "¿Hola?")

    assert "What you sent last was not delivered" in row_of(signed_in, dana)


def test_a_row_shows_tags_person_priority_and_until_when_one_may_answer(
    signed_in: FlaskClient, dana: Conversation, alice: User, say: Say
) -> None:
    db.session.add(Tag(name="VIP", colour="red"))
    dana.lead.tags = ["VIP", "new", "big", "late"]
    dana.assignee_id, dana.priority = alice.id, "high"
    say(dana)

    row = row_of(signed_in, dana)

    assert '<span class="chip tag-red">VIP</span><span class="chip tag-grey">new</span>' in row
    assert 'title="big, late">+2<' in row
    assert 'title="Assigned to Alice"' in row and "High priority" in row
    assert 'data-soon-hours="4"' in row


def test_tags_keep_their_colours_beside_an_open_conversation_without_any(
    signed_in: FlaskClient, channel: Channel, dana: Conversation
) -> None:
    db.session.add(Tag(name="vip", colour="red"))
    tagged = make_conversation(channel, "56900000002", "Pedro")
    tagged.lead.tags = ["vip"]
    db.session.commit()

    assert "chip tag-red" in signed_in.get(f"/inbox/conversations/{dana.id}").text


def test_a_sleeping_row_says_until_when(signed_in: FlaskClient, dana: Conversation) -> None:
    dana.state, dana.snoozed_until = "snoozed", datetime.now(UTC) + timedelta(hours=20)
    db.session.commit()

    row = row_of(signed_in, dana, "?tab=snoozed")

    assert "Until <time" in row and 'data-show="left"' not in row


def test_every_link_of_the_list_leads_to_what_it_says(signed_in: FlaskClient, dana: Conversation) -> None:
    db.session.add(Tag(name="no & más", colour="red"))
    db.session.commit()
    page = signed_in.get(f"{PANEL}?tab=mine&order=newest&status=customer&tag=no+%26+más", headers=HTMX).text

    links = {
        name: unescape(href) for name, href in re.findall(r'<a id="([\w-]+)"[^>]*?hx-get="([^"]+)"', page)
    }

    assert links["tab-unread"] == f"{PANEL}?tab=unread&order=newest&status=customer&tag=no+%26+m%C3%A1s"
    assert links["order-urgent"] == f"{PANEL}?tab=mine&status=customer&tag=no+%26+m%C3%A1s"
    assert links["no-tag"] == f"{PANEL}?tab=mine&order=newest&status=customer"
    assert links["clear-filters"] == f"{PANEL}?tab=mine&order=newest"
    assert {f"tab-{tab}" for tab in TABS} <= links.keys()


def test_a_row_leads_to_the_conversation_beside_the_same_list(
    signed_in: FlaskClient, dana: Conversation
) -> None:
    row = row_of(signed_in, dana, "?order=newest")

    address = f"/inbox/conversations/{dana.id}?order=newest"
    assert f'href="{address}"' in row
    assert 'id="order-newest"' in (page := signed_in.get(address).text)
    assert 'data-query="?order=newest"' in page


@pytest.mark.parametrize("tab", TABS)
def test_an_empty_tab_teaches_what_it_is_for(signed_in: FlaskClient, dana: Conversation, tab: str) -> None:
    dana.state = "open" if tab in ("closed", "snoozed", "mine", "unread", "waiting") else "closed"
    db.session.commit()

    page = signed_in.get(f"{PANEL}?tab={tab}", headers=HTMX).text

    nothing = re.search(r'<li id="no-conversations".*?</li>', page, re.DOTALL)
    assert nothing is not None and "<h2>" in nothing[0] and "No conversations yet" not in nothing[0]


def test_a_filter_that_nothing_fits_offers_its_way_out(signed_in: FlaskClient, dana: Conversation) -> None:
    page = signed_in.get(f"{PANEL}?status=bad_lead", headers=HTMX).text

    assert "Nothing fits this filter" in page and "Clear filters" in page
