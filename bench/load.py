"""A load of HTTP requests from processes of their own, on loopback, bounded in time."""

import http.client
import multiprocessing
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.queues import Queue

TIME_OUT_SECONDS = 10


@dataclass(frozen=True)
class Call:
    """One request: method, path, headers and body."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes | None = None


@dataclass(frozen=True)
class Result:
    """What a load gave. seconds: each request's time, sorted."""

    requests: int
    failed: int
    per_second: float
    seconds: list[float]

    def quantile(self, share: float) -> float:
        return self.seconds[min(len(self.seconds) - 1, int(share * len(self.seconds)))]


def run(port: int, calls: Sequence[Call], seconds: float, connections: int = 16) -> Result:
    """Send the calls over and over, round robin, on that many connections, and count the answers."""
    queue: Queue[tuple[list[float], int]] = multiprocessing.Queue()
    process = multiprocessing.Process(target=_load, args=(port, list(calls), seconds, connections, queue))
    process.start()
    times, failed = queue.get(timeout=seconds + 60)
    process.join()
    return Result(len(times), failed, len(times) / seconds, sorted(times))


def _load(
    port: int,
    calls: list[Call],
    seconds: float,
    connections: int,
    queue: "Queue[tuple[list[float], int]]",
) -> None:
    times: list[float] = []
    failures: list[int] = []
    until = time.monotonic() + seconds

    def work(number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIME_OUT_SECONDS)
        position = number
        while time.monotonic() < until:
            call = calls[position % len(calls)]
            position += connections
            began = time.monotonic()
            connection.request(call.method, call.path, call.body, call.headers)
            answer = connection.getresponse()
            answer.read()
            times.append(time.monotonic() - began)
            if answer.status not in (200, 304):
                failures.append(answer.status)
        connection.close()

    threads = [threading.Thread(target=work, args=[number]) for number in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    queue.put((times, len(failures)))
