"""The words around an error and around what waits."""

from kiaai.texts import Text, lazy, lazy_plural
from kiaai.whatsapp.errors import Action

# Counts stop here, so that nothing is counted for long.
MOST_COUNTED = 1000

# Who can solve a failure, by what helps.
WHO_HELPS: dict[Action, Text] = {
    "again": lazy("You can solve this."),
    "wait": lazy("Only time solves this."),
    "wrong_number": lazy("You can solve this: ask the customer for the right number."),
    "settings": lazy("An administrator can solve this."),
    "template": lazy("The customer can solve this by writing, or you by a template."),
    "fix_text": lazy("You can solve this."),
    "none": lazy("Nothing here can be solved by sending it again."),
}


def waiting(count: int) -> Text:
    """Say how many messages wait while nothing is sent."""
    if count == 0:
        return lazy("What is written now waits here.")
    if count >= MOST_COUNTED:
        return lazy("More than %(count)s messages wait, and nothing is lost.", count=MOST_COUNTED)
    return lazy_plural(
        "1 message waits, and nothing is lost.", "%(count)s messages wait, and nothing is lost.", count
    )


def waiting_for_decision(count: int) -> Text:
    """Say how many messages a hold keeps."""
    if count >= MOST_COUNTED:
        return lazy("More than %(count)s messages wait for a decision.", count=MOST_COUNTED)
    return lazy_plural("1 message waits for a decision.", "%(count)s messages wait for a decision.", count)
