"""The blueprints of the API: routes that describe what they take and answer, errors included."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from flask import Request
from flask_smorest import Blueprint
from marshmallow import Schema
from webargs.flaskparser import FlaskParser
from werkzeug.routing import BaseConverter

from kiaai.api.schemas import ErrorAnswer
from kiaai.errors import ValidationFailed
from kiaai.whatsapp.cleaning import UnreadableBody, read_json

View = Callable[..., Any]
Decorator = Callable[[View], View]

WHY = {
    401: "Neither signed in nor a valid key",
    403: "The session cookie came without its CSRF token",
    404: "Nobody and nothing by this name",
    413: "The body is larger than 4 MB",
    422: "Something does not fit; `fields` names it",
    429: "Too many requests; wait as `Retry-After` says",
    500: "A fault on our side",
    503: "The database does not answer; try again as `Retry-After` says",
}
ALWAYS = (401, 422, 429, 500, 503)
# `/leads/imports` is no lead, whatever the method.
NOT_LEADS = ("imports", "export", "bulk")
PHONE = {
    "name": "phone",
    "in": "path",
    "required": True,
    "schema": {"type": "string"},
    "description": "A number in any form (`+56 9 0000 0001`), `id:<lead id>`, or a business-scoped id.",
}


class LeadReference(BaseConverter):
    """What names a lead in an address: anything but the words that name something else there."""

    regex = rf"(?!(?:{'|'.join(NOT_LEADS)})$)[^/]+"
    # Without this the expression would see the rest of the address too.
    part_isolating = True


class BodyParser(FlaskParser):
    """Reads bodies as the webhook does: however deep or odd they are, the answer is a refusal at worst."""

    def _raw_load_json(self, req: Request) -> Any:
        if not req.is_json:
            raise ValidationFailed("Send JSON, with the header Content-Type: application/json.")
        try:
            return read_json(req.get_data())
        except UnreadableBody as error:
            raise ValidationFailed(f"The body cannot be read: {error.reason}.") from None


class Routes(Blueprint):  # type: ignore[misc]  # the library is untyped
    """A blueprint of the API."""

    ARGUMENTS_PARSER = BodyParser()

    if TYPE_CHECKING:
        # The library's own decorators, with the types it lacks.
        def route(self, rule: str, **options: Any) -> Decorator: ...
        def arguments(self, schema: type[Schema], *, location: str = "json") -> Decorator: ...
        def response(self, status: int, schema: type[Schema] | None = None, **more: str) -> Decorator: ...
        def alt_response(self, status: int, **options: Any) -> Decorator: ...
        def doc(self, **description: Any) -> Decorator: ...

    def errors(self, *statuses: int) -> Decorator:
        """Describe the errors of a route: those given, and those that any route may answer."""

        def describe(view: View) -> View:
            for status in sorted({*statuses, *ALWAYS}):
                view = self.alt_response(status, schema=ErrorAnswer, description=WHY[status])(view)
            return view

        return describe
