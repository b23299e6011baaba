"""Canned replies: find, write, change and delete them."""

import re

from sqlalchemy import or_, select
from sqlalchemy.exc import IntegrityError

from kiaai.clock import now
from kiaai.errors import NotFound, ValidationFailed
from kiaai.extensions import db
from kiaai.inbox.canned import fill_in
from kiaai.models import CannedReply
from kiaai.texts import lazy
from kiaai.whatsapp.cleaning import clean_text

VARIABLES = ("name", "first_name", "agent", "business")
SHORTCUT_LIMIT = 40
TEXT_LIMIT = 4096
EXAMPLE_NAME = "Dana Díaz"
_SHORTCUT = re.compile(r"[\w-]+")


def list_replies(q: str = "") -> list[CannedReply]:
    """Return the replies by shortcut, all or those with these words in shortcut or text."""
    replies = select(CannedReply).order_by(CannedReply.shortcut)
    for word in clean_text(q).lower().removeprefix("/").split():
        replies = replies.where(
            or_(
                CannedReply.shortcut.icontains(word, autoescape=True),
                CannedReply.text.icontains(word, autoescape=True),
            )
        )
    return list(db.session.scalars(replies))


def create_reply(shortcut: str, text: str) -> CannedReply:
    """Add a reply. Raises ValidationFailed naming `shortcut` or `text`."""
    reply = CannedReply()
    _write(reply, shortcut, text)
    return reply


def change_reply(reply_id: int, shortcut: str, text: str) -> CannedReply:
    """Change a reply. Raises NotFound, and ValidationFailed naming `shortcut` or `text`."""
    reply = _reply(reply_id)
    _write(reply, shortcut, text)
    return reply


def delete_reply(reply_id: int) -> CannedReply:
    """Delete a reply. Raises NotFound."""
    reply = _reply(reply_id)
    db.session.delete(reply)
    return reply


def example_of(text: str, agent: str, business: str) -> str:
    """Return what a customer would read of a text, here somebody invented."""
    values = {
        "name": EXAMPLE_NAME,
        "first_name": EXAMPLE_NAME.split()[0],
        "agent": agent,
        "business": business,
    }
    return "".join(piece for piece, _ in fill_in(text[:TEXT_LIMIT], values))


def unknown_variables(text: str) -> list[str]:
    """Return the variables of a text that nothing will fill in, each once, as they are written."""
    pieces = fill_in(text, dict.fromkeys(VARIABLES, "-"))
    return list(dict.fromkeys(piece for piece, is_open in pieces if is_open))


def _reply(reply_id: int) -> CannedReply:
    # Locked: of two people one may be changing what the other deletes.
    reply = db.session.get(CannedReply, reply_id, with_for_update=True, populate_existing=True)
    if reply is None:
        raise NotFound(lazy("This reply does not exist any more."))
    return reply


def _write(reply: CannedReply, shortcut: str, text: str) -> None:
    errors: dict[str, list[str]] = {}
    shortcut = clean_text(shortcut).strip().removeprefix("/").lower()
    text = clean_text(text).replace("\r\n", "\n").strip()
    if reason := _wrong_shortcut(shortcut):
        errors["shortcut"] = [reason]
    if reason := _wrong_text(text):
        errors["text"] = [reason]
    if errors:
        raise _refused(errors)
    try:
        with db.session.begin_nested():
            reply.shortcut, reply.text, reply.updated_at = shortcut, text, now()
            db.session.add(reply)
    except IntegrityError:
        raise _refused({"shortcut": [lazy("Another reply has this shortcut.")]}) from None


def _wrong_shortcut(shortcut: str) -> str | None:
    if not _SHORTCUT.fullmatch(shortcut):
        return lazy("Letters, digits, - and _, without spaces.")
    if len(shortcut) > SHORTCUT_LIMIT:
        return lazy("At most %(limit)s characters.", limit=SHORTCUT_LIMIT)
    return None


def _wrong_text(text: str) -> str | None:
    if not text:
        return lazy("Write what the customer will read.")
    if len(text) > TEXT_LIMIT:
        return lazy("At most %(limit)s characters.", limit=TEXT_LIMIT)
    if unknown := unknown_variables(text):
        return lazy("Nothing fills in %(names)s.", names=", ".join(unknown))
    return None


def _refused(errors: dict[str, list[str]]) -> ValidationFailed:
    return ValidationFailed(lazy("Some of what was sent does not fit."), errors)
