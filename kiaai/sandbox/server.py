"""Serving the sandbox: in the foreground for people, and in a thread for tests."""

import errno
import logging
import signal
import threading
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

from flask import Flask

from kiaai.config import Settings
from kiaai.errors import SettingsError
from kiaai.sandbox.app import create_sandbox_app
from kiaai.sandbox.control import inbound
from kiaai.sandbox.customer import echo, see, stop_marketing
from kiaai.sandbox.faults import Faults
from kiaai.sandbox.http import SandboxHTTPServer
from kiaai.sandbox.rules import INSTANT, Rules
from kiaai.sandbox.world import World

log = logging.getLogger(__name__)


def serve(settings: Settings) -> None:
    """Serve the sandbox on the port after the web's own until SIGTERM or Ctrl-C.

    Raises SettingsError when a WhatsApp token is set, or when the port is taken.
    """
    if not settings.is_sandbox:
        raise SettingsError(
            "The sandbox does not start while WHATSAPP_API_TOKEN is set: "
            "it would pretend to be a real number. Remove the token to try things out."
        )
    server = _bind(settings.port + 1)
    app = create_sandbox_app(settings, folder=settings.instance_path)
    world: World = app.extensions["sandbox"]
    world.hooks.url = f"http://127.0.0.1:{settings.port}/webhook"
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _interrupt)
    world.hooks.start()
    server.set_app(app)
    log.info("The sandbox is at %s", settings.sandbox_url)
    try:
        server.serve_forever(poll_interval=0.5)
    except KeyboardInterrupt:
        log.info("The sandbox stops")
    finally:
        server.server_close()
        world.close()


class SandboxServer:
    """A sandbox on a free port, for tests of the whole product.

    `with SandboxServer(settings) as whatsapp:` then `whatsapp.url` is the API base, `whatsapp.sent` what was
    accepted. Webhooks wait until `webhook_url` is set. Without a folder it remembers nothing.
    """

    def __init__(
        self,
        settings: Settings,
        webhook_url: str | None = None,
        rules: Rules = INSTANT,
        folder: Path | None = None,
        port: int = 0,
    ):
        self._server = SandboxHTTPServer(port)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.app: Flask = create_sandbox_app(settings, folder, rules, self.url)
        self._world: World = self.app.extensions["sandbox"]
        self._server.set_app(self.app)
        self._thread = threading.Thread(target=self._serve, name="sandbox", daemon=True)
        self.webhook_url = webhook_url

    def __enter__(self) -> "SandboxServer":
        self._world.hooks.start()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._server.close_connections()
        self._world.close()

    @property
    def webhook_url(self) -> str | None:
        return self._world.hooks.url

    @webhook_url.setter
    def webhook_url(self, url: str | None) -> None:
        self._world.hooks.url = url

    @property
    def faults(self) -> Faults:
        return self._world.faults

    @property
    def sent(self) -> list[dict[str, Any]]:
        """Return accepted messages in order: to, kind, text, wamid, send_key, at (Unix seconds) ..."""
        return [message.as_sent() for message in self._world.messages.accepted()]

    def write(self, sender: str, text: str | None = None, **details: Any) -> str:
        """Write as a customer, as `POST /sandbox/inbound` does; return the wamid."""
        wanted = {"from": sender, **({} if text is None else {"text": text}), **details}
        return inbound(self._world, wanted)

    def read(self, sender: str) -> int:
        """Open the chat of a customer; return how many messages became read."""
        person = self._world.people.find(sender)
        last = self._world.messages.last_shown(person.id) if person else None
        return see(self._world, person, last.id) if person and last else 0

    def marketing(self, sender: str, is_stopped: bool) -> None:
        """Stop or resume marketing messages, as a customer in WhatsApp's own menu."""
        stop_marketing(self._world, self._world.people.find_or_add(sender), is_stopped)

    def answer_from_phone(self, recipient: str, text: str) -> str:
        """Answer a customer from the business's own phone app; return the wamid."""
        return echo(self._world, self._world.people.find_or_add(recipient), text)

    def wait_for_webhooks(self, seconds: float = 5) -> bool:
        """Wait until every queued webhook had its 200; return whether that came in time."""
        return self._world.hooks.wait_until_empty(seconds)

    def _serve(self) -> None:
        self._server.serve_forever(poll_interval=0.02)


def _bind(port: int) -> SandboxHTTPServer:
    try:
        return SandboxHTTPServer(port)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        raise SettingsError(
            f"Port {port} is taken, and the sandbox needs it: the port after PORT. "
            "Set PORT to another number."
        ) from None


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
