"""What a line changes about a person who is known. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kiaai.leads.imports.cells import Row
from kiaai.leads.pipeline import TAGS_LIMIT

FIELDS = ("customer_name", "lead_status", "notes", "tags")
# With leads that are known: fill what is empty, write over it, or leave it all alone.
WAYS = ("fill", "overwrite", "leave")
Facts = dict[str, Any]


@dataclass(frozen=True)
class Plan:
    """How a file is to be read and saved. how: one of WAYS. tags: for every lead of the file."""

    how: str = "fill"
    tags: tuple[str, ...] = ()
    country: str = ""


def facts_of(row: Row, tags: Sequence[str]) -> Facts:
    """Return what a new lead begins with."""
    return {
        "customer_name": row.name,
        "lead_status": row.status or "unknown",
        "notes": row.notes or "",
        "tags": _joined(row.tags or [], tags),
    }


def changes_of(row: Row, known: Facts, plan: Plan) -> Facts:
    """Return the fields that the line changes, with their new values; empty when it changes nothing."""
    if plan.how == "leave":
        return {}
    said = {"customer_name": row.name, "lead_status": row.status, "notes": row.notes, "tags": row.tags}
    if plan.how == "fill":
        said = {name: value for name, value in said.items() if is_empty(name, known[name])}
    said["tags"] = _joined(said.get("tags") or known["tags"], plan.tags)
    return {name: value for name, value in said.items() if value is not None and value != known[name]}


def is_empty(name: str, value: object) -> bool:
    """Tell whether nobody has said anything there yet."""
    return not value or (name == "lead_status" and value == "unknown")


def _joined(tags: Sequence[str], more: Sequence[str]) -> list[str]:
    return list(dict.fromkeys([*tags, *more]))[: max(TAGS_LIMIT, len(tags))]
