"""Fold a batch: one row per person, one receipt per message of ours. Pure."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kiaai.bot.rules import wants_back, wants_out
from kiaai.whatsapp.inbound import Batch, Customer, FoldedStatus, InboundMessage, fold_statuses
from kiaai.whatsapp.phone_numbers import match_key

Identity = tuple[str, str]


@dataclass(slots=True)
class Person:
    """One person on one channel, under all the identities that a body names.

    identities: in order of trust. may_create: whether the person becomes a lead when nobody knows them.
    """

    key: int
    channel_id: int
    identities: list[Identity]
    name: str | None
    phone_number: str | None
    may_create: bool = True
    first_at: datetime | None = None
    last_at: datetime | None = None

    def was_heard(self, at: datetime) -> None:
        """Widen the time over which the body's messages are of this person."""
        self.first_at = min(at, self.first_at or at)
        self.last_at = max(at, self.last_at or at)


@dataclass(frozen=True, slots=True)
class Work:
    """What is asked of the database for one body, for numbers that are ours."""

    people: list[Person]
    messages: list[dict[str, Any]]
    receipts: list[dict[str, Any]]
    has_echoes: bool
    has_edits: bool

    @property
    def is_empty(self) -> bool:
        return not (self.people or self.receipts)

    def identity_rows(self) -> str:
        return _as_json(
            {
                "customer": person.key,
                "channel_id": person.channel_id,
                "kind": kind,
                "value": value,
                "trust": trust,
                "may_create": person.may_create,
            }
            for person in self.people
            for trust, (kind, value) in enumerate(person.identities)
        )

    def message_rows(self) -> str:
        return _as_json(self.messages)

    def receipt_rows(self) -> str:
        return _as_json(self.receipts)


def fold(batch: Batch, channel_ids: Mapping[str, int]) -> Work:
    """Fold everything that concerns our channels. channel_ids: phone number id to channel id."""
    circle = _Circle(channel_ids)
    for message in batch.messages:
        person = circle.add(message.phone_number_id, message.customer)
        if person is not None:
            person.was_heard(message.timestamp)
    for preference in batch.preferences:
        circle.add(preference.phone_number_id, preference.customer)
    for change in batch.identity_changes:
        # The old identities come first: they say which lead it is, the new ones are learned.
        circle.add(change.phone_number_id, change.old, _new_identities(change.new_wa_id, change.new_bsuid))
    for contact in batch.contact_names:
        known_as = Customer(contact.phone, None, match_key(contact.phone), contact.name)
        circle.add(contact.phone_number_id, known_as, may_create=False)
    messages = _message_rows(batch.messages, circle)
    return Work(
        people=circle.people(),
        messages=messages,
        receipts=[
            _receipt_row(status, channel_ids[status.phone_number_id])
            for status in fold_statuses(batch.statuses)
            if status.phone_number_id in channel_ids
        ],
        has_echoes=any(m.author == "phone" and not m.is_history for m in batch.messages),
        has_edits=any(m.kind in ("edit", "revoke") for m in batch.messages),
    )


class _Circle:
    """The people of one body. Two items that share an identity on a channel are one person."""

    def __init__(self, channel_ids: Mapping[str, int]):
        self._channel_ids = channel_ids
        self._by_identity: dict[tuple[int, Identity], Person] = {}
        self._people: dict[int, Person] = {}

    def add(
        self,
        phone_number_id: str,
        customer: Customer,
        also: Iterable[Identity] = (),
        may_create: bool = True,
    ) -> Person | None:
        channel_id = self._channel_ids.get(phone_number_id)
        if channel_id is None:
            return None
        identities = [*customer.identities, *also]
        person = self.find(channel_id, identities) or self._new(channel_id)
        person.may_create = person.may_create or may_create
        person.name = person.name or customer.name
        person.phone_number = person.phone_number or customer.phone
        for identity in identities:
            self._join(person, identity)
        return person

    def find(self, channel_id: int, identities: Iterable[Identity]) -> Person | None:
        found = (self._by_identity.get((channel_id, identity)) for identity in identities)
        return next((person for person in found if person), None)

    def of(self, message: InboundMessage) -> Person | None:
        channel_id = self._channel_ids.get(message.phone_number_id)
        return None if channel_id is None else self.find(channel_id, message.customer.identities)

    def people(self) -> list[Person]:
        return list(self._people.values())

    def _new(self, channel_id: int) -> Person:
        person = Person(len(self._by_identity), channel_id, [], None, None, may_create=False)
        self._people[person.key] = person
        return person

    def _join(self, person: Person, identity: Identity) -> None:
        other = self._by_identity.get((person.channel_id, identity))
        if other is None:
            person.identities.append(identity)
            self._by_identity[person.channel_id, identity] = person
        elif other is not person:
            # Two items seemed to be of two people until a third named both identities.
            for moved in other.identities:
                person.identities.append(moved)
                self._by_identity[person.channel_id, moved] = person
            person.name = person.name or other.name
            person.phone_number = person.phone_number or other.phone_number
            for at in filter(None, (other.first_at, other.last_at)):
                person.was_heard(at)
            del self._people[other.key]


def _new_identities(wa_id: str | None, bsuid: str | None) -> list[Identity]:
    pairs = (("bsuid", bsuid), ("wa_id", wa_id), ("phone", match_key(wa_id) if wa_id else None))
    return [(kind, value) for kind, value in pairs if value]


def _message_rows(messages: Iterable[InboundMessage], circle: _Circle) -> list[dict[str, Any]]:
    rows: dict[str, dict[str, Any]] = {}
    for ordinal, message in enumerate(messages):
        person = circle.of(message)
        # The same message twice in one body is one message; the first copy counts.
        if person is not None and message.wamid not in rows:
            rows[message.wamid] = _message_row(ordinal, person, message)
    return list(rows.values())


def _message_row(ordinal: int, person: Person, message: InboundMessage) -> dict[str, Any]:
    file = message.file
    return {
        "customer": person.key,
        "ordinal": ordinal,
        "wamid": message.wamid,
        "direction": message.direction,
        "author": message.author,
        "kind": message.kind,
        "text": message.text,
        "preview": message.preview,
        "payload": message.payload,
        "reply_to": message.reply_to,
        "timestamp": _iso(message.timestamp),
        "status": message.status,
        "referral": message.referral,
        "is_history": message.is_history,
        "counts_unread": message.counts_unread,
        "opens_window": message.opens_window,
        "wants_answer": message.wants_answer,
        "is_consent": message.wants_answer and _is_about_consent(message.text),
        "writer": message.customer.wa_id or message.customer.bsuid,
        "has_file": file is not None,
        "media_id": file.media_id if file else None,
        "mime_type": file.mime_type if file else None,
        "file_name": file.file_name if file else None,
        "sha256": file.sha256 if file else None,
    }


def _is_about_consent(text: str | None) -> bool:
    return text is not None and (wants_out(text) or wants_back(text))


def _receipt_row(status: FoldedStatus, channel_id: int) -> dict[str, Any]:
    return {
        "channel_id": channel_id,
        "wamid": status.wamid,
        "send_key": status.send_key,
        "status": status.status,
        **{f"{name}_at": _iso(at) for name, at in status.times.items()},
        "error_code": status.error_code,
        "error_text": status.error_text,
        "pricing": status.pricing,
    }


def _iso(at: datetime) -> str:
    return at.isoformat()


def _as_json(rows: Iterable[dict[str, Any]]) -> str:
    return json.dumps(list(rows), ensure_ascii=False)
