"""The first admin: from ADMIN_EMAIL and ADMIN_PASSWORD, or by a one-time link. Never a default password."""

import logging

from kiaai.accounts.passwords import SHORTEST, hash_without_rule, plain_email
from kiaai.accounts.people import create_person, has_admin, has_people, lock_people
from kiaai.config import Settings
from kiaai.errors import NotFound
from kiaai.extensions import db
from kiaai.models import User
from kiaai.texts import lazy

log = logging.getLogger(__name__)


def make_from_settings(settings: Settings) -> bool:
    """Make the admin whom the settings name, when there is no admin; tell whether there is one now. Commits.

    An account that already has this address becomes an admin with this password.
    """
    if has_admin():
        return True
    if not (settings.admin_email and settings.admin_password):
        return False
    lock_people()
    if not has_admin():
        _make(settings.admin_email, settings.admin_password)
    db.session.commit()
    return True


def claim(email: str, name: str, password: str) -> User:
    """Make the first admin of an empty installation. Raises NotFound when somebody was faster."""
    lock_people()
    if has_people():
        raise NotFound(lazy("Somebody has an account already."))
    return create_person(email, "admin", name, password)


def _make(email: str, password: str) -> None:
    if len(password) < SHORTEST:
        log.warning("ADMIN_PASSWORD is shorter than %d characters; change it soon", SHORTEST)
    user = db.session.query(User).filter_by(email=plain_email(email)).one_or_none()
    user = user or create_person(email, "admin")
    user.role, user.active, user.password = "admin", True, hash_without_rule(password)
