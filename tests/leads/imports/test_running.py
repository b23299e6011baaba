"""A worker brings a file in, batch by batch, and takes it back as if it had never come."""

import threading

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from kiaai.extensions import db
from kiaai.faults import FaultInjected, configure
from kiaai.leads.imports import records, saving
from kiaai.leads.imports.previewing import preview
from kiaai.leads.imports.running import run
from kiaai.leads.merging import merge
from kiaai.leads.merging import undo as part
from kiaai.leads.pipeline import Actor, set_notes
from kiaai.models import (
    Channel,
    Conversation,
    Import,
    ImportRow,
    Lead,
    LeadEvent,
    LeadIdentity,
    LeadTag,
    Merge,
    Message,
    User,
)
from tests.conftest import make_conversation

HEADER = "phone,name,status,notes,tags\n"


def queued(content: str, user: User, **options: object) -> int:
    """Hand a file to the worker; return the id of the import."""
    record = records.keep_table(content.encode(), "clientes.csv", user.id)
    record.options = {**record.options, **options}
    records.start(record)
    db.session.commit()
    return record.id


def undo(import_id: int) -> None:
    records.start_undo(db.session.get_one(Import, import_id))
    db.session.commit()
    run(import_id)


def lines(count: int, start: int = 1000) -> str:
    return HEADER + "".join(f"569000{start + n:05},Cliente {n},,,vip\n" for n in range(count))


def count_of(table: type) -> int:
    return db.session.scalar(select(func.count()).select_from(table)) or 0


def lead_of(number: str) -> Lead:
    return db.session.scalars(select(Lead).where(Lead.phone_number == number)).one()


def outcomes(import_id: int) -> list[tuple[int, str]]:
    rows = select(ImportRow).where(ImportRow.import_id == import_id).order_by(ImportRow.line)
    return [(row.line, row.outcome) for row in db.session.scalars(rows)]


def test_it_does_what_the_preview_said(dana: Conversation, alice: User) -> None:
    content = (
        HEADER
        + "56900000001,,customer,,\n56900007001,Ana,,,\n56900007001,,,Hola,\nx,Eva,,,\n56900007001,,,,\n"
    )
    record = records.keep_table(content.encode(), "clientes.csv", alice.id)
    foreseen = preview(records.table_of(record), records.plan_of(record.options))
    records.start(record)
    db.session.commit()
    import_id = record.id

    run(import_id)

    record = db.session.get_one(Import, import_id)
    assert (record.state, record.done, record.content) == ("done", 5, None)
    assert record.counts == foreseen.counts.as_json()
    assert record.counts == {"created": 1, "changed": 2, "unchanged": 1, "refused": 1}
    assert outcomes(record.id) == [
        (2, "changed"),
        (3, "created"),
        (4, "changed"),
        (5, "refused"),
        (6, "unchanged"),
    ]


@pytest.mark.parametrize(
    ("how", "name", "status", "tags"),
    [
        ("fill", "Dana Díaz", "customer", ["vip", "feria"]),
        ("overwrite", "Danae", "customer", ["nuevo", "feria"]),
        ("leave", "Dana Díaz", "unknown", ["vip"]),
    ],
)
def test_known_leads_are_treated_as_chosen(
    dana: Conversation, alice: User, how: str, name: str, status: str, tags: list[str]
) -> None:
    dana.lead.tags = ["vip"]
    db.session.commit()

    run(queued(HEADER + "56900000001,Danae,customer,,nuevo\n", alice, how=how, tags=["feria"]))

    lead = lead_of("56900000001")
    assert (lead.customer_name, lead.lead_status, lead.tags) == (name, status, tags)


def test_a_worker_that_dies_leaves_nothing_half_done_and_the_next_goes_on(app: Flask, alice: User) -> None:
    import_id = queued(lines(3 * saving.BATCH), alice)
    configure("import_after_commit:raise")
    try:
        with pytest.raises(FaultInjected):
            run(import_id)
    finally:
        configure("")
    assert db.session.get_one(Import, import_id).done == saving.BATCH
    assert count_of(Lead) == saving.BATCH
    run(import_id)
    assert count_of(Lead) == saving.BATCH, "its lease still runs"

    db.session.execute(update(Import).values(lease_until=None))
    db.session.commit()
    run(import_id)

    assert db.session.get_one(Import, import_id).counts["created"] == 3 * saving.BATCH
    assert count_of(Lead) == count_of(ImportRow) == count_of(LeadEvent) == 3 * saving.BATCH


def test_a_worker_that_wakes_after_its_lease_does_no_line_twice(app: Flask, alice: User) -> None:
    import_id = queued(lines(2 * saving.BATCH), alice)
    of_the_other = iter([False, True])
    asked = iter([True])

    def sleep_too_long() -> bool:
        if next(asked, False):
            db.session.execute(update(Import).values(lease_until=None))
            db.session.commit()
            run(import_id, lambda: next(of_the_other))
        return False

    run(import_id, sleep_too_long)
    assert db.session.get_one(Import, import_id).done == saving.BATCH
    db.session.rollback()
    run(import_id)

    assert db.session.get_one(Import, import_id).state == "done"
    assert count_of(Lead) == count_of(LeadEvent) == 2 * saving.BATCH


def test_a_worker_that_stops_gives_the_rest_to_the_next(app: Flask, alice: User) -> None:
    import_id = queued(lines(2 * saving.BATCH), alice)
    answers = iter([False, True])

    run(import_id, lambda: next(answers))
    run(import_id)

    assert db.session.get_one(Import, import_id).state == "done"
    assert count_of(Lead) == 2 * saving.BATCH


@pytest.mark.committed
def test_two_imports_and_two_workers_at_once_make_each_lead_once(app: Flask, alice: User) -> None:
    size = 2 * saving.BATCH
    ids = [queued(lines(size), alice), queued(lines(size), alice)]
    together = threading.Barrier(4)

    def work(import_id: int) -> None:
        with app.app_context():
            together.wait()
            run(import_id)

    threads = [threading.Thread(target=work, args=(import_id,)) for import_id in [*ids, *ids]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    counts = [db.session.get_one(Import, import_id).counts for import_id in ids]
    assert sum(one["created"] for one in counts) == count_of(Lead) == size
    assert sum(one["unchanged"] for one in counts) == size


def test_undo_leaves_no_trace_of_leads_that_nobody_used(dana: Conversation, alice: User) -> None:
    dana_id, before, alice_id = dana.id, dana.version, alice.id
    import_id = queued(HEADER + "56900000001,Danae,,,vip\n56900007001,Ana,,,vip\n", alice, how="overwrite")
    run(import_id)
    undo(import_id)

    lead = lead_of("56900000001")
    names = db.session.scalars(select(LeadEvent).where(LeadEvent.kind == "name").order_by(LeadEvent.id)).all()
    assert (lead.customer_name, lead.tags, count_of(Lead), count_of(LeadTag)) == ("Dana Díaz", [], 1, 0)
    assert [(event.old, event.new) for event in names] == [("Dana Díaz", "Danae"), ("Danae", "Dana Díaz")]
    assert (names[1].by, names[1].user_id, names[1].detail["undo"]) == ("import", alice_id, True)
    assert db.session.get_one(Import, import_id).state == "undone"
    assert db.session.get_one(Conversation, dana_id).version > before


def test_undo_keeps_what_people_have_done_since(channel: Channel, dana: Conversation, alice: User) -> None:
    content = HEADER + "56900000001,Danae,customer,,\n56900007001,Ana,,,\n56900007002,Eva,,,\n"
    import_id, channel_id, alice_id = queued(content, alice, how="overwrite"), channel.id, alice.id
    run(import_id)
    talk = Conversation(channel_id=channel_id, lead_id=lead_of("56900007001").id)
    db.session.add(talk)
    db.session.flush()
    db.session.add(Message(conversation_id=talk.id, text="Hola"))
    set_notes(lead_of("56900007002"), "Llamar", Actor("user", alice_id))
    lead_of("56900000001").customer_name = "Dana D."
    db.session.commit()

    undo(import_id)

    rows = db.session.scalars(select(ImportRow).order_by(ImportRow.line)).all()
    lead = lead_of("56900000001")
    assert [row.new["undone"] for row in rows] == ["partly", "kept", "kept"]
    assert all(row.reason for row in rows)
    assert (lead.customer_name, lead.lead_status, count_of(Lead)) == ("Dana D.", "unknown", 3)


def test_an_undo_that_was_cut_short_goes_on(app: Flask, alice: User) -> None:
    import_id = queued(lines(2 * saving.BATCH), alice)
    run(import_id)
    records.start_undo(db.session.get_one(Import, import_id))
    db.session.commit()
    answers = iter([False, True])

    run(import_id, lambda: next(answers))
    assert count_of(Lead) == saving.BATCH
    run(import_id)

    assert (count_of(Lead), db.session.get_one(Import, import_id).done) == (0, 2 * saving.BATCH)


def test_bad_bytes_lose_nothing(app: Flask, alice: User) -> None:
    content = HEADER + "56900007001,A\x00na,,,\nx\x00,,,,\n56900007002,Eva,,,\n"

    run(queued(content, alice))

    assert [lead.customer_name for lead in db.session.scalars(select(Lead).order_by(Lead.id))] == [
        "A\ufffdna",
        "Eva",
    ]


def test_the_same_person_under_two_numbers_is_changed_line_by_line(channel: Channel, alice: User) -> None:
    ana = make_conversation(channel, "56900007001", "Ana")
    db.session.add(LeadIdentity(kind="phone", value="56900007002", lead_id=ana.lead_id))
    db.session.commit()

    run(queued("phone,notes\n56900007001,uno\n56900007002,dos\n", alice, how="overwrite"))

    assert [lead.notes for lead in db.session.scalars(select(Lead))] == ["dos"]


def test_what_an_import_took_back_stays_taken_back_when_a_merge_is_undone(
    dana: Conversation, alice: User
) -> None:
    other = Lead(phone_number="56900000002", customer_name="Dana S.", notes="De antes")
    db.session.add(other)
    db.session.commit()
    keep_id, other_id = dana.lead_id, other.id
    import_id = queued(HEADER + "56900000002,,customer,,vip\n", alice)
    run(import_id)
    row = merge(db.session.get_one(Lead, keep_id), db.session.get_one(Lead, other_id), Actor("system"))
    db.session.commit()

    merge_id = row.id
    undo(import_id)
    part(db.session.get_one(Merge, merge_id), Actor("system"))
    db.session.commit()

    parted = db.session.get_one(Lead, other_id)
    assert (parted.lead_status, parted.tags, parted.notes) == ("unknown", [], "De antes")
