"""Webhook bodies: bytes in, a `Batch` out. Pure, and total: any bytes give a batch or `UnreadableBody`."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from kiaai.whatsapp.cleaning import (
    Item,
    UnreadableBody,
    id_at,
    item_at,
    line_at,
    one_line,
    read_json,
    text_at,
)
from kiaai.whatsapp.events import (
    AccountEvent,
    Batch,
    ContactName,
    Customer,
    FoldedStatus,
    IdentityChange,
    InboundFile,
    InboundMessage,
    Preference,
    StatusChange,
)
from kiaai.whatsapp.findings import Findings, Value
from kiaai.whatsapp.messages import read_message
from kiaai.whatsapp.phone_numbers import digits_of
from kiaai.whatsapp.statuses import RANK, first_error, fold_statuses, send_key_of

__all__ = [
    "AccountEvent",
    "Batch",
    "ContactName",
    "Customer",
    "FoldedStatus",
    "IdentityChange",
    "InboundFile",
    "InboundMessage",
    "Preference",
    "StatusChange",
    "UnreadableBody",
    "fold_statuses",
    "parse",
]

# The fields that tell about account, numbers and templates (reference: "Account fields").
ACCOUNT_FIELDS = frozenset(
    {
        "account_alerts",
        "account_review_update",
        "account_update",
        "automatic_events",
        "business_capability_update",
        "business_username_update",
        "calls",
        "message_template_components_update",
        "message_template_quality_update",
        "message_template_status_update",
        "partner_solutions",
        "payment_configuration_update",
        "phone_number_name_update",
        "phone_number_quality_update",
        "security",
        "template_category_update",
    }
)
_LONGEST_WAMID = 512


def parse(raw: bytes, received_at: datetime) -> Batch:
    """Return everything that a webhook body says; what cannot be read is in its `problems`.

    received_at: aware. Raises UnreadableBody when the bytes are no JSON object, and nothing else.
    """
    body = read_json(raw)
    if not isinstance(body, dict):
        raise UnreadableBody("not a JSON object")
    findings = Findings()
    if body.get("object") != "whatsapp_business_account":
        findings.note(f"object is {line_at(body, 'object', 60) or 'missing'}")
    for where, entry in findings.each(body, "entry", "", is_required=True):
        waba_id = id_at(entry, "id")
        for change_where, change in findings.each(entry, "changes", where, is_required=True):
            _read_change(findings, change_where, waba_id, change, received_at)
    return findings.batch()


def _read_change(
    findings: Findings, where: str, waba_id: str | None, change: Item, received_at: datetime
) -> None:
    field = line_at(change, "field", 100) or ("messages" if "value" in change else None)
    value = change.get("value")
    if field is None or not isinstance(value, dict):
        findings.problem(where, "no field" if field is None else "value is no object")
        return
    if reader := _READERS.get(field):
        if change_value := Value.of(findings, where, value, received_at):
            reader(change_value)
            _note_errors(findings, f"{where}.value", value)
            for key in value.keys() - _SHARED_KEYS - _KEYS[field]:
                findings.note(f"{where}.value: unknown key {one_line(key, 60)}")
        return
    findings.fields.append(AccountEvent(field, waba_id, value))
    event = line_at(value, "event", 60)
    known = f"{field}: {event}" if event else field
    findings.note(known if field in ACCOUNT_FIELDS else f"unknown field {field}")


def _read_messages(value: Value) -> None:
    for where, item in value.each("messages"):
        if item.get("type") == "request_welcome":
            value.findings.note(f"{where}: request_welcome is a withdrawn feature")
            continue
        customer = value.people.sender(item)
        message = _add_message(value, where, item, customer)
        if message and message.kind == "system":
            _read_identity_change(value, message)
    for where, item in value.each("statuses"):
        _read_status(value, where, item)


def _add_message(
    value: Value, where: str, item: Item, customer: Customer | None, **how: Any
) -> InboundMessage | None:
    wamid = id_at(item, "id", _LONGEST_WAMID)
    if wamid is None or customer is None:
        value.findings.problem(where, "no id" if wamid is None else "names no person")
        return None
    message = read_message(value.phone_number_id, wamid, customer, item, value.time(item), **how)
    value.findings.messages.append(message)
    return message


def _read_identity_change(value: Value, message: InboundMessage) -> None:
    system = item_at(message.payload, "system")
    old = message.customer
    new_wa_id = id_at(system, "wa_id") or id_at(system, "new_wa_id")
    new_bsuid = id_at(system, "user_id")
    new_wa_id = None if new_wa_id == old.wa_id else new_wa_id
    new_bsuid = None if new_bsuid == old.bsuid else new_bsuid
    if new_wa_id or new_bsuid:
        value.findings.identity_changes.append(
            IdentityChange(
                value.phone_number_id,
                old,
                new_wa_id,
                new_bsuid,
                message.text,
                message.wamid,
                message.timestamp,
            )
        )


def _read_status(value: Value, where: str, item: Item) -> None:
    wamid, status = id_at(item, "id", _LONGEST_WAMID), text_at(item, "status")
    if wamid is None or status is None:
        value.findings.problem(where, "no id" if wamid is None else "no status")
        return
    if status not in RANK:
        value.findings.note(f"{where}: status {line_at(item, 'status', 40)}")
        return
    code, text = first_error(item)
    value.findings.statuses.append(
        StatusChange(
            phone_number_id=value.phone_number_id,
            wamid=wamid,
            status=status,
            timestamp=value.time(item),
            send_key=send_key_of(text_at(item, "biz_opaque_callback_data")),
            recipient=value.people.recipient(item),
            error_code=code,
            error_text=text,
            pricing=item_at(item, "pricing") or None,
        )
    )


def _note_errors(findings: Findings, where: str, item: Item) -> None:
    for error_where, error in findings.each(item, "errors", where):
        code, text = first_error({"errors": [error]})
        findings.note(f"{error_where}: error {code or 'without a code'}, {text or 'without words'}")


def _read_echoes(value: Value) -> None:
    """Read what was typed on the phone app: outgoing, so the person is the one written to."""
    for where, item in value.each("message_echoes"):
        _add_message(value, where, item, value.people.addressee(item), is_outgoing=True)


def _read_history(value: Value) -> None:
    for where, chunk in value.each("history"):
        _note_errors(value.findings, where, chunk)
        for thread_where, thread in value.findings.each(chunk, "threads", where):
            owner = id_at(thread, "id")
            for message_where, item in value.findings.each(thread, "messages", thread_where):
                _read_old_message(value, message_where, item, owner)
    # Files of the last two weeks come afterwards, in a `messages` array of their own.
    for where, item in value.each("messages"):
        _read_old_message(value, where, item, None)


def _read_old_message(value: Value, where: str, item: Item, owner: str | None) -> None:
    is_outgoing = value.is_business(id_at(item, "from"))
    person = value.people.addressee(item) if is_outgoing else value.people.sender(item)
    if owner is not None:
        person = value.people.find(owner, person.bsuid if person else None)
    _add_message(value, where, item, person, is_outgoing=is_outgoing, is_history=True)


def _read_preferences(value: Value) -> None:
    for where, item in value.each("user_preferences"):
        customer = value.people.find(id_at(item, "wa_id"), id_at(item, "user_id"))
        choice, category = text_at(item, "value"), text_at(item, "category")
        if customer is None:
            value.findings.problem(where, "names no person")
        elif category not in (None, "marketing_messages") or choice not in ("stop", "resume", "signup"):
            value.findings.note(f"{where}: {line_at(item, 'category', 40)} {line_at(item, 'value', 40)}")
        else:
            detail = text_at(item, "detail")
            value.findings.preferences.append(
                Preference(value.phone_number_id, customer, choice == "stop", value.time(item), detail)
            )


def _read_address_book(value: Value) -> None:
    for where, item in value.each("state_sync"):
        contact = item_at(item, "contact")
        number = text_at(contact, "phone_number")
        phone = digits_of(number) if number else None
        name = line_at(contact, "full_name") or line_at(contact, "first_name")
        if item.get("type") != "contact" or item.get("action") != "add":
            kind, action = line_at(item, "type", 40), line_at(item, "action", 40)
            value.findings.note(f"{where}: {kind} {action}")
        elif phone is None:
            value.findings.problem(where, "no phone_number")
        elif name:
            value.findings.contact_names.append(ContactName(value.phone_number_id, phone, name))


_READERS: dict[str, Callable[[Value], None]] = {
    "messages": _read_messages,
    "smb_message_echoes": _read_echoes,
    "history": _read_history,
    "user_preferences": _read_preferences,
    "smb_app_state_sync": _read_address_book,
}
_SHARED_KEYS = frozenset({"messaging_product", "metadata", "contacts", "errors"})
_KEYS: dict[str, frozenset[str]] = {
    "messages": frozenset({"messages", "statuses"}),
    "smb_message_echoes": frozenset({"message_echoes"}),
    "history": frozenset({"history", "messages"}),
    "user_preferences": frozenset({"user_preferences"}),
    "smb_app_state_sync": frozenset({"state_sync"}),
}
