"""The tags of the team: names and colours, and what a change means for the leads that have them."""

from dataclasses import dataclass

from sqlalchemy import exists, select, text
from sqlalchemy.dialects.postgresql import insert

from kiaai.errors import NotFound, ValidationFailed
from kiaai.extensions import db
from kiaai.leads.pipeline import TAG_LIMIT
from kiaai.models import Tag
from kiaai.models.desk import TAG_COLOURS
from kiaai.models.lead import LeadTag
from kiaai.texts import lazy
from kiaai.whatsapp.cleaning import clean_text


@dataclass(frozen=True)
class TagUse:
    """A tag that is offered, or that some lead has. count: of its leads."""

    name: str
    colour: str
    count: int


class TagExists(ValidationFailed):
    """Another tag has this name: whoever asked decides whether the two become one."""


_USES = text("""
    SELECT name, coalesce(tags.colour, 'grey') AS colour, coalesce(uses.leads, 0) AS leads
    FROM tags FULL JOIN (SELECT tag AS name, count(*) AS leads FROM lead_tags GROUP BY tag) uses USING (name)
    ORDER BY lower(name), name""")
# Leads before conversations, both in the order of their ids, as everybody locks them.
_LOCK_LEADS = text("""
    SELECT id FROM leads WHERE id IN (SELECT lead_id FROM lead_tags WHERE tag = :old)
    ORDER BY id FOR NO KEY UPDATE""")
_LOCK_CONVERSATIONS = text("""
    SELECT id FROM conversations WHERE lead_id = ANY (:ids) ORDER BY id FOR NO KEY UPDATE""")
_CHANGED = """CASE WHEN CAST(:new AS text) IS NULL OR :new = ANY (tags) THEN array_remove(tags, :old)
    ELSE array_replace(tags, :old, :new) END"""
_RECORD = text(f"""
    INSERT INTO lead_events (lead_id, kind, old, new, by, user_id)
    SELECT id, 'tags', array_to_string(tags, ', '), array_to_string({_CHANGED}, ', '), 'user', :user_id
    FROM leads WHERE id = ANY (:ids) ORDER BY id""")
_CHANGE = text(f"UPDATE leads SET tags = {_CHANGED} WHERE id = ANY (:ids)")
_RAISE_VERSIONS = text("UPDATE conversations SET version = version + 1 WHERE lead_id = ANY (:ids)")


def list_tags() -> list[TagUse]:
    """Return all tags by name, also those that stand on leads and were never given a colour."""
    return [TagUse(row.name, row.colour, row.leads) for row in db.session.execute(_USES)]


def create_tag(name: str, colour: str) -> None:
    """Offer a tag. Raises ValidationFailed naming `name` or `colour`."""
    name, colour = _checked(name, colour)
    made = insert(Tag).values(name=name, colour=colour).on_conflict_do_nothing().returning(Tag.name)
    if db.session.scalar(made) is None:
        raise _refused("name", lazy("There is such a tag already."))


def change_tag(old: str, new: str, colour: str, user_id: int, *, is_merge: bool = False) -> int:
    """Give a tag another name or colour, on all leads that have it; return how many got the name.

    is_merge: when another tag has the new name, make them one, in that one's colour. Raises NotFound,
    TagExists, and ValidationFailed naming `name` or `colour`.
    """
    new, colour = _checked(new, colour)
    _require_known(old)
    if new == old:
        _keep(old, colour)
        return 0
    is_known = _is_known(new)
    if is_known and not is_merge:
        raise TagExists(
            lazy("There is such a tag already."), {"name": [lazy("There is such a tag already.")]}
        )
    if not is_known:
        _keep(new, colour)
    _drop(old)
    return _change_leads(old, new, user_id)


def delete_tag(name: str, user_id: int) -> int:
    """Delete a tag and take it off all leads; return off how many. Raises NotFound."""
    _require_known(name)
    _drop(name)
    return _change_leads(name, None, user_id)


def _change_leads(old: str, new: str | None, user_id: int) -> int:
    """Put a tag in the place of another, or nothing, with a line in the history of each lead."""
    ids = list(db.session.scalars(_LOCK_LEADS, {"old": old}))
    values = {"ids": ids, "old": old, "new": new, "user_id": user_id}
    if ids:
        db.session.execute(_RECORD, values)
        db.session.execute(_CHANGE, values)
        db.session.execute(_LOCK_CONVERSATIONS, values)
        db.session.execute(_RAISE_VERSIONS, values)
    return len(ids)


def _checked(name: str, colour: str) -> tuple[str, str]:
    name = " ".join(clean_text(name).split())
    if not name:
        raise _refused("name", lazy("Give it a name."))
    if len(name) > TAG_LIMIT:
        raise _refused("name", lazy("At most %(limit)s characters.", limit=TAG_LIMIT))
    if "," in name:
        raise _refused("name", lazy("A comma stands between tags, never in one."))
    if colour not in TAG_COLOURS:
        raise _refused("colour", lazy("Choose one of the list."))
    return name, colour


def _keep(name: str, colour: str) -> None:
    row = insert(Tag).values(name=name, colour=colour)
    db.session.execute(row.on_conflict_do_update(index_elements=["name"], set_={"colour": colour}))


def _drop(name: str) -> None:
    if tag := db.session.get(Tag, name):
        db.session.delete(tag)
        db.session.flush()


def _require_known(name: str) -> None:
    if clean_text(name) != name or not _is_known(name):
        raise NotFound(lazy("This tag does not exist any more."))


def _is_known(name: str) -> bool:
    known = select(exists().where(Tag.name == name) | exists().where(LeadTag.tag == name))
    return bool(db.session.scalar(known))


def _refused(field: str, reason: str) -> ValidationFailed:
    return ValidationFailed(lazy("The tag was not changed."), {field: [reason]})
