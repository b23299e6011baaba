"""Search over the words of messages."""

from unicodedata import normalize

import pytest
from sqlalchemy import insert, text

from kiaai.extensions import db
from kiaai.inbox import message_search
from kiaai.inbox.message_search import _GAP, _SEARCH, find_messages
from kiaai.models import Conversation, Message
from kiaai.models.folding import folded
from tests.statistics import believe, keep_autovacuum_out


def say(conversation: Conversation, said: str | None, **fields: object) -> int:
    row = {"conversation_id": conversation.id, "text": said, **fields}
    return db.session.scalars(insert(Message).values(row).returning(Message.id)).one()


def found(q: str, **page: int) -> list[int]:
    return [hit.message.id for hit in find_messages(q, **page).hits]


@pytest.mark.parametrize(
    "q",
    [
        "hola",
        "Hol",
        "HOLÁ",
        "mañana",
        "manana",
        "MAÑANA",
        "precio hola",
        "hola pre",
        "pr",
        "kia.cl",
        "ventas@kia",
        "12.990",
        "😊 hola",
        "á",
        "¿á",
        "李小",
    ],
)
def test_it_finds_beginnings_of_words_in_any_order(dana: Conversation, q: str) -> None:
    said = say(dana, "¡HOLA! ¿A qué precio, mañana?😊ventas@kia.cl $12.990 李小龙")

    assert found(q) == [said]


@pytest.mark.parametrize(
    "q", ["ola", "hola nadie", "p", "h", "ho la", "preciso", "", " ", "¿?", "'", "\\", "#", "a:*"]
)
def test_it_finds_nothing_else(dana: Conversation, q: str) -> None:
    say(dana, "¡HOLA! ¿A qué precio, mañana? Ayer 'a*'" if q != "a:*" else "hola")

    assert found(q) == []


def test_short_words_are_meant_as_they_stand_unless_still_being_typed(dana: Conversation) -> None:
    say(dana, "denme la hora")
    exact = say(dana, "la hora de hoy")

    assert found("de hora") == [exact]
    assert len(found("hora de")) == 2
    assert found("hora de ") == [exact]


def test_the_newest_come_first_and_pages_follow_each_other(dana: Conversation) -> None:
    said = [say(dana, f"hola {n}", id=place) for n, place in enumerate((5, 17_000, 17_001, 10**12, 2**62))]

    assert found("hola") == said[::-1]
    assert found("hola", limit=2) == said[:2:-1]
    assert found("hola", limit=2, before_id=said[3]) == [said[2], said[1]]
    assert found("hola", limit=2, before_id=said[1]) == [said[0]]
    assert found("hola", before_id=said[0]) == []


def test_a_page_says_where_the_next_begins(dana: Conversation) -> None:
    said = [say(dana, "hola", id=place) for place in (5, 6, 17_000)]

    assert find_messages("hola", limit=2).next_id == said[1]
    assert find_messages("hola", limit=3).next_id == said[0]
    assert find_messages("hola", limit=4).next_id is None
    assert find_messages("nadie").next_id is None


def test_a_search_that_takes_too_long_goes_on_where_it_ended(
    dana: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = [say(dana, "hola", id=place) for place in (5, 40_000, 10**12)]
    monkeypatch.setattr(message_search, "LONGEST_SECONDS", 0)

    pages: list[list[int]] = []
    before_id = None
    while not pages or before_id is not None:
        page = find_messages("hola", before_id)
        pages.append([hit.message.id for hit in page.hits])
        before_id = page.next_id

    assert pages == [[said[2]], [said[1]], [said[0]]]


def test_words_are_found_however_their_accents_are_typed(dana: Conversation) -> None:
    said = say(dana, "hasta mañana")

    assert found(normalize("NFD", "mañana")) == [said]


def test_it_says_where_the_words_stand_and_whose_they_are(dana: Conversation) -> None:
    said = "Sí, ¡MAÑANA a las 5! mañanas"
    say(dana, said)

    (hit,) = find_messages("5 manana").hits

    assert [said[start:end] for start, end in hit.spans] == ["MAÑANA", "5", "mañanas"]
    assert hit.conversation.lead.customer_name == "Dana Díaz"


def test_it_finds_only_what_the_thread_shows(dana: Conversation) -> None:
    for kind in ("reaction", "edit", "revoke"):
        say(dana, "hola", kind=kind)
    say(dana, "hola", revoked_at=text("now()"))
    say(dana, None)
    caption = say(dana, "hola", kind="image")

    assert found("hola") == [caption]


def test_an_edited_message_is_found_by_its_new_words(dana: Conversation) -> None:
    said = say(dana, "nos vemos el lunes")
    db.session.execute(text("UPDATE messages SET text = 'nos vemos el martes' WHERE id = :id"), {"id": said})

    assert found("lunes") == []
    assert found("martes") == [said]


@pytest.mark.parametrize(
    "said",
    [
        "a" * 1_000_000,
        "ñ" * 3000,
        "😊" * 50_000,
        " ".join(map(str, range(200_000))),
        " ",
        "",
        "\n\t",
        "' \\ : & |",
    ],
)
def test_no_text_is_too_strange_to_be_stored(dana: Conversation, said: str) -> None:
    assert say(dana, said)


def test_a_long_word_is_found_by_its_beginning(dana: Conversation) -> None:
    said = say(dana, "hola " + "x" * 5000)

    assert found("x" * 300) == [said]


@pytest.mark.parametrize("rows_a_page", [1, 100, 100_000])
def test_nothing_but_the_index_is_asked(dana: Conversation, rows_a_page: int) -> None:
    keep_autovacuum_out("messages")
    db.session.execute(
        text(
            "INSERT INTO messages (conversation_id, text)"
            " SELECT :id, 'hola ' || n FROM generate_series(1, 3000) n"
        ),
        {"id": dana.id},
    )
    believe(rows_a_page, 1, "messages")

    values = {"query": "'# nadie'", "before": 2**63 - 1, "limit": 30, "seconds": 1}
    plan = "\n".join(db.session.scalars(text(f"EXPLAIN {_SEARCH.text}"), values))

    assert "Bitmap Index Scan on ix_messages_words" in plan
    assert "BitmapAnd" not in plan
    assert "Seq Scan" not in plan


def test_python_and_postgresql_fold_and_part_alike(dana: Conversation) -> None:
    characters = [chr(code) for code in (*range(1, 0xD800), *range(0xE000, 0x20000))]
    lines = ["".join(f"x{c}y" for c in characters[at : at + 500]) for at in range(0, len(characters), 500)]

    for line in lines:
        words = db.session.scalar(text("SELECT tsvector_to_array(kiaai_words(0, :line))"), {"line": line})
        assert {word.removeprefix("0 ")[:100] for word in words} == {
            word[:100] for word in _GAP.split(folded(line)) if word
        }
