"""The file of an exported talk: a text, or an archive with one in it."""

import io
import re
import zipfile
import zlib
from dataclasses import dataclass
from datetime import datetime

from kiaai.leads.imports.chat_text import Talk, possible_orders, read_talk
from kiaai.leads.imports.records import LARGEST_BYTES, check_size, clean_name, refused, too_large
from kiaai.texts import lazy
from kiaai.whatsapp.cleaning import clean_text
from kiaai.whatsapp.phone_numbers import digits_of

MOST_MESSAGES = 100_000
_NAME = re.compile(r"(?:WhatsApp Chat with|Chat de WhatsApp con|WhatsApp Chat -)\s*(.+)", re.IGNORECASE)
_COPY = re.compile(r"(\s*\(\d+\))?\.(txt|zip)$", re.IGNORECASE)
# How the phone that exported the talk may call its owner.
_ME = ("you", "tú", "tu", "usted")


@dataclass(frozen=True)
class Chat:
    """A talk that was read. with_whom: whom the file name tells; phone: digits, "" when not told.

    orders: in which its dates may be read; more than one means that a person must say.
    """

    talk: Talk
    name: str
    with_whom: str
    phone: str
    orders: list[str]
    customer: str


def read_chat(content: bytes, name: str, business: str, now: datetime) -> Chat:
    """Read an export. business: its name. now: on the clock of the business. Raises ValidationFailed."""
    check_size(content)
    talk = read_talk(_text(content))
    if not talk.said:
        raise refused(lazy("This is no chat exported from WhatsApp: no line looks like one of its messages."))
    if len(talk.said) > MOST_MESSAGES:
        raise refused(lazy("At most %(limit)s messages at once.", limit=MOST_MESSAGES))
    if talk.is_group or len(talk.names) > 2:
        raise refused(lazy("This looks like a group. Only a talk with one person can be imported."))
    orders = possible_orders(talk, now)
    if not orders:
        raise refused(lazy("The dates in this file cannot be read."))
    with_whom = _with_whom(name)
    customer = _customer(talk.names, with_whom, business)
    phone = digits_of(with_whom) or digits_of(customer) or ""
    return Chat(talk, clean_name(name), with_whom, phone, orders, customer)


def _text(content: bytes) -> str:
    if content.startswith(b"PK\x03\x04"):
        content = _unpacked(content)
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return clean_text(content.decode("utf-16", errors="replace"))
    return clean_text(content.decode("utf-8-sig", errors="replace"))


def _unpacked(content: bytes) -> bytes:
    """Return the one text of the archive; its photos and sounds are left out."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            texts = [entry for entry in archive.infolist() if entry.filename.lower().endswith(".txt")]
            chats = [entry for entry in texts if "chat" in entry.filename.lower()] or texts
            if not chats:
                raise refused(lazy("There is no chat in this archive."))
            with archive.open(chats[0]) as file:
                text = file.read(LARGEST_BYTES + 1)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError):
        raise refused(lazy("The archive is damaged or locked with a password.")) from None
    if len(text) > LARGEST_BYTES:
        raise refused(too_large())
    return text


def _with_whom(name: str) -> str:
    found = _NAME.search(_COPY.sub("", clean_name(name)))
    return found[1].strip().replace("\u200e", "") if found else ""


def _customer(names: list[str], with_whom: str, business: str) -> str:
    """Return which name is most likely the customer's."""
    for name in names:
        if name == with_whom or (with_whom and digits_of(name) and digits_of(name) == digits_of(with_whom)):
            return name
    others = [name for name in names if name.casefold() not in (*_ME, business.casefold())]
    numbers = [name for name in others if digits_of(name)]
    return (numbers or others or names)[0]
