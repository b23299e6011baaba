"""Canned replies: found by what was typed after the slash, and filled in for one conversation."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import case, select

from kiaai.extensions import db
from kiaai.models import CannedReply, Lead

MOST_SHOWN = 8

_VARIABLE = re.compile(r"(\{\{\s*\w+\s*\}\})")


@dataclass(frozen=True)
class Suggestion:
    """A canned reply for one conversation. parts: its text in pieces; True marks a variable left open."""

    shortcut: str
    parts: list[tuple[str, bool]]

    @property
    def text(self) -> str:
        return "".join(piece for piece, _ in self.parts)


def variables(lead: Lead, agent: str, business: str) -> dict[str, str]:
    """Return what the variables stand for in a conversation with this lead; what is not known is missing."""
    name = (lead.customer_name or "").strip()
    known = {
        "name": name,
        "first_name": name.split()[0] if name else "",
        "agent": agent,
        "business": business,
    }
    return {key: value for key, value in known.items() if value}


def suggestions(typed: str, values: Mapping[str, str]) -> list[Suggestion]:
    """Return the replies whose shortcut or text holds what was typed, the closest first."""
    begins = CannedReply.shortcut.istartswith(typed, autoescape=True)
    holds = CannedReply.shortcut.icontains(typed, autoescape=True)
    found = db.session.scalars(
        select(CannedReply)
        .where(holds | CannedReply.text.icontains(typed, autoescape=True))
        .order_by(case((begins, 0), (holds, 1), else_=2), CannedReply.shortcut)
        .limit(MOST_SHOWN)
    )
    return [Suggestion(reply.shortcut, fill_in(reply.text, values)) for reply in found]


def has_any() -> bool:
    """Tell whether the team has canned replies."""
    return db.session.scalar(select(CannedReply.id).limit(1)) is not None


def fill_in(text: str, values: Mapping[str, str]) -> list[tuple[str, bool]]:
    """Return the text in pieces with its variables filled in; those not known stay, and are marked."""
    return [_piece(piece, values) for piece in _VARIABLE.split(text) if piece]


def _piece(piece: str, values: Mapping[str, str]) -> tuple[str, bool]:
    if not _VARIABLE.fullmatch(piece):
        return piece, False
    value = values.get(piece.strip("{} \t\n").lower())
    return (piece, True) if value is None else (value, False)
