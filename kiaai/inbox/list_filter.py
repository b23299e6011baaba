"""Which rows of the list somebody looks at, and in which order, as the address of the page says it."""

from dataclasses import dataclass, replace
from urllib.parse import urlencode

from kiaai.leads.searching import cleaned_search
from kiaai.models.lead import LEAD_STATUSES
from kiaai.texts import lazy
from kiaai.web.paging import Place, read_place
from kiaai.whatsapp.cleaning import clean_text

TABS = {
    "mine": lazy("Mine"),
    "unassigned": lazy("Unassigned"),
    "all": lazy("All"),
    "unread": lazy("Unread"),
    "waiting": lazy("Waiting"),
    "bot": lazy("Bot"),
    "snoozed": lazy("Snoozed"),
    "closed": lazy("Closed"),
}
# urgent: who waits for us and can still be answered, the window that closes soonest first; then the others.
ORDERS = ("urgent", "newest")
# What sleeps and what is put away have an order of their own.
ORDERED_TABS = tuple(tab for tab in TABS if tab not in ("snoozed", "closed"))
LONGEST_TAG = 50


@dataclass(frozen=True)
class ListFilter:
    """Which rows of the list somebody looks at. until: down to where they have loaded.

    status, tag: of the lead; empty for any. A search looks everywhere, so that they do not count.
    """

    tab: str = "all"
    q: str = ""
    until: Place | None = None
    order: str = "urgent"
    status: str = ""
    tag: str = ""

    @classmethod
    def read(
        cls,
        tab: str | None = None,
        q: str | None = None,
        until: str | None = None,
        order: str | None = None,
        status: str | None = None,
        tag: str | None = None,
    ) -> "ListFilter":
        """Read what an address says; what is not known counts as not said. Raises ValidationFailed."""
        return cls(
            tab=tab if tab in TABS else "all",
            q=cleaned_search(q),
            until=read_place(until),
            order=order if order in ORDERS else "urgent",
            status=status if status in LEAD_STATUSES else "",
            tag=" ".join(clean_text(tag or "").split())[:LONGEST_TAG],
        )

    @property
    def address(self) -> dict[str, str]:
        """What its URLs carry; a plain list has plain ones."""
        parts = {name: getattr(self, name) for name in ("tab", "q", "order", "status", "tag")}
        return {name: value for name, value in parts.items() if value != getattr(ListFilter, name)}

    @property
    def query(self) -> str:
        """The end of the page's address that brings this list back after a reload."""
        return f"?{urlencode(self.address)}" if self.address else ""

    @property
    def has_orders(self) -> bool:
        """Tell whether the reader may choose the order."""
        return not self.q and self.tab in ORDERED_TABS

    def but(self, **parts: str) -> dict[str, str]:
        """Return the address of the same list with other parts: `wanted.but(tab="mine", q="")`."""
        return replace(self, until=None, **parts).address
