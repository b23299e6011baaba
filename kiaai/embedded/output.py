"""One log for all processes: what they write arrives through pipes and leaves on stderr."""

import os
import selectors
from typing import BinaryIO

# A line without an end must not grow without one.
_LONGEST_LINE = 64 * 1024


class Output:
    """Gathers the lines of all children. Lines of JSON pass as they are, others get their name in front."""

    def __init__(self, out: BinaryIO, muted: tuple[bytes, ...] = ()) -> None:
        """Write to `out` all lines but those that contain one of `muted`."""
        self._out = out
        self._muted = muted
        self._selector = selectors.DefaultSelector()
        self._unfinished: dict[int, bytes] = {}

    def open_pipe(self, name: str) -> int:
        """Return a descriptor to write to; the caller closes it. An empty name adds nothing in front."""
        reader, writer = os.pipe()
        os.set_blocking(reader, False)
        self._selector.register(reader, selectors.EVENT_READ, name)
        self._unfinished[reader] = b""
        return writer

    def watch(self, descriptor: int) -> None:
        """Also end a wait when this descriptor has something to read, which is thrown away."""
        self._selector.register(descriptor, selectors.EVENT_READ, None)

    def pump(self, timeout_seconds: float) -> None:
        """Wait until somebody has written something, or for the time given, and pass it on."""
        for key, _ in self._selector.select(timeout_seconds):
            try:
                data = os.read(key.fd, 65536)
            except BlockingIOError:
                continue
            if key.data is not None:
                self._pass_on(key.fd, key.data, data)

    def drain(self) -> None:
        """Pass on everything that is already written."""
        for key in list(self._selector.get_map().values()):
            if key.data is not None:
                self._drain_pipe(key.fd, key.data)

    def _drain_pipe(self, reader: int, name: str) -> None:
        while reader in self._unfinished:
            try:
                self._pass_on(reader, name, os.read(reader, 65536))
            except BlockingIOError:
                return

    def _pass_on(self, reader: int, name: str, data: bytes) -> None:
        *lines, rest = (self._unfinished[reader] + data).split(b"\n")
        if rest and (not data or len(rest) > _LONGEST_LINE):
            lines, rest = [*lines, rest], b""
        self._unfinished[reader] = rest
        for line in lines:
            self._write(name, line)
        if not data:
            self._selector.unregister(reader)
            del self._unfinished[reader]
            os.close(reader)

    def _write(self, name: str, line: bytes) -> None:
        if any(words in line for words in self._muted):
            return
        is_json = line.startswith(b"{") and line.endswith(b"}")
        prefix = b"" if is_json or not name else f"{name:<8} | ".encode()
        try:
            self._out.write(prefix + line + b"\n")
            self._out.flush()
        except OSError:
            # The terminal is gone. The work goes on.
            pass
