"""Who an item is about: its own ids, completed from the contacts that came along."""

from typing import Any

from kiaai.whatsapp.cleaning import Item, id_at, item_at, line_at
from kiaai.whatsapp.events import Customer
from kiaai.whatsapp.phone_numbers import is_bsuid, match_key


class People:
    """The contacts of one webhook value, found by id and never by position."""

    __slots__ = ("_contacts", "_found")

    def __init__(self, contacts: list[Any]):
        self._contacts: dict[str, Item] = {}
        self._found: dict[tuple[str | None, str | None], Customer] = {}
        for contact in contacts:
            if isinstance(contact, dict):
                for key in ("wa_id", "user_id"):
                    if value := id_at(contact, key):
                        self._contacts.setdefault(value, contact)

    def sender(self, item: Item) -> Customer | None:
        """Return who wrote this; a username-only person has no `from`."""
        bsuid = id_at(item, "from_user_id") or id_at(item, "from_parent_user_id")
        return self.find(id_at(item, "from"), bsuid)

    def addressee(self, item: Item) -> Customer | None:
        """Return to whom the phone app wrote this."""
        return self.find(id_at(item, "to"), id_at(item, "to_user_id"))

    def recipient(self, item: Item) -> Customer | None:
        """Return whom a status is about. The id of a group is no person; its participant is."""
        wa_id = None if item.get("recipient_type") == "group" else id_at(item, "recipient_id")
        return self.find(wa_id or id_at(item, "recipient_participant_id"), id_at(item, "recipient_user_id"))

    def find(self, wa_id: str | None, bsuid: str | None) -> Customer | None:
        """Return the person with these ids; None when there is none at all."""
        if wa_id is not None and is_bsuid(wa_id):
            wa_id, bsuid = None, bsuid or wa_id
        if wa_id is None and bsuid is None:
            return None
        if (wa_id, bsuid) not in self._found:
            self._found[wa_id, bsuid] = self._customer(wa_id, bsuid)
        return self._found[wa_id, bsuid]

    def _customer(self, wa_id: str | None, bsuid: str | None) -> Customer:
        contact = self._contacts.get(bsuid or "") or self._contacts.get(wa_id or "") or {}
        profile = item_at(contact, "profile")
        wa_id = (wa_id or id_at(contact, "wa_id") or "").removeprefix("+") or None
        return Customer(
            wa_id=wa_id,
            bsuid=bsuid or id_at(contact, "user_id"),
            phone=match_key(wa_id) if wa_id else None,
            name=line_at(profile, "name"),
            username=line_at(profile, "username"),
        )
