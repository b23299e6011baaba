"""One invented person of the demo: who they are, what was said when, and the rows that tell of it. Pure."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from kiaai.delivery.ownership import QUIET
from kiaai.leads.demo_talks import FIRST_NAMES, LAST_NAMES, TALKS, Line, Note, Talk
from kiaai.models.base import Json
from kiaai.sandbox.people import DEMO_NUMBERS
from kiaai.whatsapp.previews import preview_of

SPREAD_DAYS = 42
# Of those who come back, this was said the first time.
_EARLIER = tuple(talk for talk in TALKS if not talk.is_opted_out and not talk.is_unread)
_CLIMB = ("sent", "delivered", "read")
_SILENT_KINDS = ("reaction", "system")
Timed = tuple[Talk, Line | Note, datetime]


@dataclass(frozen=True)
class Story:
    """One invented person. talks: the last one is where things stand, and ended at `ended_at`."""

    index: int
    number: str
    name: str
    talks: tuple[Talk, ...]
    ended_at: datetime
    chance: random.Random


@dataclass
class Told:
    """The rows of one person. files: messages with the name of the sample that belongs to each."""

    lead: Json
    conversation: Json
    messages: list[Json] = field(default_factory=list)
    events: list[Json] = field(default_factory=list)
    files: list[tuple[Json, str]] = field(default_factory=list)


def invent(index: int, now: datetime) -> Story:
    """Invent a person; the same index gives the same one, with times counted back from now."""
    chance = random.Random(f"kia-ai demo {index}")
    talk = TALKS[index] if index < len(TALKS) else chance.choice(TALKS)
    earlier = (chance.choice(_EARLIER),) if chance.random() < 0.35 else ()
    # A third wrote today, so that some windows are open; the rest over the weeks before.
    is_recent = index < 3 or chance.random() < 0.3
    hours = (
        chance.uniform(0.05, 2 if index < 3 else 20) if is_recent else chance.uniform(24, SPREAD_DAYS * 24)
    )
    return Story(
        index=index,
        number=str(DEMO_NUMBERS[index]),
        name=f"{chance.choice(FIRST_NAMES)} {chance.choice(LAST_NAMES)}",
        talks=(*earlier, talk),
        ended_at=now - timedelta(hours=hours),
        chance=chance,
    )


def tell(story: Story, lead_id: int, conversation_id: int, channel_id: int) -> Told:
    """Return the rows of this person. Nobody of the real team is named: they never said these things."""
    told = Told(
        lead={"id": lead_id},
        conversation={"id": conversation_id, "channel_id": channel_id, "lead_id": lead_id},
    )
    _tell_lines(story, told)
    _tell_lead(story, told)
    _tell_conversation(story, told)
    return told


def _tell_lines(story: Story, told: Told) -> None:
    status = "unknown"
    for talk, entry, at in _timed(story):
        if isinstance(entry, Line):
            _tell_line(story, told, entry, at)
        elif entry.kind != "status":
            told.events.append(_event(told, entry.kind, entry.by, at, new=entry.new))
        elif talk is story.talks[-1] and entry.new != status:
            told.events.append(_event(told, "status", entry.by, at, old=status, new=entry.new))
            status = entry.new or status
    _tell_outcome(story, told, status)


def _tell_outcome(story: Story, told: Told, status: str) -> None:
    """Add what a person wrote down at the end."""
    talk, at = story.talks[-1], told.messages[-1]["timestamp"] + timedelta(seconds=50)
    first = told.messages[0]["timestamp"]
    told.events.insert(0, _event(told, "created", "customer", first, new=story.number))
    if talk.lead_status != status:
        changed = _event(told, "status", "user", at, old=status, new=talk.lead_status)
        told.events.append(changed)
    if talk.tags:
        told.events.append(_event(told, "tags", "user", at, old="", new=", ".join(talk.tags)))
    if talk.notes:
        told.events.append(_event(told, "notes", "user", at, old="", new=talk.notes))
    if talk.is_closed:
        told.events.append(_event(told, "closed", "user", at))


def _timed(story: Story) -> Iterator[Timed]:
    """Give each line its time: pauses vary a little, and an earlier talk ended days before the next began."""
    plan: list[list[Timed]] = []
    end = story.ended_at
    for talk in reversed(story.talks):
        at = end
        timed: list[Timed] = []
        for entry in reversed(talk.lines):
            if isinstance(entry, Line):
                timed.append((talk, entry, at))
                at -= timedelta(minutes=entry.minutes * story.chance.uniform(0.6, 1.6), seconds=2)
            else:
                # The line before it comes at a time not settled yet: told at the next line, or at the end.
                timed.append((talk, entry, timed[-1][2] if timed else end))
        plan.insert(0, timed[::-1])
        end = at - timedelta(days=story.chance.uniform(2, 20))
    return (entry for talk_plan in plan for entry in talk_plan)


def _tell_line(story: Story, told: Told, line: Line, at: datetime) -> None:
    is_outgoing = line.author != "customer"
    wamid = f"wamid.DEMO{story.index:04d}.{len(told.messages)}"
    reply_to = told.messages[-line.quotes]["message_id"] if line.quotes else None
    payload = _payload(line, reply_to)
    message: Json = {
        "conversation_id": told.conversation["id"],
        "direction": "outgoing" if is_outgoing else "incoming",
        "kind": line.kind,
        "text": line.text or line.detail.get("caption"),
        "payload": payload,
        "message_id": None if line.status == "unknown" else wamid,
        "send_key": UUID(int=story.chance.getrandbits(128), version=4) if is_outgoing else None,
        "reply_to": reply_to,
        "author": line.author,
        "lane": "campaign" if line.author == "campaign" else "talk",
        "attempt": 1 if is_outgoing else 0,
        "status": line.status,
        "timestamp": at,
        "created_at": at,
        "error_code": line.error,
        **_times(line, at),
    }
    told.messages.append(message)
    if line.file:
        told.files.append((message, line.file))


def _payload(line: Line, reply_to: str | None) -> Json:
    if line.kind == "text":
        return {}
    if line.kind == "contacts":
        return {"type": "contacts", "contacts": line.detail["cards"]}
    content = dict(line.detail)
    if line.kind == "reaction":
        content = {"message_id": reply_to, "emoji": line.text}
    if line.kind == "audio":
        content["voice"] = True
    return {"type": line.kind, line.kind: content}


def _times(line: Line, at: datetime) -> dict[str, datetime | None]:
    """Return a time for each status that the message went through."""
    is_outgoing, climbed = (
        line.author != "customer",
        _CLIMB.index(line.status) if line.status in _CLIMB else -1,
    )
    if line.status == "failed":
        climbed = 0
    times = {f"{name}_at": at + timedelta(seconds=2 + 20 * rank) for rank, name in enumerate(_CLIMB)}
    return {
        **{name: time if rank <= climbed else None for rank, (name, time) in enumerate(times.items())},
        "failed_at": at + timedelta(seconds=8) if line.status == "failed" else None,
        "unknown_at": at + timedelta(seconds=15) if line.status == "unknown" else None,
        "first_attempt_at": at if is_outgoing else None,
        "sending_at": at if is_outgoing else None,
    }


def _event(
    told: Told,
    kind: str,
    by: str,
    at: datetime,
    old: str | None = None,
    new: str | None = None,
) -> Json:
    return {
        "lead_id": told.lead["id"],
        "conversation_id": told.conversation["id"],
        "kind": kind,
        "by": by,
        "old": old,
        "new": new,
        "created_at": at,
    }


def _tell_lead(story: Story, told: Told) -> None:
    talk = story.talks[-1]
    first, last = told.messages[0]["timestamp"], told.messages[-1]["timestamp"]
    told.lead |= {
        "phone_number": story.number,
        "customer_name": story.name,
        "lead_status": talk.lead_status,
        "notes": talk.notes,
        "tags": list(talk.tags),
        "first_contact_at": first,
        "last_contact_at": last,
        "opted_out_at": last if talk.is_opted_out else None,
        "consent_at": last if talk.is_opted_out else None,
        "source": {"demo": True},
    }


def _tell_conversation(story: Story, told: Told) -> None:
    talk, newest = story.talks[-1], told.messages[-1]
    inbound = [m for m in told.messages if m["direction"] == "incoming" and m["kind"] not in _SILENT_KINDS]
    answers = [m for m in told.messages if m["author"] in ("user", "phone", "api")]
    held = [event["created_at"] for event in told.events if event["kind"] in ("handed_off", "opted_out")]
    quiet_since = max([*held, *(m["timestamp"] for m in answers)], default=None)
    told.conversation |= {
        "created_at": told.messages[0]["timestamp"],
        "last_message_at": newest["timestamp"],
        "last_message_preview": preview_of(newest["kind"], newest["payload"], newest["text"]),
        "last_direction": newest["direction"],
        "last_inbound_at": inbound[-1]["timestamp"] if inbound else None,
        "unread_count": _unread(told) if talk.is_unread else 0,
        "state": "closed" if talk.is_closed else "open",
        "bot_quiet_until": quiet_since + QUIET if quiet_since else None,
        "owner_epoch": len(answers),
    }


def _unread(told: Told) -> int:
    """Count what came after the last answer, at least one: a hand-off marks as unread too."""
    count = 0
    for message in reversed(told.messages):
        if message["direction"] == "outgoing":
            break
        count += 1
    return max(count, 1)
