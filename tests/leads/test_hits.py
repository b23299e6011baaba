"""Search for names and numbers: it finds what the plain condition finds, by whichever way."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from kiaai.extensions import db
from kiaai.leads import hits
from kiaai.leads.searching import cleaned_search, name_pattern, number_digits, pieces
from kiaai.models import Channel, Conversation, Lead
from kiaai.web.paging import Cursor
from tests.conftest import make_conversation, make_conversations
from tests.statistics import forget_statistics, keep_autovacuum_out

NAMES = (
    "Dana Díaz",
    "DANIELA ÑANCUPIL",
    "José María",
    "Pedro 100%",
    "a_b [dz] (x)",
    "Иван Петров",
    "ИВАН",
    "李小龙",
    "Zoë 😊",
    "Åsa Ÿ",
    "İpek Straße ΣΊΣΥΦΟΣ",
    "e",
)
SEARCHES = (
    *(
        "dana",
        "DÍAZ",
        "díaz",
        "ana",
        "nancu",
        "ñ",
        "maria",
        "é m",
        "100%",
        "%",
        "_",
        "[dz]",
        "(x)",
        "*",
        "d.z",
    ),
    *(
        "\\d",
        "иван",
        "ИВАН",
        "Иван",
        "李小",
        "龙",
        "😊",
        "zoe 😊",
        "asa",
        "Åsa",
        "å",
        "straße",
        "ß",
        "ipek",
        "İ",
    ),
    *(
        "ΣΊΣ",
        "σίσ",
        "ος",
        "E",
        "nadie",
        "9",
        "+569",
        "0000 0003",
        "56900000003",
        "0003",
        "a\nb",
        "'",
        '"',
        "{",
    ),
)


@pytest.fixture
def everybody(channel: Channel) -> list[Conversation]:
    made = make_conversations(channel, {f"5690000{n:04}": name for n, name in enumerate(NAMES)})
    for age, conversation in enumerate(made):
        conversation.last_message_at = conversation.lead.last_contact_at = minutes_ago(age)
    nameless = Lead(phone_number=None, customer_name=None)
    db.session.add(nameless)
    db.session.commit()
    return made


def minutes_ago(minutes: int) -> datetime:
    return datetime(2026, 1, 1, 12, tzinfo=UTC) - timedelta(minutes=minutes)


@pytest.fixture(params=["few looked up", "walked", "all looked up"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param != "few looked up":
        monkeypatch.setattr(hits, "_FEW", 0)
    if request.param == "all looked up":
        monkeypatch.setattr(hits, "_SHORT_WALK", 1)
        monkeypatch.setattr(hits, "_LONGEST_WALK", 1)


@pytest.mark.usefixtures("way")
def test_it_finds_what_the_plain_condition_finds(everybody: list[Conversation]) -> None:
    whom = [(row.id, row.lead_id) for row in everybody]
    for typed in SEARCHES:
        q = cleaned_search(typed)

        found = hits.find(hits.conversation_hits(hits.kind_of(q)), values(q, most=len(NAMES)))
        leads = hits.find(hits.lead_hits(hits.kind_of(q)), values(q, most=len(NAMES)))

        plain = plainly(q)
        assert found == [row_id for row_id, lead_id in whom if lead_id in plain], typed
        assert leads == [lead_id for _, lead_id in whom if lead_id in plain], typed
        assert hits.count_conversations(q, 1000) == hits.count_conversations(q, 0) == len(found), typed


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize(
    "name",
    ["Åsa Larsson", "Nguyễn Văn", "Kovačević", "Erdős Pál", "Łukasz Ćwik", "Ștefan Ană", "Ōtani", "İpek"],
)
def test_everybody_is_found_by_their_name_as_it_is_written(channel: Channel, name: str) -> None:
    conversation = make_conversation(channel, "56900000001", name)

    assert search_conversations(cleaned_search(name), 10, None) == [conversation.id]


@pytest.mark.usefixtures("way")
def test_pages_follow_each_other_without_a_gap(everybody: list[Conversation]) -> None:
    page, rows, before = 2, [], None
    while found := search_conversations("a", page, before):
        rows += found
        last = db.session.get_one(Conversation, found[-1])
        before = Cursor(last.last_message_at, last.id)

    assert rows == search_conversations("a", 100, None)
    assert len(rows) > page


@pytest.mark.usefixtures("way")
def test_a_list_goes_down_to_where_its_reader_has_loaded(everybody: list[Conversation]) -> None:
    everything = search_conversations("a", 100, None)
    last = db.session.get_one(Conversation, everything[2])
    until = Cursor(last.last_message_at, last.id)

    found = hits.find(hits.conversation_hits(hits.kind_of("a", hits.ABOVE)), values("a", 100, until))

    assert found == everything[:3]


@pytest.mark.usefixtures("way")
def test_leads_are_found_within_a_status(everybody: list[Conversation]) -> None:
    everybody[1].lead.lead_status = "customer"
    db.session.commit()

    found = hits.lead_hits(hits.kind_of("dan"), has_status=True)

    assert hits.find(found, values("dan", 10) | {"status": "customer"}) == [everybody[1].lead_id]


@pytest.mark.usefixtures("way")
def test_another_name_is_found_at_once_and_the_former_no_more(everybody: list[Conversation]) -> None:
    everybody[3].lead.customer_name = "Xóchitl"
    db.session.commit()

    assert search_conversations("xochitl", 10, None) == [everybody[3].id]
    assert search_conversations("pedro", 10, None) == []


def test_a_lead_that_is_erased_leaves_no_name_behind(everybody: list[Conversation]) -> None:
    db.session.execute(text("DELETE FROM leads"))

    assert db.session.scalar(text("SELECT count(*) FROM lead_names")) == 0


@pytest.mark.parametrize("statistics", ["missing", "those of a few", "fresh"])
@pytest.mark.parametrize("q", ["wenceslao", "9", "+569", "María González"])
def test_nobody_is_looked_at_one_by_one_whatever_the_statistics(
    channel: Channel, statistics: str, q: str
) -> None:
    keep_autovacuum_out("leads", "lead_names", "conversations")
    forget_statistics("leads", "lead_names", "conversations")
    crowd(channel, 10)
    if statistics == "those of a few":
        db.session.execute(text("ANALYZE leads, lead_names, conversations"))
    crowd(channel, 3000)
    if statistics == "fresh":
        db.session.execute(text("ANALYZE leads, lead_names, conversations"))

    plan = plan_of(hits.conversation_hits(hits.kind_of(q)), values(q, 31))

    assert "ix_lead_names_grams" in plan
    assert "Seq Scan on lead" not in plan


def test_every_name_has_the_pieces_that_a_part_of_it_has(everybody: list[Conversation]) -> None:
    for name in NAMES:
        parts = {name[start:end] for start in range(len(name)) for end in range(start + 1, len(name) + 1)}
        cut = set(db.session.scalar(text("SELECT kiaai_grams(:name)"), {"name": name}))
        assert all(set(pieces(part)) <= cut for part in parts)


def values(q: str, most: int, place: Cursor | None = None) -> dict[str, object]:
    return hits.values_for(q, most, place)


def search_conversations(q: str, most: int, before: Cursor | None) -> list[int]:
    kind = hits.kind_of(q, hits.BELOW if before else hits.ALL)
    return hits.find(hits.conversation_hits(kind), values(q, most, before))


def plainly(q: str) -> set[int]:
    condition = "customer_name ~* :pattern OR strpos(phone_number, :digits) > 0"
    found = db.session.scalars(
        text(f"SELECT id FROM leads WHERE {condition}"),
        {"pattern": name_pattern(q), "digits": number_digits(q) or "no number"},
    )
    return set(found)


def crowd(channel: Channel, size: int) -> None:
    """Store people who are all called alike."""
    db.session.execute(
        text(
            "WITH made AS (INSERT INTO leads (phone_number, customer_name)"
            " SELECT (56900000000 + n)::text, 'María González ' || n FROM generate_series(1, :size) n"
            " RETURNING id)"
            " INSERT INTO conversations (channel_id, lead_id) SELECT :channel_id, id FROM made"
        ),
        {"size": size, "channel_id": channel.id},
    )


def plan_of(statement: object, values: dict[str, object]) -> str:
    sql = text(f"EXPLAIN {statement.element.text}")  # type: ignore[attr-defined]  # a text() with columns
    return "\n".join(db.session.scalars(sql, values))
