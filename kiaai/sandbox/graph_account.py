"""The Graph endpoints of the business account: its number, templates and subscriptions."""

import base64
import binascii
from typing import Any

from flask import jsonify, request
from flask.typing import ResponseReturnValue

from kiaai.sandbox.catalog import TEMPLATES
from kiaai.sandbox.errors import GraphProblem
from kiaai.sandbox.graph import graph_blueprint, require_account
from kiaai.sandbox.people import BUSINESS_NUMBER, chilean
from kiaai.sandbox.world import World, world

bp = graph_blueprint("graph_account")


@bp.get("/v<version>/<node_id>/message_templates")
def templates(version: str, node_id: str) -> ResponseReturnValue:
    """List templates by page; `next` is there only when there is more."""
    require_account(node_id)
    wanted = {
        key: request.args[key] for key in ("name", "status", "language", "category") if key in request.args
    }
    found = [t for t in TEMPLATES if all(getattr(t, key) == value for key, value in wanted.items())]
    start, limit = _cursor(request.args.get("after"), len(found)), _limit(request.args.get("limit", "25"))
    page, end = found[start : start + limit], start + limit
    paging: dict[str, Any] = {"cursors": {"before": _cursor_text(start), "after": _cursor_text(end)}}
    if end < len(found):
        kept = {key: value for key, value in request.args.items() if key != "access_token"}
        query = {**kept, "after": _cursor_text(end)}
        paging["next"] = f"{request.base_url}?" + "&".join(f"{key}={value}" for key, value in query.items())
    return jsonify({"data": [_chosen_fields(t.as_json(), ("id",)) for t in page], "paging": paging})


@bp.get("/v<version>/<node_id>/subscribed_apps")
def subscriptions(version: str, node_id: str) -> ResponseReturnValue:
    require_account(node_id)
    entry: dict[str, Any] = {
        "whatsapp_business_api_data": {"id": "500000000000001", "name": "Sandbox", "link": request.host_url}
    }
    if override := world().store.note("override_callback_uri"):
        entry["override_callback_uri"] = override
    return jsonify({"data": [entry]})


@bp.post("/v<version>/<node_id>/subscribed_apps")
def subscribe(version: str, node_id: str) -> ResponseReturnValue:
    """Subscribe. An override is listed but not followed: no message leaves this machine."""
    require_account(node_id)
    body = request.get_json(silent=True)
    override = (
        body.get("override_callback_uri", "")
        if isinstance(body, dict)
        else request.form.get("override_callback_uri", "")
    )
    world().store.keep_note("override_callback_uri", str(override)[:200])
    return jsonify({"success": True})


@bp.get("/v<version>/<node_id>/phone_numbers")
def phone_numbers(version: str, node_id: str) -> ResponseReturnValue:
    require_account(node_id)
    number = _chosen_fields(
        _number(world()), ("id", "display_phone_number", "verified_name", "quality_rating")
    )
    return jsonify(
        {"data": [number], "paging": {"cursors": {"before": _cursor_text(0), "after": _cursor_text(1)}}}
    )


def number_node(sandbox: World) -> ResponseReturnValue:
    """Answer a look-up of the business number."""
    usual = ("id", "display_phone_number", "verified_name", "quality_rating", "code_verification_status")
    return jsonify(_chosen_fields(_number(sandbox), usual))


def account_node(sandbox: World) -> ResponseReturnValue:
    """Answer a look-up of the business account."""
    account = {
        "id": sandbox.settings.whatsapp_business_account_id,
        "name": sandbox.settings.business_name,
        "currency": "CLP",
        "timezone_id": "1",
        "message_template_namespace": "sandbox",
        "whatsapp_business_manager_messaging_limit": "TIER_250",
    }
    return jsonify(_chosen_fields(account, ("id", "name", "timezone_id", "message_template_namespace")))


def _number(sandbox: World) -> dict[str, Any]:
    return {
        "id": sandbox.settings.whatsapp_phone_number_id,
        "display_phone_number": chilean(BUSINESS_NUMBER),
        "verified_name": sandbox.settings.business_name,
        "quality_rating": "GREEN",
        "code_verification_status": "VERIFIED",
        "name_status": "APPROVED",
        "status": "CONNECTED",
        "platform_type": "CLOUD_API",
        "account_mode": "SANDBOX",
        "throughput": {"level": "STANDARD"},
        "is_on_biz_app": True,
        "whatsapp_business_manager_messaging_limit": "TIER_250",
        "health_status": {"can_send_message": "AVAILABLE", "entities": []},
        "webhook_configuration": {"application": sandbox.hooks.url},
    }


def _chosen_fields(node: dict[str, Any], usual: tuple[str, ...]) -> dict[str, Any]:
    """Return the fields asked for by `fields`, the id always; without it the usual ones, or all."""
    asked = [name for name in request.args.get("fields", "").split(",") if name]
    names = asked or (usual if len(usual) > 1 else list(node))
    return {name: value for name, value in node.items() if name in names or name == "id"}


def _cursor(text: str | None, count: int) -> int:
    if not text:
        return 0
    try:
        start = int(base64.urlsafe_b64decode(text.encode()).decode())
    except (ValueError, binascii.Error):
        raise GraphProblem(131059) from None
    if not 0 <= start <= count + 1000:
        raise GraphProblem(131059)
    return start


def _cursor_text(start: int) -> str:
    return base64.urlsafe_b64encode(str(start).encode()).decode()


def _limit(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 1000):
        raise GraphProblem(100, "Param limit must be from 1 to 1000.")
    return int(text)
