"""What a body comes with, and what it leaves behind."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

NOT_TRIED = "not tried yet, a worker does it soon"


@dataclass(frozen=True, slots=True)
class Journal:
    """The journal row of a body: new when `event_id` is None, else one that is applied again."""

    body: bytes = b""
    outcome: str = "applied"
    error: str | None = None
    event_id: int | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """What a body left behind and who is to be woken. errors: items that could not be applied.

    erased: messages in it whose words were deleted here. is_emptied: it held nothing else.
    """

    event_id: int
    bot_conversations: frozenset[int] = frozenset()
    attachments: frozenset[int] = frozenset()
    errors: tuple[str, ...] = ()
    erased: frozenset[str] = frozenset()
    is_emptied: bool = False

    @property
    def is_unfinished(self) -> bool:
        """Tell whether time ran out before every item was tried."""
        return NOT_TRIED in self.errors


@dataclass(frozen=True, slots=True)
class Options:
    """What the settings and the clock say. bot_wait: seconds. erased_key: of the hashes of erased ids."""

    now: datetime
    bot_enabled: bool
    bot_wait: float
    channel_ids: Mapping[str, int] = field(default_factory=dict)
    erased_key: bytes = b""
