"""What people read and press when a message failed, the number may not send, or delivery is held."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from flask.testing import FlaskClient

from kiaai import clock
from kiaai.delivery import hold
from kiaai.extensions import db
from kiaai.inbox.wording import MOST_COUNTED, waiting
from kiaai.models import Channel, Conversation, LeadEvent, Message, User
from tests.inbox.conftest import HTMX, Say
from tests.people import enter

SPANISH = {"Accept-Language": "es-CL,es;q=0.9,en;q=0.5"}


@pytest.fixture
def admin(client: FlaskClient, alice: User) -> FlaskClient:
    enter(client, alice)
    return client


@pytest.fixture
def failed(dana: Conversation, say: Say) -> Callable[..., Message]:
    """Make a message of a person fail with a code."""
    say(dana)
    return lambda code, **columns: say(
        dana, "¿Sigue ahí?", direction="outgoing", status="failed", error_code=code, **columns
    )


def thread(client: FlaskClient, conversation: Conversation, **headers: str) -> str:
    return client.get(f"/inbox/conversations/{conversation.id}/messages", headers={**HTMX, **headers}).text


def card(html: str) -> str:
    """Return the one failure card."""
    found = re.findall(r'<div class="fate fate-failed".*?</article>', html, re.DOTALL)
    assert len(found) == 1
    return str(found[0])


@pytest.mark.parametrize(
    ("code", "who", "button"),
    [
        (131000, "Only time", "Send again"),
        (131048, "Only time", "Send again"),
        (131026, "You can solve this: ask", "Mark the number as wrong"),
        (131053, "You can solve this", "Change the text"),
        (137000, "You can solve this", "Send again"),
        (None, "You can solve this", "Send again"),
    ],
)
def test_a_card_says_who_can_help_and_gives_the_button(
    signed_in: FlaskClient,
    dana: Conversation,
    failed: Callable[..., Message],
    code: int | None,
    who: str,
    button: str,
) -> None:
    failed(code)

    html = card(thread(signed_in, dana))

    assert who in html and button in html


@pytest.mark.parametrize("code", [131047, 131050, 132001])
def test_where_no_button_helps_the_card_has_words_alone(
    signed_in: FlaskClient, dana: Conversation, failed: Callable[..., Message], code: int
) -> None:
    failed(code)

    assert "<button" not in card(thread(signed_in, dana))


@pytest.mark.parametrize(
    ("code", "words"), [(2, "WhatsApp is briefly down"), (None, "WhatsApp could not be reached")]
)
def test_what_waits_for_another_try_says_why(
    signed_in: FlaskClient, dana: Conversation, say: Say, code: int | None, words: str
) -> None:
    say(dana, "Ya voy", direction="outgoing", status="queued", error_code=code, attempt=2)

    html = thread(signed_in, dana)

    assert words in html and "tries again by itself" in html and "Undo" in html


def test_what_was_not_tried_yet_says_nothing(signed_in: FlaskClient, dana: Conversation, say: Say) -> None:
    say(dana, "Ya voy", direction="outgoing", status="queued")

    assert 'class="fate' not in thread(signed_in, dana)


def test_only_admins_are_led_to_the_doctor(
    client: FlaskClient, dana: Conversation, failed: Callable[..., Message], alice: User, bob: User
) -> None:
    failed(131037)
    cards = []
    for person in (alice, bob):
        enter(client, person)
        cards.append(card(thread(client, dana)))

    assert ["/settings/doctor" in html for html in cards] == [True, False]
    assert all("An administrator can solve this" in html for html in cards)


def test_words_of_whatsapp_are_shown_where_ours_do_not_help(
    signed_in: FlaskClient, dana: Conversation, failed: Callable[..., Message]
) -> None:
    failed(999999, error_text="<b>Odd</b> reason")

    assert "&lt;b&gt;Odd&lt;/b&gt; reason" in card(thread(signed_in, dana))


def test_the_card_is_in_the_language_of_the_browser_and_its_poll_knows(
    signed_in: FlaskClient, dana: Conversation, failed: Callable[..., Message]
) -> None:
    first = failed(131026)
    address = f"/inbox/conversations/{dana.id}/messages?from={first.id}"
    english = signed_in.get(address, headers=HTMX)
    known = {**HTMX, "HX-PTag": english.headers["HX-PTag"]}

    unchanged = signed_in.get(address, headers=known)
    spanish = signed_in.get(address, headers={**known, **SPANISH})

    assert (unchanged.status_code, spanish.status_code) == (304, 200)
    assert 'lang="en"' in card(english.text)
    html = card(spanish.text)
    assert "No se puede entregar" in html and "Marcar el número como equivocado" in html
    assert 'lang="es"' in html


def test_a_wrong_number_is_marked_and_unmarked_with_a_history(
    signed_in: FlaskClient, dana: Conversation, failed: Callable[..., Message]
) -> None:
    failed(131026)
    dana.lead.tags = ["vip"]
    db.session.commit()
    address = f"/inbox/conversations/{dana.id}/wrong-number"

    marked = signed_in.post(address, headers=HTMX).text
    tags_between = list(dana.lead.tags)
    unmarked = signed_in.delete(address, headers=HTMX).text

    assert "The number is marked as wrong." in card(marked)
    assert "Mark the number as wrong" in card(unmarked)
    assert (tags_between, dana.lead.tags) == (["vip", "wrong number"], ["vip"])
    assert [event.new for event in db.session.query(LeadEvent).order_by(LeadEvent.id)] == [
        "vip, wrong number",
        "vip",
    ]


def test_a_person_with_too_many_tags_says_so(
    signed_in: FlaskClient, dana: Conversation, failed: Callable[..., Message]
) -> None:
    failed(131026)
    dana.lead.tags = [f"tag {number}" for number in range(30)]
    db.session.commit()

    answer = signed_in.post(f"/inbox/conversations/{dana.id}/wrong-number", headers=HTMX)

    assert (answer.status_code, "At most 30 tags" in answer.text) == (422, True)


def test_a_refused_text_comes_back_to_the_composer_above_what_was_being_written(
    signed_in: FlaskClient, failed: Callable[..., Message]
) -> None:
    message = failed(131053)

    form = signed_in.post(
        f"/inbox/messages/{message.id}/rewriting", data={"message": "Otra cosa"}, headers=HTMX
    )

    assert "¿Sigue ahí?\nOtra cosa</textarea>" in form.text


def pause(channel: Channel, code: int | None) -> None:
    channel.paused_at, channel.paused_code = clock.now(), code
    channel.paused_reason = "Raw words"
    db.session.commit()


def test_a_pause_says_why_what_waits_and_how_it_ends(
    signed_in: FlaskClient, dana: Conversation, channel: Channel, say: Say
) -> None:
    say(dana, "Ya voy", direction="outgoing", status="queued")
    pause(channel, 190)

    page = signed_in.get("/").text

    assert "The token has expired" in page and "WHATSAPP_API_TOKEN" in page
    assert "1 message waits" in page
    assert "every 15 seconds" in page
    assert "Try again now" not in page


def test_the_list_is_drawn_anew_in_another_language(signed_in: FlaskClient, dana: Conversation) -> None:
    english = signed_in.get("/inbox/conversations", headers=HTMX)
    known = {**HTMX, "HX-PTag": english.headers["HX-PTag"]}

    answers = [
        signed_in.get("/inbox/conversations", headers=headers) for headers in (known, {**known, **SPANISH})
    ]

    assert [answer.status_code for answer in answers] == [304, 200]


def test_a_pause_that_no_look_up_ends_says_that_messages_are_tried(
    admin: FlaskClient, channel: Channel
) -> None:
    pause(channel, 131042)

    page = admin.get("/", headers=SPANISH).text

    assert "Falta el pago" in page and "Cada minuto se prueba" in page
    assert "Intentar ahora" in page and "/settings/doctor" in page


def test_an_admin_resumes_by_hand(admin: FlaskClient, channel: Channel) -> None:
    pause(channel, 368)

    banner = admin.delete(f"/inbox/channels/{channel.id}/pause", headers=HTMX).text

    assert "banner" not in banner
    assert db.session.get_one(Channel, channel.id, populate_existing=True).paused_at is None


def test_a_number_that_was_given_up_troubles_nobody(signed_in: FlaskClient, channel: Channel) -> None:
    former = Channel(phone_number_id="200000000000099")
    db.session.add(former)
    pause(former, 368)

    assert "Nothing is being sent" not in signed_in.get("/").text


def test_a_hold_says_how_many_wait_since_when_and_who_decides(
    client: FlaskClient, alice: User, bob: User, dana: Conversation, say: Say
) -> None:
    old = datetime.now(clock.now().tzinfo) - timedelta(hours=5)
    say(dana, "Vieja", direction="outgoing", status="queued", created_at=old)
    hold.hold("The database was restored.")
    db.session.commit()
    pages = []
    for person in (alice, bob):
        enter(client, person)
        pages.append(client.get("/").text)

    assert all("1 message waits for a decision" in page and "restored" in page for page in pages)
    assert ["/settings/hold" in page for page in pages] == [True, False]
    assert "An administrator decides" in pages[1]


def test_the_reason_of_a_hold_is_in_the_language_of_the_browser(
    signed_in: FlaskClient, channel: Channel
) -> None:
    hold.hold(hold.RESTORED)
    db.session.commit()

    assert "se restauró la base de datos" in signed_in.get("/", headers=SPANISH).text
    assert hold.RESTORED in signed_in.get("/").text


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "What is written now"),
        (1, "1 message waits"),
        (2, "2 messages"),
        (MOST_COUNTED, "More than 1,000"),
    ],
)
def test_a_count_is_told_in_its_own_form(count: int, words: str) -> None:
    assert waiting(count).startswith(words)
