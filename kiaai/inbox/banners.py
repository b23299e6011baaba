"""What everybody must know: the number may not send, or old messages wait for a decision."""

from dataclasses import dataclass
from datetime import datetime

from kiaai.delivery import hold
from kiaai.delivery.channels import TOKEN_CODES, own_number, waiting_count
from kiaai.delivery.hold import Held
from kiaai.inbox import queries
from kiaai.inbox.list_state import Alerts
from kiaai.inbox.wording import waiting, waiting_for_decision
from kiaai.models import Channel
from kiaai.texts import Text, lazy
from kiaai.whatsapp.explanations import Language, explain_pause

_BY_LOOK_UP = lazy("Kia-Ai asks every 15 seconds whether the token works again, and then goes on by itself.")
_BY_PROBE = lazy("Once a minute one message is tried. As soon as WhatsApp takes it, all go.")


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
    is_admin: bool

    @property
    def held_waiting(self) -> Text | None:
        return waiting_for_decision(self.held.count) if self.held else None


def banners(alerts: Alerts, is_admin: bool, language: Language) -> Banners:
    """Return the news; the details are read only when there are any."""
    held = hold.held() if alerts.held else None
    return Banners(
        pause=_pause(language) if alerts.paused else None,
        held=held,
        is_admin=is_admin,
    )


def _pause(language: Language) -> Pause | None:
    channel = next((each for each in queries.paused_channels() if each.phone_number_id == own_number()), None)
    if channel is None or channel.paused_at is None:
        return None
    said = explain_pause(channel.paused_code, language)
    return Pause(
        channel_id=channel.id,
        since=channel.paused_at,
        title=said.title,
        cause=_cause(channel, said.cause),
        next_step=said.next_step,
        waiting=waiting(waiting_count(channel.id)),
        resumes=_BY_LOOK_UP if channel.paused_code in TOKEN_CODES else _BY_PROBE,
    )


def _cause(channel: Channel, cause: str) -> str:
    """Return the cause; without a code, what is known stands in the reason."""
    return cause if channel.paused_code is not None else channel.paused_reason or cause
