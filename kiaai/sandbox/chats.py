"""What a customer does in a chat, by page: each act is a POST, and the page polls for the changes."""

from pathlib import Path

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from kiaai.config import ROOT
from kiaai.sandbox import customer
from kiaai.sandbox.files import INBOUND_DAYS
from kiaai.sandbox.messages import Message
from kiaai.sandbox.people import Person
from kiaai.sandbox.world import world

bp = Blueprint("chats", __name__, url_prefix="/phones/<int:person_id>")

STICKERS = ("hello", "thanks", "heart", "done")
EMOJIS = ("👍", "❤️", "😂", "😮", "😢", "🙏")
DEMO_PLACE = {
    "latitude": -33.4372,
    "longitude": -70.6506,
    "name": "Plaza de prueba",
    "address": "Calle Ficticia 123, Santiago",
}
DEMO_CARD = {
    "name": {"formatted_name": "Beto Demo", "first_name": "Beto", "last_name": "Demo"},
    "phones": [{"phone": "+56 9 0000 2002", "wa_id": "56900002002", "type": "CELL"}],
}


@bp.get("/changes")
def changes(person_id: int) -> ResponseReturnValue:
    """Return the messages changed since a number that the page was given; 204 when there are none."""
    person = person_or_404(person_id)
    found = world().messages.changed_since(person.id, number(request.args.get("since", "0")))
    response = Response(status=204)
    if found:
        response = Response(render_template("sandbox/_messages.html", messages=found))
        response.headers["X-Since"] = str(max(message.changed for message in found))
    response.headers["X-Typing"] = str(int(person.is_typing_to))
    return response


@bp.post("/messages")
def create_message(person_id: int) -> ResponseReturnValue:
    """Write: a file with the text as its caption, a place, a card, a sticker, or the text alone."""
    person, form = person_or_404(person_id), request.form
    text, reply_to = form.get("text", "").strip()[:4096], form.get("reply_to") or None
    sent = request.files.get("file")
    if sent is not None and sent.filename:
        file = world().files.keep(sent.save, Path(sent.filename).name, sent.mimetype, INBOUND_DAYS)
        customer.send_file(world(), person, file, text[:1024], reply_to)
    elif form.get("kind") == "location":
        customer.write(world(), person, "location", DEMO_PLACE, reply_to)
    elif form.get("kind") == "contacts":
        customer.write(world(), person, "contacts", [DEMO_CARD], reply_to)
    elif form.get("sticker") in STICKERS:
        _send_sticker(person, form["sticker"], reply_to)
    elif text:
        customer.write(world(), person, "text", {"body": text}, reply_to)
    return _back(person)


@bp.post("/seen")
def see(person_id: int) -> ResponseReturnValue:
    customer.see(world(), person_or_404(person_id), number(request.form.get("message_id", "0")))
    return "", 204


@bp.post("/messages/<int:message_id>/reaction")
def react(person_id: int, message_id: int) -> ResponseReturnValue:
    person, message = _pair_or_404(person_id, message_id)
    if request.form.get("emoji") not in EMOJIS or message.is_from_customer:
        abort(422)
    customer.react(world(), person, message, request.form["emoji"])
    return _back(person)


@bp.post("/messages/<int:message_id>/choice")
def tap(person_id: int, message_id: int) -> ResponseReturnValue:
    person, message = _pair_or_404(person_id, message_id)
    if customer.tap(world(), person, message, request.form.get("choice", "")) is None:
        abort(422)
    return _back(person)


@bp.post("/messages/<int:message_id>/edit")
def edit(person_id: int, message_id: int) -> ResponseReturnValue:
    person, message = _own_or_404(person_id, message_id)
    text = request.form.get("text", "").strip()[:4096]
    if message.kind != "text" or not text:
        abort(422)
    customer.edit(world(), person, message, text)
    return _back(person)


@bp.post("/messages/<int:message_id>/deletion")
def delete(person_id: int, message_id: int) -> ResponseReturnValue:
    person, message = _own_or_404(person_id, message_id)
    customer.delete(world(), person, message)
    return _back(person)


@bp.post("/marketing")
def change_marketing(person_id: int) -> ResponseReturnValue:
    person = person_or_404(person_id)
    customer.stop_marketing(world(), person, request.form.get("value") == "stop")
    return _back(person)


@bp.post("/echoes")
def create_echo(person_id: int) -> ResponseReturnValue:
    """Answer as the business from its own phone app."""
    person, text = person_or_404(person_id), request.form.get("text", "").strip()[:4096]
    if text:
        customer.echo(world(), person, text)
    return _back(person)


def person_or_404(person_id: int) -> Person:
    try:
        return world().people.get(person_id)
    except LookupError:
        abort(404)


def number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else 0


def _pair_or_404(person_id: int, message_id: int) -> tuple[Person, Message]:
    person = person_or_404(person_id)
    try:
        message = world().messages.get(message_id)
    except LookupError:
        abort(404)
    if message.person_id != person.id or message.is_deleted:
        abort(404)
    return person, message


def _own_or_404(person_id: int, message_id: int) -> tuple[Person, Message]:
    person, message = _pair_or_404(person_id, message_id)
    if not message.is_from_customer:
        abort(404)
    return person, message


def _send_sticker(person: Person, name: str, reply_to: str | None) -> None:
    data = (ROOT / "static" / "sandbox" / "stickers" / f"{name}.webp").read_bytes()
    kept = customer.keep_inbound_file(world(), data, f"{name}.webp", "image/webp")
    customer.send_file(world(), person, kept, reply_to=reply_to)


def _back(person: Person) -> ResponseReturnValue:
    """Answer a script with nothing, and a plain form with the phone it came from."""
    if request.headers.get("X-Requested-With"):
        return "", 204
    return redirect(url_for("phones.index", open=request.form.get("open") or person.id), 303)
