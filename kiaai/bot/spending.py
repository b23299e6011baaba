"""What the bot did lately and what its model cost: counted over the turns of the last days."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text

from kiaai.extensions import db

DAYS = 30
# A page is no place to count millions: the newest of them tell as much.
MOST_COUNTED = 100_000

# From ix_bot_turns_started_at alone: 70 ms at 1,000,000 turns, of which 86,000 are of these days.
_COUNTED = text(
    """
    SELECT count(*) AS turns,
        count(*) FILTER (WHERE decision = 'answer' AND reason = 'knowledge') AS by_articles,
        count(*) FILTER (WHERE reason = 'model' AND decision IN ('answer', 'ask')) AS by_model,
        count(*) FILTER (WHERE decision = 'fallback') AS not_known,
        count(*) FILTER (WHERE decision = 'hand_off') AS handed_off,
        coalesce(sum(tokens_in), 0) AS tokens_in, coalesce(sum(tokens_out), 0) AS tokens_out,
        coalesce(sum(cost_micros), 0) AS cost_micros
    FROM (SELECT * FROM bot_turns WHERE started_at >= :since ORDER BY started_at DESC LIMIT :most) AS newest
    """
)


@dataclass(frozen=True)
class Spending:
    """turns: of all kinds. cost_micros: millionths of the currency that the model's price is given in."""

    turns: int
    by_articles: int
    by_model: int
    not_known: int
    handed_off: int
    tokens_in: int
    tokens_out: int
    cost_micros: int

    @property
    def is_cut(self) -> bool:
        return self.turns >= MOST_COUNTED


def last_days(now: datetime) -> Spending:
    """Return what the turns of the last 30 days came to; of the newest 100,000 when there are more."""
    row = db.session.execute(_COUNTED, {"since": now - timedelta(days=DAYS), "most": MOST_COUNTED}).one()
    return Spending(**{name: int(value) for name, value in row._mapping.items()})
