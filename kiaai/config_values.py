"""How the text of a setting becomes a value. Each reader raises ValueError saying what it accepts."""

import ipaddress
import re
from collections.abc import Callable
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


def database_url(raw: str) -> str:
    """Read the address of a PostgreSQL."""
    for prefix in ("postgresql+psycopg2://", "postgresql://", "postgres://"):
        if raw.startswith(prefix):
            return "postgresql+psycopg2://" + raw.removeprefix(prefix)
    raise ValueError("must be a PostgreSQL address such as postgresql://user:password@host:5432/name")


def url(*schemes: str) -> Callable[[str], str]:
    """Return a reader of addresses with one of these schemes."""

    def parse(raw: str) -> str:
        if urlsplit(raw).scheme not in schemes:
            raise ValueError(f"must start with one of {', '.join(f'{s}://' for s in schemes)}")
        return raw

    return parse


def web_url(raw: str) -> str:
    """Read the address that people open."""
    parts = urlsplit(raw)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("must be the address people open, such as https://inbox.example.com")
    return raw.rstrip("/")


def safe_base(raw: str) -> str:
    """Accept https anywhere, and plain http only to this machine: a token travels in each request."""
    parts = urlsplit(raw)
    if parts.hostname and (
        parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(parts.hostname))
    ):
        return raw.rstrip("/")
    raise ValueError("must start with https:// (plain http:// only to 127.0.0.1 or localhost)")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def whole(low: int, high: int) -> Callable[[str], int]:
    """Return a reader of whole numbers."""

    def parse(raw: str) -> int:
        if not (raw.isascii() and raw.isdigit() and low <= int(raw) <= high):
            raise ValueError(f"must be a whole number from {low} to {high}")
        return int(raw)

    return parse


def number(low: float, high: float) -> Callable[[str], float]:
    """Return a reader of numbers."""

    def parse(raw: str) -> float:
        message = f"must be a number from {low:g} to {high:g}"
        try:
            value = float(raw)
        except ValueError:
            raise ValueError(message) from None
        if not low <= value <= high:
            raise ValueError(message)
        return value

    return parse


def boolean(raw: str) -> bool:
    """Read true or false."""
    if raw.lower() in ("1", "true", "yes", "on"):
        return True
    if raw.lower() in ("0", "false", "no", "off"):
        return False
    raise ValueError("must be true or false")


def digits(raw: str) -> str:
    """Read an id that is digits only."""
    if not (raw.isascii() and raw.isdigit() and len(raw) <= 32):
        raise ValueError("must be digits only, as Meta's App Dashboard shows it")
    return raw


def graph_version(raw: str) -> str:
    """Read a version of the Graph API."""
    major, dot, minor = raw.removeprefix("v").partition(".")
    if not (raw.startswith("v") and dot and major.isdigit() and minor.isdigit()):
        raise ValueError("must look like v25.0")
    return raw


def timezone(raw: str) -> str:
    """Read the name of a time zone."""
    try:
        ZoneInfo(raw)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("must be a time zone name such as America/Santiago or Europe/Madrid") from None
    return raw


def rate_limit(raw: str) -> str:
    """Read how many calls an API key may make in a time."""
    calls, _, unit = raw.partition(" per ")
    is_number = calls.isascii() and calls.isdigit() and int(calls) > 0
    if not (is_number and unit in ("second", "minute", "hour")):
        raise ValueError('must look like "6000 per minute"')
    return raw


def log_level(raw: str) -> str:
    """Read a log level."""
    if raw.upper() not in ("DEBUG", "INFO", "WARNING", "ERROR"):
        raise ValueError("must be DEBUG, INFO, WARNING or ERROR")
    return raw.upper()


def email(raw: str) -> str:
    """Read an e-mail address; whether it takes mail, only mail can tell."""
    name, at, host = raw.partition("@")
    if not (name and at and "." in host) or " " in raw:
        raise ValueError("must be an e-mail address such as ana@example.com")
    return raw


def shown(name: str, raw: str) -> str:
    """Return a wrong value as it may be printed: without passwords."""
    if name in ("SECRET_KEY", "ADMIN_PASSWORD"):
        return "set"
    return repr(re.sub(r"//[^/]*@", "//***@", raw))
