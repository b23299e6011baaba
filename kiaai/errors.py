"""Errors that cross rooms: each names what is wrong and the way out."""


class KiaAiError(Exception):
    """Base of the errors that the product raises on purpose."""


class SettingsError(KiaAiError):
    """A setting is missing or wrong; the text names the variable and what it accepts."""


class ValidationFailed(KiaAiError):
    """What was asked cannot be done as asked.

    fields: field name to a list of reasons, each a sentence for a person.
    code: one of the API's error codes (`validation_failed`, `window_closed`, `opted_out` ...).
    """

    def __init__(
        self, message: str, fields: dict[str, list[str]] | None = None, code: str = "validation_failed"
    ):
        super().__init__(message)
        self.message = message
        self.fields = fields or {}
        self.code = code


class NotFound(KiaAiError):
    """The thing asked for does not exist, or not for this person."""
