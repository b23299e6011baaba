"""What was chosen about a file: whether it can be started with that."""

from kiaai.leads.imports import chat_records
from kiaai.leads.imports.records import refused
from kiaai.leads.pipeline import TAG_LIMIT
from kiaai.models import Import
from kiaai.texts import lazy

# Those that an import puts on every lead.
MOST_TAGS = 10


def check(record: Import) -> None:
    """Raise ValidationFailed naming `file` when what was chosen cannot be started."""
    if record.kind == "chat":
        chat_records.check(record)
        return
    columns = [column for column in record.options["columns"] if column]
    if "phone_number" not in columns:
        raise refused(lazy("Say which column holds the phone numbers."))
    if len(set(columns)) < len(columns):
        raise refused(lazy("Two columns are said to hold the same."))
    if any(len(tag) > TAG_LIMIT for tag in record.options["tags"]):
        raise refused(lazy("A tag has more than %(limit)s characters.", limit=TAG_LIMIT))
