"""Each filter finds those it names, in each order, page after page, whichever way they are looked for."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from kiaai.errors import ValidationFailed
from kiaai.extensions import db
from kiaai.leads import queries
from kiaai.leads.filters import PeopleFilter, selected
from kiaai.leads.queries import each_page, find_columns, find_page
from kiaai.models import Channel, Conversation, Lead, User
from kiaai.web.paging import KeyCursor, read_key_cursor

NOON = datetime(2026, 11, 10, 12, tzinfo=UTC)
NAMES = ("Ána Uno", "bruno Dos", "Carla Tres", "Ñandú Cuatro", None, "ana Seis", "Zoe Siete")
ORDERS = [(sort, way) for sort in ("last", "first", "name") for way in ("", "back")]


@pytest.fixture
def crowd(channel: Channel, alice: User, bob: User) -> list[Lead]:
    """Seven people of all sorts; number n was last here n days ago, and first n hours before that."""
    leads = []
    for n, name in enumerate(NAMES):
        last = NOON - timedelta(days=n)
        leads.append(
            Lead(
                phone_number=f"5690000100{n}",
                customer_name=name,
                lead_status=("customer", "unknown")[n % 2],
                tags=["vip"] if n in (1, 2) else [],
                source=({}, {"import": "a.csv"}, {"referral": {"source_type": "ad"}})[n % 3],
                last_contact_at=last,
                first_contact_at=last - timedelta(hours=n),
            )
        )
    db.session.add_all(leads)
    db.session.flush()
    for n, owner in ((0, alice), (1, bob), (2, alice), (3, None)):
        assignee_id = owner.id if owner else None
        state = "closed" if n == 2 else "open"
        db.session.add(
            Conversation(channel_id=channel.id, lead_id=leads[n].id, assignee_id=assignee_id, state=state)
        )
    db.session.commit()
    return leads


def numbers(leads: list[Lead], crowd: list[Lead]) -> list[int]:
    return [crowd.index(lead) for lead in leads]


def found(crowd: list[Lead], **parts: str) -> list[int]:
    """Return whom a filter finds, in order; asked for one by one, so that a walk may end with enough."""
    pages = each_page(PeopleFilter.read(parts), UTC, limit=1)
    return numbers([lead for leads in pages for lead in leads], crowd)


@pytest.mark.parametrize("way_of_looking", ["looked up", "walked", "asked of everybody"])
@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ({"status": "customer"}, [0, 2, 4, 6]),
        ({"tag": "vip"}, [1, 2]),
        ({"tag": "nobody has it"}, []),
        ({"source": "import"}, [1, 4]),
        ({"source": "ad"}, [2, 5]),
        ({"source": "direct"}, [0, 3, 6]),
        ({"owner": "none"}, [3, 4, 5, 6]),
        ({"q": "ana"}, [0, 5]),
        ({"q": "ANA U"}, [0]),
        ({"q": "1003"}, [3]),
        ({"last_from": "2026-11-07", "last_to": "2026-11-09"}, [1, 2, 3]),
        ({"first_to": "2026-11-06"}, [4, 5, 6]),
        ({"tag": "vip", "status": "unknown"}, [1]),
        ({"q": "ana", "source": "ad", "owner": "none"}, [5]),
    ],
)
def test_each_filter_finds_those_it_names(
    crowd: list[Lead],
    monkeypatch: pytest.MonkeyPatch,
    way_of_looking: str,
    parts: dict[str, str],
    expected: list[int],
) -> None:
    if way_of_looking != "looked up":
        monkeypatch.setattr(queries, "_FEW", 0)
    if way_of_looking == "asked of everybody":
        monkeypatch.setattr(queries, "_WALK", 0)

    for sort, way in ORDERS:
        assert sorted(found(crowd, **parts, sort=sort, way=way)) == expected, (sort, way)
    assert found(crowd, **parts) == expected


def test_the_owner_is_whose_the_newest_conversation_is(crowd: list[Lead], alice: User, bob: User) -> None:
    other = Channel(phone_number_id="200000000000002", is_sandbox=True)
    db.session.add(other)
    db.session.flush()
    newer = datetime.now(UTC) + timedelta(hours=1)
    db.session.add(
        Conversation(channel_id=other.id, lead_id=crowd[0].id, assignee_id=bob.id, last_message_at=newer)
    )
    db.session.commit()

    assert found(crowd, owner=str(alice.id)) == [2]
    assert found(crowd, owner=str(bob.id)) == [0, 1]


@pytest.mark.parametrize(
    ("sort", "way", "expected"),
    [
        ("last", "", [0, 1, 2, 3, 4, 5, 6]),
        ("last", "back", [6, 5, 4, 3, 2, 1, 0]),
        ("first", "back", [6, 5, 4, 3, 2, 1, 0]),
        # Without accents and capitals; whoever has no name stands last.
        ("name", "", [5, 0, 1, 2, 3, 6, 4]),
        ("name", "back", [4, 6, 3, 2, 1, 0, 5]),
    ],
)
def test_an_order_goes_on_where_the_page_before_ended(
    crowd: list[Lead], sort: str, way: str, expected: list[int]
) -> None:
    wanted = PeopleFilter.read({"sort": sort, "way": way})
    seen: list[int] = []
    before = None
    while True:
        page = find_page(wanted, UTC, before, limit=2)
        seen += numbers([person.lead for person in page.people], crowd)
        if page.next is None:
            break
        before = read_key_cursor(str(page.next))

    assert seen == expected
    assert numbers(list(db.session.scalars(selected(wanted, UTC))), crowd) == expected
    assert numbers([lead for leads in each_page(wanted, UTC, limit=3) for lead in leads], crowd) == expected


def test_a_new_name_gets_its_place_at_once(crowd: list[Lead]) -> None:
    crowd[6].customer_name = "aaron"
    db.session.commit()

    assert found(crowd, sort="name")[0] == 6


def test_a_place_of_another_order_is_refused() -> None:
    with pytest.raises(ValidationFailed):
        find_page(PeopleFilter.read({"sort": "last"}), UTC, KeyCursor("ana", 7))


@pytest.mark.parametrize("raw", ["x", "W10", "WzEsMl0", "WyJhXHUwMDAwIiwxXQ", "WyJhIiwtMV0"])
def test_a_place_that_was_made_up_is_refused(raw: str) -> None:
    with pytest.raises(ValidationFailed):
        read_key_cursor(raw)


def test_a_day_is_a_day_of_the_zone(crowd: list[Lead]) -> None:
    from zoneinfo import ZoneInfo

    crowd[0].last_contact_at = datetime(2026, 11, 12, 2, tzinfo=UTC)
    db.session.commit()
    wanted = PeopleFilter.read({"last_from": "2026-11-11", "last_to": "2026-11-11"})

    in_chile = find_page(wanted, ZoneInfo("America/Santiago")).people

    assert [person.lead for person in in_chile] == [crowd[0]]
    assert find_page(wanted, UTC).people == []


def test_what_is_not_known_counts_as_not_said() -> None:
    odd = {"status": "friend", "owner": "x", "source": "mars", "sort": "age", "way": "up", "view": "map"}

    assert PeopleFilter.read({**odd, "last_from": "yesterday", "first_to": "9999-12-31"}) == PeopleFilter()


def test_an_address_says_only_what_differs_and_reads_back() -> None:
    parts = {"q": "ana", "tag": "vip", "first_from": "2026-01-31", "sort": "name", "view": "board"}
    wanted = PeopleFilter.read(parts)

    assert wanted.address == parts
    assert PeopleFilter.read(wanted.address) == wanted
    assert PeopleFilter.read({}).query == ""


def test_a_column_counts_to_a_hundred_and_draws_what_was_shown(
    crowd: list[Lead], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "COLUMN_CARDS", 1)
    monkeypatch.setattr(queries, "COUNT_LIMIT", 3)

    columns = find_columns(PeopleFilter(), UTC, {"unknown": 2})

    drawn: dict[str, Any] = {status: len(page.people) for status, page in columns.items()}
    assert drawn == {"unknown": 2, "potential_client": 0, "customer": 1, "bad_lead": 0}
    assert columns["customer"].count == 3
    assert columns["customer"].next is not None
