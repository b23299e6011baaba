"""Why the bot did what it did, in plain words. Pure."""

from kiaai.texts import Text, lazy

DECISIONS: dict[str, Text] = {
    "answer": lazy("Answered"),
    "ask": lazy("Asked back"),
    "fallback": lazy("Did not know"),
    "hand_off": lazy("Handed over to a person"),
    "opt_out": lazy("Took the opt-out"),
    "opt_in": lazy("Took the opt-in"),
    "silent": lazy("Said nothing"),
    "dropped": lazy("Held its answer back"),
    "": lazy("Broke off"),
}
# (decision, reason) where one reason means different things.
_OF_BOTH: dict[tuple[str, str], Text] = {
    ("answer", "model"): lazy("The model wrote it from the articles that were found."),
    ("ask", "model"): lazy("The model could not tell what the customer wants."),
    ("hand_off", "model"): lazy("The model found that a person should answer this."),
    ("hand_off", "asked"): lazy("The customer asked for a person."),
    ("opt_out", "asked"): lazy("The customer asked for no more messages."),
    ("opt_in", "asked"): lazy("The customer wants messages again."),
    ("fallback", "voice"): lazy("A voice message came, and it cannot listen."),
}
_REASONS: dict[str, Text] = {
    "knowledge": lazy("The best article fits the question."),
    "nothing_found": lazy("No article fits the question."),
    "second_fallback": lazy("It did not know twice in a row."),
    "file": lazy("A file came with the words, and it cannot see files."),
    "accepted": lazy("The customer said yes when it offered a person."),
    "declined": lazy("The customer said no when it offered a person."),
    "greeting": lazy("It was only a greeting."),
    "thanks": lazy("It was only thanks or a goodbye."),
    "asked_whether_bot": lazy("The customer asked whether it is a bot."),
    "acknowledged": lazy("“Ok” and the like need no answer."),
    "bot_off": lazy("The bot is switched off here."),
    "quiet": lazy("A person has the conversation."),
    "opted_out": lazy("The customer wants no messages."),
    "nothing_to_answer": lazy("There was nothing to answer."),
    "too_old": lazy("The message was more than an hour old: no program should answer as if it were new."),
    "loop": lazy("Another program seems to answer at the other end, or someone whom no answer helps."),
    "too_many_answers": lazy("It had said 20 things within an hour already."),
    "crashed": lazy("The turn had broken off three times."),
    "order": lazy("An order came: a person has to look at it."),
    "form": lazy("A filled-in form came: a person has to look at it."),
    "image": lazy("A picture came, and it cannot see pictures."),
    "video": lazy("A video came, and it cannot see videos."),
    "document": lazy("A document came, and it cannot read documents."),
    "audio": lazy("A voice message came, and it cannot listen."),
    "voice": lazy("A voice message came, and it cannot listen."),
    "location": lazy("A location came, and it cannot read maps."),
    "contacts": lazy("A contact came: a person has to look at it."),
    "sticker": lazy("Only a sticker came."),
    "unsupported": lazy("Something came that WhatsApp does not pass on."),
    "overtaken": lazy("A person took over, or the bot was switched off, while it was thinking."),
    "not_wanted": lazy("While it was thinking, no answer was wanted any more."),
    "newer_message": lazy("Another message came while it was thinking; the next turn answers both."),
    "turn_lost": lazy("It took too long, and another turn had begun."),
    "window_closed": lazy("The 24 hours in which one may answer were over."),
}
STOPPED: dict[str, Text] = {
    "budget": lazy("The model was not asked: this conversation's tokens for today are used up."),
    "model_silent": lazy("The model did not answer in time."),
    "model_refused": lazy("The model's server refused the request."),
    "model_nonsense": lazy("What the model answered could not be used."),
    "model_steps": lazy("The model came to no end in four steps."),
    "model_busy": lazy("The model was not asked: too many are asking it already."),
    "model_resting": lazy(
        "The model was not asked: it had just failed several times, and is left alone a while."
    ),
}
_INSTEAD: dict[str, Text] = {
    "answer": lazy("The best article answers instead."),
    "fallback": lazy("No article fits the question."),
    "hand_off": lazy("A person is called instead."),
}
_BROKE_OFF = lazy("The turn did not reach its end. It is taken again after 30 seconds.")


def explain(decision: str, reason: str) -> list[Text]:
    """Return why, in one or two sentences; none for a reason of a later release."""
    if not decision:
        return [_BROKE_OFF]
    if reason in STOPPED:
        return [STOPPED[reason], *filter(None, [_INSTEAD.get(decision)])]
    said = _OF_BOTH.get((decision, reason)) or _REASONS.get(reason)
    return [said] if said else []
