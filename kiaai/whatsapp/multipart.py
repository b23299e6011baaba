"""A multipart body that reads its file while it is sent, so that 100 MB never sit in memory."""

import io
import os
import secrets
from collections.abc import Iterator, Mapping
from typing import BinaryIO


class Multipart:
    """A body with a few fields and one file; `requests` sends it through `read` and its length."""

    def __init__(self, fields: Mapping[str, str], file: BinaryIO, mime_type: str, file_name: str):
        boundary = secrets.token_hex(16)
        self.content_type = f"multipart/form-data; boundary={boundary}"
        parts = [_part(boundary, f'name="{_quoted(name)}"', value) for name, value in fields.items()]
        parts.append(
            f"--{boundary}\r\n"
            f'Content-Disposition: form-data; name="file"; filename="{_quoted(file_name)}"\r\n'
            f"Content-Type: {_header(mime_type)}\r\n\r\n"
        )
        head = "".join(parts).encode("utf-8", "replace")
        tail = f"\r\n--{boundary}--\r\n".encode()
        self._length = len(head) + _bytes_left(file) + len(tail)
        self._sources: list[BinaryIO] = [io.BytesIO(head), file, io.BytesIO(tail)]

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[bytes]:
        while chunk := self.read(65_536):
            yield chunk

    def read(self, size: int = 65_536) -> bytes:
        """Return the next bytes, empty at the end."""
        while self._sources:
            if chunk := self._sources[0].read(size):
                return chunk
            self._sources.pop(0)
        return b""


def _part(boundary: str, disposition: str, value: str) -> str:
    return f"--{boundary}\r\nContent-Disposition: form-data; {disposition}\r\n\r\n{_header(value)}\r\n"


def _header(value: str) -> str:
    return value.replace("\r", " ").replace("\n", " ")


def _quoted(value: str) -> str:
    return _header(value).replace("\\", "%5C").replace('"', "%22")


def _bytes_left(file: BinaryIO) -> int:
    start = file.tell()
    end = file.seek(0, os.SEEK_END)
    file.seek(start)
    return end - start
