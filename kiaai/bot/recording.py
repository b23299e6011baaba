"""What is kept of a turn, to be shown and replayed. Pure."""

from typing import Any

from kiaai.bot.turn import Decision, TurnInput


def passages_of(decision: Decision) -> dict[str, Any]:
    """Return the articles that were found, for `bot_turns.passages`."""
    found = [
        {"article_id": passage.article_id, "title": passage.title, "score": passage.score}
        for passage in decision.passages
    ]
    return {"language": decision.language, "found": found} if found else {}


def detail_of(turn: TurnInput, decision: Decision) -> dict[str, Any]:
    """Return what replays the turn, for `bot_turns.detail`.

    text: what the bot said, or would have said. model: see `ModelRecord.as_json`; None without one.
    """
    return {
        "read": list(turn.texts),
        "things": sorted(turn.things),
        "earlier": list(turn.earlier[-10:]),
        "was_fallback": turn.was_fallback,
        "is_closed": turn.closed is not None,
        "language": decision.language,
        "text": decision.text,
        "changes": {change.kind: change.value for change in decision.changes},
        "model": decision.model.as_json() if decision.model else None,
    }
