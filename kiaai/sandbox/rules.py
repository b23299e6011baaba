"""How strictly and how fast the sandbox plays WhatsApp."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Rules:
    """Delays in seconds, and which of Meta's limits are kept.

    throughput_per_second: sends a second before 130429 (5 % above are let through); None for no limit.
    """

    sent_after_seconds: float = 0.05
    delivered_after_seconds: float = 0.3
    retry_seconds: float = 1.0
    throughput_per_second: int | None = 80
    has_pair_limit: bool = True
    has_window: bool = True


# For tests: as strict as Meta, with nothing to wait for.
INSTANT = Rules(sent_after_seconds=0, delivered_after_seconds=0, retry_seconds=0.05)
