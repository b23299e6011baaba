"""The Graph endpoint of the number's block list: only who wrote within a day may be put on it."""

import json
import time
from typing import Any

from flask import jsonify, request
from flask.typing import ResponseReturnValue

from kiaai.sandbox.errors import GraphProblem
from kiaai.sandbox.graph import graph_blueprint, require_number
from kiaai.sandbox.people import Person
from kiaai.sandbox.world import World, world

bp = graph_blueprint("graph_blocks")
DAY_SECONDS = 24 * 3600
MOST_BLOCKED = 64_000
_NOTE = "blocked_users"


@bp.get("/v<version>/<node_id>/block_users")
def blocked_users(version: str, node_id: str) -> ResponseReturnValue:
    require_number(node_id)
    listed = [{"messaging_product": "whatsapp", "wa_id": name} for name in _blocked(world())]
    return jsonify({"data": listed, "paging": {"cursors": {}}})


@bp.post("/v<version>/<node_id>/block_users")
def block_users(version: str, node_id: str) -> ResponseReturnValue:
    """Block; who did not write lately fails, and with one failure the answer is 400."""
    require_number(node_id)
    sandbox = world()
    found = [(name, sandbox.people.find(name)) for name in _asked()]
    added = [(name, _key(person)) for name, person in found if person and _wrote_lately(person)]
    _keep(sandbox, [*_blocked(sandbox), *(key for _, key in added)])
    return _answer("added_users", added, [name for name, person in found if not _wrote_lately(person)])


@bp.delete("/v<version>/<node_id>/block_users")
def unblock_users(version: str, node_id: str) -> ResponseReturnValue:
    """Unblock; who is not on the list is none the worse for it."""
    require_number(node_id)
    sandbox = world()
    found = [(name, sandbox.people.find(name)) for name in _asked()]
    removed = [(name, _key(person)) for name, person in found if person]
    gone = {key for _, key in removed}
    _keep(sandbox, [key for key in _blocked(sandbox) if key not in gone])
    return _answer("removed_users", removed, [name for name, person in found if person is None])


def _asked() -> list[str]:
    body = request.get_json(silent=True)
    users = body.get("block_users") if isinstance(body, dict) else None
    if not isinstance(body, dict) or body.get("messaging_product") != "whatsapp":
        raise GraphProblem(100, "The parameter messaging_product is required.")
    if not isinstance(users, list) or not users:
        raise GraphProblem(100, "The parameter block_users is required.")
    return [str(user.get("user", "")) if isinstance(user, dict) else "" for user in users]


def _answer(done_name: str, done: list[tuple[str, str]], failed: list[str]) -> ResponseReturnValue:
    changed: dict[str, Any] = {done_name: [{"input": name, "wa_id": key} for name, key in done]}
    if not failed:
        return jsonify({"messaging_product": "whatsapp", "block_users": changed})
    problem = GraphProblem(139100, "Re-engagement required: the user has not messaged in the last 24 hours.")
    errors = [{"code": problem.code, "message": problem.details}]
    changed["failed_users"] = [{"input": name, "errors": errors} for name in failed]
    return jsonify({"messaging_product": "whatsapp", "block_users": changed, **problem.body()}), problem.http


def _wrote_lately(person: Person | None) -> bool:
    return bool(person and person.last_inbound_at and person.last_inbound_at > time.time() - DAY_SECONDS)


def _key(person: Person) -> str:
    return person.wa_id or person.bsuid


def _blocked(sandbox: World) -> list[str]:
    kept = json.loads(sandbox.store.note(_NOTE) or "[]")
    return [str(key) for key in kept]


def _keep(sandbox: World, keys: list[str]) -> None:
    sandbox.store.keep_note(_NOTE, json.dumps(list(dict.fromkeys(keys))[:MOST_BLOCKED]))
