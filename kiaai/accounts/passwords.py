"""Passwords: the rule, hashing, and a check that takes the same time whoever asks."""

import unicodedata
from functools import cache

from flask_security import hash_password, verify_password
from sqlalchemy import select

from kiaai.errors import ValidationFailed
from kiaai.extensions import db
from kiaai.models import User
from kiaai.texts import lazy
from kiaai.whatsapp.cleaning import clean_text

SHORTEST, LONGEST = 12, 200
RULE = lazy(
    "At least %(shortest)s characters. A few unrelated words are easy to keep in mind and hard to guess.",
    shortest=SHORTEST,
)


def find_by_email(email: str) -> User | None:
    """Return the person with this address, in whatever case it is typed."""
    return db.session.scalar(select(User).where(User.email == plain_email(email)))


def plain_email(email: str) -> str:
    """Return the address as it is stored."""
    return clean_text(email).strip().lower()


def checked_person(email: str, password: str) -> User | None:
    """Return the person if the password is theirs and they may sign in.

    Someone unknown, deactivated or without a password costs the same one hash as a wrong password.
    """
    user = find_by_email(email)
    may_enter = user is not None and user.active and user.password
    kept = user.password if user is not None and may_enter else None
    is_right = verify_password(_normal(password)[:LONGEST], kept or _nobodys_hash())
    return user if is_right and may_enter else None


def hashed(password: str, field: str = "password") -> str:
    """Return the hash to keep. Raises ValidationFailed when the password breaks the rule."""
    password = _normal(password)
    if len(password) < SHORTEST:
        raise ValidationFailed(lazy("This password is too short."), {field: [RULE]})
    if len(password) > LONGEST:
        reason = lazy("At most %(limit)s characters.", limit=LONGEST)
        raise ValidationFailed(lazy("This password is too long."), {field: [reason]})
    return hash_without_rule(password)


def hash_without_rule(password: str) -> str:
    """Return the hash of a password that someone else answers for, such as ADMIN_PASSWORD."""
    return str(hash_password(_normal(password)[:LONGEST]))


@cache
def _nobodys_hash() -> str:
    return str(hash_password("nobody has this password"))


def _normal(password: str) -> str:
    # The same accent is typed as one sign on one machine and as two on another.
    return unicodedata.normalize("NFKC", clean_text(password))
