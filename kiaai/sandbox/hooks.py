"""The queue of webhooks: kept on disk, in order for each person, retried until the answer is 200."""

import heapq
import itertools
import json
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from kiaai.sandbox.faults import Faults
from kiaai.sandbox.posting import post
from kiaai.sandbox.rules import Rules
from kiaai.sandbox.store import Store
from kiaai.whatsapp.signature import sign

THREADS = 8
GIVE_UP_SECONDS = 7 * 86_400
LONGEST_WAIT_SECONDS = 30.0


@dataclass(frozen=True, order=True)
class Hook:
    """A webhook waiting for its 200. The order of fields is the order within a lane."""

    order_at: float
    id: int
    lane: str
    body: bytes
    wamid: str | None
    next_try_at: float
    tries: int
    first_at: float


class Hooks:
    """Posts from a few threads. A lane is one person: its webhooks go one after the other."""

    def __init__(
        self, store: Store, faults: Faults, rules: Rules, secret: str, on_delivered: Callable[[str], None]
    ):
        self._store, self._faults, self._rules, self._secret = store, faults, rules, secret
        self._on_delivered = on_delivered
        self._url: str | None = None
        self._lanes: dict[str, list[Hook]] = {}
        self._busy: set[str] = set()
        self._held: set[int] = set()
        self._undelivered: set[int] = set()
        self._wakes: list[tuple[float, str]] = []
        self._changed = threading.Condition()
        self._is_stopped = False
        self._threads: list[threading.Thread] = []
        self._lane_numbers = itertools.count(1)

    @property
    def url(self) -> str | None:
        """Where webhooks go; None keeps them waiting."""
        return self._url

    @url.setter
    def url(self, url: str | None) -> None:
        with self._changed:
            self._url = url
            self._changed.notify_all()

    @property
    def waiting_count(self) -> int:
        with self._changed:
            return len(self._undelivered)

    def start(self) -> None:
        """Take up what an earlier run left, and begin posting."""
        left = [_hook(row) for row in self._store.rows("SELECT * FROM hooks ORDER BY id")]
        self._line_up([hook for hook in left if hook.id not in self._undelivered])
        self.release(left)
        self._threads = [
            threading.Thread(target=self._work, name=f"webhook-{n}", daemon=True) for n in range(THREADS)
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        with self._changed:
            self._is_stopped = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join(timeout=12)

    def save(
        self, lane: str, body: dict[str, Any], after_seconds: float = 0, wamid: str | None = None
    ) -> list[Hook]:
        """Keep a webhook and its place in the lane; it goes only after `release`.

        wamid: the customer's message that this webhook brings.
        """
        raw = json.dumps(body, separators=(",", ":")).encode("ascii")
        now = time.time()
        saved = []
        for _ in range(2 if self._faults.duplicate_webhooks else 1):
            due_at, own_lane = now + after_seconds, lane
            if self._faults.shuffle_webhooks:
                # A lane of its own has nobody to wait for.
                own_lane = f"{lane}/{now}/{next(self._lane_numbers)}"
                due_at += random.random() * 0.3
            hook_id = self._store.run(
                "INSERT INTO hooks (lane, body, wamid, order_at, next_try_at, first_at)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                *(own_lane, raw, wamid, due_at, due_at, now),
            )
            saved.append(Hook(due_at, hook_id, own_lane, raw, wamid, due_at, 0, now))
        self._line_up(saved)
        return saved

    def release(self, hooks: list[Hook]) -> None:
        """Let saved webhooks go, each at its time."""
        with self._changed:
            for hook in hooks:
                self._held.discard(hook.id)
                heapq.heappush(self._wakes, (hook.next_try_at, hook.lane))
            self._changed.notify_all()

    def wait_until_delivered(self, hooks: list[Hook], seconds: float) -> bool:
        """Wait for the 200 of some webhooks; return whether all came in time."""
        ids = {hook.id for hook in hooks}
        with self._changed:
            return self._changed.wait_for(lambda: not ids & self._undelivered, timeout=seconds)

    def wait_until_empty(self, seconds: float = 5) -> bool:
        """Wait until every webhook had its 200; return whether that came in time."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._undelivered, timeout=seconds)

    def _line_up(self, hooks: list[Hook]) -> None:
        with self._changed:
            for hook in hooks:
                heapq.heappush(self._lanes.setdefault(hook.lane, []), hook)
                self._undelivered.add(hook.id)
                self._held.add(hook.id)

    def _work(self) -> None:
        while (taken := self._take()) is not None:
            hook, url = taken
            secret = self._secret + ("-wrong" if self._faults.wrong_signature else "")
            status = post(url, hook.body, sign(hook.body, secret))
            self._settle(hook, status == 200)

    def _take(self) -> tuple[Hook, str] | None:
        """Wait for a due webhook whose lane is free, and reserve the lane; None when stopped."""
        with self._changed:
            while not self._is_stopped:
                hook = self._due() if self._url else None
                if hook is not None and self._url:
                    self._busy.add(hook.lane)
                    return hook, self._url
                seconds = self._wakes[0][0] - time.time() if self._url and self._wakes else None
                self._changed.wait(None if seconds is None else max(0.001, seconds))
        return None

    def _due(self) -> Hook | None:
        while self._wakes and self._wakes[0][0] <= time.time():
            lane = heapq.heappop(self._wakes)[1]
            if lane in self._busy or not self._lanes.get(lane):
                continue
            head = self._lanes[lane][0]
            if head.id in self._held:
                continue
            if head.next_try_at <= time.time():
                return heapq.heappop(self._lanes[lane])
            heapq.heappush(self._wakes, (head.next_try_at, lane))
        return None

    def _settle(self, hook: Hook, is_delivered: bool) -> None:
        is_done = is_delivered or time.time() > hook.first_at + GIVE_UP_SECONDS
        again = replace(hook, tries=hook.tries + 1, next_try_at=time.time() + self._wait_seconds(hook.tries))
        # The tick is drawn before the lane goes on, so that "read" can never come between.
        if is_delivered and hook.wamid:
            self._on_delivered(hook.wamid)
        if is_done:
            self._store.run("DELETE FROM hooks WHERE id = ?", hook.id)
        else:
            self._store.run(
                "UPDATE hooks SET tries = ?, next_try_at = ? WHERE id = ?",
                again.tries,
                again.next_try_at,
                hook.id,
            )
        with self._changed:
            if is_done:
                self._undelivered.discard(hook.id)
            else:
                heapq.heappush(self._lanes[hook.lane], again)
            self._free(hook.lane)
            self._changed.notify_all()

    def _free(self, lane: str) -> None:
        self._busy.discard(lane)
        if self._lanes[lane]:
            heapq.heappush(self._wakes, (self._lanes[lane][0].next_try_at, lane))
        else:
            del self._lanes[lane]

    def _wait_seconds(self, tries: int) -> float:
        """Return the wait before the next try: none before the second, then doubling."""
        if tries == 0:
            return 0.0
        return float(min(LONGEST_WAIT_SECONDS, self._rules.retry_seconds * 2 ** min(tries - 1, 20)))


def _hook(row: Any) -> Hook:
    return Hook(
        order_at=row["order_at"],
        id=row["id"],
        lane=row["lane"],
        body=row["body"],
        wamid=row["wamid"],
        next_try_at=row["next_try_at"],
        tries=row["tries"],
        first_at=row["first_at"],
    )
