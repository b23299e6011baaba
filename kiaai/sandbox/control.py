"""JSON for tests, demos and scripts: faults, what was accepted, and messages of customers."""

import base64
import binascii
import json
from typing import Any

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from kiaai.sandbox.customer import keep_inbound_file, see, send_file, write
from kiaai.sandbox.people import Person, is_phone_number
from kiaai.sandbox.world import World, world

bp = Blueprint("control", __name__, url_prefix="/sandbox")


class BadRequest(Exception):
    """What was asked cannot be understood; the text says why."""


@bp.errorhandler(BadRequest)
def refuse(problem: BadRequest) -> ResponseReturnValue:
    return jsonify({"error": {"code": "validation_failed", "message": str(problem)}}), 422


@bp.get("/faults")
def faults() -> ResponseReturnValue:
    return jsonify(world().faults.as_json())


@bp.post("/faults")
def change_faults() -> ResponseReturnValue:
    try:
        world().faults.change(_json_object())
    except (ValueError, TypeError) as error:
        raise BadRequest(str(error)) from None
    return jsonify(world().faults.as_json())


@bp.delete("/faults")
def clear_faults() -> ResponseReturnValue:
    world().faults.clear()
    return jsonify(world().faults.as_json())


@bp.get("/messages")
def messages() -> ResponseReturnValue:
    """List accepted messages, oldest first; `after` is the `next` of the answer before."""
    after, limit = request.args.get("after", "0"), request.args.get("limit", "1000")
    if not (after.isdigit() and limit.isdigit()):
        raise BadRequest("after and limit must be whole numbers")
    found = world().messages.accepted(int(after), min(int(limit), 10_000))
    return jsonify({"messages": [m.as_sent() for m in found], "next": found[-1].id if found else int(after)})


@bp.post("/inbound")
def create_inbound() -> ResponseReturnValue:
    """Write as a customer.

    from: a number, a user id or an @username. text: what is written; or `type` with the object named like
    it, or `file` {base64, mime_type, name}. Optional: name, reply_to, timestamp (Unix seconds), wamid.
    """
    wanted = _json_object()
    return jsonify({"id": inbound(world(), wanted)}), 201


@bp.post("/read")
def read() -> ResponseReturnValue:
    """Open the chat of the customer `from`: all that the business sent becomes read."""
    person = world().people.find(str(_json_object().get("from", "")))
    if person is None:
        raise BadRequest("from is no known customer")
    last = world().messages.last_shown(person.id)
    return jsonify({"read": see(world(), person, last.id) if last else 0})


def inbound(sandbox: World, wanted: dict[str, Any]) -> str:
    """Write as a customer, as `POST /sandbox/inbound` says; return the wamid. Raises BadRequest."""
    person = _person(sandbox, wanted)
    reply_to = wanted.get("reply_to")
    if "file" in wanted:
        file = wanted["file"]
        try:
            data = base64.b64decode(file["base64"], validate=True)
            kept = keep_inbound_file(sandbox, data, str(file.get("name", "file")), str(file["mime_type"]))
        except (KeyError, TypeError, binascii.Error):
            raise BadRequest("file needs base64 and mime_type") from None
        return send_file(sandbox, person, kept, str(wanted.get("text", "")), reply_to)
    kind = str(wanted.get("type", "text"))
    content = wanted.get(kind)
    if kind == "text" and isinstance(content, str):
        content = {"body": content}
    if not isinstance(content, list if kind == "contacts" else dict):
        raise BadRequest("give text, or type with the object named like it, or file")
    at = wanted.get("timestamp")
    if at is not None and not isinstance(at, int | float):
        raise BadRequest("timestamp must be Unix seconds")
    return write(sandbox, person, kind, content, reply_to, at, wanted.get("wamid"))


def _person(sandbox: World, wanted: dict[str, Any]) -> Person:
    identity, name = str(wanted.get("from", "")).strip(), wanted.get("name")
    if not (is_phone_number(identity) or identity.startswith("@") or sandbox.people.find(identity)):
        raise BadRequest("from must be a number, an @username or the user id of a known customer")
    return sandbox.people.find_or_add(identity, str(name) if name else None)


def _json_object() -> dict[str, Any]:
    try:
        body = json.loads(request.get_data())
    except ValueError:
        raise BadRequest("the body must be JSON") from None
    if not isinstance(body, dict):
        raise BadRequest("the body must be a JSON object")
    return body
