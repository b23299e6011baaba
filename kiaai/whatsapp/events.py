"""What a webhook body says, as frozen values: people, messages, statuses and account news."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from kiaai.whatsapp.cleaning import Item


@dataclass(frozen=True, slots=True)
class Customer:
    """A person as one item names them. At least one of `wa_id` and `bsuid` is set.

    wa_id: exactly what WhatsApp gave. phone: the match key of it, digits. bsuid: business-scoped user id.
    """

    wa_id: str | None
    bsuid: str | None
    phone: str | None
    name: str | None = None
    username: str | None = None

    @property
    def identities(self) -> tuple[tuple[str, str], ...]:
        """The (kind, value) pairs under which this person may be known, the most trusted first."""
        pairs = (("bsuid", self.bsuid), ("wa_id", self.wa_id), ("phone", self.phone))
        return tuple((kind, value) for kind, value in pairs if value)


@dataclass(frozen=True, slots=True)
class InboundFile:
    """A file that WhatsApp keeps for us for seven days.

    mime_type: without parameters. sha256: lowercase hex, None when it could not be read.
    url: a hint that dies within minutes; the id is what counts. file_name: never a path.
    """

    media_id: str
    mime_type: str
    file_name: str | None
    sha256: str | None
    url: str | None
    is_voice: bool
    is_animated: bool


@dataclass(frozen=True, slots=True)
class InboundMessage:
    """One item of a thread.

    direction: "incoming" or "outgoing" (typed on the phone app). author: "customer" or "phone".
    text: what a person reads, untrimmed; None for a file without caption and the like.
    preview: one line for the conversation list. reply_to: the wamid quoted, reacted to, edited or revoked.
    """

    phone_number_id: str
    customer: Customer
    wamid: str
    direction: str
    author: str
    kind: str
    text: str | None
    preview: str
    payload: Item
    reply_to: str | None
    timestamp: datetime
    status: str
    file: InboundFile | None
    referral: Item | None
    is_history: bool
    counts_unread: bool
    opens_window: bool
    wants_answer: bool


@dataclass(frozen=True, slots=True)
class StatusChange:
    """What became of a message of ours: sent, delivered, read, played or failed.

    send_key: our own uuid, when the message carried one. error_text: "title: details".
    """

    phone_number_id: str
    wamid: str
    status: str
    timestamp: datetime
    send_key: str | None
    recipient: Customer | None
    error_code: int | None
    error_text: str | None
    pricing: Item | None


@dataclass(frozen=True, slots=True)
class FoldedStatus:
    """All that one body says about one message of ours: the highest status and a time for each."""

    phone_number_id: str
    wamid: str
    status: str
    times: Mapping[str, datetime]
    send_key: str | None
    recipient: Customer | None
    error_code: int | None
    error_text: str | None
    pricing: Item | None


@dataclass(frozen=True, slots=True)
class Preference:
    """A person stopped or resumed marketing messages in WhatsApp's own menu."""

    phone_number_id: str
    customer: Customer
    is_stop: bool
    timestamp: datetime
    detail: str | None


@dataclass(frozen=True, slots=True)
class IdentityChange:
    """A person took a new number or got a new business-scoped id."""

    phone_number_id: str
    old: Customer
    new_wa_id: str | None
    new_bsuid: str | None
    body: str | None
    wamid: str
    timestamp: datetime


@dataclass(frozen=True, slots=True)
class ContactName:
    """How the phone app's address book names a number."""

    phone_number_id: str
    phone: str
    name: str


@dataclass(frozen=True, slots=True)
class AccountEvent:
    """News about the account, a number or a template; `value` as it came, cleaned."""

    field: str
    waba_id: str | None
    value: Item


@dataclass(frozen=True, slots=True)
class Batch:
    """Everything one body says. `problems` are items that could not be read, each with where and why.

    notes: what was understood and changes nothing here.
    """

    messages: tuple[InboundMessage, ...]
    statuses: tuple[StatusChange, ...]
    preferences: tuple[Preference, ...]
    identity_changes: tuple[IdentityChange, ...]
    contact_names: tuple[ContactName, ...]
    fields: tuple[AccountEvent, ...]
    problems: tuple[str, ...]
    notes: tuple[str, ...]
    phone_number_ids: frozenset[str]
