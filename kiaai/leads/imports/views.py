"""The pages of imports, for admins: hand a file in, see what it would do, start it, take it back."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from flask import Blueprint, Response, abort, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from werkzeug.exceptions import RequestEntityTooLarge

from kiaai import clock
from kiaai.accounts.access import admin_required, current_user
from kiaai.business import business
from kiaai.errors import ValidationFailed
from kiaai.extensions import db
from kiaai.leads.columns import COLUMNS
from kiaai.leads.exporting import BOM, as_csv, export
from kiaai.leads.filters import PeopleFilter
from kiaai.leads.imports import chat_records, records, results
from kiaai.leads.imports.cells import Refused, read_tags
from kiaai.leads.imports.choosing import MOST_TAGS, check
from kiaai.leads.imports.counting import Counts
from kiaai.leads.imports.countries import COUNTRIES, country_of_zone
from kiaai.leads.imports.planning import WAYS
from kiaai.leads.imports.previewing import foresee, preview
from kiaai.leads.imports.wording import (
    COLUMN_NAMES,
    LINE_NAMES,
    OUTCOME_NAMES,
    STATE_NAMES,
    WAY_NAMES,
    reason_of,
)
from kiaai.leads.table import defused
from kiaai.models import Import
from kiaai.texts import lazy
from kiaai.web.saying import said
from kiaai.whatsapp.cleaning import clean_text
from kiaai.worker.doorbells import ring_import

bp = Blueprint("imports", __name__, url_prefix="/people")

# A form around the file takes a little room too.
_MOST_BYTES = records.LARGEST_BYTES + 100_000
_UPLOADS = ("imports.upload", "imports.upload_chat")


@bp.url_value_preprocessor
def allow_files(endpoint: str | None, _values: dict[str, Any] | None) -> None:
    """Let a file be as large as it may be; before the token is looked for, which reads the form."""
    if endpoint in _UPLOADS:
        request.max_content_length = _MOST_BYTES


@bp.errorhandler(RequestEntityTooLarge)
def refuse_large_file(_error: RequestEntityTooLarge) -> ResponseReturnValue:
    return _index({"file": [records.too_large()]}), 413


@bp.get("/import")
@admin_required
def index() -> ResponseReturnValue:
    return _index({})


@bp.post("/import")
@admin_required
def upload() -> ResponseReturnValue:
    """Keep a table of leads to look at; its numbers are of here until another country is chosen."""
    country = country_of_zone(business(current_app.extensions["settings"]).timezone)
    return _upload(lambda content, name: records.keep_table(content, name, current_user().id, country))


@bp.post("/import/chat")
@admin_required
def upload_chat() -> ResponseReturnValue:
    """Keep a talk exported from WhatsApp to look at."""
    here = business(current_app.extensions["settings"])
    return _upload(
        lambda content, name: chat_records.keep(content, name, current_user().id, here.name, here.timezone)
    )


@bp.get("/import/<int:import_id>")
@admin_required
def show(import_id: int) -> ResponseReturnValue:
    return _show(_import_or_404(import_id), {})


@bp.post("/import/<int:import_id>/preview")
@admin_required
def choose(import_id: int) -> ResponseReturnValue:
    """Look at the file as it is read with what was chosen."""
    record = records.lock_import(import_id)
    if record is None or record.state != "preview":
        abort(404)
    _keep_choice(record)
    db.session.commit()
    return redirect(url_for("imports.show", import_id=import_id), 303)


@bp.post("/import/<int:import_id>/start")
@admin_required
def start(import_id: int) -> ResponseReturnValue:
    # Locked before it is looked at: of two people who start it, the other changes nothing that is chosen.
    record = records.lock_import(import_id) or abort(404)
    if record.state == "preview":
        _keep_choice(record)
        try:
            check(record)
        except ValidationFailed as refused:
            db.session.commit()
            return _show(record, refused.fields), 422
        records.start(record)
        db.session.commit()
        ring_import(import_id)
    return redirect(url_for("imports.show", import_id=import_id), 303)


@bp.post("/import/<int:import_id>/undo")
@admin_required
def undo(import_id: int) -> ResponseReturnValue:
    if records.start_undo(_import_or_404(import_id)):
        db.session.commit()
        ring_import(import_id)
    return redirect(url_for("imports.show", import_id=import_id), 303)


@bp.post("/import/<int:import_id>/deletion")
@admin_required
def discard(import_id: int) -> ResponseReturnValue:
    """Forget a file that was only looked at."""
    if records.discard(_import_or_404(import_id)):
        db.session.commit()
        flash(said(lazy("The file was not imported and is gone.")))
    return redirect(url_for("imports.index"), 303)


@bp.get("/import/<int:import_id>/progress")
@admin_required
def progress(import_id: int) -> ResponseReturnValue:
    record = _import_or_404(import_id)
    return render_template("leads/imports/_import.html", **_shown(record), errors={})


@bp.get("/import/<int:import_id>/refused.csv")
@admin_required
def refused(import_id: int) -> ResponseReturnValue:
    """Answer the lines that were, or would be, refused, each with its reason, as a table."""
    record = _import_or_404(import_id)
    if record.state == "preview":
        lines: list[tuple[int, str, tuple[str, ...]]] = [
            (line.read.line, line.read.reason, line.read.cells)
            for line in foresee(records.table_of(record), records.plan_of(record.options))
            if isinstance(line.read, Refused)
        ]
    else:
        lines = [(row.line, reason_of(row.reason), row.cells) for row in results.refused_rows(record.id)]
    head = (said(lazy("Line")), said(lazy("Reason")))
    rows = [[line, defused(said(reason)), *map(defused, cells)] for line, reason, cells in lines]
    return _csv_answer([BOM, as_csv([head, *rows])], f"refused-{record.id}.csv")


@bp.get("/export")
@admin_required
def export_people() -> ResponseReturnValue:
    """Answer the people of a filter as a table, a piece at a time."""
    wanted = PeopleFilter.read(request.args)
    zone = business(current_app.extensions["settings"]).zone
    app = current_app._get_current_object()  # type: ignore[attr-defined]  # werkzeug's proxy has it

    def pieces() -> Iterator[str]:
        with app.app_context():
            yield from export(wanted, zone, with_bom=True)

    return _csv_answer(pieces(), f"people-{clock.now():%Y-%m-%d}.csv")


def _upload(keep: Callable[[bytes, str], Import]) -> ResponseReturnValue:
    file = request.files.get("file")
    if file is None or not file.filename:
        return _index({"file": [lazy("Choose a file first.")]}), 422
    try:
        record = keep(file.read(), file.filename)
    except ValidationFailed as refused:
        db.session.rollback()
        return _index(refused.fields), 422
    db.session.commit()
    return redirect(url_for("imports.show", import_id=record.id), 303)


def _keep_choice(record: Import) -> None:
    form = request.form
    chosen = chat_records.choice(form) if record.kind == "chat" else _choice(record, form)
    record.options = {**record.options, **chosen}


def _choice(record: Import, form: Mapping[str, str]) -> dict[str, Any]:
    """Read which column holds what, and how the leads are to be saved."""
    kept: list[str] = record.options.get("columns", [])
    columns = [form.get(f"column-{place}", column) for place, column in enumerate(kept)]
    country, how = form.get("country", ""), form.get("how", "")
    return {
        "columns": [column if column in COLUMNS else "" for column in columns],
        "country": country if country in COUNTRIES else "",
        "how": how if how in WAYS else "fill",
        "tags": read_tags(clean_text(form.get("tags", "")))[:MOST_TAGS],
    }


def _index(errors: dict[str, list[str]]) -> str:
    return render_template(
        "leads/imports/index.html", imports=records.latest(), errors=errors, states=STATE_NAMES
    )


def _show(record: Import, errors: dict[str, list[str]]) -> str:
    return render_template("leads/imports/show.html", **_shown(record), errors=errors)


def _shown(record: Import) -> dict[str, Any]:
    shown = {
        "record": record,
        "counts": Counts.from_json(record.counts),
        "percent": 100 * record.done // max(1, record.total),
        "states": STATE_NAMES,
        "outcomes": OUTCOME_NAMES,
        "line_names": LINE_NAMES,
    }
    if record.state != "preview":
        return {**shown, **results.of(record)}
    if record.kind == "chat":
        here = business(current_app.extensions["settings"])
        return {**shown, **chat_records.shown(record, here.name)}
    table = records.table_of(record)
    territories = get_locale().territories
    return {
        **shown,
        "table": table,
        "preview": preview(table, records.plan_of(record.options)),
        "columns": COLUMN_NAMES,
        "ways": WAY_NAMES,
        "countries": sorted(
            ((code, f"{territories[code]} +{one.calling_code}") for code, one in COUNTRIES.items()),
            key=lambda pair: pair[1],
        ),
    }


def _csv_answer(pieces: Iterable[str], name: str) -> Response:
    answer = Response(pieces, mimetype="text/csv")
    answer.headers["Content-Disposition"] = f'attachment; filename="{re.sub(r"[^a-z0-9.-]", "", name)}"'
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _import_or_404(import_id: int) -> Import:
    return db.session.get(Import, import_id) or abort(404)
