"""Talk with the bot as a customer would: nothing is sent, and nothing is kept but on the page."""

from dataclasses import dataclass, field, replace
from typing import Any

from flask import current_app, render_template, request
from flask.typing import ResponseReturnValue
from itsdangerous import BadSignature, URLSafeTimedSerializer
from limits import RateLimitItemPerMinute

from kiaai import clock
from kiaai.accounts.access import current_user, login_required
from kiaai.bot import knowledge, trial
from kiaai.bot.blueprint import bp
from kiaai.bot.deciding import customer_language
from kiaai.bot.explaining import DECISIONS, STOPPED, explain
from kiaai.bot.finding import find
from kiaai.bot.llm import LanguageModel
from kiaai.bot.model_rest import Turnstile
from kiaai.bot.recording import named
from kiaai.bot.spending import last_days
from kiaai.bot.told import Told
from kiaai.bot.trial import LONGEST_MESSAGE, Exchange, Setting
from kiaai.bot.turn import Closed, Found, TurnInput
from kiaai.business import business
from kiaai.config import Settings
from kiaai.extensions import db
from kiaai.inbox.history import STATUS_NAMES
from kiaai.models.lead import LEAD_STATUSES
from kiaai.texts import Text, lazy
from kiaai.web.fragments import is_fragment
from kiaai.web.rate_limits import counters

TRIES = RateLimitItemPerMinute(20, 1, namespace="bot-try")
_DAY_SECONDS = 24 * 60 * 60
_LONGEST_NAME = 60
# Characters; a form may bring no more than half a million.
_MOST_CARRIED = 200_000
# Reasons of a turn for which the right article was missing, or not found.
_NOT_KNOWN = {"nothing_found", "second_fallback", "model", *STOPPED}
# Each of these holds a thread of the web server for up to 20 s.
_MOST_AT_ONCE = 3


@dataclass(frozen=True)
class Trial:
    """The form as it came: the message, the talk before it, and as whom."""

    message: str = ""
    exchanges: list[Exchange] = field(default_factory=list)
    is_closed: bool = False
    lead_status: str = "unknown"
    customer_name: str = ""


@bp.get("/try")
@login_required
def trial_page() -> ResponseReturnValue:
    return _page(Trial(message=request.args.get("message", "")[:LONGEST_MESSAGE]))


@bp.post("/try")
@login_required
def say_something() -> ResponseReturnValue:
    """Take one message of the customer, and show what the bot makes of it."""
    sent = _sent()
    if error := _refusal(sent):
        return _page(sent, error), 422
    told = _told(sent)
    exchanges = trial.with_next(sent.exchanges, sent.message, told)
    return _page(replace(sent, message="", exchanges=exchanges))


def trial_model(settings: Settings) -> LanguageModel | None:
    """Return the model of this page, apart from the worker's, and for few people at once."""
    model = LanguageModel.from_settings(settings)
    if model:
        model.turnstile = Turnstile(_MOST_AT_ONCE)
    return model


def _sent() -> Trial:
    form = request.form
    status = form.get("lead_status", "")
    return Trial(
        message=form.get("message", "").replace("\x00", "").strip(),
        exchanges=_read_talk(form.get("talk", "")),
        is_closed="closed" in form,
        lead_status=status if status in LEAD_STATUSES else "unknown",
        customer_name=form.get("customer_name", "").replace("\x00", "").strip()[:_LONGEST_NAME],
    )


def _refusal(sent: Trial) -> Text | None:
    if not sent.message:
        return lazy("Write something first.")
    if len(sent.message) > LONGEST_MESSAGE:
        return lazy("At most %(limit)s characters.", limit=LONGEST_MESSAGE)
    if seconds := counters.hit(TRIES, str(current_user().id)):
        return lazy("That is a lot of messages. Go on in %(seconds)s seconds.", seconds=seconds)
    return None


def _told(sent: Trial) -> Told:
    settings: Settings = current_app.extensions["settings"]
    model: LanguageModel | None = current_app.extensions["trial_model"]
    turn = trial.turn_input(sent.message, sent.exchanges, _setting(sent, settings))
    left = settings.llm_daily_tokens - trial.tokens_used(sent.exchanges)
    told = trial.take_turn(turn, lambda turn: replace(_find(turn), tokens_left=left), model)
    if told.found or told.reason not in _NOT_KNOWN:
        return told
    return replace(told, near=named(knowledge.nearest(sent.message, customer_language(turn))))


def _find(turn: TurnInput) -> Found:
    """Look into the articles, and leave no transaction open: a model may take its time."""
    found = find(turn)
    db.session.commit()
    return found


def _setting(sent: Trial, settings: Settings) -> Setting:
    own, now = business(settings), clock.now()
    closed = Closed(now.astimezone(own.zone), own.next_opening(now)) if sent.is_closed else None
    topics = tuple(knowledge.topics())
    return Setting(own.name, topics, closed, sent.lead_status, sent.customer_name or None)


def _page(sent: Trial, error: Text | None = None) -> str:
    context: dict[str, Any] = {
        "sent": sent,
        "error": error,
        "talk": _signed(sent.exchanges),
        "exchanges": sent.exchanges,
        "decisions": DECISIONS,
        "explain": explain,
        "statuses": {status: STATUS_NAMES[status] for status in LEAD_STATUSES},
        "limit": LONGEST_MESSAGE,
        "may_write": current_user().is_admin,
        "model": current_app.extensions["trial_model"],
    }
    if is_fragment():
        return render_template("bot/_try_answer.html", **context)
    return render_template("bot/try.html", month=last_days(clock.now()), **context)


def _serializer() -> URLSafeTimedSerializer:
    # Of this person alone: what somebody else was shown is no talk of theirs.
    return URLSafeTimedSerializer(current_app.secret_key or "", salt=f"bot-try-{current_user().id}")


def _signed(exchanges: list[Exchange]) -> str:
    """Return the talk for the page to carry: signed, so that what comes back is what was drawn."""
    signed = str(_serializer().dumps(trial.as_json(exchanges))) if exchanges else ""
    return signed if len(signed) <= _MOST_CARRIED else _signed(exchanges[1:])


def _read_talk(signed: str) -> list[Exchange]:
    if not signed:
        return []
    try:
        return trial.from_json(_serializer().loads(signed, max_age=_DAY_SECONDS))
    except (BadSignature, TypeError, KeyError):
        # Too old, of another release, or touched: the talk begins anew.
        return []
