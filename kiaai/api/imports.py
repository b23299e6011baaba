"""`/leads/imports`: tables of leads from programs, by the rules of the pages. For keys, and for admins."""

from itertools import islice
from typing import Any

from flask import Request, request
from flask.typing import ResponseReturnValue
from marshmallow import Schema
from werkzeug.exceptions import RequestEntityTooLarge

from kiaai.api import import_schemas as schemas
from kiaai.api.authentication import caller, require_admin, require_caller
from kiaai.api.import_shapes import import_shape, line_shape
from kiaai.api.routing import BodyParser, Routes
from kiaai.api.schemas import PageQuery
from kiaai.api.shapes import Shape
from kiaai.errors import NotFound, ValidationFailed
from kiaai.extensions import db
from kiaai.leads.imports import records, results
from kiaai.leads.imports.cells import Refused
from kiaai.leads.imports.choosing import check
from kiaai.leads.imports.counting import Counts
from kiaai.leads.imports.previewing import foresee
from kiaai.leads.imports.repeating import digest_of, find_first, remember
from kiaai.leads.imports.results import Line
from kiaai.models import Import
from kiaai.texts import Text, lazy
from kiaai.web.answers import error_json
from kiaai.web.paging import Cursor
from kiaai.worker.doorbells import ring_import


class _OptionsParser(BodyParser):
    """Reads options from the address, and from the fields that stand beside a file in a form."""

    def load_querystring(self, req: Request, schema: Schema) -> Any:
        return self._makeproxy(req.values, schema)


class _ImportRoutes(Routes):
    ARGUMENTS_PARSER = _OptionsParser()


bp = _ImportRoutes(
    "Imports", __name__, url_prefix="/leads/imports", description="Tables of leads, and their undo"
)
require_caller(bp)
require_admin(bp)

# A form around the file takes a little room too.
_MOST_BYTES = records.LARGEST_BYTES + 100_000
_TABLE = {"type": "string", "format": "binary", "description": "The table: CSV of any program."}
_FILE = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {"schema": {"type": "object", "properties": {"file": _TABLE}}},
            "text/csv": {"schema": _TABLE},
        },
    }
}


@bp.url_value_preprocessor
def allow_files(_endpoint: str | None, _values: dict[str, Any] | None) -> None:
    """Let a file be as large as it may be; before the token is looked for, which reads the form."""
    request.max_content_length = _MOST_BYTES


@bp.errorhandler(RequestEntityTooLarge)
def refuse_large_file(_error: RequestEntityTooLarge) -> ResponseReturnValue:
    return error_json(413, "too_large", records.too_large())


@bp.route("", methods=["POST"])
@bp.doc(**_FILE)
@bp.arguments(schemas.ImportHeaders, location="headers")
@bp.arguments(schemas.ImportOptions, location="query")
@bp.response(202, schemas.ImportAnswer)
@bp.errors(403, 413)
def create_import(headers: dict[str, Any], options: dict[str, Any]) -> Shape:
    """Bring in a table of leads

    The file comes as `text/csv`, or as the field `file` of a form; up to 20 MB and 100,000 lines. It is done
    in the background: ask for the import until its `state` is `done` or `failed`.
    """
    content, name = _file()
    key, digest = _client_key(headers["key"]), digest_of(content, options)
    first = find_first(key, digest) if key else None
    if first is not None:
        return {"import_": import_shape(first)}
    try:
        record = _keep(content, options["name"] or name, options)
        if key:
            remember(record, key, digest)
        if not options["dry_run"]:
            _start(record)
    except ValidationFailed:
        db.session.rollback()
        raise
    db.session.commit()
    ring_import(record.id)
    return {"import_": import_shape(record, _foreseen(record)[0] if record.state == "preview" else None)}


@bp.route("")
@bp.arguments(PageQuery, location="query")
@bp.response(200, schemas.ImportsAnswer)
@bp.errors(403)
def list_imports(query: dict[str, Any]) -> Shape:
    """List imports, newest first, those of the dashboard too."""
    before, limit = query["before"], query["limit"]
    rows = records.latest(limit + 1, before.id if before else None)
    after = Cursor(rows[limit - 1].created_at, rows[limit - 1].id) if len(rows) > limit else None
    return {"imports": [import_shape(record) for record in rows[:limit]], "next": after}


@bp.route("/<int:import_id>")
@bp.arguments(PageQuery, location="query")
@bp.response(200, schemas.ImportResultAnswer)
@bp.errors(403, 404)
def show_import(query: dict[str, Any], import_id: int) -> Shape:
    """Show an import, how far it is, and the lines that were refused

    Of a preview, those that would be.
    """
    record = _import_or_404(import_id)
    before, limit = query["before"], query["limit"]
    counts, lines = _refused(record, before.id if before else 0, limit + 1)
    after = Cursor(record.created_at, lines[limit - 1].line) if len(lines) > limit else None
    shown = [line_shape(line) for line in lines[:limit]]
    return {"import_": import_shape(record, counts), "refused": shown, "next": after}


@bp.route("/<int:import_id>", methods=["DELETE"])
@bp.response(204)
@bp.errors(403, 404)
def delete_import(import_id: int) -> None:
    """Forget a preview; any other import answers 422."""
    if not records.discard(_import_or_404(import_id)):
        raise _wrong_state(lazy("Only a preview can be deleted."))
    db.session.commit()


@bp.route("/<int:import_id>/start", methods=["POST"])
@bp.response(202, schemas.ImportAnswer)
@bp.errors(403, 404)
def start_import(import_id: int) -> Shape:
    """Start an import that waits in preview; asking twice starts it once."""
    record = _import_or_404(import_id)
    if record.state == "preview":
        _start(record)
        db.session.commit()
        ring_import(import_id)
    elif record.state not in ("queued", "running", "done"):
        raise _wrong_state(lazy("Only a preview can be started."))
    return {"import_": import_shape(record)}


@bp.route("/<int:import_id>/undo", methods=["POST"])
@bp.response(202, schemas.ImportAnswer)
@bp.errors(403, 404)
def undo_import(import_id: int) -> Shape:
    """Take a whole import back, but for what somebody has changed since; asking twice does it once."""
    record = _import_or_404(import_id)
    if records.start_undo(record):
        db.session.commit()
        ring_import(import_id)
    elif record.state not in ("undoing", "undone"):
        raise _wrong_state(lazy("Only an import that has ended can be undone."))
    return {"import_": import_shape(record)}


def _file() -> tuple[bytes, str]:
    """Return the file and its name. Raises ValidationFailed naming `file`."""
    if request.mimetype == "text/csv":
        return request.get_data(), ""
    file = request.files.get("file")
    if file is None:
        raise records.refused(lazy("Send the table as text/csv, or as the field file of a form."))
    return file.read(), file.filename or ""


def _client_key(key: str | None) -> str | None:
    by = caller()
    return key and (f"key-{by.api_key_id}:{key}" if by.api_key_id else f"user-{by.user_id}:{key}")


def _keep(content: bytes, name: str, options: dict[str, Any]) -> Import:
    """Keep the file with what was said about it. Raises ValidationFailed naming `file`."""
    record = records.keep_table(content, name, caller().user_id)
    how = options["known"]
    chosen: dict[str, Any] = {
        "how": "leave" if how == schemas.SKIP else how,
        "country": options["country"],
        "tags": list(dict.fromkeys(tag for tag in options["tags"] if tag)),
    }
    if "columns" in options:
        columns = ["" if name == "-" else name for name in options["columns"]]
        chosen["columns"] = list(records.table_of(record).mapped(columns).columns)
    record.options = {**record.options, **chosen}
    return record


def _start(record: Import) -> None:
    """Hand the import to the worker, or refuse all of it. Raises ValidationFailed."""
    check(record)
    # What was refused of a talk is kept with it: the lock reads the row again.
    db.session.flush()
    records.start(record)


def _refused(record: Import, after_line: int, limit: int) -> tuple[Counts | None, list[Line]]:
    """Return so many refused lines below a line; of a preview the counts too."""
    if record.state == "preview" and record.kind == "leads":
        counts, lines = _foreseen(record)
        return counts, list(islice((line for line in lines if line.line > after_line), limit))
    return None, list(results.refused_rows(record.id, limit, after_line))


def _foreseen(record: Import) -> tuple[Counts, list[Line]]:
    """Return what would become of a file, with all lines that would be refused."""
    counts, lines = Counts(), []
    for foreseen in foresee(records.table_of(record), records.plan_of(record.options)):
        counts.add(foreseen.outcome)
        if isinstance(foreseen.read, Refused):
            lines.append(Line(foreseen.read.line, foreseen.read.reason, foreseen.read.cells))
    return counts, lines


def _import_or_404(import_id: int) -> Import:
    # More than the column can hold is no id of ours.
    record = db.session.get(Import, import_id) if import_id < 2**63 else None
    if record is None:
        raise NotFound(lazy("There is no such import."))
    return record


def _wrong_state(reason: Text) -> ValidationFailed:
    db.session.rollback()
    return ValidationFailed(reason, {"state": [reason]})
