"""The worker process: `celery --app kiaai.worker.app worker`."""

import logging
import os
import threading
import warnings
from typing import Any

from celery.exceptions import SecurityWarning
from celery.signals import celeryd_after_setup, setup_logging, worker_shutting_down

from kiaai import create_app
from kiaai.extensions import celery
from kiaai.worker import tasks  # noqa: F401  # registers the tasks
from kiaai.worker.floor import floor, open_floor

__all__ = ["app", "celery"]

log = logging.getLogger(__name__)

# With the 27 s in which work may finish, less than the 30 s that a supervisor waits.
GOODBYE_SECONDS = 2.0

# About running as root with pickled messages; ours are JSON, and a small server often has only root.
warnings.filterwarnings("ignore", category=SecurityWarning)

flask_app = create_app()
app = celery


@setup_logging.connect
def _keep_our_logging(**_: Any) -> None:
    """Keep Celery from replacing the handlers that the app has set."""


# Not worker_ready: that never comes while the broker is away. Not worker_init: Celery changes the environment
# after it, and libpq reads that in each of our threads, which crashes the process once in a dozen starts.
@celeryd_after_setup.connect
def _open(**_: Any) -> None:
    open_floor(flask_app)


@worker_shutting_down.connect
def _close(**_: Any) -> None:
    if not floor().stop():
        log.warning("Some work was still under way at the end; its leases run out by themselves")
    # All that is left is to say goodbye to the broker, and one that does not answer must not keep us.
    goodbye = threading.Timer(GOODBYE_SECONDS, os._exit, [0])
    goodbye.daemon = True
    goodbye.start()
