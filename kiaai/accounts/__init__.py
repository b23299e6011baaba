"""Sign-in, people and API keys."""

from datetime import timedelta

from flask import Flask

from kiaai.config import Settings


def init_app(app: Flask, settings: Settings) -> None:
    """Set up Flask-Security without its pages, which are our own, and register the room."""
    from kiaai.accounts.access import answer_stranger
    from kiaai.accounts.datastore import PeopleDatastore
    from kiaai.accounts.doctor_views import bp as doctor
    from kiaai.accounts.hold_views import bp as hold
    from kiaai.accounts.journal_views import bp as journal
    from kiaai.accounts.key_views import bp as keys
    from kiaai.accounts.own_views import bp as own
    from kiaai.accounts.people_views import bp as team
    from kiaai.accounts.views import bp as accounts
    from kiaai.extensions import db, security
    from kiaai.models import User
    from kiaai.models.user import Role

    app.config.update(
        SECURITY_PASSWORD_HASH="argon2",  # noqa: S106  # the name of a scheme
        SECURITY_PASSWORD_SALT=settings.secret_key,
        SECURITY_CLI_USERS_NAME=False,
        SECURITY_CLI_ROLES_NAME=False,
        SECURITY_JOIN_USER_ROLES=False,
        REMEMBER_COOKIE_NAME="kiaai_remember",
        REMEMBER_COOKIE_DURATION=timedelta(days=30),
        REMEMBER_COOKIE_HTTPONLY=True,
        REMEMBER_COOKIE_SAMESITE="Lax",
        REMEMBER_COOKIE_SECURE=settings.is_https,
        # A dashboard stays open all day: the token lives as long as the session it is bound to.
        WTF_CSRF_TIME_LIMIT=None,
        # The token in the session is the check; proxies that change Host must not lock everybody out.
        WTF_CSRF_SSL_STRICT=False,
    )
    security.init_app(app, PeopleDatastore(db.session, User, Role), register_blueprint=False)
    # Each would cost every request: one loads the person before any view asks, the other reads
    # the body for a token that is never issued. Roles are checked in `access.py`.
    app.before_request_funcs[None].remove(security.principal._on_before_request)
    app.login_manager.request_loader(lambda _request: None)  # type: ignore[attr-defined]  # set by Flask-Login
    app.login_manager.unauthorized_handler(answer_stranger)  # type: ignore[attr-defined]  # set by Flask-Login
    for room in (accounts, own, team, keys, journal, doctor, hold):
        app.register_blueprint(room)
