"""Reads of the lead panel: the lead's history by page, and the tags that are in use."""

from dataclasses import dataclass

from sqlalchemy import select, text

from kiaai.extensions import db
from kiaai.models import LeadEvent, User

PAGE_LINES = 20
MOST_TAGS = 200

# From one tag to the next by the index, however many people have each.
_TAGS = text("""
    WITH RECURSIVE used(name, place) AS (
        (SELECT tag, 1 FROM lead_tags ORDER BY tag LIMIT 1)
        UNION ALL
        SELECT (SELECT tag FROM lead_tags WHERE tag > used.name ORDER BY tag LIMIT 1), place + 1
        FROM used WHERE used.name IS NOT NULL AND place < :most)
    SELECT name, coalesce(tags.colour, 'grey') AS colour
    FROM (SELECT name FROM used WHERE name IS NOT NULL) worn FULL JOIN tags USING (name)
    ORDER BY name LIMIT :most""")


@dataclass(frozen=True)
class Timeline:
    """Lines of a history, the newest first, with who did it. next: where older ones begin; None without."""

    events: list[tuple[LeadEvent, User | None]]
    next: int | None


def page(lead_id: int, before: int | None = None) -> Timeline:
    """Return the newest lines of the lead's history, or those before one."""
    found = select(LeadEvent, User).outerjoin(User, User.id == LeadEvent.user_id)
    found = found.where(LeadEvent.lead_id == lead_id).order_by(LeadEvent.id.desc()).limit(PAGE_LINES + 1)
    if before is not None:
        found = found.where(LeadEvent.id < before)
    rows: list[tuple[LeadEvent, User | None]] = [(event, user) for event, user in db.session.execute(found)]
    drawn = rows[:PAGE_LINES]
    return Timeline(drawn, drawn[-1][0].id if len(rows) > PAGE_LINES else None)


def known_tags() -> dict[str, str]:
    """Return the tags that the team offers and those that somebody has, by name, with their colours."""
    return {tag.name: tag.colour for tag in db.session.execute(_TAGS, {"most": MOST_TAGS})}
