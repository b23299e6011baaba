"""How flask-smorest is set up: OpenAPI 3.1 and our shape of errors."""

from flask import Flask
from flask_smorest import Api

from kiaai.api.fields import describe_fields
from kiaai.api.schemas import ErrorAnswer


class JsonApi(Api):  # type: ignore[misc]  # the library is untyped
    """flask-smorest without its answer to errors: `web/error_pages.py` answers all of them alike."""

    ERROR_SCHEMA = ErrorAnswer

    def _register_error_handlers(self) -> None:
        pass


def make_api(app: Flask) -> JsonApi:
    """Register the description of the API with the app."""
    from kiaai import __version__

    app.config.update(
        API_TITLE="Kia-Ai",
        API_VERSION=__version__,
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX="/api",
        OPENAPI_JSON_PATH="openapi.json",
    )
    api = JsonApi(app)
    describe_fields(api)
    api.spec.components.security_scheme("key", {"type": "http", "scheme": "bearer"})
    api.spec.components.security_scheme(
        "session", {"type": "apiKey", "in": "cookie", "name": app.config["SESSION_COOKIE_NAME"]}
    )
    api.spec.options["security"] = [{"key": []}, {"session": []}]
    return api
