"""How imports are called on the screen."""

from kiaai.leads.imports.cells import REASONS
from kiaai.leads.imports.running import STOPPED
from kiaai.leads.imports.undoing import KEPT_REASONS
from kiaai.texts import Text, lazy

COLUMN_NAMES = {
    "": lazy("Leave out"),
    "phone_number": lazy("Phone number"),
    "customer_name": lazy("Name"),
    "lead_status": lazy("Status"),
    "notes": lazy("Notes"),
    "tags": lazy("Tags"),
}
WAY_NAMES = {
    "fill": lazy("Fill in what is empty"),
    "overwrite": lazy("Write over what is there"),
    "leave": lazy("Leave them as they are"),
}
OUTCOME_NAMES = {
    "created": lazy("New"),
    "changed": lazy("Changed"),
    "unchanged": lazy("Unchanged"),
    "refused": lazy("Refused"),
}
# Of one line, where Spanish needs its own words.
LINE_NAMES = {
    "created": lazy("New person"),
    "changed": lazy("With changes"),
    "unchanged": lazy("Unchanged"),
    "refused": lazy("Refused line"),
}
STATE_NAMES = {
    "preview": lazy("Preview"),
    "queued": lazy("Waiting"),
    "running": lazy("Running"),
    "done": lazy("Done"),
    "failed": lazy("Stopped"),
    "undoing": lazy("Being undone"),
    "undone": lazy("Undone"),
}
_REASONS: dict[str, Text] = {**REASONS, **KEPT_REASONS, str(STOPPED): STOPPED}


def reason_of(kept: str | None) -> str:
    """Return a reason as it was kept, so that it can be said in another language."""
    return _REASONS.get(kept or "", kept or "")
