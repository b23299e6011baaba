"""A load of HTTP requests from a process of its own, on loopback, bounded in time."""

import http.client
import multiprocessing
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.queues import Queue

TIME_OUT_SECONDS = 10
_Answers = list[tuple[float, int]]


@dataclass(frozen=True)
class Call:
    """One request: method, path, headers and body."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes | None = None


@dataclass(frozen=True)
class Result:
    """What a load gave. seconds: each request's time, sorted. statuses: how often each was answered."""

    per_second: float
    seconds: list[float]
    statuses: dict[int, int]

    def quantile(self, share: float) -> float:
        """Return a quantile of the times, in milliseconds."""
        return 1000 * self.seconds[min(len(self.seconds) - 1, int(share * len(self.seconds)))]

    def only(self, status: int) -> "Result":
        """Return itself. Raises SystemExit when anything was answered otherwise: that is no throughput."""
        if set(self.statuses) != {status}:
            raise SystemExit(f"Everything was to be answered {status}, and was: {self.statuses}")
        return self

    @property
    def failed(self) -> int:
        return sum(times for status, times in self.statuses.items() if status not in (200, 304))


def run(port: int, calls: Sequence[Call], seconds: float, connections: int = 16) -> Result:
    """Send the calls over and over, round robin, on that many connections, each as soon as it can."""
    return _in_a_process(_closed, (port, list(calls), seconds, connections), seconds)


def run_at(
    port: int, calls: Sequence[Call], per_second: float, seconds: float, connections: int = 48
) -> Result:
    """Send each call once at its time, whether or not the others were answered.

    A request's time counts from when it was due: waiting for a free connection is part of it.
    """
    return _in_a_process(_open, (port, list(calls), per_second, seconds, connections), seconds)


def once(port: int, call: Call) -> tuple[float, int]:
    """Send one call; return its seconds and the status."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIME_OUT_SECONDS)
    answer = _send(connection, call, time.monotonic())
    connection.close()
    return answer


def _in_a_process(load: Callable[..., None], arguments: tuple[object, ...], seconds: float) -> Result:
    queue: Queue[_Answers] = multiprocessing.Queue()
    process = multiprocessing.Process(target=load, args=(*arguments, queue))
    process.start()
    answers = queue.get(timeout=seconds + 60)
    process.join()
    statuses: dict[int, int] = {}
    for _, status in answers:
        statuses[status] = statuses.get(status, 0) + 1
    return Result(len(answers) / seconds, sorted(took for took, _ in answers), statuses)


def _closed(port: int, calls: list[Call], seconds: float, connections: int, queue: "Queue[_Answers]") -> None:
    until = time.monotonic() + seconds

    def work(number: int, connection: http.client.HTTPConnection, answers: _Answers) -> None:
        position = number
        while time.monotonic() < until:
            answers.append(_send(connection, calls[position % len(calls)], time.monotonic()))
            position += connections

    queue.put(_on_threads(port, connections, work))


def _open(
    port: int,
    calls: list[Call],
    per_second: float,
    seconds: float,
    connections: int,
    queue: "Queue[_Answers]",
) -> None:
    began = time.monotonic() + 0.2
    due = iter(enumerate(calls[: int(per_second * seconds)]))
    lock = threading.Lock()

    def work(_number: int, connection: http.client.HTTPConnection, answers: _Answers) -> None:
        while True:
            with lock:
                position, call = next(due, (None, None))
            if position is None or call is None:
                return
            at = began + position / per_second
            time.sleep(max(0.0, at - time.monotonic()))
            answers.append(_send(connection, call, at))

    queue.put(_on_threads(port, connections, work))


def _on_threads(
    port: int, connections: int, work: Callable[[int, http.client.HTTPConnection, _Answers], None]
) -> _Answers:
    answers: _Answers = []

    def run_one(number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIME_OUT_SECONDS)
        work(number, connection, answers)
        connection.close()

    threads = [threading.Thread(target=run_one, args=[number]) for number in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def _send(connection: http.client.HTTPConnection, call: Call, since: float) -> tuple[float, int]:
    try:
        connection.request(call.method, call.path, call.body, call.headers)
        answer = connection.getresponse()
        answer.read()
        return time.monotonic() - since, answer.status
    except (OSError, http.client.HTTPException):
        connection.close()
        return time.monotonic() - since, 0
