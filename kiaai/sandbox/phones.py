"""The phone pages: an invented customer writes, reads, attaches, reacts."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, abort, redirect, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue
from flask_babel import format_datetime

from kiaai.sandbox import customer
from kiaai.sandbox.chats import EMOJIS, STICKERS, number, person_or_404
from kiaai.sandbox.faults import FLAGS
from kiaai.sandbox.people import Person
from kiaai.sandbox.world import world
from kiaai.whatsapp.formatting import rich_text

bp = Blueprint("phones", __name__)

MOST_OPEN = 3
SHOWN_INLINE = ("image", "audio", "video", "sticker")


@bp.get("/")
def index() -> ResponseReturnValue:
    """Show the customers and up to three of their phones; the latest one when none was chosen."""
    people = _people()
    chosen = [person_or_404(int(word)) for word in _open_words()]
    shown = chosen or people[:1]
    return render_template(
        "sandbox/index.html",
        rows=_rows(people),
        phones=[_phone(person) for person in shown],
        chosen=[person.id for person in shown],
        is_chosen=bool(chosen),
        faults=world().faults,
        waiting=world().hooks.waiting_count,
        settings=world().settings,
    )


@bp.get("/people")
def people() -> ResponseReturnValue:
    chosen = [int(word) for word in _open_words()]
    return render_template(
        "sandbox/_people.html",
        rows=_rows(_people()),
        chosen=chosen,
        faults=world().faults,
        waiting=world().hooks.waiting_count,
    )


@bp.post("/people")
def create_person() -> ResponseReturnValue:
    person = world().people.add_next(request.form.get("name", "").strip()[:80])
    return redirect(url_for("phones.index", open=person.id), 303)


@bp.get("/files/<file_id>")
def file(file_id: str) -> ResponseReturnValue:
    """Show a file on a phone: pictures and sound inline, all else as a download."""
    found = world().files.find_even_dead(file_id)
    if found is None:
        abort(404)
    is_download = found.kind not in SHOWN_INLINE
    response = send_file(
        found.path, mimetype=found.mime_type, as_attachment=is_download, download_name=found.name
    )
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response


@bp.post("/panel")
def change_faults() -> ResponseReturnValue:
    """Set what is wrong, from the panel: a planned answer, everything well again, or the switches."""
    faults, form = world().faults, request.form
    if "plan" in form:
        answer, _, status = form["plan"].partition(" ")
        try:
            faults.next(answer, **({"status": int(status)} if status else {}))
        except ValueError:
            abort(422)
    elif "clear" in form:
        faults.clear()
    else:
        faults.latency_ms = min(60_000, number(form.get("latency_ms", "0")))
        for flag in request.form.getlist("flag"):
            setattr(faults, _known_flag(flag), flag in request.form.getlist("on"))
    if request.headers.get("X-Requested-With"):
        return render_template("sandbox/_panel.html", faults=faults)
    return redirect(url_for("phones.index"), 303)


bp.add_app_template_filter(rich_text, "rich")


@bp.app_template_filter("clock_time")
def clock_time(at: float) -> str:
    """Return the hour and minute in the business's time zone, with the day when it is another."""
    zone = ZoneInfo(world().settings.business_timezone)
    moment = datetime.fromtimestamp(at, zone)
    is_today = moment.date() == datetime.now(zone).date()
    return str(format_datetime(moment, "HH:mm" if is_today else "dd MMM, HH:mm", rebase=False))


@bp.app_template_filter("machine_time")
def machine_time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@bp.app_context_processor
def _words() -> dict[str, Any]:
    return {
        "choices": customer.choices,
        "find_message": world().messages.find,
        "emojis": EMOJIS,
        "stickers": STICKERS,
        "business_name": world().settings.business_name,
    }


def _people() -> list[Person]:
    unreachable = world().faults.not_on_whatsapp
    return [person for person in world().people.latest() if person.wa_id not in unreachable]


def _rows(people: list[Person]) -> list[dict[str, Any]]:
    messages = world().messages
    return [
        {
            "person": person,
            "last": messages.last_shown(person.id),
            "unseen": messages.unseen_count(person.id, person.last_seen_id),
        }
        for person in people
    ]


def _phone(person: Person) -> dict[str, Any]:
    found = world().messages.changed_since(person.id, 0)
    since = max((message.changed for message in found), default=0)
    return {"person": person, "messages": found, "since": since}


def _open_words() -> list[str]:
    words = request.args.get("open", "").replace(",", " ").split()
    return list(dict.fromkeys(word for word in words if word.isdigit()))[:MOST_OPEN]


def _known_flag(name: str) -> str:
    if name not in FLAGS:
        abort(422)
    return name
