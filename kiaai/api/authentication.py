"""Who calls: an API key, or a person by the session cookie of the dashboard."""

from dataclasses import dataclass
from functools import cache

from flask import Blueprint, current_app, g, request
from flask.typing import ResponseReturnValue
from limits import RateLimitItem, parse

from kiaai import clock
from kiaai.accounts.access import current_user, is_signed_in
from kiaai.accounts.api_keys import find_key, note_use
from kiaai.config import Settings
from kiaai.delivery.outbox import Sender
from kiaai.extensions import csrf, db
from kiaai.leads.pipeline import Actor
from kiaai.texts import lazy
from kiaai.web.answers import error_json
from kiaai.web.rate_limits import counters

SCHEME = "bearer "


@dataclass(frozen=True)
class Caller:
    """The program or the person behind a request. Exactly one of the two ids is set."""

    api_key_id: int | None = None
    user_id: int | None = None

    @property
    def actor(self) -> Actor:
        """Return the caller as a lead's history names them."""
        return Actor("api" if self.api_key_id else "user", user_id=self.user_id, api_key_id=self.api_key_id)

    @property
    def sender(self) -> Sender:
        """Return the caller as the author of messages; a person who calls the API may keep the bot too."""
        return Sender("api", user_id=self.user_id, api_key_id=self.api_key_id)


def caller() -> Caller:
    """Return who calls. Only for views behind `require_caller`."""
    known: Caller = g.api_caller
    return known


def require_caller(bp: Blueprint) -> None:
    """Let only keys and signed-in people to the routes of the blueprint, each within their rate."""
    bp.before_request(_authenticate)


def require_admin(bp: Blueprint) -> None:
    """Let only keys, which admins make, and admins to the routes of the blueprint. After `require_caller`."""
    bp.before_request(refuse_member)


def refuse_member() -> ResponseReturnValue | None:
    """Return the refusal for a person who is no admin."""
    if caller().user_id is not None and not current_user().is_admin:
        return error_json(403, "forbidden", lazy("Only admins can. Ask one of them if you need it."))
    return None


def _authenticate() -> ResponseReturnValue | None:
    known = _by_key() if "Authorization" in request.headers else _by_session()
    if known is None:
        return error_json(401, "unauthorized", "Sign in, or send Authorization: Bearer <key>.")
    g.api_caller = known
    return _refuse_when_too_fast(known)


def _by_key() -> Caller | None:
    header = request.headers["Authorization"]
    if not header.lower().startswith(SCHEME):
        return None
    key = find_key(header[len(SCHEME) :].strip())
    if key is None:
        return None
    if note_use(key, clock.now()):
        db.session.commit()
    return Caller(api_key_id=key.id)


def _by_session() -> Caller | None:
    if not is_signed_in():
        return None
    if current_app.config["WTF_CSRF_ENABLED"]:
        csrf.protect()
    return Caller(user_id=current_user().id)


def _refuse_when_too_fast(known: Caller) -> ResponseReturnValue | None:
    settings: Settings = current_app.extensions["settings"]
    limit = _limit(settings.api_rate_limit)
    seconds = counters.hit(
        limit, "key" if known.api_key_id else "user", str(known.api_key_id or known.user_id)
    )
    if seconds is None:
        return None
    refusal = error_json(429, "rate_limited", f"More than {limit}. Wait {seconds} seconds.")
    refusal.headers["Retry-After"] = str(seconds)
    return refusal


@cache
def _limit(text: str) -> RateLimitItem:
    return parse(text)
