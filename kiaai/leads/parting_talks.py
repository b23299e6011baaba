"""Part the conversations that a merge put together: each message goes back to whom it is of.

What came since is known by the number or id that it is with (`messages.party`); what has none stays.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import func, select, text

from kiaai.delivery.lanes import refresh_due
from kiaai.delivery.showing import show_newest
from kiaai.extensions import db
from kiaai.leads.finding import find_or_create_conversation
from kiaai.leads.together import put_back, snapshot, write_rows
from kiaai.models import Channel, Conversation, Lead, LeadIdentity, Message
from kiaai.models.base import Json
from kiaai.texts import Text, lazy

# What a conversation never gets back: versions and epochs only rise, and nobody holds it any more.
_NEVER = ("id", "version", "owner_epoch", "lead_id", "channel_id")
_NOBODYS = {
    "lease_token": None,
    "lease_until": None,
    "turn_token": None,
    "turn_until": None,
    "turn_attempts": 0,
}

_MOVES = [
    (
        name,
        text(f"UPDATE {table} SET conversation_id = :to WHERE conversation_id = :at AND id = ANY (:rows)"),
    )
    for name, table in (
        ("messages", "messages"),
        ("notes", "notes"),
        ("turns", "bot_turns"),
        ("events", "lead_events"),
        ("imports", "imports"),
    )
]
_MOVE_LATER = text("""
    UPDATE messages SET conversation_id = :to WHERE conversation_id = :at AND id > :last_id
        AND party = ANY (:parties) RETURNING direction""")
# What waits to go and says not to whom would have gone where the conversation answers.
_ADDRESS = text("""
    UPDATE messages SET party = :party
    WHERE conversation_id = :id AND id > :last_id AND direction = 'outgoing' AND status = 'queued'
        AND party IS NULL""")
_UNADDRESS = text("UPDATE messages SET party = NULL WHERE id = ANY (:ids)")
_EVENTS_OF = text("UPDATE lead_events SET lead_id = :lead_id WHERE conversation_id = :id")
_DRAFT_IS_JOINED = text("""
    SELECT d.text = concat_ws(E'\\n\\n', nullif(:mine, ''), nullif(:others, ''))
    FROM drafts d WHERE user_id = :user_id AND conversation_id = :id""")
_DELETE_DRAFT = text("DELETE FROM drafts WHERE user_id = :user_id AND conversation_id = :id")


def part_talks(keep_id: int, moved: Json, talks: Sequence[Conversation]) -> list[Text]:
    """Give the other lead its conversations back; return what could not be parted. Needs the locks."""
    other_id = moved["other"]["id"]
    here = {talk.id: talk for talk in talks}
    theirs = _parties(moved)
    mine = _own_parties(keep_id, moved) - theirs
    left: list[Text] = []
    for told in moved["talks"]:
        at = here.get(told["into"] or told["id"])
        if at is None:
            left.append(lazy("A conversation that was deleted since."))
        elif told["into"]:
            left += _unfold(told, at, theirs)
        else:
            to_id, parties = (keep_id, mine) if not told["is_own"] else (other_id, theirs)
            _give(told, at, keep_id if told["is_own"] else other_id)
            _split(told, at, to_id, parties)
    return left


def _parties(moved: Json) -> set[str]:
    """Return the numbers and ids of the lead that went."""
    return {value for _, value in moved["identities"]} | {moved["other"]["phone_number"]} - {None}


def _own_parties(keep_id: int, moved: Json) -> set[str]:
    values = db.session.scalars(select(LeadIdentity.value).where(LeadIdentity.lead_id == keep_id))
    return {*values, *({moved["keep"]["phone_number"]} - {None})}


def _give(told: Json, talk: Conversation, lead_id: int) -> None:
    """Give a whole conversation back to whose it was, with what is told of it."""
    _address(told, talk)
    talk.lead_id = lead_id
    talk.answers_to = told["before"]["answers_to"]
    talk.version += 1
    db.session.flush()
    if not told["is_own"]:
        db.session.execute(_EVENTS_OF, {"id": talk.id, "lead_id": lead_id})


def _split(told: Json, talk: Conversation, lead_id: int, parties: Iterable[str]) -> None:
    """Give the other of the two the messages that came since and are with one of their numbers."""
    later = select(Message.id).where(
        Message.conversation_id == talk.id, Message.id > told["last_id"], Message.party.in_(list(parties))
    )
    if db.session.scalar(later.limit(1)) is None:
        return
    lead, channel = db.session.get_one(Lead, lead_id), db.session.get_one(Channel, talk.channel_id)
    to = find_or_create_conversation(lead, channel)
    to.version += 1
    _move_later(told, talk, to, list(parties))
    for one in (talk, to):
        _show(one, None if one is to else told["before"])


def _unfold(told: Json, into: Conversation, theirs: set[str]) -> list[Text]:
    """Take a conversation out of the one that it went into."""
    now, after = snapshot("conversations", into.id), told["into_after"]
    back = {name: told["into_before"][name] for name in after if now[name] == after[name]}
    has_changed = any(name not in (*_NEVER, *back) for name in after)
    _address(told, into)
    epoch = into.owner_epoch + 1
    version = max(into.version, told["before"]["version"]) + 1
    write_rows("conversations", [{**told["before"], **_NOBODYS, "version": version, "owner_epoch": epoch}])
    into.owner_epoch, into.version = epoch, version
    db.session.flush()
    for name, statement in _MOVES:
        db.session.execute(statement, {"to": told["id"], "at": into.id, "rows": told[name]})
    talk = db.session.get_one(Conversation, told["id"], populate_existing=True)
    came = _move_later(told, into, talk, list(theirs))
    left = _part_drafts(told, into)
    put_back("conversations", into.id, {name: back[name] for name in back if name not in _NEVER} | _NOBODYS)
    if has_changed:
        db.session.refresh(into)
        unread = min(told["before"]["unread_count"] + came, now["unread_count"])
        if "bot_quiet_until" not in back:
            # A person has taken the word since: the bot stays quiet in both.
            talk.bot_quiet_until = into.bot_quiet_until
        _settle(talk, told["before"], unread)
        _settle(into, told["into_before"], now["unread_count"] - unread)
    db.session.execute(_UNADDRESS, {"ids": told["addressed"]})
    for one in (into, talk):
        db.session.refresh(one)
        refresh_due(one.id)
    return left


def _address(told: Json, talk: Conversation) -> None:
    if talk.answers_to:
        values = {"id": talk.id, "last_id": told["last_id"], "party": talk.answers_to}
        db.session.execute(_ADDRESS, values)


def _move_later(told: Json, at: Conversation, to: Conversation, parties: list[str]) -> int:
    """Move what came since with one of these numbers; return how much of it came in."""
    values = {"at": at.id, "to": to.id, "last_id": told["last_id"], "parties": parties}
    return list(db.session.scalars(_MOVE_LATER, values)).count("incoming")


def _settle(talk: Conversation, before: Json, unread: int) -> None:
    """Let a conversation in which something happened since show what is in it now."""
    talk.last_message_at = datetime.fromisoformat(before["last_message_at"])
    _show(talk, before)
    talk.unread_count = unread
    talk.answers_to = before["answers_to"]
    # The bot may have answered since: what was due then is not due again.
    talk.bot_due_at = talk.bot_since_at = None
    db.session.flush()


def _show(talk: Conversation, before: Json | None) -> None:
    """Let the list show the newest message, and the window count from the newest that came in."""
    since = before and before["last_inbound_at"]
    newest = _newest_incoming(talk.id)
    known = datetime.fromisoformat(since) if since else None
    talk.last_inbound_at = max(filter(None, (known, newest)), default=None)
    show_newest(talk)
    db.session.flush()
    refresh_due(talk.id)


def _newest_incoming(conversation_id: int) -> datetime | None:
    incoming = select(func.max(Message.timestamp)).where(
        Message.conversation_id == conversation_id,
        Message.direction == "incoming",
        Message.kind.not_in(("system", "erased")),
    )
    return db.session.scalar(incoming)


def _part_drafts(told: Json, into: Conversation) -> list[Text]:
    """Give everybody back what they had begun in each; what they wrote since stays in the one that stayed."""
    mine = {row["user_id"]: row for row in told["drafts"] if row["conversation_id"] == into.id}
    others = [row for row in told["drafts"] if row["conversation_id"] == told["id"]]
    left: list[Text] = []
    for row in others:
        own = mine.get(row["user_id"])
        values = {"user_id": row["user_id"], "id": into.id}
        texts = {"mine": own["text"] if own else "", "others": row["text"]}
        if db.session.scalar(_DRAFT_IS_JOINED, {**values, **texts}):
            db.session.execute(_DELETE_DRAFT, values)
            write_rows("drafts", [row, *([own] if own else [])])
        else:
            left.append(lazy("A draft that was written on, or sent, since."))
    return left
