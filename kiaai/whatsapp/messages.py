"""One message of a webhook: its words, its file, and what it sets in motion."""

from datetime import datetime

from kiaai.whatsapp.cleaning import Item, id_at, item_at, line_at, text_at
from kiaai.whatsapp.events import Customer, InboundMessage
from kiaai.whatsapp.files import file_of
from kiaai.whatsapp.previews import preview_of
from kiaai.whatsapp.readable import MEDIA_KINDS, has_content, text_of

# These say something about the thread and are no turn of talk. A reaction is not known to open the window.
_SILENT_KINDS = frozenset({"reaction", "system", "edit", "revoke"})
_ANSWERABLE_KINDS = MEDIA_KINDS | {"text", "button", "interactive", "order", "location", "contacts"}
_HISTORY_STATUSES = {
    "READ": "read",
    "DELIVERED": "delivered",
    "SENT": "sent",
    "PLAYED": "played",
    "ERROR": "failed",
    "PENDING": "sent",
}
_LONGEST_KIND = 64
_LONGEST_WAMID = 512


def read_message(
    phone_number_id: str,
    wamid: str,
    customer: Customer,
    item: Item,
    timestamp: datetime,
    *,
    is_outgoing: bool = False,
    is_history: bool = False,
) -> InboundMessage:
    """Return the message that an item describes; a kind of tomorrow is kept and shown as such."""
    kind = kind_of(item)
    text = text_of(kind, item)
    is_talk = not (is_outgoing or is_history or kind in _SILENT_KINDS)
    return InboundMessage(
        phone_number_id=phone_number_id,
        customer=customer,
        wamid=wamid,
        direction="outgoing" if is_outgoing else "incoming",
        author="phone" if is_outgoing else "customer",
        kind=kind,
        text=text,
        preview=preview_of(kind, item, text),
        payload=item,
        reply_to=_reply_to(kind, item),
        timestamp=timestamp,
        status=_status(item) if is_outgoing else "received",
        file=file_of(kind, item) if kind in MEDIA_KINDS else None,
        referral=item_at(item, "referral") or None,
        is_history=is_history,
        counts_unread=is_talk,
        # What is said in a group says nothing about writing to this person alone.
        opens_window=is_talk and "group_id" not in item,
        wants_answer=is_talk and _is_answerable(kind, item),
    )


def kind_of(item: Item) -> str:
    """Return WhatsApp's own word for the kind; "unsupported" when there is none."""
    kind = line_at(item, "type", _LONGEST_KIND)
    return "unsupported" if kind in (None, "unknown") else kind


def _is_answerable(kind: str, item: Item) -> bool:
    # A group has more readers than the one who wrote; an `interactive` may come without its content.
    return kind in _ANSWERABLE_KINDS and "group_id" not in item and has_content(kind, item)


def _reply_to(kind: str, item: Item) -> str | None:
    if kind == "reaction":
        return id_at(item_at(item, "reaction"), "message_id", _LONGEST_WAMID)
    if kind in ("edit", "revoke"):
        return id_at(item_at(item, kind), "original_message_id", _LONGEST_WAMID)
    context = item_at(item, "context")
    return id_at(context, "id", _LONGEST_WAMID) or id_at(context, "message_id", _LONGEST_WAMID)


def _status(item: Item) -> str:
    history_status = text_at(item_at(item, "history_context"), "status") or "SENT"
    return _HISTORY_STATUSES.get(history_status.upper(), "sent")
