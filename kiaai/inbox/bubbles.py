"""From rows of the ledger to what the thread draws: bubbles, day lines and notices."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil, isfinite

from kiaai import clock
from kiaai.delivery.outbox import UNDO_SECONDS
from kiaai.inbox.thread import ThreadPage, is_annotation
from kiaai.inbox.viewer import Viewer
from kiaai.inbox.wording import WHO_HELPS
from kiaai.models import Message
from kiaai.models.base import Json
from kiaai.texts import Text, lazy
from kiaai.whatsapp.cleaning import item_at, list_at, text_at
from kiaai.whatsapp.errors import Action, Explanation, action_for, explain, find_verdict
from kiaai.whatsapp.explanations import SPECIAL
from kiaai.whatsapp.previews import preview_of, readable_preview
from kiaai.whatsapp.readable import MEDIA_KINDS

# So long the fate of a message may settle itself before we ask a person.
ASK_AFTER = timedelta(minutes=10)

_SHAPES = {
    "text": "text",
    "button": "choice",
    "interactive": "choice",
    "location": "location",
    "contacts": "contacts",
    "order": "order",
    "template": "template",
    "system": "notice",
}
_TICKS = {
    "queued": "clock",
    "sending": "clock",
    "unknown": "circle-help",
    "sent": "check",
    "delivered": "check-check",
    "read": "check-check",
    "played": "check-check",
    "failed": "circle-alert",
    "cancelled": "ban",
}
_STATUS_WORDS = {
    "queued": lazy("Waiting to be sent"),
    "sending": lazy("Sending"),
    "unknown": lazy("Not known whether it arrived"),
    "sent": lazy("Sent"),
    "delivered": lazy("Delivered"),
    "read": lazy("Read"),
    "played": lazy("Played"),
    "failed": lazy("Not delivered"),
    "cancelled": lazy("Cancelled before it was sent"),
}
# After these the same message may go; after the others it would only fail again.
_WORTH_REPEATING = ("again", "wait", "settings")
_PROGRAMS = {"bot": lazy("Bot"), "api": lazy("API"), "campaign": lazy("Campaign"), "phone": lazy("Phone app")}


@dataclass(frozen=True)
class Quote:
    """The message that an answer refers to, in one line. id: of its bubble, none when it is not known."""

    author: str
    text: str
    id: int | None


@dataclass(frozen=True)
class OrderItem:
    """A line of an order. price: of one, with its currency; empty when it is not told."""

    quantity: str
    name: str
    price: str


@dataclass(frozen=True)
class Bubble:
    """One message with all that its bubble shows. is_marked_wrong: the number of the person it went to."""

    message: Message
    author: str
    viewer: Viewer
    is_first: bool = True
    is_marked_wrong: bool = False
    quote: Quote | None = None
    reactions: list[Message] = field(default_factory=list)

    @property
    def payload(self) -> Json:
        return _payload_of(self.message)

    @property
    def shape(self) -> str:
        """Which template draws the inside."""
        kind = self.message.kind
        if self.message.revoked_at:
            return "deleted"
        if kind in MEDIA_KINDS or self.message.attachments:
            return "media"
        return _SHAPES.get(kind, "unsupported")

    @property
    def tick(self) -> str | None:
        return _TICKS.get(self.message.status) if self.message.is_outgoing else None

    @property
    def status_words(self) -> str:
        return _STATUS_WORDS.get(self.message.status, self.message.status.capitalize())

    @property
    def explanation(self) -> Explanation | None:
        if self.message.status != "failed":
            return None
        return explain(self.message.error_code, self.viewer.language, is_final=True)

    @property
    def waiting_reason(self) -> Explanation | None:
        """Why a message that was tried waits for its next try."""
        if self.message.status != "queued" or not self.message.attempt:
            return None
        language = self.viewer.language
        code = self.message.error_code
        return explain(code, language) if code is not None else SPECIAL[language]["not_reached"]

    @property
    def action(self) -> Action | None:
        """What helps after a failure: `again`, `wait`, `wrong_number`, `template` ... None without one."""
        return action_for(self.message.error_code) if self.message.status == "failed" else None

    @property
    def can_repeat(self) -> bool:
        """Whether sending the same once more may help."""
        return self.action in _WORTH_REPEATING and not self.was_sent_again

    @property
    def raw_reason(self) -> str | None:
        """What WhatsApp itself said, where our own words add nothing or send the reader there."""
        has_own_words = self.message.error_code is not None and self.message.error_code != 100
        is_known = has_own_words and find_verdict(self.message.error_code) is not None
        return None if is_known else self.message.error_text

    @property
    def who_helps(self) -> Text:
        """Who can solve a failure."""
        return WHO_HELPS[self.action or "none"]

    @property
    def can_cancel(self) -> bool:
        return self.message.status == "queued"

    @property
    def seconds_left(self) -> int | None:
        """How long it can still be taken back before it leaves, in whole seconds."""
        message = self.message
        if message.status != "queued" or message.attempt or message.next_attempt_at is None:
            return None
        left = ceil((message.next_attempt_at - clock.now()).total_seconds())
        return left if 0 < left <= UNDO_SECONDS else None

    @property
    def was_sent_again(self) -> bool:
        return "sent_again_as" in self.payload

    @property
    def ask_at(self) -> datetime | None:
        """From when on a person may send a message of unknown fate again."""
        since = self.message.unknown_at or self.message.timestamp
        return since + ASK_AFTER if self.message.status == "unknown" else None

    @property
    def forwarded(self) -> str | None:
        context = item_at(self.payload, "context")
        if context.get("frequently_forwarded") is True:
            return lazy("Forwarded many times")
        return lazy("Forwarded") if context.get("forwarded") is True else None

    @property
    def referral(self) -> Json:
        """The ad or post that the customer wrote from."""
        return item_at(self.payload, "referral")

    @property
    def referral_words(self) -> str:
        said = (text_at(self.referral, name) for name in ("headline", "body", "source_id"))
        return next(filter(None, said), "")

    @property
    def template_name(self) -> str:
        return text_at(item_at(self.payload, "template"), "name") or ""

    @property
    def is_animated(self) -> bool:
        return self.message.kind == "sticker"

    @property
    def map_url(self) -> str | None:
        """Where a location is on a map; numbers only, so that nothing else gets into the address."""
        location = item_at(self.payload, "location")
        try:
            latitude, longitude = float(location["latitude"]), float(location["longitude"])
        except (KeyError, TypeError, ValueError, OverflowError):
            return None
        if not (isfinite(latitude) and isfinite(longitude)):
            return None
        place = f"{latitude:.6f}/{longitude:.6f}"
        return f"https://www.openstreetmap.org/?mlat={latitude:.6f}&mlon={longitude:.6f}#map=16/{place}"

    @property
    def unsupported_kind(self) -> str:
        """What WhatsApp calls a message that it does not hand to us, in words."""
        kind = self.message.kind
        if kind == "unsupported":
            kind = text_at(item_at(self.payload, "unsupported"), "type") or ""
        if not kind:
            return lazy("unknown")
        return kind.replace("_", " ")

    @property
    def order(self) -> list[OrderItem]:
        """What the customer wants to buy."""
        items = list_at(item_at(self.payload, "order"), "product_items")
        return [_order_item(item) for item in items if isinstance(item, dict)]

    @property
    def order_words(self) -> str | None:
        """What the customer wrote with an order."""
        return text_at(item_at(self.payload, "order"), "text")

    @property
    def contacts(self) -> list[tuple[str, list[str]]]:
        """Names with their numbers."""
        cards = [card for card in list_at(self.payload, "contacts") if isinstance(card, dict)]
        return [(_contact_name(card), _contact_numbers(card)) for card in cards]


def bubble(
    page: ThreadPage,
    message: Message,
    viewer: Viewer,
    is_first: bool = True,
    is_marked_wrong: bool = False,
) -> Bubble:
    """Return one bubble with its quote and reactions."""
    return Bubble(
        message=message,
        author=author_name(message, viewer.id),
        viewer=viewer,
        is_first=is_first,
        is_marked_wrong=is_marked_wrong,
        quote=_quote(page, message, viewer.id),
        reactions=page.reactions.get(message.message_id or "", []),
    )


def author_name(message: Message, viewer_id: int) -> str:
    """Return who speaks, as the viewer says it; nothing for the customer."""
    if message.author == "customer":
        return ""
    if message.author == "user":
        if message.user_id == viewer_id:
            return lazy("You")
        return message.user.display_name if message.user else lazy("Former colleague")
    return _PROGRAMS.get(message.author, message.author)


def _quote(page: ThreadPage, message: Message, viewer_id: int) -> Quote | None:
    if not message.reply_to or is_annotation(message):
        return None
    target = page.targets.get(message.reply_to)
    if target is None:
        return Quote("", lazy("An earlier message"), None)
    return quote_of(target, viewer_id)


def quote_of(target: Message, viewer_id: int) -> Quote:
    """Return a message in one line, with who said it."""
    said = readable_preview(preview_of(target.kind, _payload_of(target), target.text))
    text = lazy("Deleted message") if target.revoked_at else said
    return Quote(author_name(target, viewer_id) or lazy("Customer"), text, target.id)


def _payload_of(message: Message) -> Json:
    """Return the payload; empty where an importer stored something else than an object."""
    # The column's type promises an object, `jsonb` itself does not.
    payload: object = message.payload
    return payload if isinstance(payload, dict) else {}


def _contact_name(card: Json) -> str:
    names = item_at(card, "name")
    return text_at(names, "formatted_name") or text_at(names, "first_name") or lazy("No name")


def _contact_numbers(card: Json) -> list[str]:
    phones = [phone for phone in list_at(card, "phones") if isinstance(phone, dict)]
    return [number for phone in phones if (number := text_at(phone, "phone") or text_at(phone, "wa_id"))]


def _order_item(item: Json) -> OrderItem:
    price = " ".join(filter(None, (text_at(item, "item_price"), text_at(item, "currency"))))
    name = text_at(item, "product_retailer_id") or "?"
    return OrderItem(text_at(item, "quantity") or "1", name, price)
