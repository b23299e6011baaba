"""Kia-Ai: a self-hosted WhatsApp Business inbox."""

from typing import TYPE_CHECKING

from kiaai.config import ROOT, Settings

if TYPE_CHECKING:
    from flask import Flask

__version__ = "0.1.0"

# The supervisor and the sandbox live in this package too and must stay small in memory:
# what only the app needs is imported when an app is made.


def create_app(settings: Settings | None = None) -> "Flask":
    """Build the app: settings, extensions, rooms. Raises SettingsError when a setting is wrong."""
    from flask import Flask

    from kiaai import faults, logs

    settings = settings or Settings.from_environment()
    faults.configure(settings.faults)
    app = Flask(
        __name__,
        template_folder=str(ROOT / "templates"),
        static_folder=str(ROOT / "static"),
        instance_path=str(settings.instance_path),
    )
    app.extensions["settings"] = settings
    logs.init_app(app, settings)
    _configure(app, settings)
    _init_extensions(app, settings)
    _register_rooms(app, settings)
    return app


def _configure(app: "Flask", settings: Settings) -> None:
    from kiaai import embedded
    from kiaai.database import engine_options, webhook_engine_options

    url = embedded.database_url(settings)
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SQLALCHEMY_DATABASE_URI=url,
        SQLALCHEMY_ENGINE_OPTIONS=engine_options("kiaai"),
        SQLALCHEMY_BINDS={"webhook": {"url": url, **webhook_engine_options()}},
        MAX_CONTENT_LENGTH=4 * 1024 * 1024,
        SESSION_COOKIE_NAME="kiaai_session",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.is_https,
        RATELIMIT_STORAGE_URI=embedded.limits_url(settings),
        RATELIMIT_STORAGE_OPTIONS={"socket_timeout": 0.2, "socket_connect_timeout": 0.2},
    )


def _init_extensions(app: "Flask", settings: Settings) -> None:
    from kiaai import accounts, worker
    from kiaai.extensions import csrf, db, limiter, migrate

    db.init_app(app)
    migrate.init_app(app, db, directory=str(ROOT / "migrations"))
    csrf.init_app(app)
    limiter.init_app(app)
    accounts.init_app(app, settings)
    worker.init_app(app, settings)


def _register_rooms(app: "Flask", settings: Settings) -> None:
    from kiaai import api, bot, cli, hooks, inbox, leads, media, web, webhook
    from kiaai import settings as settings_room

    web.init_app(app, settings)
    for room in (webhook, inbox, leads, bot, media, settings_room, hooks, api):
        room.init_app(app)
    cli.init_app(app)
