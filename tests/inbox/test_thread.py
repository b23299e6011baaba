"""The thread: reactions, quotes, marks and files, as they are drawn."""

from collections.abc import Callable
from datetime import UTC, datetime

from flask.testing import FlaskClient

from kiaai.models import Conversation
from tests.inbox.conftest import Attach, Say


def thread(client: FlaskClient, conversation: Conversation) -> str:
    return client.get(f"/inbox/conversations/{conversation.id}/messages").text


def test_the_newest_reaction_of_each_side_is_a_chip(
    signed_in: FlaskClient, dana: Conversation, say: Say
) -> None:
    target = say(dana, "Gracias")
    for emoji in ("👎", "👍"):
        say(dana, emoji, kind="reaction", reply_to=target.message_id)
    say(dana, "🎉", kind="reaction", reply_to=target.message_id, direction="outgoing")

    html = thread(signed_in, dana)

    assert html.count('class="reaction"') == 2
    assert "👍" in html and "🎉" in html and "👎" not in html
    assert html.count("<article") == 1


def test_an_empty_reaction_takes_it_back(signed_in: FlaskClient, dana: Conversation, say: Say) -> None:
    target = say(dana, "Gracias")
    say(dana, "👍", kind="reaction", reply_to=target.message_id)
    say(dana, None, kind="reaction", reply_to=target.message_id)

    assert 'class="reaction"' not in thread(signed_in, dana)


def test_a_reaction_to_nothing_we_know_is_told_in_words(
    signed_in: FlaskClient, dana: Conversation, say: Say
) -> None:
    say(dana, "👍", kind="reaction", reply_to="wamid.unknown")

    assert "Reacted with 👍 to an earlier message" in thread(signed_in, dana)


def test_an_answer_quotes_what_it_answers(signed_in: FlaskClient, dana: Conversation, say: Say) -> None:
    question = say(dana, "¿A qué hora?")
    say(dana, "A las diez", direction="outgoing", reply_to=question.message_id)

    assert f'href="#message-{question.id}"' in thread(signed_in, dana)


def test_edited_and_deleted_messages_say_so(signed_in: FlaskClient, dana: Conversation, say: Say) -> None:
    say(dana, "A las once", edited_at=datetime.now(UTC))
    say(dana, None, revoked_at=datetime.now(UTC))

    html = thread(signed_in, dana)

    assert ">Edited<" in html and "The customer deleted this message" in html


def test_a_message_of_unknown_fate_asks_only_after_ten_minutes(
    signed_in: FlaskClient, dana: Conversation, say: Say, ago: Callable[..., datetime]
) -> None:
    since = ago(minutes=1)
    say(dana, "¿Llegó?", direction="outgoing", status="unknown", unknown_at=since)

    html = thread(signed_in, dana)

    assert "data-show-from=" in html and "hidden>" in html and "Send again?" in html


def test_files_are_shown_by_what_they_are(
    signed_in: FlaskClient, dana: Conversation, say: Say, attach: Attach
) -> None:
    image = attach(say(dana, kind="image"), mime_type="image/png", state="stored", path="a")
    report = attach(
        say(dana, kind="document"), mime_type="application/pdf", state="stored", path="b", size_bytes=348_221
    )
    attach(say(dana, kind="audio"), mime_type="audio/ogg", state="expired")
    attach(say(dana, kind="video"), mime_type="video/mp4", state="waiting")

    html = thread(signed_in, dana)

    assert f'<img src="/media/{image.id}"' in html
    assert f'href="/media/{report.id}" download' in html and "348 kB" in html
    assert "Not fetched in time" in html and "Fetching from WhatsApp" in html


def test_a_location_links_to_a_map_by_numbers_alone(
    signed_in: FlaskClient, dana: Conversation, say: Say
) -> None:
    say(dana, "Casa", kind="location", payload={"location": {"latitude": -33.41, "longitude": "-70.58"}})
    say(dana, "Mal", kind="location", payload={"location": {"latitude": "1&x=2", "longitude": None}})

    html = thread(signed_in, dana)

    assert html.count("Open on a map") == 1 and "mlat=-33.410000&amp;mlon=-70.580000" in html


def test_days_are_those_of_the_business(signed_in: FlaskClient, dana: Conversation, say: Say) -> None:
    say(dana, "tarde", timestamp=datetime(2026, 5, 2, 2, 30, tzinfo=UTC))
    say(dana, "temprano", timestamp=datetime(2026, 5, 2, 12, 0, tzinfo=UTC))

    html = thread(signed_in, dana)

    assert 'id="day-2026-05-01"' in html and 'id="day-2026-05-02"' in html


def test_a_quote_of_a_message_we_do_not_have_is_no_link(
    signed_in: FlaskClient, dana: Conversation, say: Say
) -> None:
    say(dana, "Eso mismo", reply_to="wamid.unknown")

    html = thread(signed_in, dana)

    assert "An earlier message" in html and '<a class="quote"' not in html


def test_what_is_shown_as_a_chip_or_a_colour_is_also_said(
    signed_in: FlaskClient, dana: Conversation, say: Say
) -> None:
    target = say(dana, "Gracias")
    say(dana, "👍", kind="reaction", reply_to=target.message_id)
    say(dana, "🎉", kind="reaction", reply_to=target.message_id, direction="outgoing")
    dana.lead.lead_status = "potential_client"

    page = signed_in.get(f"/inbox/conversations/{dana.id}").text

    assert '<span class="visually-hidden">The customer reacted with 👍</span>' in page
    assert '<span class="visually-hidden">We reacted with 🎉</span>' in page
    assert '<span class="visually-hidden">Potential client: </span>' in page
