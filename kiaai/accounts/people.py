"""The people of the team: who they are, what they may, and that one admin always remains."""

from uuid import uuid4

from email_validator import EmailNotValidError, validate_email
from sqlalchemy import exists, select, text
from sqlalchemy.exc import IntegrityError

from kiaai.accounts.passwords import find_by_email, hashed, plain_email
from kiaai.errors import NotFound, ValidationFailed
from kiaai.extensions import db
from kiaai.models import User
from kiaai.texts import lazy
from kiaai.whatsapp.cleaning import clean_text, one_line
from kiaai.whatsapp.explanations import LANGUAGES

ROLES = ("admin", "member")
NAME_LIMIT = 100
EMAIL_LIMIT = 254


def list_people() -> list[User]:
    """Return everybody, those who left last."""
    return list(db.session.scalars(select(User).order_by(User.active.desc(), User.name, User.email)))


def get_person(user_id: int) -> User:
    """Return the person with this id. Raises NotFound."""
    user = db.session.get(User, user_id)
    if user is None:
        raise NotFound(lazy("This person does not exist."))
    return user


def has_people() -> bool:
    """Tell whether anybody was ever given an account."""
    return bool(db.session.scalar(select(exists().select_from(User))))


def has_admin() -> bool:
    """Tell whether somebody can administer this installation."""
    return bool(db.session.scalar(select(exists().where(User.role == "admin", User.active))))


def create_person(email: str, role: str, name: str = "", password: str | None = None) -> User:
    """Add a person; without a password they choose one by the link of an invitation.

    Raises ValidationFailed naming `email`, `role`, `name` or `password`.
    """
    user = User(
        email=_checked_email(email),
        role=_checked_role(role),
        name=one_line(clean_text(name), NAME_LIMIT),
        password=None if password is None else hashed(password),
    )
    try:
        with db.session.begin_nested():
            db.session.add(user)
    except IntegrityError:
        raise _email_taken() from None
    return user


def set_password(user: User, password: str, name: str | None = None) -> None:
    """Give the person a new password; all their sessions and links end. Raises ValidationFailed."""
    user.password = hashed(password)
    if name is not None:
        rename(user, name)
    end_sessions(user)


def rename(user: User, name: str) -> None:
    """Give the person another name; an empty one shows the beginning of the e-mail address."""
    user.name = one_line(clean_text(name), NAME_LIMIT)


def choose_language(user: User, language: str) -> None:
    """Let the person read in a language; an empty one is the browser's. Raises ValidationFailed."""
    if language and language not in LANGUAGES:
        raise ValidationFailed(lazy("Choose a language."), {"language": [lazy("Choose one of the list.")]})
    user.language = language or None


def change_role(user: User, role: str) -> None:
    """Make the person an admin or a member. Raises ValidationFailed for the last admin."""
    role = _checked_role(role)
    if role != "admin":
        _require_another_admin(user)
    user.role = role


def deactivate(user: User) -> None:
    """Close the account; all sessions end at once. Raises ValidationFailed for the last admin."""
    _require_another_admin(user)
    user.active = False
    end_sessions(user)


def activate(user: User) -> None:
    """Open the account again."""
    user.active = True


def end_sessions(user: User) -> None:
    """End every session, remembered browser and link of the person."""
    user.fs_uniquifier = str(uuid4())


def lock_people() -> None:
    """Let nobody else add or change people until this transaction ends."""
    db.session.execute(text("LOCK TABLE users IN SHARE ROW EXCLUSIVE MODE"))


def _require_another_admin(user: User) -> None:
    lock_people()
    others = select(exists().where(User.role == "admin", User.active, User.id != user.id))
    if user.is_admin and user.active and not db.session.scalar(others):
        raise ValidationFailed(
            lazy("This is the only admin. Make somebody else an admin first."),
            {"role": [lazy("The only admin.")]},
        )


def _checked_role(role: str) -> str:
    if role not in ROLES:
        reason = lazy("Must be one of: %(names)s.", names=", ".join(ROLES))
        raise ValidationFailed(lazy("Choose a role."), {"role": [reason]})
    return role


def _checked_email(email: str) -> str:
    email = plain_email(email)
    try:
        # Test and example domains are somebody's intranet: only the form is checked.
        validate_email(email, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        raise ValidationFailed(
            lazy("This is not an e-mail address."), {"email": [lazy("Such as ana@example.com.")]}
        ) from None
    if len(email) > EMAIL_LIMIT:
        reason = lazy("At most %(limit)s characters.", limit=EMAIL_LIMIT)
        raise ValidationFailed(lazy("This address is too long."), {"email": [reason]})
    if find_by_email(email):
        raise _email_taken()
    return email


def _email_taken() -> ValidationFailed:
    reason = lazy("Somebody has it already.")
    return ValidationFailed(lazy("Somebody has this address already."), {"email": [reason]})
