"""The list: which rows stand in a tab, in which order, and that pages and polls show each just once."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from kiaai.extensions import db
from kiaai.inbox import listing, panels, prepared, queries
from kiaai.inbox.list_filter import ORDERS, TABS, ListFilter
from kiaai.inbox.list_state import ListState, list_state
from kiaai.models import Channel, Conversation, Tag, User
from kiaai.models.conversation import PRIORITIES, WINDOW
from kiaai.models.lead import LEAD_STATUSES
from kiaai.web.paging import Place
from tests.conftest import make_conversations
from tests.inbox.conftest import HTMX, Say, counted_queries
from tests.statistics import forget_statistics, keep_autovacuum_out

NOW = datetime(2026, 11, 3, 12, tzinfo=UTC)
ROWS = 14
HOURS = (0, 0, 1, 1, 5, 23, 30, 30, 200)  # some the same, so that ids decide

hours = st.sampled_from(HOURS)
rows = st.fixed_dictionaries(
    {
        "state": st.sampled_from(("open", "open", "open", "snoozed", "closed")),
        "last_direction": st.sampled_from(("incoming", "incoming", "outgoing", None)),
        "priority": st.sampled_from(PRIORITIES),
        "unread_count": st.sampled_from((0, 2)),
        "last_message": hours,
        "last_inbound": st.one_of(st.none(), hours),
        "snoozed": st.one_of(st.none(), hours),
        "is_mine": st.sampled_from((True, False, None)),
        "is_bot_due": st.booleans(),
        "bot_enabled": st.booleans(),
        "is_quiet": st.booleans(),
        "opted_out": st.booleans(),
        "lead_status": st.sampled_from(LEAD_STATUSES[:2]),
        "tags": st.sampled_from(([], ["vip"], ["vip", "new"])),
    }
)


@pytest.fixture
def crowd(channel: Channel) -> list[Conversation]:
    return make_conversations(channel, {f"5690000{n:04}": f"Persona {n:02}" for n in range(ROWS)})


@pytest.mark.parametrize("way", ["looked up", "walked", "walked in vain"])
@pytest.mark.parametrize("tab", TABS)
@settings(
    # The same ones in each run, unless new ones are asked for.
    max_examples=int(os.environ.get("KIAAI_EXAMPLES", "5")),
    derandomize="KIAAI_EXAMPLES" not in os.environ,
    deadline=None,
    # To shrink an example takes longer than a test may.
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_pages_and_polls_show_each_row_once_and_in_order(
    crowd: list[Conversation],
    alice: User,
    bob: User,
    monkeypatch: pytest.MonkeyPatch,
    tab: str,
    way: str,
    data: st.DataObject,
) -> None:
    _go(monkeypatch, way)
    drawn = data.draw(st.lists(rows, min_size=ROWS, max_size=ROWS))
    _become(crowd, drawn, viewer=bob, other=alice)
    order = data.draw(st.sampled_from(ORDERS))
    status = data.draw(st.sampled_from(("", "unknown", "customer")))
    tag = data.draw(st.sampled_from(("", "vip", "new")))
    wanted = ListFilter(tab=tab, order=order, status=status, tag=tag)
    plain = _plainly(crowd, wanted, bob)
    size = data.draw(st.integers(1, 5))
    monkeypatch.setattr(queries, "PAGE_ROWS", size)
    monkeypatch.setattr("kiaai.inbox.list_state.PAGE_ROWS", size)

    assert list(_paged(wanted, bob)) == plain
    for place, above in _polled_to(wanted, bob):
        assert above == plain[: len(above)], f"down to {place}"


def _go(monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    """Have leads with a status or tag found in one of the three ways."""
    monkeypatch.setattr(listing, "_FEW", 1000 if way == "looked up" else 0)
    monkeypatch.setattr(listing, "_LONGEST_WALK", 1 if way == "walked in vain" else 2000)


def _become(crowd: list[Conversation], drawn: list[dict[str, Any]], viewer: User, other: User) -> None:
    for row, wish in zip(crowd, drawn, strict=True):
        for name in ("state", "last_direction", "priority", "unread_count", "bot_enabled"):
            setattr(row, name, wish[name])
        row.last_message_at = _ago(wish["last_message"])
        row.last_inbound_at = None if wish["last_inbound"] is None else _ago(wish["last_inbound"])
        row.snoozed_until = None if wish["snoozed"] is None else NOW + timedelta(hours=wish["snoozed"])
        row.assignee_id = {True: viewer.id, False: other.id, None: None}[wish["is_mine"]]
        row.bot_due_at = NOW if wish["is_bot_due"] else None
        row.bot_quiet_until = NOW + timedelta(hours=1) if wish["is_quiet"] else None
        row.lead.opted_out_at = NOW if wish["opted_out"] else None
        row.lead.lead_status, row.lead.tags = wish["lead_status"], wish["tags"]
    db.session.commit()


def _ago(hours_ago: int) -> datetime:
    return NOW - timedelta(hours=hours_ago)


def _paged(wanted: ListFilter, viewer: User) -> Iterator[int]:
    page = queries.list_page(wanted, state_of(wanted, viewer))
    yield from (row.id for row in page.rows)
    for _ in range(ROWS):
        if page.next is None:
            return
        page = queries.older_page(wanted, page.next, NOW, viewer.id)
        yield from (row.id for row in page.rows)


def _polled_to(wanted: ListFilter, viewer: User) -> Iterator[tuple[Place, list[int]]]:
    """Give what a poll shows to somebody who has loaded so many pages."""
    page = queries.list_page(wanted, state_of(wanted, viewer))
    loaded = len(page.rows)
    while page.until is not None:
        down_to = ListFilter(**{**wanted.address, "until": page.until})  # type: ignore[arg-type]  # texts
        polled = queries.list_page(down_to, state_of(down_to, viewer))
        assert (len(polled.rows), polled.until, polled.next) == (loaded, page.until, page.next)
        yield page.until, [row.id for row in polled.rows]
        if page.next is None:
            return
        page = queries.older_page(wanted, page.next, NOW, viewer.id)
        loaded += len(page.rows)


def state_of(wanted: ListFilter, viewer: User, now: datetime = NOW) -> ListState:
    state = list_state(viewer.fs_uniquifier, wanted, now)
    assert state is not None
    return state


def _plainly(crowd: list[Conversation], wanted: ListFilter, viewer: User) -> list[int]:
    """Return the ids as they are to come, without any index or place."""
    rows = [row for row in crowd if _stands_in(row, wanted.tab, viewer) and _fits(row, wanted)]
    rows.sort(key=lambda row: (_newest_key(row, wanted.tab), row.id), reverse=True)
    if wanted.tab == "snoozed":
        rows.sort(key=lambda row: (row.snoozed_until or row.last_message_at, row.id))
    elif wanted.order == "urgent" and wanted.tab != "closed":
        urgent = [row for row in rows if _waits(row) and _inbound(row) > NOW - WINDOW]
        others = [row for row in rows if row not in urgent]
        others.sort(key=lambda row: not (row.priority == "high" and row.state == "open"))
        rows = sorted(urgent, key=lambda row: (_inbound(row), row.id)) + others
    return [row.id for row in rows]


def _stands_in(row: Conversation, tab: str, viewer: User) -> bool:
    is_open = row.state == "open"
    return {
        "mine": row.state != "closed" and row.assignee_id == viewer.id,
        "unassigned": is_open and row.assignee_id is None,
        "all": is_open,
        "unread": row.unread_count > 0,
        "waiting": _waits(row),
        "bot": is_open and row.is_bot_on(NOW),
        "snoozed": row.state == "snoozed",
        "closed": row.state == "closed",
    }[tab]


def _fits(row: Conversation, wanted: ListFilter) -> bool:
    has_status = not wanted.status or row.lead.lead_status == wanted.status
    return has_status and (not wanted.tag or wanted.tag in row.lead.tags)


def _waits(row: Conversation) -> bool:
    is_ours = row.state == "open" and row.last_direction == "incoming" and row.bot_due_at is None
    return is_ours and row.last_inbound_at is not None


def _inbound(row: Conversation) -> datetime:
    assert row.last_inbound_at is not None
    return row.last_inbound_at


def _newest_key(row: Conversation, tab: str) -> datetime:
    return _inbound(row) if tab == "waiting" else row.last_message_at


def test_a_connection_keeps_the_plans_of_the_lists_looked_at_last(bob: User) -> None:
    connection = db.session.connection()
    connection.info.pop("prepared", None)
    connection.execute(text("DEALLOCATE ALL"))

    for tab in TABS:
        assert state_of(ListFilter(tab=tab), bob).rows == []

    kept = db.session.scalar(text("SELECT count(*) FROM pg_prepared_statements WHERE name LIKE 'kiaai_%'"))
    assert kept == prepared.MOST_KEPT


def test_that_a_window_closes_moves_a_row_down_without_a_write(crowd: list[Conversation], bob: User) -> None:
    waits, answered = crowd[:2]
    _wait(waits, inbound=_ago(23))
    answered.last_message_at = _ago(1)
    db.session.commit()

    before = state_of(ListFilter(), bob, NOW).ids
    after = state_of(ListFilter(), bob, NOW + timedelta(hours=2)).ids

    assert before.index(waits.id) < before.index(answered.id)
    assert after.index(waits.id) > after.index(answered.id)


def test_a_row_that_moves_up_is_neither_doubled_nor_lost_in_the_next_poll(
    crowd: list[Conversation], bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    for age, row in enumerate(crowd):
        _wait(row, inbound=_ago(age))
    db.session.commit()
    monkeypatch.setattr("kiaai.inbox.list_state.PAGE_ROWS", 5)
    first = queries.list_page(ListFilter(), state_of(ListFilter(), bob))
    until = first.until

    # One of those that were drawn is answered, one writes again: both stand below now.
    first.rows[0].last_direction, first.rows[0].last_message_at = "outgoing", NOW
    _wait(first.rows[1], inbound=NOW)
    db.session.commit()
    polled = queries.list_page(ListFilter(until=until), state_of(ListFilter(until=until), bob))
    rest = queries.older_page(ListFilter(), polled.next, NOW, bob.id) if polled.next else None

    assert rest is not None
    shown = [row.id for row in (*polled.rows, *rest.rows)]
    assert sorted(shown) == sorted(row.id for row in crowd)


def _wait(row: Conversation, inbound: datetime) -> None:
    row.last_direction, row.last_inbound_at, row.last_message_at = "incoming", inbound, inbound


def test_it_counts_up_to_a_hundred_in_each_tab_for_the_one_who_looks(
    crowd: list[Conversation], alice: User, bob: User
) -> None:
    crowd[0].assignee_id, crowd[1].assignee_id = bob.id, alice.id
    crowd[2].state, crowd[3].state = "snoozed", "closed"
    _wait(crowd[4], inbound=NOW)
    crowd[5].unread_count = 3
    db.session.commit()

    counts = state_of(ListFilter(), bob).counts

    assert counts == {
        "mine": 1,
        "unassigned": ROWS - 4,
        "all": ROWS - 2,
        "unread": 1,
        "waiting": 1,
        "snoozed": 1,
        "closed": 1,
    }


def test_a_place_of_another_order_is_no_trouble(signed_in: FlaskClient, crowd: list[Conversation]) -> None:
    place = Place(2**40, NOW, 5)

    for path in (f"?order=newest&until={place}", f"/older?order=newest&before={place}"):
        assert signed_in.get(f"/inbox/conversations{path}", headers=HTMX).status_code == 200


@pytest.mark.parametrize("asked", ["tab=x", "order=x", "status=x", "tag=%00", "tag=" + "x" * 900, "until="])
def test_what_nobody_knows_counts_as_not_said(
    signed_in: FlaskClient, crowd: list[Conversation], asked: str
) -> None:
    assert signed_in.get(f"/inbox/conversations/panel?{asked}", headers=HTMX).status_code == 200


def test_a_page_costs_two_queries_more_for_all_marks_of_its_rows(
    signed_in: FlaskClient, crowd: list[Conversation]
) -> None:
    with counted_queries() as statements:
        signed_in.get("/inbox/conversations", headers=HTMX)

    # Who asks, and once in a while what the business is called, is not the list's.
    of_others = ("SELECT users.", "SELECT installation.")
    of_list = [statement for statement in statements if not statement.startswith(of_others)]
    assert len(of_list) == 4  # state, rows, how the last messages fare, tags


def test_rows_carry_what_is_drawn_of_them(dana: Conversation, bob: User, say: Say) -> None:
    dana.assignee_id = bob.id
    db.session.add(Tag(name="vip", colour="red"))
    say(dana, timestamp=_ago(1))
    say(dana, "No llegó", direction="outgoing", status="failed", timestamp=NOW)

    shown = rows_of(bob)

    row = shown["page"].rows[0]
    assert row.assignee is bob
    assert (shown["ticks"][dana.id], shown["has_failed"][dana.id]) == ("failed", True)
    assert shown["tag_colours"] == {"vip": "red"}
    assert row.last_inbound_at is not None


def test_tags_that_somebody_typed_are_offered_with_the_teams_own(dana: Conversation, bob: User) -> None:
    db.session.add(Tag(name="vip", colour="red"))
    dana.lead.tags = ["frenos", "vip"]
    db.session.commit()

    assert rows_of(bob)["tag_colours"] == {"frenos": "grey", "vip": "red"}


def test_a_failed_message_is_marked_although_the_customer_wrote_since(
    dana: Conversation, bob: User, say: Say
) -> None:
    say(dana, "No llegó", direction="outgoing", status="failed", timestamp=_ago(2))
    say(dana, "¿Hola?", timestamp=_ago(1))

    shown = rows_of(bob)

    assert shown["has_failed"][dana.id]
    assert dana.id not in shown["ticks"]


def test_a_cancelled_message_says_nothing_of_the_one_before(dana: Conversation, bob: User, say: Say) -> None:
    say(dana, "Llegó", direction="outgoing", status="delivered", timestamp=_ago(2))
    say(dana, "Mejor no", direction="outgoing", status="cancelled", timestamp=_ago(1))

    assert rows_of(bob)["ticks"][dana.id] == "delivered"


def rows_of(viewer: User) -> dict[str, Any]:
    return panels.rows(queries.list_page(ListFilter(), state_of(ListFilter(), viewer)), ListFilter())


def test_tags_of_a_lead_are_found_at_once_and_former_ones_no_more(dana: Conversation, bob: User) -> None:
    for tags in (["vip"], ["new", "vip"], ["new"], []):
        dana.lead.tags = tags
        db.session.commit()
        for tag in ("vip", "new"):
            assert bool(state_of(ListFilter(tag=tag), bob).rows) == (tag in tags)


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        (ListFilter(tab="mine", order="newest"), "ix_conversations_assignee_id"),
        (ListFilter(tab="unassigned", order="newest"), "ix_conversations_unassigned"),
        (ListFilter(tab="all"), "ix_conversations_open"),
        (ListFilter(tab="all"), "ix_conversations_waiting"),
        (ListFilter(tab="unread", order="newest"), "ix_conversations_unread"),
        (ListFilter(tab="waiting"), "ix_conversations_waiting"),
        (ListFilter(tab="snoozed"), "ix_conversations_snoozed"),
        (ListFilter(tab="closed"), "ix_conversations_closed"),
        (ListFilter(status="customer"), "ix_leads_lead_status"),
        (ListFilter(tag="vip"), "pk_lead_tags"),
    ],
)
def test_each_list_has_its_index(channel: Channel, bob: User, wanted: ListFilter, index: str) -> None:
    keep_autovacuum_out("leads", "lead_tags", "conversations")
    forget_statistics("leads", "lead_tags", "conversations")
    db.session.execute(_MANY, {"channel_id": channel.id, "user_id": bob.id, "now": NOW})
    db.session.execute(text("ANALYZE leads, lead_tags, conversations"))

    for span, place in (
        (listing.ALL, None),
        (listing.DOWN_TO, Place(2, NOW, 7)),
        (listing.BELOW, Place(0, NOW, 7)),
    ):
        plan = plan_of(wanted, span, place, bob.id)

        assert index in plan, span
        # Whether a walk met all rows is asked of a table of 3,000 by counting them.
        assert "Seq Scan on conversations" not in plan or wanted.status or wanted.tag, span
        assert "Seq Scan on lead" not in plan, span


_MANY = text("""
    WITH made AS (INSERT INTO leads (customer_name, lead_status, tags)
        SELECT 'Persona', CASE WHEN n % 300 = 0 THEN 'customer' ELSE 'unknown' END,
            CASE WHEN n % 300 = 0 THEN CAST('{vip}' AS text[]) ELSE '{new}' END
        FROM generate_series(1, 3000) n RETURNING id)
    INSERT INTO conversations (channel_id, lead_id, state, last_direction, unread_count, assignee_id,
        last_inbound_at, last_message_at)
    SELECT :channel_id, id, CASE id % 7 WHEN 0 THEN 'closed' WHEN 1 THEN 'snoozed' ELSE 'open' END,
        CASE id % 2 WHEN 0 THEN 'incoming' ELSE 'outgoing' END, CASE id % 20 WHEN 0 THEN 1 ELSE 0 END,
        CASE id % 3 WHEN 0 THEN :user_id END, at, at
    FROM made CROSS JOIN LATERAL (SELECT :now - id * interval '1 minute' AS at) times""")


def plan_of(wanted: ListFilter, span: str, place: Place | None, viewer_id: int) -> str:
    shape = listing.shape_of(wanted, span, place, 31)
    values = {
        **listing.values_for(wanted, place, 31, NOW),
        "viewer_id": db.session.scalar(text("SELECT min(id) FROM users")),
    }
    viewer = "viewer AS (SELECT CAST(:viewer_id AS bigint) AS id)"
    sql = f"EXPLAIN WITH {viewer}, {listing.listed(shape)} SELECT * FROM listed"
    return "\n".join(db.session.scalars(text(sql), values))
