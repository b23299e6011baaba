"""A body without what is about somebody: everything of everybody else stays as it came. Pure."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from kiaai.whatsapp.cleaning import Item

IsTheirs = Callable[[Item], bool]


@dataclass
class Parted:
    """body: what is left, empty when that is nothing. gone: the items that were taken out.

    is_changed: also when only a contact went, or a thread without messages.
    """

    body: bytes = b""
    gone: list[Item] = field(default_factory=list)
    is_changed: bool = False


def part(body: bytes, is_theirs: IsTheirs) -> Parted:
    """Take all items of somebody out of a body. One that cannot be read is taken out as a whole."""
    parted = Parted()
    try:
        content = json.loads(body)
        left = _Parting(is_theirs, parted).of_body(content)
        parted.body = json.dumps(left).encode() if left else b""
    except (ValueError, RecursionError):
        pass
    return parted


class _Parting:
    """Goes down to the lists of items: entry, changes, value."""

    def __init__(self, is_theirs: IsTheirs, parted: Parted):
        self._is_theirs = is_theirs
        self._parted = parted
        self._taken = 0

    def of_body(self, content: Any) -> Item | None:
        """Return what is left of the whole; None when that is nothing, or it has another shape."""
        entries = content.get("entry") if isinstance(content, dict) else None
        if not isinstance(entries, list):
            return None
        left = [entry for raw in entries if (entry := self._of_entry(raw)) is not None]
        return {**content, "entry": left} if left else None

    def _of_entry(self, entry: Any) -> Any:
        changes = entry.get("changes") if isinstance(entry, dict) else None
        if not isinstance(changes, list):
            return entry
        left = [change for raw in changes if (change := self._of_change(raw)) is not None]
        return {**entry, "changes": left} if left else None

    def _of_change(self, change: Any) -> Any:
        value = change.get("value") if isinstance(change, dict) else None
        if not isinstance(value, dict):
            return change
        left = self._of_value(value)
        return None if left is None else {**change, "value": left}

    def _of_value(self, value: Item) -> Item | None:
        """Return the value without their items and contacts; None when only its frame would be left."""
        before = self._taken
        left = {name: self._of_member(name, member) for name, member in value.items()}
        if self._taken == before and not _has_contact(value, self._is_theirs):
            return value
        self._parted.is_changed = True
        items = {name: m for name, m in left.items() if isinstance(m, list) and m and name != "contacts"}
        if not items:
            return None
        said = json.dumps(items)
        contacts = [c for c in value.get("contacts") or [] if not self._is_gone(c, said)]
        return {**{n: m for n, m in left.items() if m != []}, **({"contacts": contacts} if contacts else {})}

    def _of_member(self, name: str, member: Any) -> Any:
        if not isinstance(member, list) or name == "contacts":
            return [] if name == "contacts" else member
        if name == "history":
            return [chunk for raw in member if (chunk := self._of_chunk(raw)) is not None]
        return [item for item in member if not self._takes(item)]

    def _of_chunk(self, chunk: Any) -> Any:
        """Return a part of the history of a number without their thread and their messages."""
        threads = chunk.get("threads") if isinstance(chunk, dict) else None
        if not isinstance(threads, list):
            return chunk
        left = [thread for raw in threads if (thread := self._of_thread(raw)) is not None]
        return {**chunk, "threads": left} if left else None

    def _of_thread(self, thread: Any) -> Any:
        messages = thread.get("messages") if isinstance(thread, dict) else None
        if not isinstance(messages, list):
            return thread
        if self._is_theirs({"wa_id": thread.get("id")}):
            self._parted.gone += [message for message in messages if isinstance(message, dict)]
            self._taken += 1
            return None
        left = [message for message in messages if not self._takes(message)]
        return {**thread, "messages": left} if left else None

    def _takes(self, item: Any) -> bool:
        is_theirs = isinstance(item, dict) and self._is_theirs(item)
        if is_theirs:
            self._parted.gone.append(item)
            self._taken += 1
        return is_theirs

    def _is_gone(self, contact: Any, said: str) -> bool:
        """Tell whether a contact is theirs, or of nobody whom the items that are left name."""
        if not isinstance(contact, dict) or self._is_theirs(contact):
            return True
        names = [contact.get(name) for name in ("wa_id", "user_id")]
        return not any(isinstance(name, str) and json.dumps(name) in said for name in names)


def _has_contact(value: Item, is_theirs: IsTheirs) -> bool:
    contacts = value.get("contacts")
    return isinstance(contacts, list) and any(isinstance(c, dict) and is_theirs(c) for c in contacts)
