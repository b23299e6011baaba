"""The start of a worker process, seen from outside."""

import os
import subprocess
import sys
from pathlib import Path

from kiaai.config import ROOT

# Audit events tell of each change of the environment and of each connection.
PROGRAM = """
import os, sys

opened = []

def watch(event, arguments):
    if opened and event == "os.putenv":
        os._exit(3)
    if opened and event == "socket.connect":
        os._exit(0)

import kiaai.worker.app as worker

worker.open_floor = opened.append
sys.addaudithook(watch)
worker.app.worker_main(["--quiet", "worker", "--pool", "threads", "--without-mingle", "--without-gossip"])
"""


def test_nobody_changes_the_environment_once_threads_connect_to_the_database(tmp_path: Path) -> None:
    environment = {
        "PATH": os.environ["PATH"],
        "KIAAI_ENV_FILE": os.devnull,
        "INSTANCE_PATH": str(tmp_path),
        "SECRET_KEY": "only-for-tests-0123456789abcdef",
        "DATABASE_URL": "postgresql://127.0.0.1:1/none",
        "BROKER_URL": "redis://127.0.0.1:1/0",
        "REDIS_URL": "redis://127.0.0.1:1/0",
    }

    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        timeout=60,
        check=False,
    )

    # 3: changed; 0: the floor was open when the worker first called the broker, and nothing was changed.
    assert ended.returncode == 0, ended.stderr.decode()
