"""An inbox with people, talk and settings in it, and whoever looks at it."""

import pytest
from flask import Flask
from sqlalchemy import func, select

from kiaai.bot.knowledge import load_demo
from kiaai.extensions import db
from kiaai.hooks.webhooks import create_webhook
from kiaai.leads.imports.cells import NO_NUMBER
from kiaai.leads.imports.chat_records import keep
from kiaai.leads.imports.records import keep_table
from kiaai.models import (
    BotTurn,
    CannedReply,
    Conversation,
    Import,
    ImportRow,
    Message,
    Note,
    OutgoingDelivery,
    Question,
    Tag,
    User,
)


@pytest.fixture
def shop(app: Flask, alice: User, bob: User) -> Flask:
    """A business with customers of all sorts, some in the middle of a talk, and a team at work on them."""
    seeded = app.test_cli_runner().invoke(args=["leads", "seed", "--demo", "24"])
    assert seeded.exit_code == 0, seeded.output
    colours = {"mantención": "teal", "frenos": "orange", "repuestos": "blue", "en taller": "purple"}
    db.session.add_all(Tag(name=name, colour=colour) for name, colour in colours.items())
    db.session.add(CannedReply(shortcut="horario", text="Hola {{first_name}}, abrimos de 9 a 18 h."))
    db.session.add(CannedReply(shortcut="gracias", text="¡Gracias por escribirnos, {{first_name}}!"))
    newest = db.session.scalars(select(Conversation).order_by(Conversation.last_message_at.desc())).all()
    for conversation, user in zip(newest[1:4], (bob, alice, bob), strict=True):
        conversation.assignee_id = user.id
    newest[2].priority = "high"
    webhook = create_webhook("https://shop.example.com/kia-ai", ["lead.changed"])
    db.session.add(
        OutgoingDelivery(webhook_id=webhook.id, event="test", tries=2, error="answered", status=503)
    )
    add_imports(alice)
    load_demo()
    turn = told_turn(longest_talk())
    db.session.add(turn)
    db.session.flush()
    db.session.add(Question(words="venden guitarras", text="¿Venden guitarras?", times=4, turn_id=turn.id))
    db.session.add(Note(conversation_id=longest_talk(), user_id=bob.id, text="Pidió factura a su empresa."))
    db.session.commit()
    return app


def add_imports(user: User) -> None:
    """Add a table and a talk that are being looked at, and a table that was taken back again."""
    table = "Nombre;Teléfono;Estado\nEva Prueba;+56 9 0000 7001;cliente\nSin número;;cliente\n".encode()
    chat = b"[20/11/2025, 14:05:33] +56 9 0000 7002: Hola\n[20/11/2025, 14:06:00] Kia: Buenas\n"
    keep_table(table, "clientes.csv", user.id)
    keep(chat, "WhatsApp Chat with +56 9 0000 7002.txt", user.id, "Kia", "America/Santiago")
    done = Import(file_name="antes.csv", state="undone", total=2, done=2, user_id=user.id)
    done.counts = {"created": 1, "refused": 1}
    db.session.add(done)
    db.session.flush()
    refused = {
        "outcome": "refused",
        "reason": str(NO_NUMBER),
        "new": {"cells": ["Sin número", "", "cliente"]},
    }
    db.session.add(ImportRow(import_id=done.id, line=2, outcome="created", new={"undone": "deleted"}))
    db.session.add(ImportRow(import_id=done.id, line=3, **refused))


def told_turn(conversation_id: int) -> BotTurn:
    """Return the record of a turn with all that one can hold."""
    step = {"milliseconds": 900, "tokens_in": 800, "tokens_out": 40, "is_estimate": True, "content": "Hola"}
    calls = [{"tool": "answer", "arguments": '{"text": "Abrimos a las 9:30."}'}]
    model = {"name": "kia-1", "stopped": None, "hand_off_reason": None, "cited": [1], "milliseconds": 900}
    detail = {
        "read": ["¿A qué hora abren?"],
        "things": ["image"],
        "said_before": [{"by": "customer", "text": "hola"}, {"by": "business", "text": "¡Hola!"}],
        "lead": {"status": "unknown", "name": None},
        "language": "es",
        "text": "Abrimos a las 9:30.",
        "changes": {"status": "potential_client", "name": "Dana"},
        "model": {
            **model,
            "steps": [{**step, "calls": calls, "refused": "no such tool", "error": "HTTP 500"}],
        },
    }
    return BotTurn(
        conversation_id=conversation_id,
        input="¿A qué hora abren?",
        decision="answer",
        reason="model",
        passages={"language": "es", "found": [{"article_id": 1, "title": "Horario", "score": 0.8}]},
        detail=detail,
        tokens_in=800,
        tokens_out=40,
        cost_micros=2000,
    )


def longest_talk() -> int:
    """Return the conversation of the last days with the most to see."""
    is_open = Conversation.state == "open"
    newest = select(Conversation.id).where(is_open).order_by(Conversation.last_message_at.desc()).limit(8)
    of_newest = select(Message.conversation_id).where(Message.conversation_id.in_(newest))
    longest = of_newest.group_by(Message.conversation_id).order_by(func.count().desc()).limit(1)
    found = db.session.scalar(longest)
    assert found is not None
    return found
