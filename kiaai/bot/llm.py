"""The language model behind the bot: any server that speaks OpenAI's chat completions."""

import time
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from kiaai.bot.llm_reply import Reply, read_reply
from kiaai.bot.model_rest import ModelFailed, Turnstile
from kiaai.config import Settings

if TYPE_CHECKING:
    from openai import OpenAI

# For all steps of a turn together. The lease of a turn lasts 30 s.
DEADLINE_SECONDS = 20.0
_ABOUT_WORDS = (400, 413, 422)
# Less than this is left only when nothing will come any more.
_LEAST_SECONDS = 0.05


class LanguageModel:
    """A model by address and name. Threads may share it.

    price_in, price_out: of a million tokens, in whatever currency. deadline_seconds: for one turn.
    """

    def __init__(
        self,
        base_url: str,
        name: str,
        api_key: str | None = None,
        *,
        price_in: float = 0.0,
        price_out: float = 0.0,
        deadline_seconds: float = DEADLINE_SECONDS,
        turnstile: Turnstile | None = None,
    ):
        self.name = name
        self.deadline_seconds = deadline_seconds
        self.turnstile = turnstile or Turnstile()
        self._base_url, self._api_key = base_url, api_key
        self._price_in, self._price_out = price_in, price_out

    @classmethod
    def from_settings(cls, settings: Settings) -> "LanguageModel | None":
        """Return the model that the settings name; None without an address or a name."""
        if not settings.llm_base_url or not settings.llm_model:
            return None
        return cls(
            settings.llm_base_url,
            settings.llm_model,
            settings.llm_api_key,
            price_in=settings.llm_price_in,
            price_out=settings.llm_price_out,
        )

    def complete(self, messages: Sequence[Any], tools: Sequence[Any], deadline: float) -> Reply:
        """Return what the model says next. deadline: a `time.monotonic()` value.

        Raises ModelFailed with `model_silent`, `model_refused` or `model_nonsense`.
        """
        seconds = deadline - time.monotonic()
        if seconds < _LEAST_SECONDS:
            raise ModelFailed("model_silent", "the time for the whole turn is over", is_free=True)
        try:
            reply = self._ask(messages, tools, seconds)
        except ModelFailed as failure:
            # Words alone can cause these: one customer's must not keep the model from all others.
            if failure.http_status not in _ABOUT_WORDS:
                self.turnstile.failed()
            raise
        self.turnstile.succeeded()
        return reply

    def cost_micros(self, tokens_in: int, tokens_out: int) -> int:
        """Return what so many tokens cost, in millionths of the currency."""
        return round(tokens_in * self._price_in + tokens_out * self._price_out)

    def close(self) -> None:
        """Close the connections of this thread."""
        self._client.close()

    def _ask(self, messages: Sequence[Any], tools: Sequence[Any], seconds: float) -> Reply:
        import httpx2
        import openai

        from kiaai.bot.model_transport import NeverLeft

        try:
            answer = self._client.chat.completions.with_raw_response.create(
                model=self.name,
                messages=list(messages),
                tools=list(tools),
                tool_choice="required",
                timeout=seconds,
            )
        except openai.APIStatusError as error:
            status = error.status_code
            raise ModelFailed("model_refused", f"HTTP {status}", http_status=status) from None
        except openai.APIConnectionError as error:
            cause = error.__cause__
            code = "model_nonsense" if isinstance(cause, httpx2.DecodingError) else "model_silent"
            raise ModelFailed(code, str(cause), is_free=isinstance(cause, NeverLeft)) from None
        except (ValueError, httpx2.InvalidURL) as error:
            # A setting that no request can be made of.
            raise ModelFailed("model_silent", type(error).__name__, is_free=True) from None
        return read_reply(answer.content)

    @cached_property
    def _client(self) -> "OpenAI":
        import httpx2
        import openai

        from kiaai.bot.model_transport import ModelTransport

        # Proxies, organisations and redirects of the environment are no settings of ours.
        http_client = httpx2.Client(transport=ModelTransport(), trust_env=False, follow_redirects=False)
        return openai.OpenAI(
            base_url=self._base_url,
            # The package wants one even where the server does not.
            api_key=self._api_key or "none",
            organization="",
            project="",
            max_retries=0,
            http_client=http_client,
        )
