"""A number that is not the person's: a tag, so that it is found again and taken back at will."""

from kiaai.leads.pipeline import Actor, set_tags
from kiaai.models import Lead

TAG = "wrong number"


def is_wrong_number(lead: Lead) -> bool:
    return TAG in lead.tags


def mark_wrong_number(lead: Lead, actor: Actor) -> None:
    """Tag the lead; marking twice changes nothing. Raises ValidationFailed when no tag fits any more."""
    set_tags(lead, [*lead.tags, TAG], actor)


def unmark_wrong_number(lead: Lead, actor: Actor) -> None:
    """Take the tag away; the other tags stay."""
    set_tags(lead, [tag for tag in lead.tags if tag != TAG], actor)
