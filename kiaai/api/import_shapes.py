"""Imports as the API tells them."""

from flask import url_for

from kiaai.api.shapes import Shape
from kiaai.leads.imports.counting import Counts
from kiaai.leads.imports.results import Line
from kiaai.leads.imports.wording import reason_of
from kiaai.models import Import
from kiaai.web.saying import said

# What can be done with an import, by its state.
_DEEDS = {"preview": "start", "done": "undo", "failed": "undo"}


def import_shape(record: Import, foreseen: Counts | None = None) -> Shape:
    """Return an import. foreseen: what would become of its lines, for one that was not started."""
    names = ("id", "kind", "state", "file_name", "total", "done", "created_at", "finished_at")
    counts = foreseen or (None if record.state == "preview" else Counts.from_json(record.counts))
    options = record.options
    return {
        **{name: getattr(record, name) for name in names},
        "columns": [column or "-" for column in options.get("columns", [])],
        "country": options.get("country", ""),
        "tags": options.get("tags", []),
        "known": options.get("how", ""),
        "counts": counts.as_json() if counts else None,
        "error": said(reason_of(record.error)) if record.error else None,
        "links": _links(record),
    }


def line_shape(line: Line) -> Shape:
    """Return a refused line."""
    return {"line": line.line, "reason": said(reason_of(line.reason)), "cells": list(line.cells)}


def _links(record: Import) -> dict[str, str]:
    links = {
        "self": url_for("Imports.show_import", import_id=record.id),
        "page": url_for("imports.show", import_id=record.id),
    }
    if deed := _DEEDS.get(record.state):
        links[deed] = url_for(f"Imports.{deed}_import", import_id=record.id)
    return links
