"""Who looks at the dashboard, and in which language they read."""

from dataclasses import dataclass

from kiaai.whatsapp.explanations import Language


@dataclass(frozen=True)
class Viewer:
    """The person of the team who looks."""

    id: int
    is_admin: bool
    language: Language = "en"
