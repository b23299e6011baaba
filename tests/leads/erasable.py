"""Somebody who left a trace in every place there is, and a look at all that is kept."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import text

from kiaai import clock
from kiaai.extensions import db
from kiaai.leads.consents import lock_for_consent, refuse
from kiaai.leads.finding import find_lead
from kiaai.leads.pipeline import Actor, rename, set_notes, set_tags
from kiaai.media import media_folder
from kiaai.models import (
    Attachment,
    BotTurn,
    Conversation,
    Draft,
    Import,
    ImportRow,
    Lead,
    LeadIdentity,
    Merge,
    Message,
    Note,
    OutgoingDelivery,
    OutgoingWebhook,
    Presence,
    Question,
    User,
)

NUMBER = "56900000321"
BSUID = "CL.32100000000000000321"
NAME = "Zoraida Quispe"
# A word that only she says; whatever holds it, holds something of hers.
WORD = "zarzaparrilla"
WAMID = "wamid.ZORAIDA"
OTHER_NUMBER = "56900000654"
# All that must be nowhere afterwards, in any spelling of the case.
SECRETS = (NUMBER, BSUID.lower(), "zoraida", "quispe", WORD, "0000 0321")


def item(id: str, said: str, number: str = NUMBER, **more: Any) -> dict[str, Any]:
    """Return a message as WhatsApp writes it."""
    at = str(int(datetime.now(UTC).timestamp()))
    return {"from": number, "id": id, "timestamp": at, "type": "text", "text": {"body": said}, **more}


def status(id: str, number: str = NUMBER, status: str = "delivered", **more: Any) -> dict[str, Any]:
    at = str(int(datetime.now(UTC).timestamp()))
    return {"id": id, "status": status, "timestamp": at, "recipient_id": number, **more}


def body(*messages: dict[str, Any], statuses: tuple[dict[str, Any], ...] = (), names: Any = None) -> bytes:
    """Return a webhook body; each sender has a contact in it."""
    people = names or {NUMBER: NAME}
    senders = list(dict.fromkeys([*(m["from"] for m in messages), *(s["recipient_id"] for s in statuses)]))
    value: dict[str, Any] = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "56221110000", "phone_number_id": "200000000000001"},
        "contacts": [{"profile": {"name": people.get(n, "Otra Persona")}, "wa_id": n} for n in senders],
    }
    if messages:
        value["messages"] = list(messages)
    if statuses:
        value["statuses"] = list(statuses)
    return wrapped("messages", value)


def wrapped(field: str, value: dict[str, Any]) -> bytes:
    change = {"field": field, "value": value}
    whole = {"object": "whatsapp_business_account", "entry": [{"id": "100000000000001", "changes": [change]}]}
    return json.dumps(whole, ensure_ascii=False).encode()


def fill_every_place(alice: User) -> Lead:
    """Leave traces of Zoraida, who has written already, in all tables and in the media folder."""
    lead = find_lead(NUMBER)
    assert lead is not None
    _tell_about(lead, alice)
    talk = db.session.query(Conversation).filter_by(lead_id=lead.id).one()
    _talk(talk, alice)
    _bring_in(lead, talk)
    db.session.commit()
    return lead


def everything(media: Path) -> str:
    """Return all rows of all tables, and all files, as one text in small letters."""
    tables = db.session.scalars(
        text("""
            SELECT quote_ident(table_name) FROM information_schema.tables
            WHERE table_schema = 'public' AND table_type = 'BASE TABLE' ORDER BY 1""")
    ).all()
    rows = [
        f"{table}: {row}"
        for table in tables
        for row in db.session.scalars(text(f"SELECT row_to_json(t)::text FROM {table} t"))
    ]
    # Bytes are shown in hexadecimal; as text they tell what they hold.
    bodies = [bytes(b) for b in db.session.scalars(text("SELECT body FROM webhook_events"))]
    bodies += [bytes(b) for b in db.session.scalars(text("SELECT content FROM imports")) if b]
    files = [f"{file.name}: {file.read_bytes()!r}" for file in media.rglob("*") if file.is_file()]
    said = "\n".join([*rows, *(b.decode(errors="replace") for b in bodies), *files])
    return said.lower()


def _tell_about(lead: Lead, alice: User) -> None:
    actor = Actor("user", alice.id)
    rename(lead, f"{NAME} de la {WORD}", actor)
    rename(lead, NAME, actor)
    set_notes(lead, f"Le gusta la {WORD}", actor)
    set_tags(lead, [WORD], actor)
    lead.source = {"referral": {"headline": WORD}}
    db.session.add(LeadIdentity(kind="bsuid", value=BSUID, lead_id=lead.id))
    refuse(lock_for_consent(lead.id), clock.now() - timedelta(days=1), by=actor, note=f"Por la {WORD}")


def _talk(talk: Conversation, alice: User) -> None:
    first = Message(
        conversation_id=talk.id,
        direction="outgoing",
        author="user",
        status="sent",
        kind="document",
        text=WORD,
        payload={"document": {"filename": f"{WORD}.pdf"}},
        message_id=f"{WAMID}.out",
        reply_to=f"{WAMID}.1",
        client_key=f"key-1:{WORD}",
        error_text=WORD,
    )
    unknown = Message(
        conversation_id=talk.id,
        direction="outgoing",
        author="bot",
        status="unknown",
        text=WORD,
        send_key="00000000-0000-4000-8000-000000000321",
    )
    queued = Message(
        conversation_id=talk.id, direction="outgoing", author="api", status="queued", text=WORD, payload={}
    )
    db.session.add_all([first, unknown, queued])
    db.session.flush()
    file = Attachment(message_id=first.id, file_name=f"{WORD}.pdf", state="stored", error=WORD)
    waiting = Attachment(message_id=first.id, file_name=f"{WORD}.jpg", tries=1)
    turn = BotTurn(
        conversation_id=talk.id,
        input=WORD,
        passages={"found": [{"title": WORD}]},
        detail={
            "read": [WORD],
            "said_before": [{"by": "customer", "text": WORD}],
            "lead": {"status": "unknown", "name": NAME},
            "model": {"prompt": [{"role": "user", "content": WORD}], "reply": WORD},
        },
        message_id=unknown.id,
    )
    db.session.add(Presence(conversation_id=talk.id, user_id=alice.id))
    db.session.add_all([file, waiting, turn])
    db.session.add(Note(conversation_id=talk.id, user_id=alice.id, text=f"Pide {WORD}"))
    db.session.add(Draft(conversation_id=talk.id, user_id=alice.id, text=WORD, reply_to_id=first.id))
    db.session.flush()
    file.path = media_folder().keep(file.id, f"una {WORD} para {NAME}".encode()).path
    media_folder().keep(waiting.id, WORD.encode())
    db.session.add(Question(words=WORD, text=f"¿Hay {WORD}?", turn_id=turn.id))


def _bring_in(lead: Lead, talk: Conversation) -> None:
    done = Import(kind="leads", state="done", file_name="clientes.csv")
    chat = Import(
        kind="chat",
        state="done",
        file_name=f"Chat con {NAME}.txt",
        options={"customer": NAME, "phone": NUMBER, "zone": "UTC", "order": "dmy"},
        conversation_id=talk.id,
    )
    preview = Import(
        kind="leads",
        state="preview",
        file_name="otros.csv",
        content=f"phone_number,customer_name\n+56 9 0000 0321,{NAME}\n".encode(),
    )
    db.session.add_all([done, chat, preview])
    db.session.flush()
    values = {"customer_name": NAME, "notes": WORD}
    db.session.add(ImportRow(import_id=done.id, line=2, outcome="changed", lead_id=lead.id, new=values))
    cells = {"cells": ["+56 9 0000 0321", NAME, "raro"]}
    db.session.add(ImportRow(import_id=done.id, line=3, outcome="refused", new=cells))
    webhook = OutgoingWebhook(url="https://crm.example/hook", secret="s", events=["lead.changed"])
    db.session.add(webhook)
    db.session.flush()
    for lead_id in (lead.id, 990_001):
        told = OutgoingDelivery(
            webhook_id=webhook.id, lead_id=lead_id, event="lead.changed", payload={"name": NAME}
        )
        db.session.add(told)
    db.session.add(Merge(lead_id=lead.id, other_id=990_001, moved={"leads": [{"customer_name": NAME}]}))
