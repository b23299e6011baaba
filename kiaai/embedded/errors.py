"""What can stop the embedded servers from starting."""

from kiaai.errors import KiaAiError


class EmbeddedError(KiaAiError):
    """An embedded server, or the supervisor, cannot start here; the text says what to do."""
