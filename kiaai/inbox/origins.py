"""From where a person came: the advertisement or link that WhatsApp told of."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from kiaai.models.base import Json
from kiaai.texts import Text, lazy
from kiaai.whatsapp.cleaning import item_at, text_at

# What WhatsApp tells of an advertisement; anything else came with a list of people, or is none of it.
_OF_ADS = {"source_type", "source_url", "source_id", "headline", "body", "ctwa_clid"}
_KINDS: dict[str, Text] = {"ad": lazy("An ad"), "post": lazy("A post")}


@dataclass(frozen=True)
class Origin:
    """What is known of it. kind: in words. url: only one that is safe to follow."""

    kind: str
    headline: str | None
    body: str | None
    url: str | None


def origin_of(source: Json) -> Origin | None:
    """Return where the person came from; None when nobody knows."""
    # The column's type promises an object, `jsonb` itself does not.
    known: object = source
    told = item_at(known, "referral") or known if isinstance(known, dict) else None
    if not told or not isinstance(told, dict):
        return None
    if not told.keys() & _OF_ADS:
        return Origin(lazy("An import"), text_at(told, "import"), None, None) if "import" in told else None
    kind = _KINDS.get(text_at(told, "source_type") or "", lazy("An ad or a link"))
    url = text_at(told, "source_url")
    return Origin(kind, text_at(told, "headline"), text_at(told, "body"), url if _is_safe(url) else None)


def _is_safe(url: str | None) -> bool:
    try:
        parts = urlsplit(url or "")
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)
