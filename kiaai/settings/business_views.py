"""The business, for admins: what it is called, where it is, and when it is open."""

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from kiaai import clock
from kiaai.accounts.access import admin_required
from kiaai.business import business, forget_business
from kiaai.errors import ValidationFailed
from kiaai.extensions import db
from kiaai.office_hours import WEEKDAYS
from kiaai.settings.business_form import MOST_RANGES, BusinessForm, read_form, save_business, zones
from kiaai.texts import lazy
from kiaai.web.saying import said

bp = Blueprint("business", __name__, url_prefix="/settings/business")

WEEKDAY_NAMES = {
    1: lazy("Monday"),
    2: lazy("Tuesday"),
    3: lazy("Wednesday"),
    4: lazy("Thursday"),
    5: lazy("Friday"),
    6: lazy("Saturday"),
    7: lazy("Sunday"),
}
# Fields to write in beyond those that are filled.
_FREE_DAYS = 3


@bp.get("")
@admin_required
def index() -> ResponseReturnValue:
    return _page(read_form())


@bp.post("")
@admin_required
def save() -> ResponseReturnValue:
    """Keep the form; or only spread Monday's hours over the week, which is kept with the next one."""
    form = _sent()
    if "copy" in request.form:
        return _page(form.with_monday_all_week(), is_copied=True)
    try:
        save_business(form)
    except ValidationFailed as refused:
        db.session.rollback()
        return _page(form, refused.fields), 422
    db.session.commit()
    forget_business()
    flash(said(lazy("Saved")))
    return redirect(url_for("business.index"), 303)


def _sent() -> BusinessForm:
    form = request.form
    return BusinessForm(
        name=form.get("name", "").strip(),
        timezone=form.get("timezone", "").strip(),
        hours={
            day: list(zip(form.getlist(f"from-{day}"), form.getlist(f"to-{day}"), strict=False))
            for day in WEEKDAYS
        },
        closed=form.getlist("closed"),
    )


def _page(form: BusinessForm, errors: dict[str, list[str]] | None = None, is_copied: bool = False) -> str:
    settings = current_app.extensions["settings"]
    now, known = clock.now(), business(settings)
    return render_template(
        "settings/business.html",
        form=form,
        errors=errors or {},
        is_copied=is_copied,
        defaults=settings,
        zones=zones(),
        weekdays=WEEKDAY_NAMES,
        ranges={day: _with_room(form.hours.get(day, ())) for day in WEEKDAYS},
        closed=[*form.closed, *[""] * _FREE_DAYS],
        hours=known.hours,
        is_open=known.is_open(now),
        back_at=known.next_opening(now),
    )


def _with_room(written: object) -> list[tuple[str, str]]:
    """Return the ranges with one to write in, and always a morning and an afternoon."""
    ranges = [pair for pair in written if any(pair)] if isinstance(written, list | tuple) else []
    free = max(2 - len(ranges), 1 if len(ranges) < MOST_RANGES else 0)
    return [*ranges, *[("", "")] * free]
