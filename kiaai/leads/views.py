"""The pages of people: a table and a board by status, with all that is chosen in their address."""

from typing import Any, NoReturn

from flask import (
    Blueprint,
    Response,
    abort,
    current_app,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue

from kiaai.accounts.access import current_user, login_required
from kiaai.business import business
from kiaai.config import Settings
from kiaai.inbox.history import STATUS_NAMES
from kiaai.inbox.queries import active_people
from kiaai.inbox.timeline import known_tags
from kiaai.leads import queries
from kiaai.leads.bulk import MOST_AT_ONCE
from kiaai.leads.filters import NOBODY, PeopleFilter
from kiaai.leads.former import kept_lead_id
from kiaai.leads.queries import PeoplePage, Person
from kiaai.leads.wording import COLUMNS, ORIGIN_NAMES, PLAIN_COLUMNS, chips
from kiaai.models.lead import LEAD_STATUSES
from kiaai.web.fragments import is_fragment, is_unchanged, tag_of, tagged, unchanged
from kiaai.web.languages import asked_language
from kiaai.web.paging import read_key_cursor

bp = Blueprint("people", __name__, url_prefix="/people")

_COLUMNS_COOKIE = "people_columns"
_YEAR_SECONDS = 365 * 24 * 3600


@bp.get("")
@login_required
def index() -> ResponseReturnValue:
    """Show the people as a table or a board; only that part when a filter of the page asks."""
    wanted = asked_people()
    context = panel(wanted)
    if not is_fragment():
        return _with_columns(render_template("leads/people.html", **context, **_frame()))
    answer = _with_columns(render_template("leads/_people_answer.html", **context))
    # The form sends what is empty too; an address to share is a plain one.
    answer.headers["HX-Push-Url"] = f"{url_for('people.index')}{wanted.query}"
    return answer


@bp.get("/rows")
@login_required
def more_rows() -> ResponseReturnValue:
    """Answer the next rows of the table, in place of the line that asked for them."""
    wanted = asked_people()
    before = read_key_cursor(request.args.get("before")) or abort(400)
    page = queries.find_page(wanted, zone(), before)
    shown = _count("shown") + len(page.people)
    return render_template("leads/_rows.html", **_drawn(wanted), page=page, shown=shown)


@bp.get("/board")
@login_required
def board() -> ResponseReturnValue:
    """Answer the contents of the board, or 304."""
    context = panel(asked_people().but(view="board"))
    if is_unchanged(context["board_tag"]):
        return unchanged()
    return tagged(render_template("leads/_board.html", **context), context["board_tag"])


@bp.get("/board/<status>")
@login_required
def more_cards(status: str) -> ResponseReturnValue:
    """Answer the next cards of a column, in place of the line that asked for them."""
    if status not in LEAD_STATUSES:
        abort(404)
    wanted = asked_people().but(view="board")
    before = read_key_cursor(request.args.get("before")) or abort(400)
    in_column = wanted.but(status=status, sort="last", way="")
    page = queries.find_page(in_column, zone(), before, queries.COLUMN_CARDS)
    shown = _count("shown") + len(page.people)
    return render_template("leads/_cards.html", **_drawn(wanted), page=page, status=status, shown=shown)


def person_or_404(lead_id: int) -> Person:
    """Return the person; everybody of the team may look at each. A merged one leads to who was kept."""
    # More than the column can hold is no id of ours.
    found = queries.find_people([lead_id]) if lead_id < 2**63 else []
    return found[0] if found else _leave(lead_id)


def _leave(lead_id: int) -> NoReturn:
    kept_id = (kept_lead_id(lead_id) if lead_id < 2**63 else None) or abort(404)
    address = url_for("people.person", lead_id=kept_id)
    abort(Response(status=409, headers={"HX-Redirect": address}) if is_fragment() else redirect(address, 303))


def asked_people() -> PeopleFilter:
    """Return which people the request means."""
    return PeopleFilter.read(request.values)


def zone() -> Any:
    """Return the zone in which the dates of a filter are meant."""
    return business(settings()).zone


def settings() -> Settings:
    found: Settings = current_app.extensions["settings"]
    return found


def panel(wanted: PeopleFilter) -> dict[str, Any]:
    """Return what the table or the board draws, with as many rows as are on the screen."""
    team = active_people()
    names = {str(person.id): person.display_name for person in team}
    context: dict[str, Any] = {**_drawn(wanted), "team": team, "chips": chips(wanted, names)}
    if wanted.view == "board":
        shown = {status: _count(f"shown-{status}") for status in LEAD_STATUSES}
        columns = queries.find_columns(wanted, zone(), shown)
        is_empty = not any(page.people for page in columns.values())
        context |= {"board": columns, "board_tag": _board_tag(wanted, columns, context["tag_colours"])}
    else:
        limit = max(queries.PAGE_ROWS, _count("shown"))
        page = queries.find_page(wanted, zone(), None, limit)
        is_empty = not page.people
        context |= {"page": page, "shown": len(page.people)}
    has_any = not is_empty or queries.has_people()
    return {**context, "is_empty": is_empty, "has_any": has_any}


def _frame() -> dict[str, Any]:
    """Return what stands around the panel: the filters to choose from."""
    return {
        "origins": ORIGIN_NAMES,
        "nobody": NOBODY,
        "known_columns": COLUMNS,
        "paths": {rule.rule for rule in current_app.url_map.iter_rules()},
    }


def _drawn(wanted: PeopleFilter) -> dict[str, Any]:
    """Return what each row and card draws."""
    return {
        "wanted": wanted,
        "columns": _columns(),
        "column_names": COLUMNS,
        "statuses": {status: STATUS_NAMES[status] for status in LEAD_STATUSES},
        "origin_names": ORIGIN_NAMES,
        "tag_colours": known_tags(),
    }


def _board_tag(wanted: PeopleFilter, columns: dict[str, PeoplePage], colours: dict[str, str]) -> str:
    cards = [_sign(person) for page in columns.values() for person in page.people]
    counts = [(page.count, page.next) for page in columns.values()]
    parts = (*wanted.address.items(), *cards, *counts, colours)
    return tag_of(current_user().id, asked_language(), "board", *parts)


def _sign(person: Person) -> tuple[object, ...]:
    """Return all that a card shows."""
    lead, owner = person.lead, person.owner
    conversation_id = person.conversation.id if person.conversation else None
    told = (lead.lead_status, lead.display_name, lead.phone_number, lead.tags, lead.last_contact_at)
    return (lead.id, *told, conversation_id, owner.display_name if owner else None)


def _columns() -> list[str]:
    """Return the columns that this browser shows: those just chosen, or those it keeps."""
    chosen = request.values.getlist("columns")
    if not chosen:
        kept = request.cookies.get(_COLUMNS_COOKIE)
        chosen = list(PLAIN_COLUMNS) if kept is None else kept.split(".")
    return [name for name in COLUMNS if name in chosen]


def _with_columns(html: str) -> Response:
    """Answer, and let the browser keep the columns when it has just chosen them."""
    answer = make_response(html)
    kept = ".".join(_columns())
    if request.values.getlist("columns") and kept != request.cookies.get(_COLUMNS_COOKIE):
        answer.set_cookie(
            _COLUMNS_COOKIE,
            kept,
            max_age=_YEAR_SECONDS,
            path="/people",
            secure=settings().is_https,
            httponly=True,
            samesite="Lax",
        )
    return answer


def _count(name: str) -> int:
    """Return how many rows are on the screen, as the request says it; a poll draws no more than can be."""
    asked = request.values.get(name, type=int) or 0
    return min(max(asked, 0), 5 * MOST_AT_ONCE)
