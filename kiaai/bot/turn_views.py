"""The flight recorder: what the bot read, found and decided in each turn, and the same again today."""

from dataclasses import replace
from typing import Any

from flask import current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from limits import RateLimitItemPerMinute

from kiaai.accounts.access import current_user, login_required
from kiaai.bot import knowledge, replaying, turn_queries
from kiaai.bot.blueprint import bp
from kiaai.bot.explaining import DECISIONS, explain
from kiaai.bot.finding import find
from kiaai.bot.llm import LanguageModel
from kiaai.bot.replaying import Replay, can_replay
from kiaai.bot.told import told_of_turn
from kiaai.bot.turn import Closed, Found, TurnInput
from kiaai.business import business
from kiaai.config import Settings
from kiaai.extensions import db
from kiaai.inbox.history import STATUS_NAMES
from kiaai.models import BotTurn
from kiaai.texts import Text, lazy
from kiaai.web.rate_limits import counters

_REPLAYS = RateLimitItemPerMinute(10, 1, namespace="bot-replay")


@bp.get("/turns/<int:turn_id>")
@login_required
def turn(turn_id: int) -> ResponseReturnValue:
    return _page(turn_queries.get_turn(turn_id))


@bp.get("/messages/<int:message_id>/turn")
@login_required
def turn_of_message(message_id: int) -> ResponseReturnValue:
    """Lead from a bubble to the record of the turn that said it."""
    found = turn_queries.turn_of_message(message_id)
    return redirect(url_for("bot.turn", turn_id=found.id), 303)


@bp.get("/conversations/<int:conversation_id>/turns")
@login_required
def turns(conversation_id: int) -> ResponseReturnValue:
    """Show the last turns of a conversation, also those that said nothing."""
    conversation = turn_queries.get_conversation(conversation_id)
    found = turn_queries.turns_of(conversation_id, request.args.get("before", type=int))
    older = found[-1].id if len(found) == turn_queries.MOST_SHOWN else None
    return render_template("bot/turns.html", conversation=conversation, turns=found, older=older, **_words())


@bp.post("/turns/<int:turn_id>/replay")
@login_required
def replay_turn(turn_id: int) -> ResponseReturnValue:
    """Take the turn again with what is known today, and show both."""
    found = turn_queries.get_turn(turn_id)
    if not can_replay(found):
        return _page(found), 422
    if seconds := counters.hit(_REPLAYS, str(current_user().id)):
        words = lazy("That is a lot of replays. Go on in %(seconds)s seconds.", seconds=seconds)
        return _page(found, error=words), 422
    return _page(found, _replay(found))


def _replay(found: BotTurn) -> Replay:
    settings: Settings = current_app.extensions["settings"]
    model: LanguageModel | None = current_app.extensions["trial_model"]
    own, at = business(settings), found.started_at
    closed = Closed(at.astimezone(own.zone), own.next_opening(at))
    again = replaying.input_again(found, own.name, tuple(knowledge.topics()), closed)
    # The record is read anew after the model has answered: it must not hold a transaction until then.
    db.session.expunge(found)
    return replaying.replay(
        found, again, lambda turn: replace(_find(turn), tokens_left=settings.llm_daily_tokens), model
    )


def _find(turn: TurnInput) -> Found:
    found = find(turn)
    db.session.commit()
    return found


def _page(found: BotTurn, replay: Replay | None = None, error: Text | None = None) -> str:
    found = turn_queries.get_turn(found.id)
    return render_template(
        "bot/turn.html",
        turn=found,
        conversation=turn_queries.get_conversation(found.conversation_id),
        message=turn_queries.message_of(found),
        told=told_of_turn(found),
        replay=replay,
        error=error,
        can_replay=can_replay(found),
        **_words(),
    )


def _words() -> dict[str, Any]:
    return {"decisions": DECISIONS, "explain": explain, "statuses": STATUS_NAMES}
