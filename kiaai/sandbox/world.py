"""Everything one sandbox is made of, in one place for its endpoints and pages."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

from flask import current_app

from kiaai.config import Settings
from kiaai.sandbox.faults import Faults
from kiaai.sandbox.files import Files
from kiaai.sandbox.hooks import Hooks
from kiaai.sandbox.limits import Limits
from kiaai.sandbox.messages import Messages
from kiaai.sandbox.payloads import Payloads
from kiaai.sandbox.people import People
from kiaai.sandbox.rules import Rules
from kiaai.sandbox.store import Store


@dataclass
class World:
    """The parts of a running sandbox. `close` ends its threads and its memory."""

    settings: Settings
    rules: Rules
    store: Store
    people: People
    messages: Messages
    files: Files
    faults: Faults
    limits: Limits
    payloads: Payloads
    hooks: Hooks
    base_url: str
    temporary: tempfile.TemporaryDirectory[str] | None

    def close(self) -> None:
        self.hooks.stop()
        self.store.close()
        if self.temporary:
            self.temporary.cleanup()


def build_world(settings: Settings, folder: Path | None, rules: Rules, base_url: str) -> World:
    """Put a sandbox together. folder: where it remembers; None for a memory that ends with it."""
    temporary = None if folder else tempfile.TemporaryDirectory(prefix="kiaai-sandbox-")
    if folder:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    store = Store(folder / "sandbox.db" if folder else None)
    faults, messages = Faults(), Messages(store)
    return World(
        settings=settings,
        rules=rules,
        store=store,
        people=People(store),
        messages=messages,
        files=Files(store, _media_folder(folder, temporary), settings.whatsapp_api_token),
        faults=faults,
        limits=Limits(rules),
        payloads=Payloads(settings.whatsapp_phone_number_id, settings.whatsapp_business_account_id),
        hooks=Hooks(store, faults, rules, settings.whatsapp_app_secrets[0], messages.delivered_to_business),
        base_url=base_url,
        temporary=temporary,
    )


def world() -> World:
    """Return the sandbox that serves the current request."""
    found = current_app.extensions["sandbox"]
    assert isinstance(found, World)  # noqa: S101 - narrows the type; set by the factory
    return found


def _media_folder(folder: Path | None, temporary: tempfile.TemporaryDirectory[str] | None) -> Path:
    if folder:
        return folder / "sandbox-media"
    return Path(temporary.name if temporary else tempfile.gettempdir()) / "media"
