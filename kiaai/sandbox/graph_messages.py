"""The Graph endpoint of messages: sends, read receipts and the typing indicator."""

import json
from typing import Any

from flask import g, jsonify, request
from flask.typing import ResponseReturnValue

from kiaai.sandbox.acceptance import accept
from kiaai.sandbox.errors import GraphProblem
from kiaai.sandbox.graph import graph_blueprint, require_number
from kiaai.sandbox.world import World, world

bp = graph_blueprint("graph_messages")
TYPING_SECONDS = 25


@bp.post("/v<version>/<node_id>/messages")
def create_message(version: str, node_id: str) -> ResponseReturnValue:
    sandbox = world()
    require_number(node_id)
    body = _json_object()
    if "status" in body:
        return _read(sandbox, body)
    accepted = accept(sandbox, body, g.planned)
    g.hooks = accepted.hooks
    return jsonify(accepted.answer)


def _read(sandbox: World, body: dict[str, Any]) -> ResponseReturnValue:
    if body.get("messaging_product") != "whatsapp":
        raise GraphProblem(100, "The parameter messaging_product is required.")
    if body["status"] != "read":
        raise GraphProblem(100, "Param status must be one of {READ}.")
    message = sandbox.messages.find(str(body.get("message_id", "")))
    if message is None or not message.is_from_customer:
        raise GraphProblem(131009, "message_id is not a message that this number received")
    sandbox.messages.read_by_business(message)
    if isinstance(body.get("typing_indicator"), dict):
        sandbox.people.show_typing(message.person_id, TYPING_SECONDS)
    return jsonify({"success": True})


def _json_object() -> dict[str, Any]:
    try:
        body = json.loads(request.get_data())
    except ValueError:
        raise GraphProblem(100, "The request body is not valid JSON.") from None
    if not isinstance(body, dict):
        raise GraphProblem(100, "The request body must be a JSON object.")
    return body
