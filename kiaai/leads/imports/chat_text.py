"""A talk as WhatsApp exports it: told into messages, whatever phone and language wrote it. Pure.

Source: exports of iPhone (`[23/11/2026, 14:05:33] Name: text`) and of Android (`23/11/26, 2:05 p. m. - Name:
text`).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise

# Left-to-right marks and the like: WhatsApp strews them around names, times and notices.
_MARKS = dict.fromkeys([0x200E, 0x200F, 0x202A, 0x202B, 0x202C, 0x2066, 0x2067, 0x2068, 0x2069, 0xFEFF])
_SPACES = str.maketrans({"\u202f": " ", "\u00a0": " ", "\u2009": " "})
_DATE = r"(\d{1,4})[/.\-](\d{1,2})[/.\-](\d{1,4})"
_TIME = r"(\d{1,2})[:.](\d{2})(?:[:.](\d{2}))?(?:\s*([ap])\.?\s?m\.?)?"
_IPHONE = re.compile(rf"\[{_DATE},?\s+{_TIME}\]\s?(.*)", re.IGNORECASE | re.DOTALL)
_ANDROID = re.compile(rf"{_DATE},?\s+{_TIME}\s[-–]\s(.*)", re.IGNORECASE | re.DOTALL)
# A line of the file; U+2028 and the like are part of a text.
_LINES = re.compile(r"\r\n|\n|\r")
_LONGEST_NAME = 100

# What a phone writes in the name of a person, alone in its message.
_NOTICES = re.compile(
    r"(you deleted this message|this message was deleted)\.?"
    r"|(eliminaste este mensaje|se eliminó este mensaje|este mensaje fue eliminado)\.?"
    r"|waiting for this message\. .*|esperando (este|el) mensaje\. .*"
    r"|missed (voice|video|group)( voice| video)? call( at .*)?"
    r"|(llamada (de voz |de video |grupal )?|videollamada (grupal )?)perdida( a las .*)?"
    r"|null",
    re.IGNORECASE,
)
# Only behind the mark that an iPhone sets before its own words: people say these things too.
_MARKED_NOTICES = re.compile(
    r"end-to-end encrypted|cifrados? de extremo a extremo"
    r"|^missed (voice|video|group)|^(voice|video) call|^(video)?llamada"
    r"|^waiting for this message|^esperando (este|el) mensaje"
    r"|^(you blocked|you unblocked) this contact|^(bloqueaste|desbloqueaste) a este contacto"
    r"|this (business|chat) (is|account)|esta empresa (usa|utiliza|trabaja)"
    r"|security code|código de seguridad"
    r"|(turned on|turned off) disappearing messages|mensajes temporales",
    re.IGNORECASE,
)
# Of a group, in which perhaps only two have written.
_OF_GROUPS = re.compile(
    r"created (this |the )?group|cre(ó|aste) (el|este) grupo|(added|removed) you"
    r"|te (añadió|agregó|eliminó)|you were added|se te (añadió|agregó)"
    r"|joined using|se unió (usando|con|mediante|a través)",
    re.IGNORECASE,
)
_OWN_MARK = ": \u200e"
_MEDIA = re.compile(
    r"<(media omitted|multimedia omitido|archivo omitido|attached: .*|adjunto: .*)>"
    r"|(image|video|audio|gif|sticker|document|contact card|video note) omitted"
    r"|(imagen|video|vídeo|audio|gif|sticker|documento|tarjeta de contacto|nota de video) omitid[oa]"
    r"|\S.* \((file attached|archivo adjunto)\)",
    re.IGNORECASE,
)
_EDITED = re.compile(r"<(this message was edited|se editó este mensaje\.?)>\s*$", re.IGNORECASE)

# What the three numbers of a date are. Y: the year, first or last.
ORDERS = ("dmy", "mdy", "ymd")


@dataclass
class Said:
    """One message of the file. numbers: of its date, as they stand there; second: None without one."""

    name: str
    text: str
    numbers: tuple[int, int, int]
    hour: int
    minute: int
    second: int | None = None
    is_media: bool = False

    def at(self, order: str) -> datetime | None:
        """Return when it was said, without a zone; None when there is no such day in this order."""
        year, month, day = (self.numbers[order.index(letter)] for letter in "ymd")
        try:
            return datetime(
                year + 2000 if year < 100 else year, month, day, self.hour, self.minute, self.second or 0
            )
        except ValueError:
            return None


@dataclass
class Talk:
    """What a file holds. skipped: notices of WhatsApp that nobody said. is_group: what these tell of."""

    said: list[Said] = field(default_factory=list)
    skipped: int = 0
    is_group: bool = False

    @property
    def names(self) -> list[str]:
        """Return who says something, whoever begins first."""
        return list(dict.fromkeys(one.name for one in self.said))


def read_talk(text: str) -> Talk:
    """Return the messages of an exported talk; empty when it is something else."""
    talk = Talk()
    for head, lines, is_marked in _pieces(text):
        words = "\n".join(lines).translate(_MARKS).strip()
        name, is_said, body = words.partition(": ")
        if not is_said and words.endswith(":"):
            name, is_said, body = words[:-1], ":", ""
        name, body = name.strip(), _EDITED.sub("", body).strip()
        is_notice = _is_notice(body, is_marked)
        if not is_said or not name or len(name) > _LONGEST_NAME or "\n" in name or is_notice:
            talk.skipped += 1
            talk.is_group |= (is_marked or not is_said) and bool(_OF_GROUPS.search(words))
            continue
        said = _said(head, name, body)
        if said is None:
            talk.skipped += 1
        else:
            talk.said.append(said)
    return talk


def possible_orders(talk: Talk, now: datetime) -> list[str]:
    """Return the orders in which all dates exist, none lies ahead, and the talk goes forward in time.

    now: without a zone. The likelier one first; more than one means that a person must say.
    """
    if any(one.numbers[0] > 31 for one in talk.said):
        return ["ymd"]
    orders = [order for order in ORDERS[:2] if _is_possible(talk, order, now)]
    forward = [order for order in orders if _goes_forward(talk, order)]
    return forward or orders


def _pieces(text: str) -> Iterator[tuple[re.Match[str], list[str], bool]]:
    """Give the head of each message, its lines, and whether they bear the mark of the phone's own words."""
    head: re.Match[str] | None = None
    lines: list[str] = []
    is_marked = False
    for line in _LINES.split(text):
        plain = line.translate(_MARKS).translate(_SPACES) if _may_begin(line) else ""
        found = plain and (_IPHONE.match(plain) or _ANDROID.match(plain))
        if found:
            if head:
                yield head, lines, is_marked
            # The words as they were written: only the head is read without its odd spaces.
            head, lines, is_marked = found, [_rest(line, found[8])], _OWN_MARK in line
        elif head:
            lines.append(line)
    if head:
        yield head, lines, is_marked


def _may_begin(line: str) -> bool:
    start = line[:4].translate(_MARKS).lstrip()
    return bool(start) and (start[0] == "[" or start[0].isdigit())


def _rest(line: str, plain: str) -> str:
    without_marks = line.translate(_MARKS)
    return without_marks[len(without_marks) - len(plain) :] if plain else ""


def _said(head: re.Match[str], name: str, text: str) -> Said | None:
    first, second, third, hour, minute, seconds, half, _ = head.groups()
    on_clock = int(hour)
    if half:
        on_clock = on_clock % 12 + (12 if half.lower() == "p" else 0)
    if on_clock > 23 or int(minute) > 59:
        return None
    return Said(
        name=name,
        text=text,
        numbers=(int(first), int(second), int(third)),
        hour=on_clock,
        minute=int(minute),
        second=min(int(seconds), 59) if seconds else None,
        is_media=bool(_MEDIA.fullmatch(text)),
    )


def _is_notice(text: str, is_marked: bool) -> bool:
    if is_marked and (_MARKED_NOTICES.search(text[:200]) or _OF_GROUPS.search(text[:200])):
        return True
    return not text or bool(_NOTICES.fullmatch(text[:200]))


def _is_possible(talk: Talk, order: str, now: datetime) -> bool:
    times = [one.at(order) for one in talk.said]
    return all(at is not None and at < now + timedelta(days=1) for at in times)


def _goes_forward(talk: Talk, order: str) -> bool:
    times = [at for one in talk.said if (at := one.at(order))]
    return all(later >= earlier - timedelta(hours=1) for earlier, later in pairwise(times))
