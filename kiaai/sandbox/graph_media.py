"""The Graph endpoints of media, and look-ups of any id."""

from flask import jsonify, request, send_file
from flask.typing import ResponseReturnValue

from kiaai.sandbox.errors import GraphProblem, unknown_object
from kiaai.sandbox.files import SUPPORTED, UPLOADED_DAYS, File, kind_of
from kiaai.sandbox.graph import graph_blueprint, require_number
from kiaai.sandbox.graph_account import account_node, number_node
from kiaai.sandbox.world import World, world

bp = graph_blueprint("graph_media")


@bp.post("/v<version>/<node_id>/media")
def upload(version: str, node_id: str) -> ResponseReturnValue:
    sandbox = world()
    require_number(node_id)
    if request.form.get("messaging_product") != "whatsapp":
        raise GraphProblem(100, "The parameter messaging_product is required.")
    sent = request.files.get("file")
    if sent is None:
        raise GraphProblem(100, "The parameter file is required.")
    mime_type = sent.mimetype if sent.mimetype != "application/octet-stream" else request.form.get("type", "")
    kind = kind_of(mime_type)
    types, largest = SUPPORTED[kind]
    if mime_type not in types:
        known = ", ".join(sorted(name for types, _ in SUPPORTED.values() for name in types))
        raise GraphProblem(
            100, f"Param file must be a file with one of the following types: {known}. Received {mime_type}."
        )
    file = sandbox.files.keep(sent.save, sent.filename or "file", mime_type, UPLOADED_DAYS)
    if not 0 < file.size <= largest:
        sandbox.files.forget(file)
        raise GraphProblem(
            131053, f"File size {file.size} is not allowed for {kind}: at most {largest} bytes"
        )
    return jsonify({"id": file.id})


@bp.get("/v<version>/<node_id>")
def node(version: str, node_id: str) -> ResponseReturnValue:
    """Look up the number, the account or a file."""
    sandbox = world()
    if node_id == sandbox.settings.whatsapp_phone_number_id:
        return number_node(sandbox)
    if node_id == sandbox.settings.whatsapp_business_account_id:
        return account_node(sandbox)
    file = _file(sandbox, node_id)
    return jsonify(
        {
            "messaging_product": "whatsapp",
            "url": sandbox.files.address(file, sandbox.base_url),
            "mime_type": file.mime_type,
            "sha256": file.sha256,
            "file_size": file.size,
            "id": file.id,
        }
    )


@bp.delete("/v<version>/<node_id>")
def delete(version: str, node_id: str) -> ResponseReturnValue:
    world().files.forget(_file(world(), node_id))
    return jsonify({"success": True})


@bp.get("/whatsapp_business/attachments/")
def download() -> ResponseReturnValue:
    """Give the bytes while the address lives."""
    file_id, expires = request.args.get("mid", ""), request.args.get("ext", "")
    file = world().files.find(file_id)
    if file is None or not world().files.is_address_alive(file_id, expires, request.args.get("hash", "")):
        return "", 404
    return send_file(file.path, mimetype=file.mime_type, etag=False)


@bp.route("/v<version>/<node_id>/<path:edge>", methods=["GET", "POST", "DELETE"])
def unknown_edge(version: str, node_id: str, edge: str) -> ResponseReturnValue:
    raise unknown_object(f"{node_id}/{edge}", request.method)


def _file(sandbox: World, file_id: str) -> File:
    """Return a file; the optional `phone_number_id` must be its number."""
    file = sandbox.files.find(file_id)
    asked_number = request.args.get("phone_number_id", sandbox.settings.whatsapp_phone_number_id)
    if file is None or asked_number != sandbox.settings.whatsapp_phone_number_id:
        raise unknown_object(file_id, request.method)
    return file
