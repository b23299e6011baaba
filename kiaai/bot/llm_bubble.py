"""What a model may say to a customer: one bubble, with nothing in it that the passages do not hold. Pure."""

import re
from collections.abc import Iterable, Sequence

from kiaai.bot.turn import Passage
from kiaai.bot.wording import phrase_of, phrases
from kiaai.errors import KiaAiError
from kiaai.whatsapp.cleaning import clean_text

LONGEST = 1_000

_BOLD = re.compile(r"\*\*(.+?)\*\*")
_HEADING = re.compile(r"^#{1,6} +(.+?) *#*$", re.MULTILINE)
_NAMED_LINK = re.compile(r"\[([^\]\n]*)\]\(([^)\s]+)\)")
# Whatever a phone would turn into a link: with a scheme, or a name with dots and letters after the last.
_LINK = re.compile(
    r"(?:\w+://|mailto:|tel:)\S+|(?:[\w-]+(?:\.[\w-]+)*@)?[\w-]+(?:\.[\w-]+)*\.[^\W\d_]{2,}(?:/\S*)?"
)
_LINK_BEGIN = re.compile(r"^(?:https?://)?(?:www\.)?")
_LINK_END = ".,;:!?)>]}*_~\"'"
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_MONEY = re.compile(
    r"(?:[$€£¥%]|\b(?:clp|usd|eur|mxn|ars|pen|cop|uf)\b)\s*(\d+(?:[.,]\d+)*)"
    r"|(\d+(?:[.,]\d+)*)\s*(?:[$€£¥%]|(?:clp|usd|eur|mxn|ars|pen|cop|uf|pesos?|euros?|dollars?|dolares|dólares"
    r"|soles|percent|por ciento|lucas?|mil)\b)",
    re.IGNORECASE,
)
_PROGRAM = r"(?:asistente|bot|chatbot|robot|programa|sistema|maquina|ia|inteligencia)"
_HUMAN = r"(?:persons?|people|humans?|human beings?|agents?|advisors?|representatives?)"
_PERSON = phrases(
    # Who says "soy" introduces themselves, and a program does that as one.
    rf"(?<!no )\bsoy (?!(?:solo |un |una |el |la |tu |su )*{_PROGRAM}\b)",
    r"(?<!no )\bsomos (?:unas |las )?(?:personas|human[oa]s|seres humanos)\b|\b(?:me llamo|mi nombre es)\b",
    rf"\bno (?:soy|es|somos|hablas con|estas hablando con|hay) (?:un |una |ningun |ninguna )?{_PROGRAM}s?\b",
    r"\b(?:hablas?|estas? hablando|conversas?|chateas?) con (?:una |un )?(?:persona|human[oa]|ser humano)\b",
    r"\bte (?:atiende|escribe|habla|responde|contesta) (?:una persona|un human[oa]|un ser humano)\b",
    r"\bde carne y hueso\b|\bmy name is\b|\b(?:human|person) here\b",
    rf"\b(?:i am|im|we are|were|this is|you are|youre|its)(?: (?:talking|speaking|chatting) (?:to|with))?"
    rf"(?: (?:an?|the|your|really|indeed|also|real|actual|live))* {_HUMAN}\b",
    rf"\b(?:i am|im) (?!not\b)\w+ (?:an?|the|your|one of the) (?:human )?{_HUMAN}\b",
    r"\b(?:i am|im|we are) real\b",
    r"\b(?:i am|im|this is|its|we are) not (?:an? |the |really |just |automated )*"
    r"(?:bots?|robots?|machines?|programs?|ai)\b",
)


class Refused(KiaAiError):
    """What a model asked for is not done; the text tells it why."""


def bubble(raw: object, passages: Sequence[Passage], known: Iterable[str]) -> str:
    """Return the text as WhatsApp shows it. known: words beside the passages whose figures may be repeated.

    Raises Refused.
    """
    if not isinstance(raw, str):
        raise Refused("the text must be one string: one message")
    text = _whatsapp_marks(clean_text(raw)).strip()
    if not any(map(str.isalnum, text)):
        raise Refused("the text is empty")
    if len(text) > LONGEST:
        raise Refused(f"the text has {len(text)} characters, at most {LONGEST} are allowed")
    written = [f"{passage.title}\n{passage.text}" for passage in passages]
    _require_known_links(text, written)
    _require_known_figures(text, written, known)
    if _PERSON.search(phrase_of(text)):
        raise Refused("you are a program, never say that you are a person")
    return text


def _whatsapp_marks(text: str) -> str:
    text = _HEADING.sub(r"*\1*", _BOLD.sub(r"*\1*", text))
    return _NAMED_LINK.sub(lambda link: f"{link[1]}: {link[2]}" if link[1] != link[2] else link[2], text)


def _require_known_links(text: str, written: Sequence[str]) -> None:
    known = {_bare(link) for passage in written for link in _LINK.findall(passage)}
    for link in _LINK.findall(text):
        if _bare(link) not in known:
            raise Refused(f"no passage holds {_bare(link)[:100]}: leave links and addresses of your own out")


def _bare(link: str) -> str:
    return _LINK_BEGIN.sub("", link.rstrip(_LINK_END).rstrip("/").lower())


def _require_known_figures(text: str, written: Sequence[str], known: Iterable[str]) -> None:
    """Money and shares must stand in a passage; other figures may also be the customer's, or one digit."""
    of_passages = _figures(written)
    of_anyone = of_passages | _figures(known)
    money = {_digits(before or after) for before, after in _MONEY.findall(text)}
    for figure in _NUMBER.findall(text):
        digits = _digits(figure)
        is_money = digits in money
        is_known = digits in (of_passages if is_money else of_anyone) or (len(digits) == 1 and not is_money)
        if not is_known:
            raise Refused(f"no passage holds the figure {figure[:40]}: write figures as they stand there")


def _figures(texts: Iterable[str]) -> set[str]:
    return {_digits(figure) for text in texts for figure in _NUMBER.findall(text)}


def _digits(figure: str) -> str:
    return re.sub(r"[.,]", "", figure).lstrip("0") or "0"
