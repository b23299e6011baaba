"""What templates may call: names, initials, times, safe text, and the navigation."""

import mimetypes
import re
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from flask import Flask, current_app, request
from flask_babel import format_date, format_decimal
from flask_login import current_user

from kiaai.business import Business
from kiaai.business import business as business_of
from kiaai.config import Settings
from kiaai.models.numbers import international
from kiaai.texts import lazy
from kiaai.web.release import release
from kiaai.whatsapp.formatting import rich_text
from kiaai.whatsapp.previews import readable_preview

AVATAR_COLOURS = 8

_EMOJI = re.compile(
    "(?:[\U0001f1e6-\U0001faff\u2600-\u27bf\u2b00-\u2bff\u2190-\u21ff\u2300-\u23ff\u00a9\u00ae]"
    "[\ufe0e\ufe0f\u200d\U0001f3fb-\U0001f3ff\u20e3]*)"
)


class NavItem(NamedTuple):
    """One entry of the navigation; it is shown when a page answers at its address."""

    url: str
    label: str
    icon: str
    admins_only: bool = False

    @property
    def is_current(self) -> bool:
        home = "/inbox/" if self.url == "/" else f"{self.url}/"
        return request.path == self.url or request.path.startswith(home)


_NAV = (
    NavItem("/", lazy("Inbox"), "messages-square"),
    NavItem("/people", lazy("People"), "users"),
    NavItem("/bot", lazy("Bot"), "bot"),
    NavItem("/account", lazy("Account"), "user-round"),
    NavItem("/settings", lazy("Settings"), "settings", admins_only=True),
)


def init_app(app: Flask) -> None:
    """Make the filters and functions of this module known to all templates."""
    app.jinja_env.filters.update(
        avatar=avatar_colour,
        big_emoji=is_big_emoji,
        clock_time=clock_time,
        day=day,
        file_type=file_type,
        initials=initials,
        iso=iso,
        phone=phone,
        preview=readable_preview,
        rich=rich_text,
        size=size,
    )
    app.jinja_env.globals.update(
        business=business,
        business_name=business_name,
        is_signed_in=is_signed_in,
        release=release,
        nav_items=nav_items,
        settings=_settings,
    )


def business() -> Business:
    """Return the business as its people set it, else as the settings do."""
    return business_of(_settings())


def business_name() -> str:
    return business().name


def is_signed_in() -> bool:
    """Tell whether a person of the team is asking."""
    return bool(hasattr(current_app, "login_manager") and current_user and current_user.is_authenticated)


def nav_items() -> list[NavItem]:
    """Return the entries of the navigation that this person may open."""
    known = {rule.rule.rstrip("/") or "/" for rule in current_app.url_map.iter_rules()}
    is_admin = is_signed_in() and current_user.is_admin
    return [item for item in _NAV if item.url in known and (is_admin or not item.admins_only)]


def initials(name: str | None) -> str:
    """Return one or two letters for an avatar; a number gives its last two digits."""
    words: list[str] = re.findall(r"[^\W\d_]+", name or "")
    if not words:
        return re.sub(r"\D", "", name or "")[-2:] or "?"
    return (words[0][0] + (words[-1][0] if len(words) > 1 else "")).upper()


def avatar_colour(number: int | None) -> int:
    """Return which of the avatar colours belongs to an id; neighbours differ."""
    return (number or 0) % AVATAR_COLOURS


def iso(at: datetime | None) -> str:
    """Return a time as scripts and `<time datetime>` read it."""
    return at.isoformat(timespec="seconds").replace("+00:00", "Z") if at else ""


def clock_time(at: datetime) -> str:
    """Return the time of day in the business's zone; a script draws the viewer's own."""
    return at.astimezone(_zone()).strftime("%H:%M")


def day(at: datetime) -> str:
    """Return the date in the business's zone, such as 3 Nov 2026 or 3 nov 2026."""
    return str(format_date(at.astimezone(_zone()), "d MMM y", rebase=False))


def phone(digits: str | None) -> str:
    """Return a number as people read it: +56 9 0000 0001; nothing for none."""
    return international(digits) if digits else ""


def file_type(mime_type: str) -> str:
    """Return what a file is in a word or none: PDF, DOCX, ZIP."""
    return (mimetypes.guess_extension(mime_type) or "").removeprefix(".").upper().replace("BIN", "")


def size(bytes_count: int | None) -> str:
    """Return a file size in words: 812 B, 34 kB, 2.1 MB."""
    if bytes_count is None:
        return ""
    if bytes_count < 1000:
        return f"{bytes_count} B"
    if bytes_count < 1_000_000:
        return f"{round(bytes_count / 1000)} kB"
    return f"{format_decimal(bytes_count / 1_000_000, '0.0')} MB"


def is_big_emoji(text: str | None) -> bool:
    """Tell whether the text is one to three emoji and nothing else."""
    if not text or len(text) > 40:
        return False
    rest, count = _EMOJI.subn("", text.strip())
    # A flag is two letters, so six signs may be three pictures.
    return not rest.strip() and 1 <= count <= 6


def _settings() -> Settings:
    settings: Settings = current_app.extensions["settings"]
    return settings


def _zone() -> ZoneInfo:
    return business().zone
