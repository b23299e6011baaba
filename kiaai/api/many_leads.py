"""Many leads at once: out as a table, or the same change for all of them."""

from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

from flask import Response, current_app
from flask.typing import ResponseReturnValue

from kiaai import clock
from kiaai.api import many_schemas as schemas
from kiaai.api.authentication import caller, refuse_member
from kiaai.api.leads import bp
from kiaai.api.shapes import Shape
from kiaai.business import business
from kiaai.errors import ValidationFailed
from kiaai.extensions import db
from kiaai.leads import bulk
from kiaai.leads.exporting import export
from kiaai.leads.filters import PeopleFilter
from kiaai.leads.queries import find_page
from kiaai.texts import lazy


@bp.route("/export")
@bp.arguments(schemas.ExportQuery, location="query")
@bp.response(200, content_type="text/csv", description="CSV in UTF-8, a piece at a time")
@bp.errors(403)
def export_leads(query: dict[str, Any]) -> ResponseReturnValue:
    """Take leads out as a table

    All of a filter, oldest first; without one all. Cells that a spreadsheet would run are defused. For keys,
    and for admins.
    """
    if refusal := refuse_member():
        return refusal
    with_bom, zone = query.pop("bom"), _zone()
    app = current_app._get_current_object()  # type: ignore[attr-defined]  # werkzeug's proxy has it

    def pieces() -> Iterator[str]:
        with app.app_context():
            yield from export(PeopleFilter.read(query), zone, with_bom=with_bom)

    answer = Response(pieces(), mimetype="text/csv")
    name = f"leads-{clock.now():%Y-%m-%d}.csv"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    answer.headers["Cache-Control"] = "no-store"
    return answer


@bp.route("/bulk", methods=["POST"])
@bp.arguments(schemas.BulkBody)
@bp.response(200, schemas.BulkAnswer)
@bp.errors(403, 413)
def change_leads(body: dict[str, Any]) -> Shape:
    """Change several leads

    Up to 200 at once: all of them, or none. For more, narrow the filter, such as by dates.
    """
    try:
        ids = body["ids"] if "ids" in body else _meant(body["filter"])
        changed, left = _change(ids, body["change"])
    except ValidationFailed:
        db.session.rollback()
        raise
    db.session.commit()
    return {"matched": len(set(ids)), "changed": sorted(changed), "without_conversation": left}


def _meant(query: dict[str, str]) -> list[int]:
    """Return the ids of those whom the filter lets through. Raises ValidationFailed naming `filter`."""
    wanted = PeopleFilter.read(query)
    page = find_page(wanted, _zone(), limit=bulk.MOST_AT_ONCE)
    if page.next is not None or not wanted.is_narrowed:
        reason = lazy("This means more than %(limit)s people. Narrow it.", limit=bulk.MOST_AT_ONCE)
        if not wanted.is_narrowed:
            reason = lazy("This means everybody. Narrow it.")
        raise ValidationFailed(lazy("Some of what was sent does not fit."), {"filter": [reason]})
    return [person.lead.id for person in page.people]


def _change(ids: list[int], change: dict[str, Any]) -> tuple[set[int], int]:
    """Do all of it; return who is different now, and how many have no conversation to give away."""
    if not ids:
        return set(), 0
    actor, done, left = caller().actor, [], 0
    if "lead_status" in change:
        done.append(bulk.set_status(ids, change["lead_status"], actor))
    if "add_tags" in change or "remove_tags" in change:
        add, remove = change.get("add_tags", []), change.get("remove_tags", [])
        done.append(bulk.change_tags(ids, add, remove, actor))
    if "assignee_id" in change:
        given = bulk.assign(ids, change["assignee_id"], actor)
        done.append(given)
        left = given.left
    return {lead_id for each in done for lead_id in each.former}, left


def _zone() -> ZoneInfo:
    return business(current_app.extensions["settings"]).zone
