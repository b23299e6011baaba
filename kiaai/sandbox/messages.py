"""The messages on the phones, both directions."""

import base64
import json
import secrets
import sqlite3
import time
from dataclasses import dataclass
from typing import Any

from kiaai.sandbox.errors import title_of
from kiaai.sandbox.store import Store
from kiaai.texts import lazy

_KIND_NAMES = {
    "image": lazy("Image"),
    "video": lazy("Video"),
    "audio": lazy("Audio"),
    "document": lazy("Document"),
    "sticker": lazy("Sticker"),
    "location": lazy("Location"),
    "contacts": lazy("Contacts"),
    "template": lazy("Template"),
    "interactive": lazy("Choice"),
}


@dataclass(frozen=True)
class Message:
    """One message. `content` is the object named like its kind; `at` is Unix time.

    status: of the business's messages `sent`, `read` or `failed`; of a customer's `waiting` (for the
    webhook's 200), `delivered` or `read`.
    """

    id: int
    person_id: int
    wamid: str
    is_from_customer: bool
    is_echo: bool
    kind: str
    content: dict[str, Any]
    reply_to: str | None
    recipient: str
    send_key: str | None
    status: str
    error_code: int | None
    customer_reaction: str
    business_reaction: str
    is_edited: bool
    is_deleted: bool
    at: float
    changed: int

    @property
    def text(self) -> str:
        """What the message says, in one line or more; empty for a bare file."""
        for key in ("body", "caption", "name", "text", "title", "filename", "emoji"):
            value = self.content.get(key)
            if isinstance(value, str) and value:
                return value
            if isinstance(value, dict) and isinstance(value.get("text"), str):
                return str(value["text"])
        reply = self.content.get("button_reply") or self.content.get("list_reply") or {}
        return str(reply.get("title", ""))

    @property
    def preview(self) -> str:
        return lazy("Message deleted") if self.is_deleted else self.text or self.kind_name

    @property
    def kind_name(self) -> str:
        return _KIND_NAMES.get(self.kind, self.kind.capitalize())

    @property
    def error_title(self) -> str:
        return "" if self.error_code is None else title_of(self.error_code)

    def as_sent(self) -> dict[str, Any]:
        """Return what tests and scripts want to know of an accepted message."""
        return {
            "to": self.recipient,
            "kind": self.kind,
            "text": self.text,
            "wamid": self.wamid,
            "send_key": self.send_key,
            "at": self.at,
            "content": self.content,
            "reply_to": self.reply_to,
            "status": self.status,
            "error_code": self.error_code,
        }


class Messages:
    """Adds, changes and lists messages; every change raises the number that polls ask by."""

    def __init__(self, store: Store):
        self._store = store

    def add(self, person_id: int, kind: str, content: dict[str, Any], **columns: Any) -> Message:
        """Add a message; further columns by name."""
        columns = {
            "person_id": person_id,
            "kind": kind,
            "content": json.dumps(content),
            "wamid": new_wamid(),
            "is_from_customer": 0,
            "at": time.time(),
            **columns,
        }
        with self._store.transaction():
            columns["changed"] = self._store.next_change()
            names, marks = ", ".join(columns), ", ".join("?" * len(columns))
            sql = f"INSERT INTO messages ({names}) VALUES ({marks})"
            return self.get(self._store.run(sql, *columns.values()))

    def change(self, message: Message, **columns: Any) -> None:
        with self._store.transaction():
            columns["changed"] = self._store.next_change()
            changes = ", ".join(f"{name} = ?" for name in columns)
            self._store.run(f"UPDATE messages SET {changes} WHERE id = ?", *columns.values(), message.id)

    def get(self, message_id: int) -> Message:
        """Return a message. Raises LookupError."""
        return _message(self._store.row("SELECT * FROM messages WHERE id = ?", message_id))

    def find(self, wamid: str) -> Message | None:
        row = self._store.find_row("SELECT * FROM messages WHERE wamid = ?", wamid)
        return _message(row) if row else None

    def changed_since(self, person_id: int, since: int, limit: int = 200) -> list[Message]:
        """Return the newest changed messages of a chat, oldest first."""
        sql = "SELECT * FROM messages WHERE person_id = ? AND changed > ? ORDER BY id DESC LIMIT ?"
        return [_message(row) for row in reversed(self._store.rows(sql, person_id, since, limit))]

    def last_shown(self, person_id: int) -> Message | None:
        sql = (
            "SELECT * FROM messages WHERE person_id = ? AND kind NOT IN ('reaction') AND status != 'failed'"
            " ORDER BY id DESC LIMIT 1"
        )
        row = self._store.find_row(sql, person_id)
        return _message(row) if row else None

    def unseen_count(self, person_id: int, seen_id: int) -> int:
        sql = (
            "SELECT count(*) AS n FROM messages WHERE person_id = ? AND id > ? AND is_from_customer = 0"
            " AND status != 'failed' AND kind NOT IN ('reaction')"
        )
        return int(self._store.row(sql, person_id, seen_id)["n"])

    def unread_by_customer(self, person_id: int, up_to_id: int) -> list[Message]:
        """Return accepted messages of the business that the customer has not read yet."""
        sql = (
            "SELECT * FROM messages WHERE person_id = ? AND id <= ? AND is_from_customer = 0 AND is_echo = 0"
            " AND status = 'sent' AND kind NOT IN ('reaction') ORDER BY id"
        )
        return [_message(row) for row in self._store.rows(sql, person_id, up_to_id)]

    def read_by_business(self, message: Message) -> None:
        """Mark a customer's message and all before it as read."""
        with self._store.transaction():
            self._store.run(
                "UPDATE messages SET status = 'read', changed = ? WHERE person_id = ? AND id <= ?"
                " AND is_from_customer = 1 AND status != 'read'",
                *(self._store.next_change(), message.person_id, message.id),
            )

    def delivered_to_business(self, wamid: str) -> None:
        """Give a customer's message its second tick, unless it was read meanwhile."""
        with self._store.transaction():
            self._store.run(
                "UPDATE messages SET status = 'delivered', changed = ? WHERE wamid = ?"
                " AND status = 'waiting'",
                *(self._store.next_change(), wamid),
            )

    def accepted(self, after_id: int = 0, limit: int = -1) -> list[Message]:
        """Return what the business sent through Graph, in the order of acceptance."""
        sql = (
            "SELECT * FROM messages WHERE is_from_customer = 0 AND is_echo = 0 AND id > ? ORDER BY id LIMIT ?"
        )
        return [_message(row) for row in self._store.rows(sql, after_id, limit)]


def new_wamid() -> str:
    return "wamid.HBgL" + base64.b64encode(secrets.token_bytes(33)).decode()


def _message(row: sqlite3.Row) -> Message:
    columns = {name: row[name] for name in row.keys()}  # noqa: SIM118 - a Row iterates over its values
    for name in ("is_from_customer", "is_echo", "is_edited", "is_deleted"):
        columns[name] = bool(columns[name])
    return Message(**{**columns, "content": json.loads(columns["content"])})
