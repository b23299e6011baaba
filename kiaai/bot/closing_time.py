"""What the bot says in place of "a person will answer" while nobody is there to. Pure."""

from dataclasses import replace
from datetime import datetime

from kiaai.bot.languages import DEFAULT
from kiaai.bot.replies import reply
from kiaai.bot.turn import Closed, Decision

_DAYS = {
    "es": ("lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}
_SPANISH_MONTHS = "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre"
_ENGLISH_MONTHS = "January February March April May June July August September October November December"
_MONTHS = {"es": _SPANISH_MONTHS.split(), "en": _ENGLISH_MONTHS.split()}
_WORDS = {
    "es": {
        "today": "hoy a las {time}",
        "tomorrow": "mañana a las {time}",
        "weekday": "el {day} a las {time}",
        "date": "el {number} de {month} a las {time}",
        "back": "Ahora estamos cerrados; volvemos {when}.",
        "closed": "Ahora estamos cerrados.",
    },
    "en": {
        "today": "today at {time}",
        "tomorrow": "tomorrow at {time}",
        "weekday": "on {day} at {time}",
        "date": "on {number} {month} at {time}",
        "back": "We are closed now, and back {when}.",
        "closed": "We are closed now.",
    },
}


def honest(decision: Decision, closed: Closed | None) -> Decision:
    """Return the decision with the hours in its words, where it would promise a person, or asks to wait.

    What the bot knows, it answers at any hour; what is for a person still reaches them.
    """
    is_fallback = decision.reason == "nothing_found"
    if closed is None or decision.text is None or not (is_fallback or decision.kind == "hand_off"):
        return decision
    name = "closed_fallback" if is_fallback else "closed_hand_off"
    return replace(
        decision, text=f"{closed_words(closed, decision.language)} {reply(name, decision.language)}"
    )


def closed_words(closed: Closed, language: str) -> str:
    """Return that the business is closed, and when it is back, in a language."""
    language = language if language in _WORDS else DEFAULT
    words = _WORDS[language]
    if closed.back_at is None:
        return words["closed"]
    return words["back"].format(when=_when(closed.back_at, closed.now, language))


def _when(back_at: datetime, now: datetime, language: str) -> str:
    days = (back_at.date() - now.date()).days
    name = ("today", "tomorrow")[days] if days < 2 else "weekday" if days < 7 else "date"
    return _WORDS[language][name].format(
        time=back_at.strftime("%H:%M"),
        day=_DAYS[language][back_at.weekday()],
        number=back_at.day,
        month=_MONTHS[language][back_at.month - 1],
    )
