"""The media folder: one file an attachment, never with a customer's words in its path."""

import errno
import hashlib
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import BufferedRandom, FileIO
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from kiaai.errors import KiaAiError

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

# A folder holds this many attachments: listing one stays quick with millions of files.
PER_FOLDER = 1000
# The disk is full, over quota, read-only, or the file is larger than the disk allows.
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG})


class NoRoom(KiaAiError):
    """The file cannot be written here; nothing is wrong with the file."""


@dataclass(frozen=True)
class Kept:
    """A file on disk. path: relative to the media folder. sha256: lowercase hex of the bytes."""

    path: str
    size_bytes: int
    sha256: str


class Storage:
    """The media folder."""

    def __init__(self, root: Path):
        self.root = root

    @contextmanager
    def draft(self, attachment_id: int) -> Iterator["Draft"]:
        """Give a file to write to; what is not kept by the end of the block is removed.

        Raises NoRoom when the disk is full, also from inside the block.
        """
        with _told_as_no_room():
            folder = self.root / str(attachment_id // PER_FOLDER)
            _make_private(self.root)
            _make_private(folder)
            self.forget_drafts(attachment_id)
            with Draft(self.root, folder, attachment_id) as draft:
                yield draft

    def keep(self, attachment_id: int, content: bytes, is_durable: bool = True) -> Kept:
        """Store bytes that are already at hand. is_durable: whether they must outlive a power cut."""
        with self.draft(attachment_id) as draft:
            draft.file.write(content)
            return draft.keep(is_durable)

    def find(self, path: str | None) -> Path | None:
        """Return the file behind a stored path; None when there is none, or it lies outside the folder."""
        if not path:
            return None
        root = self.root.resolve()
        found = (root / path).resolve()
        return found if found.is_relative_to(root) and found.is_file() else None

    def remove(self, path: str) -> None:
        """Delete a kept file; one that is gone already is no error."""
        found = self.find(path)
        if found:
            found.unlink(missing_ok=True)

    def forget(self, attachment_id: int) -> None:
        """Delete all that is kept of an attachment, also what is half-written."""
        folder = self.root / str(attachment_id // PER_FOLDER)
        for file in folder.glob(f"{attachment_id}-*"):
            file.unlink(missing_ok=True)

    def forget_drafts(self, attachment_id: int) -> None:
        """Delete what a killed worker left half-written for this attachment."""
        folder = self.root / str(attachment_id // PER_FOLDER)
        for leftover in folder.glob(f"{attachment_id}-*.part"):
            leftover.unlink(missing_ok=True)


class Draft:
    """A file being written. `keep` makes it last through a power cut, all of it or nothing."""

    def __init__(self, root: Path, folder: Path, attachment_id: int):
        self._root = root
        self._final = folder / f"{attachment_id}-{secrets.token_hex(8)}"
        self._path = self._final.with_suffix(".part")
        self.file = _File(FileIO(self._path, "x+b", opener=_private))

    def __enter__(self) -> "Draft":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._path.unlink(missing_ok=True)
        with suppress(OSError):  # the last bytes of what is thrown away may find no room either
            self.file.close()

    def head(self, length: int) -> bytes:
        """Return the first bytes written so far."""
        self.file.seek(0)
        return self.file.read(length)

    def keep(self, is_durable: bool = True) -> Kept:
        """Save the file for good: bytes first, then the name, then the folder that holds the name."""
        self.file.flush()
        if is_durable:
            os.fsync(self.file.fileno())
        self.file.seek(0)
        digest = hashlib.file_digest(self.file, "sha256").hexdigest()
        size = self.file.tell()
        self._path.rename(self._final)
        if is_durable:
            _sync_folder(self._final.parent)
        return Kept(str(self._final.relative_to(self._root)), size, digest)


class _File(BufferedRandom):
    """Says NoRoom at once: who writes for us would take an OSError for the network's."""

    def write(self, data: "ReadableBuffer", /) -> int:
        with _told_as_no_room():
            return super().write(data)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


@contextmanager
def _told_as_no_room() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise
        raise NoRoom(f"The server has no room for files ({error.strerror})") from error


def _make_private(folder: Path) -> None:
    if not folder.is_dir():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
