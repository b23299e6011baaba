"""What everybody must know: the number may not send, or old messages wait for a decision."""

from dataclasses import dataclass
from datetime import datetime

from kiaai.delivery import hold
from kiaai.delivery.channels import TOKEN_CODES, own_number, waiting_count
from kiaai.delivery.hold import Held
from kiaai.inbox import queries
from kiaai.inbox.list_state import Alerts
from kiaai.inbox.wording import phrase
from kiaai.models import Channel
from kiaai.whatsapp.explanations import Language, explain_pause


@dataclass(frozen=True)
class Pause:
    """Why nothing leaves the number, what waits, and how it goes on."""

    channel_id: int
    since: datetime
    title: str
    cause: str
    next_step: str
    waiting: str
    resumes: str


@dataclass(frozen=True)
class Banners:
    """The news for everybody, in the viewer's language; the buttons are for admins."""

    pause: Pause | None
    held: Held | None
    held_reason: str
    is_admin: bool
    language: Language

    def say(self, name: str, count: int | None = None) -> str:
        return phrase(self.language, name, count)


def banners(alerts: Alerts, is_admin: bool, language: Language) -> Banners:
    """Return the news; the details are read only when there are any."""
    held = hold.held() if alerts.held else None
    return Banners(
        pause=_pause(language) if alerts.paused else None,
        held=held,
        held_reason=_held_reason(held, language) if held else "",
        is_admin=is_admin,
        language=language,
    )


def _pause(language: Language) -> Pause | None:
    channel = next((each for each in queries.paused_channels() if each.phone_number_id == own_number()), None)
    if channel is None or channel.paused_at is None:
        return None
    said = explain_pause(channel.paused_code, language)
    is_by_look_up = channel.paused_code in TOKEN_CODES
    return Pause(
        channel_id=channel.id,
        since=channel.paused_at,
        title=said.title,
        cause=_cause(channel, said.cause),
        next_step=said.next_step,
        waiting=phrase(language, "waiting", waiting_count(channel.id)),
        resumes=phrase(language, "resumes_by_look_up" if is_by_look_up else "resumes_by_probe"),
    )


def _held_reason(held: Held, language: Language) -> str:
    """Return the reason of a start's hold in words; what a person gave as reason stays as it is."""
    name = {hold.STOPPED: "held_stopped", hold.RESTORED: "held_restored"}.get(held.reason)
    return phrase(language, name) if name else held.reason


def _cause(channel: Channel, cause: str) -> str:
    """Return the cause; without a code, what is known stands in the reason."""
    return cause if channel.paused_code is not None else channel.paused_reason or cause
