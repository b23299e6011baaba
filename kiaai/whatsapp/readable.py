"""What a person reads of a message of any kind."""

from collections.abc import Callable
from typing import Any

from kiaai.whatsapp.cleaning import Item, UnreadableBody, item_at, list_at, read_json, text_at

MEDIA_KINDS = frozenset({"image", "video", "audio", "voice", "document", "sticker"})


def text_of(kind: str, item: Item) -> str | None:
    """Return what a person reads of this message, untrimmed; None when there are no words in it."""
    if kind in MEDIA_KINDS:
        return text_at(item_at(item, kind), "caption")
    reader = _READERS.get(kind)
    return reader(item) if reader else None


def has_content(kind: str, item: Item) -> bool:
    """Say whether the object named like the kind is there; WhatsApp sometimes sends the name alone."""
    return bool(item.get(kind))


def _text(item: Item) -> str | None:
    return text_at(item_at(item, "text"), "body")


def _button(item: Item) -> str | None:
    button = item_at(item, "button")
    return text_at(button, "text") or text_at(button, "payload")


def _interactive(item: Item) -> str | None:
    interactive = item_at(item, "interactive")
    for key in ("button_reply", "list_reply"):
        if reply := item_at(interactive, key):
            return _lines(text_at(reply, "title"), text_at(reply, "description")) or text_at(reply, "id")
    if form := item_at(interactive, "nfm_reply"):
        return _form(form)
    if permission := item_at(interactive, "call_permission_reply"):
        return text_at(permission, "response")
    return text_at(item_at(interactive, "body"), "text")


def _form(form: Item) -> str | None:
    """Return the fields of an answered form, a line each. The answer is JSON inside a string."""
    try:
        answer = read_json(text_at(form, "response_json") or "null")
    except UnreadableBody:
        answer = None
    fields = answer.items() if isinstance(answer, dict) else ()
    lines = [f"{key}: {_field(value)}" for key, value in fields if key != "flow_token"]
    return "\n".join(lines) or text_at(form, "body")


def _field(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(_field(member) for member in value)
    if isinstance(value, dict):
        return ", ".join(f"{key}: {_field(member)}" for key, member in value.items())
    return "" if value is None else str(value)


def _location(item: Item) -> str | None:
    location = item_at(item, "location")
    latitude, longitude = text_at(location, "latitude"), text_at(location, "longitude")
    place = _lines(text_at(location, "name"), text_at(location, "address"))
    return place or (f"{latitude}, {longitude}" if latitude and longitude else None)


def _contacts(item: Item) -> str | None:
    return _lines(*(_contact(contact) for contact in list_at(item, "contacts") if isinstance(contact, dict)))


def _contact(contact: Item) -> str | None:
    names = item_at(contact, "name")
    name = text_at(names, "formatted_name") or text_at(names, "first_name") or _vcard_name(contact)
    phones = [phone for phone in list_at(contact, "phones") if isinstance(phone, dict)]
    numbers = ", ".join(filter(None, (text_at(p, "phone") or text_at(p, "wa_id") for p in phones)))
    return ": ".join(filter(None, (name, numbers))) or None


def _vcard_name(contact: Item) -> str | None:
    for line in (text_at(contact, "vcard") or "").splitlines():
        if line.startswith("FN:"):
            return line.removeprefix("FN:").strip() or None
    return None


def _order(item: Item) -> str | None:
    order = item_at(item, "order")
    products = (product for product in list_at(order, "product_items") if isinstance(product, dict))
    return _lines(*(_order_line(product) for product in products), text_at(order, "text"))


def _order_line(product: Item) -> str:
    name = text_at(product, "product_retailer_id") or "?"
    line = f"{text_at(product, 'quantity') or '1'} × {name}"
    price = " ".join(filter(None, (text_at(product, "item_price"), text_at(product, "currency"))))
    return f"{line} ({price})" if price else line


def _reaction(item: Item) -> str | None:
    return text_at(item_at(item, "reaction"), "emoji")


def _system(item: Item) -> str | None:
    return text_at(item_at(item, "system"), "body")


def _edit(item: Item) -> str | None:
    message = item_at(item_at(item, "edit"), "message")
    kind = text_at(message, "type") or ""
    # An edit inside an edit does not exist; following one would let a body choose how deep we go.
    return None if kind == "edit" else text_of(kind, message)


def _lines(*lines: str | None) -> str | None:
    return "\n".join(line for line in lines if line) or None


_READERS: dict[str, Callable[[Item], str | None]] = {
    "text": _text,
    "button": _button,
    "interactive": _interactive,
    "location": _location,
    "contacts": _contacts,
    "order": _order,
    "reaction": _reaction,
    "system": _system,
    "edit": _edit,
}
