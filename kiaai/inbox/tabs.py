"""The tabs of the list as SQL: which conversations stand in each, and in which order.

Whatever the order, rows that come in are only compared with the clock: that a window closes writes nothing.
Parameters: `:now`, and `:horizon`, at which a window that closes now was opened. A CTE names the `viewer`.
"""

from dataclasses import dataclass

from kiaai.models.conversation import HIGH, SNOOZE_ENDS, WAITS

# Their index, with its own order and condition: see models/conversation.py.
_CONDITIONS = {
    "mine": "state <> 'closed' AND assignee_id = (SELECT id FROM viewer)",
    "unassigned": "state = 'open' AND assignee_id IS NULL",
    "all": "state = 'open'",
    "unread": "unread_count > 0",
    "waiting": WAITS,
    "bot": """state = 'open' AND bot_enabled AND (bot_quiet_until IS NULL OR bot_quiet_until <= :now)
        AND NOT EXISTS (SELECT FROM leads WHERE leads.id = lead_id AND opted_out_at IS NOT NULL)""",
    "snoozed": "state = 'snoozed'",
    "closed": "state = 'closed'",
}
_URGENT = f"{WAITS} AND last_inbound_at > :horizon"
# Null is no answer to a question, and no row may stand nowhere.
_NOT_URGENT = f"({_URGENT}) IS NOT TRUE"


@dataclass(frozen=True)
class Section:
    """A part of a tab with an order of its own, by `key` and id. is_rising: the least first."""

    only: str
    key: str
    is_rising: bool = False

    @property
    def order(self) -> str:
        way = "ASC" if self.is_rising else "DESC"
        return f"{self.key} {way}, id {way}"

    @property
    def below(self) -> str:
        """The condition for rows that come after a place."""
        return f"({self.key}, id) {'>' if self.is_rising else '<'} (:at, :id)"

    @property
    def down_to(self) -> str:
        """The condition for rows that come not after a place; the negation of `below` has no index."""
        return f"({self.key}, id) {'<=' if self.is_rising else '>='} (:at, :id)"


def in_tab(tab: str) -> str:
    """Return the condition for the rows of a tab. `all` is what is not put away; search finds that too."""
    return _CONDITIONS[tab]


def sections_of(tab: str, order: str) -> tuple[Section, ...]:
    """Return the parts of a tab, from top to bottom; each row stands in one of them.

    What sleeps and what is put away have an order of their own. Those who wait are the newest by when they
    last wrote, as their index has it.
    """
    if tab == "snoozed":
        return (Section("true", SNOOZE_ENDS, is_rising=True),)
    key = "last_inbound_at" if tab == "waiting" else "last_message_at"
    if order == "newest" or tab == "closed":
        return (Section("true", key),)
    return (
        Section(_URGENT, "last_inbound_at", is_rising=True),
        Section(f"{HIGH} AND {_NOT_URGENT}", key),
        Section(f"({HIGH}) IS NOT TRUE AND {_NOT_URGENT}", key),
    )
