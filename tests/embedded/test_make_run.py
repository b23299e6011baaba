"""The whole product, as a newcomer starts it: `make run`."""

import psutil
import pytest

from kiaai.embedded.ports import answers
from tests.embedded.conftest import Supervise, wait_for
from tests.signals import to_each


@pytest.mark.e2e
def test_make_run_starts_everything_and_ends_it(make_run: Supervise) -> None:
    watched = make_run()
    wait_for(lambda: answers("127.0.0.1", watched.port, "/readyz"), "the web server to be ready")
    wait_for(lambda: answers("127.0.0.1", watched.port + 1, "/"), "the sandbox to answer")
    names = {
        name
        for process in watched.marked()
        for name in ("gunicorn", "celery", "kiaai.sandbox")
        if name in process.cmdline()
    }
    assert names == {"gunicorn", "celery", "kiaai.sandbox"}

    watched.stop()

    assert watched.leftovers() == []


@pytest.mark.faults
@pytest.mark.e2e
def test_killed_and_started_again_it_serves_on_the_same_port(make_run: Supervise) -> None:
    first = make_run()
    wait_for(lambda: answers("127.0.0.1", first.port, "/readyz"), "the web server to be ready")
    to_each(psutil.Process(first.process.pid).children(recursive=True), psutil.Process.kill)
    first.process.kill()
    first.process.wait()

    second = make_run(PORT=str(first.port))

    wait_for(lambda: answers("127.0.0.1", first.port, "/readyz"), "the web server to be ready again")
    second.stop()
    assert second.leftovers() == []
