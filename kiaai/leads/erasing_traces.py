"""How somebody is named wherever they may have left a trace: their numbers and ids."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from kiaai.extensions import db
from kiaai.models import Lead, LeadIdentity
from kiaai.whatsapp.cleaning import Item
from kiaai.whatsapp.phone_numbers import match_key

# Under which an item of a body names the person it is about.
_NAMES = (
    "from",
    "to",
    "wa_id",
    "user_id",
    "from_user_id",
    "from_parent_user_id",
    "parent_user_id",
    "to_user_id",
    "to_parent_user_id",
    "recipient_id",
    "recipient_user_id",
    "recipient_parent_user_id",
    "recipient_participant_id",
    "recipient_participant_user_id",
)
# The person under a key of their own: an address book, the notice of a new number.
_INNER = (("contact", "phone_number"), ("system", "wa_id"), ("system", "new_wa_id"), ("system", "user_id"))
# So many digits at the end are the same however a number was typed.
ENDING = 8


@dataclass(frozen=True)
class Traces:
    """ids: numbers as digits and business-scoped ids, as WhatsApp wrote them. name: as we know them."""

    ids: frozenset[str]
    name: str | None

    @property
    def endings(self) -> list[str]:
        """Return how their numbers end."""
        numbers = {id for id in self.ids if id.isdigit() and len(id) >= ENDING}
        return sorted({number[-ENDING:] for number in numbers})

    def are_in(self, item: Item) -> bool:
        """Tell whether an item of a body is about the person."""
        named = [item.get(name) for name in _NAMES]
        named += [inner.get(key) for name, key in _INNER if isinstance(inner := item.get(name), dict)]
        return any(self._is_one(value) for value in named)

    def _is_one(self, value: Any) -> bool:
        if not isinstance(value, str) or not value:
            return False
        bare = value.removeprefix("+")
        return value in self.ids or bare in self.ids or (match_key(bare) or bare) in self.ids


def find_traces(lead: Lead) -> Traces:
    """Return under which names the person may be met."""
    identities = db.session.scalars(select(LeadIdentity.value).where(LeadIdentity.lead_id == lead.id))
    number = lead.phone_number
    numbers = {number, match_key(number)} if number else set()
    return Traces(frozenset({id for id in (*identities, *numbers) if id}), lead.customer_name)
