"""What has been read of a body so far, and what the items of one `value` share."""

from datetime import datetime

from kiaai.whatsapp.cleaning import Item, id_at, item_at, list_at, text_at
from kiaai.whatsapp.events import (
    AccountEvent,
    Batch,
    ContactName,
    IdentityChange,
    InboundMessage,
    Preference,
    StatusChange,
)
from kiaai.whatsapp.people import People
from kiaai.whatsapp.phone_numbers import digits_of
from kiaai.whatsapp.timestamps import time_of

_MOST_REMARKS = 200


class Findings:
    """What has been read so far. Remarks are counted beyond the first 200: a body may be all junk."""

    def __init__(self) -> None:
        self.messages: list[InboundMessage] = []
        self.statuses: list[StatusChange] = []
        self.preferences: list[Preference] = []
        self.identity_changes: list[IdentityChange] = []
        self.contact_names: list[ContactName] = []
        self.fields: list[AccountEvent] = []
        self.problems: list[str] = []
        self.notes: list[str] = []
        self.unlisted_problems = 0
        self.phone_number_ids: set[str] = set()

    def problem(self, where: str, why: str) -> None:
        if len(self.problems) < _MOST_REMARKS:
            self.problems.append(f"{where}: {why}" if where else why)
        else:
            self.unlisted_problems += 1

    def note(self, what: str) -> None:
        if len(self.notes) < _MOST_REMARKS:
            self.notes.append(what)

    def each(self, item: Item, key: str, where: str, is_required: bool = False) -> "list[tuple[str, Item]]":
        """Return the objects of a list with their places; whatever is no object becomes a problem."""
        members = item.get(key)
        place = f"{where}.{key}" if where else key
        if not isinstance(members, list):
            if is_required or members is not None:
                self.problem(place, "no list")
            return []
        found = []
        for index, member in enumerate(members):
            if isinstance(member, dict):
                found.append((f"{place}[{index}]", member))
            else:
                self.problem(f"{place}[{index}]", "no object")
        return found

    def batch(self) -> Batch:
        more = (f"and {self.unlisted_problems} more",) if self.unlisted_problems else ()
        return Batch(
            messages=tuple(self.messages),
            statuses=tuple(self.statuses),
            preferences=tuple(self.preferences),
            identity_changes=tuple(self.identity_changes),
            contact_names=tuple(self.contact_names),
            fields=tuple(self.fields),
            problems=(*self.problems, *more),
            notes=tuple(self.notes),
            phone_number_ids=frozenset(self.phone_number_ids),
        )


class Value:
    """One `value` with what all its items share: the number it is for, its people, the time."""

    __slots__ = ("business_ids", "findings", "item", "people", "phone_number_id", "received_at", "where")

    def __init__(
        self, findings: Findings, where: str, item: Item, phone_number_id: str, received_at: datetime
    ):
        self.findings = findings
        self.where = f"{where}.value"
        self.item = item
        self.phone_number_id = phone_number_id
        self.received_at = received_at
        self.people = People(list_at(item, "contacts"))
        number = text_at(item_at(item, "metadata"), "display_phone_number")
        self.business_ids = {phone_number_id, digits_of(number) if number else None}

    @classmethod
    def of(cls, findings: Findings, where: str, item: Item, received_at: datetime) -> "Value | None":
        phone_number_id = id_at(item_at(item, "metadata"), "phone_number_id", 64)
        if phone_number_id is None:
            findings.problem(f"{where}.value", "no phone_number_id")
            return None
        findings.phone_number_ids.add(phone_number_id)
        return cls(findings, where, item, phone_number_id, received_at)

    def each(self, key: str) -> list[tuple[str, Item]]:
        return self.findings.each(self.item, key, self.where)

    def time(self, item: Item) -> datetime:
        return time_of(item.get("timestamp"), self.received_at)

    def is_business(self, sender: str | None) -> bool:
        return sender is not None and (digits_of(sender) or sender) in self.business_ids
