"""Media: files with an id that dies after days, and an address that dies after five minutes."""

import base64
import hashlib
import hmac
import secrets
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from kiaai.sandbox.store import Store

DAY_SECONDS = 86_400
UPLOADED_DAYS = 30
INBOUND_DAYS = 7
URL_SECONDS = 300

DOCUMENTS = {
    "text/plain",
    "application/pdf",
    "application/msword",
    "application/vnd.ms-excel",
    "application/vnd.ms-powerpoint",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation",
}
MEGABYTE = 1024 * 1024
# kind: (types, largest size). Source: the Cloud API media reference, supported types.
SUPPORTED: dict[str, tuple[set[str], int]] = {
    "audio": ({"audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg"}, 16 * MEGABYTE),
    "document": (DOCUMENTS, 100 * MEGABYTE),
    "image": ({"image/jpeg", "image/png"}, 5 * MEGABYTE),
    "sticker": ({"image/webp"}, 500 * 1024),
    "video": ({"video/mp4", "video/3gpp"}, 16 * MEGABYTE),
}


@dataclass(frozen=True)
class File:
    """A stored file; sha256 in hex, as look-ups give it."""

    id: str
    name: str
    mime_type: str
    sha256: str
    size: int
    path: Path

    @property
    def sha256_base64(self) -> str:
        """As webhooks give it."""
        return base64.b64encode(bytes.fromhex(self.sha256)).decode()

    @property
    def kind(self) -> str:
        """The message kind this file would be sent as."""
        return kind_of(self.mime_type)


def kind_of(mime_type: str) -> str:
    bare = mime_type.partition(";")[0].strip().lower()
    return next((kind for kind, (types, _) in SUPPORTED.items() if bare in types), "document")


class Files:
    """Keeps the bytes in a folder and what is known of them in the store."""

    def __init__(self, store: Store, folder: Path, secret: str):
        self._store = store
        self._folder = folder
        self._secret = secret.encode()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def keep(self, save: Callable[[Path], object], name: str, mime_type: str, days: int) -> File:
        """Store a file for some days. `save` writes the bytes to the path it is given."""
        file_id = "4" + "".join(secrets.choice("0123456789") for _ in range(15))
        path = self._folder / file_id
        save(path)
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        size, dies_at = path.stat().st_size, time.time() + days * DAY_SECONDS
        self._store.run(
            "INSERT INTO files (id, name, mime_type, sha256, size, dies_at) VALUES (?, ?, ?, ?, ?, ?)",
            *(file_id, name, mime_type, digest, size, dies_at),
        )
        return File(file_id, name, mime_type, digest, size, path)

    def find(self, file_id: str) -> File | None:
        """Return a file that Graph still knows."""
        sql = "SELECT * FROM files WHERE id = ? AND dies_at > ?"
        return self._file(self._store.find_row(sql, file_id, time.time()))

    def find_even_dead(self, file_id: str) -> File | None:
        """Return a file for the phone page, which keeps what it was sent."""
        return self._file(self._store.find_row("SELECT * FROM files WHERE id = ?", file_id))

    def forget(self, file: File) -> None:
        """Make the id unknown to Graph. The bytes stay, as they do on a customer's phone."""
        self._store.run("UPDATE files SET dies_at = 0 WHERE id = ?", file.id)

    def address(self, file: File, base_url: str) -> str:
        """Return an address that works for five minutes, with the token."""
        expires = str(int(time.time()) + URL_SECONDS)
        return (
            f"{base_url}/whatsapp_business/attachments/"
            f"?mid={file.id}&source=getMedia&ext={expires}&hash={self._hash(file.id, expires)}"
        )

    def is_address_alive(self, file_id: str, expires: str, digest: str) -> bool:
        is_genuine = hmac.compare_digest(self._hash(file_id, expires).encode(), digest.encode())
        return is_genuine and expires.isdigit() and int(expires) > time.time()

    def _hash(self, file_id: str, expires: str) -> str:
        return hmac.new(self._secret, f"{file_id}:{expires}".encode(), hashlib.sha256).hexdigest()[:32]

    def _file(self, row: sqlite3.Row | None) -> File | None:
        if row is None:
            return None
        return File(
            *(row["id"], row["name"], row["mime_type"], row["sha256"], row["size"], self._folder / row["id"])
        )
