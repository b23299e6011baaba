"""Merging in a real browser, by the buttons alone."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from kiaai.extensions import db
from kiaai.models import Channel, Lead, User
from tests.conftest import make_conversation
from tests.inbox.browser import visiting

pytestmark = [pytest.mark.services, pytest.mark.committed, pytest.mark.enable_socket]


def count() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(Lead)) or 0


def test_two_people_become_one_and_two_again(
    chromium: Any, app: Flask, address: str, bob: User, channel: Channel
) -> None:
    make_conversation(channel, "56900000001", "Dana Díaz")
    make_conversation(channel, "560900000001", "D. Díaz")

    with visiting(chromium, app, address, bob) as page:
        page.goto("/people/duplicates")
        page.get_by_role("link", name="Compare Dana Díaz and D. Díaz").click()
        page.get_by_role("button", name="Merge them").click()
        page.get_by_text("They are one person now.").wait_for()
        merged = count()
        page.get_by_role("button", name="Undo the merge").click()
        page.get_by_text("They are two people again.").wait_for()
        parted = count()
        page.get_by_role("button", name="They are two people").click()
        page.get_by_text("D. Díaz is somebody else.").wait_for()

    assert (merged, parted) == (1, 2)
