"""What the bot does with its turn: the order of answers. Pure: no table, no clock, no network."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from kiaai.bot import rules, small_talk
from kiaai.bot.closing_time import honest
from kiaai.bot.languages import DEFAULT, language_of
from kiaai.bot.replies import reply
from kiaai.bot.turn import Decision, Passage, TurnInput

MOST_ATTEMPTS = 3
MOST_SAID_PER_HOUR = 20

# A person has to look at these, whatever else was said.
_FOR_A_PERSON = frozenset({"order", "form"})
_VOICE = frozenset({"audio", "voice"})
# Nobody expects an answer to these alone.
_WITHOUT_QUESTION = frozenset({"sticker", "unsupported"})


def customer_language(turn: TurnInput) -> str | None:
    """Return the language that the customer writes now, else wrote before; None when one cannot tell."""
    return language_of(turn.texts) or language_of(turn.earlier)


def by_rules(turn: TurnInput) -> Decision | None:
    """Decide by the words alone; None when it takes knowledge to answer."""
    language = customer_language(turn) or DEFAULT
    decisions = (rule(turn, language) for rule in _RULES)
    decision = next((decision for decision in decisions if decision), None)
    return honest(replace(decision, language=language), turn.closed) if decision else None


def by_knowledge(turn: TurnInput, passages: Sequence[Passage]) -> Decision:
    """Answer with the best passage; without one say so honestly, and the second time call a person."""
    if passages:
        best = passages[0]
        return Decision("answer", "knowledge", best.text, best.language, tuple(passages))
    language = customer_language(turn) or DEFAULT
    if turn.was_fallback or turn.things - _WITHOUT_QUESTION:
        reason = "second_fallback" if turn.was_fallback else "file"
        decision = Decision("hand_off", reason, reply("hand_off_unsure", language), language)
    else:
        decision = Decision("fallback", "nothing_found", reply("fallback", language), language)
    return honest(decision, turn.closed)


def _crashed(turn: TurnInput, language: str) -> Decision | None:
    """Hand over what cannot be worked on. Comes first: whatever breaks the turn may be in the words."""
    if turn.attempts <= MOST_ATTEMPTS:
        return None
    if not turn.standing.is_free_to_speak:
        return _may_not_speak(turn, language)
    # Should even saying so fail, the next turn hands over without a word.
    text = reply("hand_off_unsure", language) if turn.attempts == MOST_ATTEMPTS + 1 else None
    return Decision("hand_off", "crashed", text)


def _consent(turn: TurnInput, language: str) -> Decision | None:
    """Keep what was said last about being written to, even where the bot itself must not speak."""
    standing = turn.standing
    can_confirm = standing.is_enabled and not standing.is_quiet and turn.said_last_hour < MOST_SAID_PER_HOUR
    # Also what came late: consent does not age.
    for text in reversed(turn.all_texts or turn.texts):
        if rules.wants_out(text):
            can_confirm = can_confirm and not standing.is_opted_out
            return Decision("opt_out", "asked", reply("opted_out", language) if can_confirm else None)
        if rules.wants_back(text):
            if not standing.is_opted_out:
                return None
            return Decision("opt_in", "asked", reply("opted_in", language) if can_confirm else None)
    return None


def _may_not_speak(turn: TurnInput, language: str) -> Decision | None:
    if not turn.standing.is_enabled:
        return Decision("silent", "bot_off")
    if turn.standing.is_quiet:
        return Decision("silent", "quiet")
    return Decision("silent", "opted_out") if turn.standing.is_opted_out else None


def _too_late(turn: TurnInput, language: str) -> Decision | None:
    return Decision("hand_off", "too_old") if turn.is_stale else None


def _nothing_said(turn: TurnInput, language: str) -> Decision | None:
    return None if turn.texts or turn.things else Decision("silent", "nothing_to_answer")


def _loop(turn: TurnInput, language: str) -> Decision | None:
    """End a talk with another program: the bot is quiet from here on, whatever is answered to its last words.

    They are said all the same: who repeats a question because no answer helps is a person.
    """
    return Decision("hand_off", "loop", reply("hand_off_unsure", language)) if turn.is_loop else None


def _too_much(turn: TurnInput, language: str) -> Decision | None:
    if turn.said_last_hour < MOST_SAID_PER_HOUR:
        return None
    return Decision("hand_off", "too_many_answers")


def _person(turn: TurnInput, language: str) -> Decision | None:
    if any(rules.wants_person(text) for text in turn.texts):
        return Decision("hand_off", "asked", reply("hand_off", language))
    if turn.was_fallback and turn.texts and small_talk.is_yes(turn.texts[-1]):
        return Decision("hand_off", "accepted", reply("hand_off", language))
    if turn.was_fallback and turn.texts and small_talk.is_no(turn.texts[-1]):
        return Decision("answer", "declined", reply("declined", language))
    return None


def _things(turn: TurnInput, language: str) -> Decision | None:
    """Answer what came without words: a person looks at it, or the customer is asked to write."""
    if turn.things & _FOR_A_PERSON:
        return Decision("hand_off", min(turn.things & _FOR_A_PERSON), reply("hand_off_thing", language))
    if turn.texts and not all(small_talk.is_greeting(text) for text in turn.texts):
        return None
    expecting = turn.things - _WITHOUT_QUESTION
    if expecting - _VOICE or (expecting and turn.was_fallback):
        return Decision("hand_off", min(expecting), reply("hand_off_thing", language))
    if expecting:
        return Decision("fallback", "voice", reply("voice", language))
    return None if turn.texts else Decision("silent", min(turn.things))


def _small_talk(turn: TurnInput, language: str) -> Decision | None:
    if any(rules.asks_whether_bot(text) for text in turn.texts):
        return Decision("answer", "asked_whether_bot", reply("i_am_a_bot", language, turn.business_name))
    if all(small_talk.is_acknowledgement(text) for text in turn.texts):
        return Decision("silent", "acknowledged")
    if all(_is_thanks_or_acknowledgement(text) for text in turn.texts):
        return Decision("answer", "thanks", reply("thanks", language))
    if all(small_talk.is_greeting(text) or small_talk.is_acknowledgement(text) for text in turn.texts):
        topics = [title for topic_language, title in turn.topics if topic_language == language]
        name = "greeting_topics" if topics else "greeting"
        return Decision("answer", "greeting", reply(name, language, turn.business_name, topics))
    return None


def _is_thanks_or_acknowledgement(text: str) -> bool:
    return small_talk.is_thanks(text) or small_talk.is_acknowledgement(text)


_RULES: tuple[Callable[[TurnInput, str], Decision | None], ...] = (
    _crashed,
    _consent,
    _may_not_speak,
    _too_late,
    _nothing_said,
    _too_much,
    _loop,
    _person,
    _things,
    _small_talk,
)
