"""A worker killed in the middle of an import or its undo: the next one does the rest, and no line twice."""

from sqlalchemy import text

from tests.faults.processes import until
from tests.faults.rig import Rig

LINES = 6000

_HAND_IN = text("""
    INSERT INTO imports (state, file_name, content, total, options) VALUES (
        'queued', 'clientes.csv',
        convert_to(:content, 'UTF8'), :total, '{"columns": ["phone_number", "customer_name"]}')
    RETURNING id""")
_UNDO = "UPDATE imports SET state = 'undoing', done = 0 WHERE id = :id RETURNING id"
_STATE = "SELECT state FROM imports WHERE id = :id"
_DONE = "SELECT done FROM imports WHERE id = :id"
_LEADS = "SELECT count(*) FROM leads WHERE (source ->> 'import_id')::bigint = :id"
_CREATED = """
    SELECT count(*) FROM lead_events e JOIN leads l ON l.id = e.lead_id
    WHERE e.kind = 'created' AND (l.source ->> 'import_id')::bigint = :id"""
_ROWS = "SELECT count(*) FROM import_rows WHERE import_id = :id"


def test_an_import_goes_on_after_kill_9_and_does_no_line_twice(rig: Rig) -> None:
    number = hand_in(rig)
    for part in (1, 2):
        until(lambda part=part: rig.value(_DONE, id=number) >= part * 1000, "batches")  # type: ignore[misc]
        rig.worker.kill()
        done = rig.value(_DONE, id=number)
        assert rig.value(_LEADS, id=number) == rig.value(_ROWS, id=number) == done < LINES
        rig.worker.start()

    rig.recover("kill -9 of the worker in the middle of an import")
    until(lambda: rig.value(_STATE, id=number) == "done", "the end of the import", 120)
    assert rig.value(_LEADS, id=number) == rig.value(_CREATED, id=number) == LINES
    assert rig.value(_ROWS, id=number) == rig.value(_DONE, id=number) == LINES

    rig.value(_UNDO, id=number)
    until(lambda: rig.value(_DONE, id=number) >= 1000, "the first batches to be taken back")
    rig.worker.kill()
    rig.worker.start()
    until(lambda: rig.value(_STATE, id=number) == "undone", "the end of the undo", 120)
    assert (rig.value(_LEADS, id=number), rig.value(_DONE, id=number)) == (0, LINES)


def hand_in(rig: Rig) -> int:
    """Start an import as the page does; the worker finds it by its own sweep."""
    lines = "".join(f"5691{number:07},Cliente {number}\n" for number in range(LINES))
    with rig.engine.begin() as connection:
        values = {"content": "phone,name\n" + lines, "total": LINES}
        return int(connection.execute(_HAND_IN, values).scalar_one())
