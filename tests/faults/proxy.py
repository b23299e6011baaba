"""A TCP proxy that can be told to delay, refuse, swallow, cut and reset what goes through it."""

import socket
import struct
import threading
import time
from contextlib import suppress

Target = tuple[str, int] | str
CHUNK_BYTES = 65_536
# What PostgreSQL is sent at the end of each transaction.
COMMIT = b"COMMIT\x00"


class Wire:
    """One connection: the client's end and the server's end."""

    def __init__(self, client: socket.socket, server: socket.socket):
        self.client, self.server = client, server
        # The answer that comes next is not passed on: the client sees a reset instead.
        self.is_doomed = False

    def close(self, with_reset: bool = False) -> None:
        for end in (self.client, self.server):
            with suppress(OSError):
                if with_reset:
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                else:
                    end.shutdown(socket.SHUT_RDWR)
            # A thread that reads from it holds it open; shutdown wakes that thread.
            with suppress(OSError):
                end.shutdown(socket.SHUT_RD)
            end.close()


class Proxy:
    """Forwards a port of loopback to `target`: an address, or the path of a Unix socket."""

    def __init__(self, target: Target):
        self._target = target
        self._lock = threading.Lock()
        self._wires: set[Wire] = set()
        self._answers_to_lose = 0
        self._answers_to = COMMIT
        self.delay_seconds = 0.0
        self.is_black_hole = False
        self.port = 0
        self._listener: socket.socket | None = None
        self._is_abandoned = False
        self.accept()

    def accept(self) -> None:
        """Take connections, again or for the first time."""
        if self._listener is not None or self._is_abandoned:
            return
        listener = socket.create_server(("127.0.0.1", self.port), backlog=256)
        self.port = listener.getsockname()[1]
        self._listener = listener
        threading.Thread(target=self._serve, args=(listener,), daemon=True).start()

    def refuse(self) -> None:
        """Refuse connections from now on, and cut those there are."""
        with self._lock:
            listener, self._listener = self._listener, None
        if listener is not None:
            # Wakes the thread that accepts.
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        self.cut()

    def abandon(self) -> None:
        """Refuse connections for good."""
        self._is_abandoned = True
        self.refuse()

    def swallow(self) -> None:
        """Be a black hole: take every byte and pass none on."""
        self.is_black_hole = True

    def heal(self) -> None:
        """Forward again; connections that lost bytes are reset."""
        self.delay_seconds, self._answers_to_lose = 0.0, 0
        if self.is_black_hole:
            self.is_black_hole = False
            self.reset()
        self.accept()

    def lose_answers(self, times: int, to: bytes = COMMIT) -> None:
        """Pass on the next requests that hold these bytes, and reset instead of bringing the answer."""
        with self._lock:
            self._answers_to_lose, self._answers_to = times, to

    @property
    def answers_to_lose(self) -> int:
        with self._lock:
            return self._answers_to_lose

    def cut(self) -> None:
        """Close all connections in an orderly way."""
        for wire in self._taken():
            wire.close()

    def reset(self) -> None:
        """Reset all connections."""
        for wire in self._taken():
            wire.close(with_reset=True)

    def _taken(self) -> set[Wire]:
        with self._lock:
            wires, self._wires = self._wires, set()
        return wires

    def _serve(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            try:
                server = self._connect()
            except OSError:
                client.close()
                continue
            wire = Wire(client, server)
            with self._lock:
                # Refused while it connected: whoever cuts the wires has not seen this one.
                is_late = self._listener is not listener
                if not is_late:
                    self._wires.add(wire)
            if is_late:
                wire.close()
                return
            threading.Thread(target=self._pump, args=(wire, wire.client), daemon=True).start()
            threading.Thread(target=self._pump, args=(wire, wire.server), daemon=True).start()

    def _connect(self) -> socket.socket:
        if isinstance(self._target, str):
            server = socket.socket(socket.AF_UNIX)
            server.connect(self._target)
        else:
            server = socket.create_connection(self._target, timeout=5)
            server.settimeout(None)
        return server

    def _pump(self, wire: Wire, source: socket.socket) -> None:
        sink = wire.server if source is wire.client else wire.client
        try:
            while data := source.recv(CHUNK_BYTES):
                if self.delay_seconds:
                    time.sleep(self.delay_seconds)
                if self.is_black_hole:
                    continue
                if source is wire.server and wire.is_doomed:
                    wire.close(with_reset=True)
                    break
                if source is wire.client:
                    wire.is_doomed = wire.is_doomed or self._loses_answer_to(data)
                sink.sendall(data)
        except OSError:
            # The other end went away; so does this one.
            pass
        finally:
            with self._lock:
                self._wires.discard(wire)
            wire.close()

    def _loses_answer_to(self, data: bytes) -> bool:
        with self._lock:
            is_lost = self._answers_to_lose > 0 and self._answers_to in data
            self._answers_to_lose -= is_lost
        return is_lost
