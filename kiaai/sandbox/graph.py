"""What all Graph endpoints share: the token, planned faults, and the shape of refusals."""

import hmac
import time

from flask import Blueprint, Response, g, jsonify, request
from flask.typing import ResponseReturnValue

from kiaai.sandbox.errors import GraphProblem, unknown_object
from kiaai.sandbox.world import world
from kiaai.sandbox.wrong_answers import wrong_answer

EARLY_STATUS_SECONDS = 3


def graph_blueprint(name: str) -> Blueprint:
    """Return a blueprint whose endpoints check the token and misbehave as asked."""
    bp = Blueprint(name, __name__)
    bp.before_request(_enter)
    bp.after_request(_spoil)
    bp.register_error_handler(GraphProblem, _refuse)
    return bp


def require_number(node_id: str) -> None:
    """Raise GraphProblem 100/33 unless the id is the business number's."""
    if node_id != world().settings.whatsapp_phone_number_id:
        raise unknown_object(node_id, request.method)


def require_account(node_id: str) -> None:
    """Raise GraphProblem 100/33 unless the id is the business account's."""
    if node_id != world().settings.whatsapp_business_account_id:
        raise unknown_object(node_id, request.method)


def _enter() -> ResponseReturnValue | None:
    """Wait, misbehave or refuse, as asked, before an endpoint runs."""
    sandbox = world()
    if sandbox.faults.latency_ms:
        time.sleep(sandbox.faults.latency_ms / 1000)
    given = request.headers.get("Authorization", "").removeprefix("Bearer ").encode()
    is_known = hmac.compare_digest(given, sandbox.settings.whatsapp_api_token.encode())
    if sandbox.faults.refuse_token or not is_known:
        raise GraphProblem(190, "The session is invalid or has expired.", subcode=463)
    g.planned = sandbox.faults.take(_call())
    if g.planned and not g.planned.is_accepted:
        return wrong_answer(g.planned)
    return None


def _spoil(response: Response) -> Response:
    """Answer wrongly after the message was accepted, and let its webhooks go after the answer."""
    sandbox, hooks, planned = world(), g.pop("hooks", []), g.pop("planned", None)
    if planned and planned.is_accepted and planned.kind != "fail_later" and response.status_code == 200:
        response = wrong_answer(planned)
    if sandbox.faults.status_before_answer and hooks:
        sandbox.hooks.release(hooks)
        sandbox.hooks.wait_until_delivered(hooks, EARLY_STATUS_SECONDS)
    elif hooks:
        response.call_on_close(lambda: sandbox.hooks.release(hooks))
    return response


def _refuse(problem: GraphProblem) -> ResponseReturnValue:
    return jsonify(problem.body()), problem.http


def _call() -> str:
    """Return by which name a planned answer waits for this request."""
    if request.endpoint == "graph_messages.create_message":
        body = request.get_json(silent=True)
        return "read" if isinstance(body, dict) and "status" in body else "send"
    if request.blueprint == "graph_blocks":
        return "block"
    is_media = request.method != "GET" or (request.view_args or {}).get("node_id", "").startswith("4")
    return "media" if is_media or request.path.startswith("/whatsapp_business") else "lookup"
