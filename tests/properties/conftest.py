"""One world for all examples of a test."""

from collections.abc import Iterator

import pytest
from flask import Flask

from kiaai.config import Settings
from kiaai.sandbox.server import SandboxServer
from tests.conftest import Signed
from tests.properties.world import World


@pytest.fixture
def world(app: Flask, settings: Settings, signed: Signed) -> Iterator[World]:
    with SandboxServer(settings) as whatsapp:
        yield World(app, settings, signed, whatsapp)
