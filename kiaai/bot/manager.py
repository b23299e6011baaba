"""The bot's turn: claim it, decide with no transaction open, store it. Commits itself, before and after."""

import logging
from dataclasses import replace

from sqlalchemy.exc import NoResultFound

from kiaai.bot.answering import beyond_rules
from kiaai.bot.claiming import Claim, claim_turn
from kiaai.bot.deciding import by_rules
from kiaai.bot.finding import find, tokens_left
from kiaai.bot.llm import LanguageModel
from kiaai.bot.storing import Stored, store
from kiaai.bot.turn import Decision, Found
from kiaai.config import Settings
from kiaai.errors import ValidationFailed
from kiaai.faults import fault_point
from kiaai.transactions import commit
from kiaai.worker.doorbells import ring_bot, ring_delivery, ring_read

log = logging.getLogger(__name__)


class ConversationManager:
    """Answers customers, one turn per conversation at a time, and never over a person."""

    def __init__(self, settings: Settings, model: LanguageModel | None = None):
        self.settings = settings
        self.model = model or LanguageModel.from_settings(settings)

    def turn(self, conversation_id: int) -> None:
        """Take the conversation's turn if it is due and free. Needs an app context.

        A turn that breaks off is taken again after 30 s, and handed over after three of them.
        """
        claim = commit(lambda: claim_turn(conversation_id, self.settings), "bot_")
        if claim is None:
            return
        fault_point("bot_after_claim")
        decision = self._decide(claim)
        stored = self._store(claim, decision)
        log.info("Bot %s: %s", decision.kind, decision.reason, extra={"conversation_id": conversation_id})
        _ring(conversation_id, stored)

    def _decide(self, claim: Claim) -> Decision:
        turn = claim.input
        if decision := by_rules(turn):
            return decision
        found = commit(lambda: self._find(claim), "bot_")
        return beyond_rules(turn, found, self.model)

    def _find(self, claim: Claim) -> Found:
        found = find(claim.input)
        if self.model is None:
            return found
        return replace(found, tokens_left=tokens_left(claim.conversation_id, self.settings))

    def _store(self, claim: Claim, decision: Decision) -> Stored:
        try:
            return commit(lambda: store(claim, decision, self.settings), "bot_")
        except NoResultFound:
            # The person was erased meanwhile, and their conversation with them.
            return Stored()
        except ValidationFailed as error:
            # The answer may not be sent, as when the window just closed: a person has to find another way.
            # What was said about being written to counts all the same, also without a confirmation.
            is_consent = decision.kind in ("opt_out", "opt_in")
            unsaid = (
                replace(decision, text=None)
                if is_consent
                else Decision("hand_off", error.code, model=decision.model)
            )
            return commit(lambda: store(claim, unsaid, self.settings), "bot_")


def _ring(conversation_id: int, stored: Stored) -> None:
    if stored.has_said:
        ring_delivery(conversation_id)
        ring_read(conversation_id)
    if stored.wanted_in is not None:
        ring_bot(conversation_id, stored.wanted_in)
