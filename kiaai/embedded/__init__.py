"""The database and the broker that come along, and the supervisor that keeps all processes running.

Each address is the setting, or else that of the embedded server. Imports wait until they are needed: the
supervisor names every address in the environment of what it starts, and those need none of this.
"""

from kiaai.config import Settings


def database_url(settings: Settings) -> str:
    """Return the address of the database, started for the life of this process when none runs.

    Raises EmbeddedError when the embedded one cannot start.
    """
    if settings.database_url:
        return settings.database_url
    from kiaai.embedded.commands import use_database

    return use_database(settings.instance_path)


def broker_url(settings: Settings) -> str:
    """Return the address of the broker; an embedded one may or may not be running."""
    if settings.broker_url:
        return settings.broker_url
    from kiaai.embedded import valkey

    return valkey.broker_url(settings.instance_path)


def limits_url(settings: Settings) -> str:
    """Return the address of the store of rate limits; an embedded one may or may not be running."""
    if settings.redis_url:
        return settings.redis_url
    from kiaai.embedded import valkey

    return valkey.limits_url(settings.instance_path)
