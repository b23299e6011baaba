"""One-time links: the first admin's, and the one by which an invited person chooses a password.

Nothing is stored. A link is signed, dies with time, and dies with the state it was made for.
"""

from flask import current_app
from itsdangerous import BadData, URLSafeTimedSerializer

from kiaai.accounts.people import has_people
from kiaai.config import Settings
from kiaai.extensions import db
from kiaai.models import User

FIRST_ADMIN_SECONDS = 24 * 3600
INVITATION_SECONDS = 7 * 24 * 3600


def first_admin_link() -> str:
    """Return the link that makes the first admin; it is dead as soon as anybody has an account."""
    return f"{base_url()}/welcome/{_signer('first admin').dumps('first admin')}"


def is_first_admin_token(token: str) -> bool:
    """Tell whether the token is ours, not too old, and nobody has an account yet."""
    return _loads("first admin", token, FIRST_ADMIN_SECONDS) is not None and not has_people()


def invitation_link(user: User) -> str:
    """Return the link by which the person sets a password; dead once they did, or once deactivated."""
    return f"{base_url()}/invitations/{_signer('invitation').dumps([user.id, user.fs_uniquifier])}"


def find_invited(token: str, for_update: bool = False) -> User | None:
    """Return the person whose invitation this is, while it is good.

    for_update: hold the row, so that of two who use it at once the second finds it used.
    """
    content = _loads("invitation", token, INVITATION_SECONDS)
    if not isinstance(content, list) or len(content) != 2:
        return None
    user = db.session.get(User, content[0], with_for_update=for_update, populate_existing=for_update)
    return user if user and user.active and user.fs_uniquifier == content[1] else None


def base_url() -> str:
    settings: Settings = current_app.extensions["settings"]
    return settings.public_url or f"http://{_reachable(settings.host)}:{settings.port}"


def _reachable(host: str) -> str:
    # "All addresses" is nowhere a browser can go.
    return "127.0.0.1" if host in ("0.0.0.0", "::", "") else f"[{host}]" if ":" in host else host  # noqa: S104  # compared only


def _signer(purpose: str) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.config["SECRET_KEY"], salt=f"kiaai {purpose}")


def _loads(purpose: str, token: str, max_age_seconds: int) -> object:
    try:
        return _signer(purpose).loads(token, max_age=max_age_seconds)
    except BadData:
        return None
