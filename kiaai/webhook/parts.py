"""A batch taken apart and put together again, for bodies with something in them that is refused. Pure."""

from collections.abc import Iterator
from dataclasses import replace

from kiaai.whatsapp.inbound import Batch


def items_of(batch: Batch) -> list[Batch]:
    """Return the batch as batches of one item each, in an order that makes people known first."""
    return list(_items(batch))


def merged(items: list[Batch]) -> Batch:
    """Return what `items_of` gave, or a part of it, as one batch."""
    return replace(
        items[0],
        messages=tuple(message for item in items for message in item.messages),
        identity_changes=tuple(change for item in items for change in item.identity_changes),
        statuses=tuple(status for item in items for status in item.statuses),
        preferences=tuple(preference for item in items for preference in item.preferences),
        contact_names=tuple(contact for item in items for contact in item.contact_names),
    )


def _items(batch: Batch) -> Iterator[Batch]:
    empty = Batch((), (), (), (), (), (), (), (), frozenset())
    for message in batch.messages:
        # The notice of a new number and the number itself belong together: one is the other's gate.
        changes = tuple(change for change in batch.identity_changes if change.wamid == message.wamid)
        yield replace(empty, messages=(message,), identity_changes=changes)
    for status in batch.statuses:
        yield replace(empty, statuses=(status,))
    for preference in batch.preferences:
        yield replace(empty, preferences=(preference,))
    for contact in batch.contact_names:
        yield replace(empty, contact_names=(contact,))
