"""What must be true when a story is over, whatever its order; each broken promise in words."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import text

from kiaai.errors import ValidationFailed
from tests.properties.interleavings.conductor import Act
from tests.properties.interleavings.story import Story, Wrote

_MESSAGES = text("""
    SELECT id, direction, author, status, CAST(send_key AS text) AS send_key, message_id, epoch, created_at,
        sending_at, unknown_at, text, timestamp FROM messages WHERE conversation_id = :id ORDER BY id""")
_TURNS = text("""
    SELECT id, decision, reason, read_up_to, message_id, started_at, finished_at FROM bot_turns
    WHERE conversation_id = :id ORDER BY finished_at NULLS FIRST, id""")
_CONVERSATION = text("SELECT * FROM conversations WHERE id = :id")
_LEAD = text("SELECT l.* FROM leads l JOIN conversations c ON c.lead_id = l.id WHERE c.id = :id")
_DECIDED = ("answer", "ask", "fallback", "hand_off", "opt_out", "opt_in", "silent")
_LEAVING = ("hand_off", "opt_out")
_OPEN = ("queued", "sending")


class Verdict:
    """Reads a finished story."""

    def __init__(self, story: Story):
        self.story = story
        values = {"id": story.conversation_id}
        self.messages = story.monitor.execute(_MESSAGES, values).all()
        self.turns = story.monitor.execute(_TURNS, values).all()
        self.row = story.monitor.execute(_CONVERSATION, values).one()
        self.lead = story.monitor.execute(_LEAD, values).one()
        self.by_id = {message.id: message for message in self.messages}
        self.by_key = {message.send_key: message for message in self.messages if message.send_key}
        self.posts = story.line.posts(story.number)

    def broken(self) -> list[str]:
        checks = (
            self.no_surprises,
            self.never_over_a_person,
            self.never_after_leaving,
            self.never_in_vain,
            self.never_twice,
            self.nothing_lost,
            self.stops_kept,
            self.in_order,
            self.all_settled,
            self.counted,
        )
        return [f"{check.__name__}: {what}" for check in checks for what in check()]

    def no_surprises(self) -> Iterator[str]:
        for act in self.story.conductor.acts:
            is_cut = act.fate is not None and act.fate.what == "cut"
            if act.error and not is_cut and not isinstance(act.error, ValidationFailed):
                yield f"{act.name} failed: {act.error!r}"

    def never_over_a_person(self) -> Iterator[str]:
        """A person who has the word keeps it: what the bot had to say is neither queued nor claimed after."""
        pairs = self._pairs()
        for message in self._of_bot():
            for taking, giving in ((act, given) for acts, given in pairs for act in self._surely(acts)):
                was_there = _unix(message.created_at) < taking.began_at
                if not was_there and _may_be_given_back(giving, taking.began_at, _unix(message.created_at)):
                    continue
                if _unix(message.created_at) > (taking.ended_at or 0):
                    yield f"message {message.id} was queued after {taking.name}"
                elif message.sending_at and _unix(message.sending_at) > (taking.ended_at or 0):
                    yield f"message {message.id} was claimed after {taking.name}"

    def never_after_leaving(self) -> Iterator[str]:
        """A stop and a hand-off are the bot's last words, until someone gives it the word back."""
        for turn in self.turns:
            if turn.decision not in _LEAVING:
                continue
            at = _unix(turn.finished_at)
            returned = [each for each in self.turns if each.decision == "opt_in" and each.id > turn.id]
            for message in self._of_bot():
                is_later = message.id != turn.message_id and _unix(message.created_at) > at
                if (
                    is_later
                    and not returned
                    and not _may_be_given_back(self.story.giving, at, _unix(message.created_at))
                ):
                    yield f"message {message.id} came after turn {turn.id}: {turn.decision} {turn.reason}"

    def never_in_vain(self) -> Iterator[str]:
        """An answer is cancelled for somebody who came after it was queued, and not for who came before."""
        for message in self._of_bot():
            if message.status == "cancelled" and not self._was_overtaken(message):
                yield f"message {message.id} was cancelled, and nobody came since it was queued"

    def never_twice(self) -> Iterator[str]:
        accepted = Counter(post.send_key for post in self.posts if post.is_accepted)
        yield from (f"{key} was accepted {times} times" for key, times in accepted.items() if times > 1)
        yield from (f"{key} is of no message" for key in accepted if key not in self.by_key)
        answered = Counter(turn.read_up_to for turn in self.turns if turn.message_id)
        yield from (f"what came up to {id} was answered {n} times" for id, n in answered.items() if n > 1)
        marks = [turn.read_up_to for turn in self.turns if turn.read_up_to]
        if marks != sorted(marks):
            yield f"turns have read up to {marks}"
        for key in accepted:
            message = self.by_key.get(key)
            if message is not None and message.status in ("cancelled", "queued"):
                yield f"message {message.id} is {message.status} and was accepted"

    def nothing_lost(self) -> Iterator[str]:
        wamids = Counter(message.message_id for message in self.messages if message.direction == "incoming")
        for wrote in self.story.wrote:
            if wamids[wrote.wamid] != 1:
                yield f"{wrote.words!r} is there {wamids[wrote.wamid]} times"
            elif not (self._is_decided(wrote) or self._is_excused(wrote)):
                yield f"{wrote.words!r} ({self._id_of(wrote)}) has neither an answer nor a person"

    def stops_kept(self) -> Iterator[str]:
        """A stop counts whoever has the word, and whenever they took it; nobody here takes one back."""
        if any(wrote.words == "STOP" for wrote in self.story.wrote) and self.lead.opted_out_at is None:
            yield "they wrote STOP, and may still be written to"

    def in_order(self) -> Iterator[str]:
        known = (self.by_key.get(post.send_key) for post in self.posts if post.is_accepted)
        ids = [message.id for message in known if message is not None and message.unknown_at is None]
        if ids != sorted(ids):
            yield f"the Graph got {ids}"

    def all_settled(self) -> Iterator[str]:
        left = [message.id for message in self.messages if message.status in _OPEN]
        row = self.row
        if left:
            yield f"messages {left} are still open"
        if row.bot_due_at or row.bot_since_at or row.talk_due_at:
            yield f"due: bot {row.bot_due_at} since {row.bot_since_at}, talk {row.talk_due_at}"
        if row.lease_token:
            yield "the lease of the sender is left"

    def counted(self) -> Iterator[str]:
        incoming = [message for message in self.messages if message.direction == "incoming"]
        failed = any(message.status == "failed" for message in self.messages)
        most, least = len(incoming), 0 if self.story.has_read else len(incoming)
        if not least <= self.row.unread_count <= max(most, failed):
            yield f"{len(incoming)} came in, {self.row.unread_count} are unread"
        newest = max(message.timestamp for message in incoming)
        if self.row.last_inbound_at != newest:
            yield f"the window counts from {self.row.last_inbound_at}, the newest is of {newest}"
        if (
            self.row.unread_count == 0
            and any(t.decision == "hand_off" for t in self.turns)
            and not self.story.has_read
        ):
            yield "handed over, and nothing is unread"

    # --- Who has the word

    def _of_bot(self) -> list[Any]:
        return [message for message in self.messages if message.author == "bot"]

    @staticmethod
    def _surely(acts: list[Act]) -> list[Act]:
        return [act for act in acts if act.ended_at is not None]

    def _pairs(self) -> tuple[tuple[list[Act], list[Act]], ...]:
        """Return what takes the word, each with what gives it back."""
        story = self.story
        return (story.taking, story.giving), (story.switching_off, story.switching_on)

    def _id_of(self, wrote: Wrote) -> int:
        return next(int(message.id) for message in self.messages if message.message_id == wrote.wamid)

    def _is_decided(self, wrote: Wrote) -> bool:
        id = self._id_of(wrote)
        turns = [t for t in self.turns if t.decision in _DECIDED and t.read_up_to and t.read_up_to >= id]
        # The first that read it is the one that dealt with it.
        return bool(turns) and self._is_carried_out(turns[0])

    def _is_carried_out(self, turn: Any) -> bool:
        message = self.by_id.get(turn.message_id)
        if message is None or message.status != "cancelled":
            return True
        return self._was_overtaken(message)

    def _was_overtaken(self, message: Any) -> bool:
        at = _unix(message.created_at)
        was_left = any(t.decision == "opt_out" and _unix(t.finished_at) >= at for t in self.turns)
        return was_left or self._somebody_took(at)

    def _is_excused(self, wrote: Wrote) -> bool:
        """A person has, or may have, the word since: after it came, or before and never gave it back."""
        if self._somebody_took(wrote.began_at):
            return True
        # What gave the word back in the midst of a taking may have come before it.
        pairs = [([act.ended_at or act.began_at for act in taken], given) for taken, given in self._pairs()]
        pairs.append((self._left_at(), self.story.giving))
        return any(self._stays_away(wrote, at, given) for starts, given in pairs for at in starts)

    def _stays_away(self, wrote: Wrote, at: float, giving: list[Act]) -> bool:
        surely = [act for act in self._surely(giving) if act.began_at > at]
        was_given = any((act.ended_at or 0) < wrote.began_at for act in surely)
        return at <= (wrote.taken_at or wrote.began_at) and not was_given

    def _left_at(self) -> list[float]:
        return [_unix(turn.finished_at) for turn in self.turns if turn.decision in _LEAVING]

    def _somebody_took(self, since: float) -> bool:
        taking = [*self.story.taking, *self.story.switching_off]
        return any(act.ended_at is None or act.ended_at >= since for act in taking)


def _may_be_given_back(giving: list[Act], since: float, until: float) -> bool:
    return any((act.ended_at or until) >= since and act.began_at <= until for act in giving)


def _unix(at: datetime) -> float:
    return at.timestamp()
