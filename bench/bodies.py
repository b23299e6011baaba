"""Signed webhook bodies, as Meta sends them, from invented customers."""

import json
import time
from collections.abc import Iterator
from itertools import count
from typing import Any

from bench.load import Call
from bench.stage import PHONE_NUMBER_ID, SECRET
from kiaai.whatsapp.signature import sign

_numbers = count(1)


def one_text_each(bodies: int, customers: int, first: int = 56_900_000_000) -> list[Call]:
    """Return bodies of one text, each with a wamid of its own, from that many customers in turn."""
    return [signed(body(messages=[message(first + n % customers)])) for n in range(bodies)]


def one_body(items: int, customers: int, first: int = 56_900_000_000) -> Call:
    """Return one body with that many texts in it."""
    return signed(body(messages=[message(first + n % customers) for n in range(items)]))


def one_body_of_statuses(wamids: list[str], customer: int = 56_900_000_000) -> Call:
    """Return one body with a receipt for each of the wamids."""
    statuses = [
        {
            "id": wamid,
            "status": "delivered",
            "timestamp": str(int(time.time())),
            "recipient_id": str(customer),
        }
        for wamid in wamids
    ]
    return signed(body(statuses=statuses))


def message(customer: int) -> dict[str, Any]:
    number = next(_numbers)
    return {
        "from": str(customer),
        "id": f"wamid.BENCH{number}",
        "timestamp": str(int(time.time())),
        "type": "text",
        "text": {"body": f"Hola, ¿tienen hora mañana? {number}"},
    }


def body(**items: list[dict[str, Any]]) -> bytes:
    """Return a body of one change with these items."""
    senders = {item["from"] for found in items.values() for item in found if "from" in item}
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "56221110000", "phone_number_id": PHONE_NUMBER_ID},
        "contacts": [{"profile": {"name": "Ana Prueba"}, "wa_id": sender} for sender in sorted(senders)],
        **items,
    }
    entry = {"id": "100000000000001", "changes": [{"field": "messages", "value": value}]}
    return json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()


def signed(raw: bytes) -> Call:
    headers = {"Content-Type": "application/json", "X-Hub-Signature-256": sign(raw, SECRET)}
    return Call("POST", "/webhook", headers, raw)


def wamids_of(calls: list[Call]) -> Iterator[str]:
    """Give the wamids that these bodies name, one after the other."""
    for call in calls:
        value = json.loads(call.body or b"")["entry"][0]["changes"][0]["value"]
        yield from (item["id"] for item in value["messages"])
