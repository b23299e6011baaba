"""Files of customers while the disk has no room for them."""

import resource
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.faults.processes import until
from tests.faults.rig import Rig, pdf

FILE_BYTES = 4_000_000
# Room for one file and a half.
DISK_BYTES = 6_000_000


def test_a_full_disk_leaves_files_waiting_and_they_come_once_there_is_room(rig: Rig) -> None:
    customers = rig.known_customers(3)
    with _small_disk(rig) as grow:
        for customer in customers:
            rig.write(customer, "", file=pdf(FILE_BYTES))
        until(lambda: rig.worker.log().count("no room") >= 2, "the disk to be full")
        rig.send(customers[0], "Todo lo demás sigue")
        until(lambda: rig.statuses(customers[0]) == ["delivered"], "a message meanwhile")
        waiting = "SELECT count(*) FROM attachments WHERE state = 'waiting'"
        assert rig.value(waiting) >= 2

        grow()

        rig.recover("disk full for the media folder")
        assert rig.value("SELECT count(*) FROM attachments WHERE state = 'stored'") == 3
    rig.value("DELETE FROM attachments")


@contextmanager
def _small_disk(rig: Rig) -> Iterator[Callable[[], None]]:
    """Give the media folder little room, as a disk of its own or by a limit on the worker's files."""
    rig.value("DELETE FROM attachments")
    media = rig.instance / "media"
    media.mkdir(mode=0o700, exist_ok=True)
    if _run("mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES},mode=700", "tmpfs", str(media)):
        try:
            yield lambda: _must(_run("mount", "-o", f"remount,size={10 * DISK_BYTES}", str(media)))
        finally:
            rig.worker.kill()
            _must(_run("umount", str(media)))
    else:
        _limit_files(rig, FILE_BYTES // 2)
        yield lambda: _limit_files(rig, resource.RLIM_INFINITY)


def _limit_files(rig: Rig, size_bytes: int) -> None:
    rig.worker.process().rlimit(resource.RLIMIT_FSIZE, (size_bytes, resource.RLIM_INFINITY))


def _run(*command: str) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _must(is_done: bool) -> None:
    assert is_done
