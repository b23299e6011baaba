"""Building webhook bodies around a few items."""

import json
from datetime import UTC, datetime
from typing import Any

from kiaai.whatsapp.inbound import Batch, InboundMessage, parse

NUMBER_ID = "200000000000001"
RECEIVED_AT = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
DANA = "56900000001"


def body(field: str = "messages", **value: Any) -> bytes:
    """Return a whole webhook body whose one change carries `value`."""
    metadata = {"display_phone_number": "+56 2 2111 0000", "phone_number_id": NUMBER_ID}
    change = {"field": field, "value": {"metadata": metadata, **value}}
    return json.dumps(
        {"object": "whatsapp_business_account", "entry": [{"id": "100000000000001", "changes": [change]}]}
    ).encode()


def item(kind: str = "text", **keys: Any) -> dict[str, Any]:
    """Return one message of Dana's."""
    return {"from": DANA, "id": "wamid.KIA1AAAA", "timestamp": "1795000001", "type": kind, **keys}


def read(raw: bytes) -> Batch:
    return parse(raw, RECEIVED_AT)


def read_one(kind: str = "text", **keys: Any) -> InboundMessage:
    """Return what becomes of a body with this one message."""
    (message,) = read(body(messages=[item(kind, **keys)])).messages
    return message
