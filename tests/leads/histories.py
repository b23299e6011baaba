"""Two people with a history in every table, made up at random, and all tables as they stand."""

import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from sqlalchemy import select, text

from kiaai import clock
from kiaai.extensions import db
from kiaai.models import (
    Base,
    BotTurn,
    Channel,
    Consent,
    Conversation,
    Draft,
    Import,
    ImportRow,
    Lead,
    LeadEvent,
    LeadIdentity,
    Message,
    NotDuplicate,
    Note,
    OutgoingDelivery,
    User,
)

Table = dict[str, list[dict[str, Any]]]
# Only ever rises, belongs to one run of a program, or is the record of the merge itself.
_NOT_COMPARED = {
    "conversations": {"version", "owner_epoch", "turn_token", "turn_until", "turn_attempts"},
}
_RECORDS = ("merges", "presence")
_OWN_KINDS = ("merged", "parted")


def make_person(chance: Random, channels: list[Channel], users: list[User], number: str | None) -> Lead:
    """Store a lead with some of everything."""
    lead = Lead(
        phone_number=number,
        customer_name=chance.choice([None, "Dana Díaz", "Dan", "D."]),
        lead_status=chance.choice(["unknown", "potential_client", "customer", "bad_lead"]),
        notes=chance.choice(["", "Wants tiles", "Calls at noon\nand later"]),
        tags=chance.sample(["vip", "tiles", "wholesale", "slow"], chance.randint(0, 3)),
        source=chance.choice([{}, {"import": "fair.csv"}, {"referral": {"source_type": "ad"}}]),
        first_contact_at=_ago(chance, 5000),
        last_contact_at=_ago(chance, 400),
        blocked_at=chance.choice([None, None, _ago(chance, 100)]),
        consent_at=(said_at := chance.choice([None, _ago(chance, 100)])),
        opted_out_at=said_at if chance.random() < 0.5 else None,
    )
    db.session.add(lead)
    db.session.flush()
    _identify(chance, lead, number)
    for channel in channels:
        if chance.random() < 0.7:
            _talk(chance, lead, channel, users)
    _tell(chance, lead, users)
    db.session.commit()
    return lead


def tables() -> Table:
    """Return all rows of all tables, but for what never goes back."""
    db.session.expire_all()
    found = {}
    for table in Base.metadata.sorted_tables:
        if table.name in _RECORDS:
            continue
        rows = db.session.scalars(text(f"SELECT to_jsonb(t) FROM {table.name} t"))
        hidden = _NOT_COMPARED.get(table.name, set())
        shown = [{name: row[name] for name in row if name not in hidden} for row in rows]
        if table.name == "lead_events":
            shown = [row for row in shown if row["kind"] not in _OWN_KINDS]
        found[table.name] = sorted(shown, key=lambda row: json.dumps(row, sort_keys=True))
    return found


def differences(before: Table, after: Table) -> list[str]:
    """Return what differs, a line for each row."""
    found = []
    for name, rows in before.items():
        found += [f"- {name}: {row}" for row in rows if row not in after[name]]
        found += [f"+ {name}: {row}" for row in after[name] if row not in rows]
    return found


def _ago(chance: Random, hours: int) -> datetime:
    return clock.now() - timedelta(seconds=chance.randint(60, hours * 3600))


def _identify(chance: Random, lead: Lead, number: str | None) -> None:
    pairs: Iterable[tuple[str, str]] = [("wa_id", number), ("phone", number)] if number else []
    bsuid = [("bsuid", f"CL.{10**19 + lead.id}")] if number is None or chance.random() < 0.4 else []
    db.session.add_all(LeadIdentity(kind=k, value=v, lead_id=lead.id) for k, v in (*pairs, *bsuid))


def _talk(chance: Random, lead: Lead, channel: Channel, users: list[User]) -> None:
    talk = Conversation(
        lead_id=lead.id,
        channel_id=channel.id,
        state=(state := chance.choice(["open", "snoozed", "closed"])),
        snoozed_until=clock.now() + timedelta(hours=3) if state == "snoozed" else None,
        priority=chance.choice(["high", "normal", "low"]),
        assignee_id=chance.choice([None, *(user.id for user in users)]),
        bot_enabled=chance.random() < 0.8,
        bot_quiet_until=chance.choice([None, clock.now() + timedelta(hours=2)]),
        owner_epoch=chance.randint(0, 4),
        unread_count=chance.randint(0, 3),
        version=chance.randint(1, 30),
        read_wamid=(wamid := chance.choice([None, f"wamid.read{lead.id}"])),
        read_due_at=clock.now() if wamid else None,
        pair_tokens=chance.randint(0, 45),
    )
    db.session.add(talk)
    db.session.flush()
    for _ in range(chance.randint(0, 8)):
        _say(chance, talk)
    _show(talk)
    if chance.random() < 0.5:
        talk.bot_due_at = talk.bot_since_at = clock.now()
    _surround(chance, talk, users)


def _say(chance: Random, talk: Conversation) -> None:
    direction = chance.choice(["incoming", "outgoing"])
    statuses = ["queued", "sent", "failed", "unknown", "read", "cancelled"]
    at = _ago(chance, 60)
    db.session.add(
        Message(
            conversation_id=talk.id,
            direction=direction,
            author="customer" if direction == "incoming" else chance.choice(["user", "api", "campaign"]),
            lane=chance.choice(["talk", "campaign"]),
            status="received" if direction == "incoming" else chance.choice(statuses),
            text=f"said {chance.random()}",
            message_id=f"wamid.{chance.getrandbits(60)}",
            send_key=UUID(int=chance.getrandbits(128)),
            timestamp=at,
        )
    )
    db.session.flush()


def _show(talk: Conversation) -> None:
    from kiaai.delivery.lanes import refresh_due
    from kiaai.delivery.showing import show_newest

    show_newest(talk)
    incoming = select(Message.timestamp).where(
        Message.conversation_id == talk.id, Message.direction == "incoming"
    )
    talk.last_inbound_at = max(db.session.scalars(incoming), default=None)
    refresh_due(talk.id)


def _surround(chance: Random, talk: Conversation, users: list[User]) -> None:
    db.session.add_all(
        Note(conversation_id=talk.id, text=f"note {n}", user_id=chance.choice(users).id)
        for n in range(chance.randint(0, 2))
    )
    db.session.add_all(
        Draft(user_id=user.id, conversation_id=talk.id, text=f"began {talk.id}")
        for user in users
        if chance.random() < 0.5
    )
    db.session.add(
        BotTurn(conversation_id=talk.id, input="?", decision="answer", read_up_to=chance.randint(1, 50))
    )
    db.session.add(LeadEvent(lead_id=talk.lead_id, conversation_id=talk.id, kind="closed", by="user"))
    record = Import(kind="chat", conversation_id=talk.id)
    db.session.add(record)
    db.session.flush()
    db.session.add(ImportRow(import_id=record.id, line=1, lead_id=talk.lead_id))


def _tell(chance: Random, lead: Lead, users: list[User]) -> None:
    third = Lead(customer_name="Third")
    db.session.add(third)
    db.session.flush()
    db.session.add(LeadEvent(lead_id=lead.id, kind="created", by="customer"))
    db.session.add(NotDuplicate(lead_id=lead.id, other_id=third.id, user_id=users[0].id))
    db.session.add(OutgoingDelivery(webhook_id=1, lead_id=lead.id, event="lead.changed"))
    # Both may have said the same at the same moment.
    said_at = datetime.fromisoformat("2026-01-02T03:04:05+00:00")
    db.session.add(Consent(lead_id=lead.id, kind="opt_in", said_at=said_at, by="import"))
    if chance.random() < 0.5:
        db.session.add(Consent(lead_id=lead.id, kind="opt_out", said_at=_ago(chance, 90), by="customer"))
