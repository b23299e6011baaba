"""A talk exported from WhatsApp, from the file that was handed in to what was chosen about it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from kiaai import clock
from kiaai.errors import ValidationFailed
from kiaai.leads.finding import find_lead, parse_phone
from kiaai.leads.imports.chat_file import Chat, read_chat
from kiaai.leads.imports.chat_running import told_of
from kiaai.leads.imports.chat_text import ORDERS
from kiaai.leads.imports.records import clean_name, keep_chat, refused
from kiaai.models import Import
from kiaai.texts import lazy
from kiaai.whatsapp.cleaning import clean_text

FIRST_MESSAGES = 20
ORDER_NAMES = {
    "dmy": lazy("day/month/year"),
    "mdy": lazy("month/day/year"),
    "ymd": lazy("year/month/day"),
}


def keep(content: bytes, name: str, user_id: int, business: str, zone: str) -> Import:
    """Keep an export with what can be told of it. No commit. Raises ValidationFailed naming `file`."""
    chat = read_chat(content, name, business, _local(zone))
    # Where it cannot be told whether the day or the month comes first, a person says.
    order = chat.orders[0] if len(chat.orders) == 1 else ""
    options = {"customer": chat.customer, "phone": chat.phone, "order": order, "zone": zone}
    return keep_chat(content, clean_name(name), options, len(chat.talk.said), user_id)


def choice(form: Mapping[str, str]) -> dict[str, Any]:
    """Read who the customer is, their number, and how the dates are to be read."""
    order = form.get("order", "")
    return {
        "customer": clean_text(form.get("customer", "")),
        "phone": clean_text(form.get("phone", "")).strip()[:40],
        "order": order if order in ORDERS else "",
    }


def check(record: Import) -> None:
    """Raise ValidationFailed when something still has to be said; else keep the number as digits."""
    chat, options = _chat(record, ""), record.options
    if options["customer"] not in chat.talk.names:
        raise refused(lazy("Say who the customer is."))
    if options["order"] not in chat.orders:
        raise refused(lazy("Say whether the day or the month comes first."))
    try:
        phone = parse_phone(options["phone"])
    except ValidationFailed as error:
        raise refused(error.fields["to"][0]) from None
    record.options = {**options, "phone": phone}


def shown(record: Import, business: str) -> dict[str, Any]:
    """Return what the preview draws."""
    chat = _chat(record, business)
    order = record.options["order"] if record.options["order"] in chat.orders else chat.orders[0]
    read = Import(
        id=record.id,
        file_name=record.file_name,
        content=record.content,
        options={**record.options, "order": order},
    )
    told = told_of(read)
    phone = record.options["phone"]
    return {
        "chat": chat,
        "order": order,
        "orders": {name: ORDER_NAMES[name] for name in chat.orders},
        "told": told[:FIRST_MESSAGES],
        "first": told[0].at if told else None,
        "last": told[-1].at if told else None,
        "lead": find_lead(phone) if phone else None,
    }


def _chat(record: Import, business: str) -> Chat:
    zone = record.options["zone"]
    return read_chat(record.content or b"", record.file_name, business, _local(zone))


def _local(zone: str) -> datetime:
    return clock.now().astimezone(ZoneInfo(zone)).replace(tzinfo=None)
