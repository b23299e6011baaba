"""What is kept of a turn, to be shown and replayed. Pure."""

from collections.abc import Iterable
from typing import Any

from kiaai.bot.turn import Decision, Line, Passage, Standing, TurnInput

# Enough to tell the language, and what a short question goes on about.
_NEWEST_EARLIER, _LONGEST_EARLIER = 5, 500


def passages_of(decision: Decision) -> dict[str, Any]:
    """Return the articles that were found, for `bot_turns.passages`."""
    found = named(decision.passages)
    return {"language": decision.language, "found": found} if found else {}


def named(passages: Iterable[Passage]) -> list[dict[str, Any]]:
    """Return articles as a record names them."""
    return [
        {"article_id": passage.article_id, "title": passage.title, "score": passage.score}
        for passage in passages
    ]


def detail_of(turn: TurnInput, decision: Decision) -> dict[str, Any]:
    """Return what replays the turn, for `bot_turns.detail`.

    text: what the bot said, or would have said. model: see `ModelRecord.as_json`; None without one.
    """
    return {
        "read": list(turn.texts),
        "things": sorted(turn.things),
        "earlier": [text[:_LONGEST_EARLIER] for text in turn.earlier[-_NEWEST_EARLIER:]],
        "said_before": [{"by": line.by, "text": line.text} for line in turn.talk],
        "lead": {"status": turn.lead_status, "name": turn.customer_name},
        "was_fallback": turn.was_fallback,
        "is_closed": turn.closed is not None,
        "language": decision.language,
        "text": decision.text,
        "changes": {change.kind: change.value for change in decision.changes},
        "model": decision.model.as_json() if decision.model else None,
    }


def replayed(detail: dict[str, Any], business_name: str, topics: tuple[tuple[str, str], ...]) -> TurnInput:
    """Return the turn that a record tells of, as if the bot might speak and the business were open."""
    lead = detail.get("lead", {})
    return TurnInput(
        standing=Standing(epoch=0, is_enabled=True, is_quiet=False, is_opted_out=False),
        texts=tuple(detail.get("read", ())),
        all_texts=tuple(detail.get("read", ())),
        things=frozenset(detail.get("things", ())),
        earlier=tuple(detail.get("earlier", ())),
        was_fallback=detail.get("was_fallback", False),
        business_name=business_name,
        topics=topics,
        talk=tuple(Line(line["by"], line["text"]) for line in detail.get("said_before", ())),
        lead_status=lead.get("status", "unknown"),
        customer_name=lead.get("name"),
    )
