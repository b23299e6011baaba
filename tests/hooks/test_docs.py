"""The receiver in the document works as it stands there."""

import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest
import requests

from kiaai.config import ROOT
from kiaai.hooks.signing import new_secret, signature

SECRET = new_secret()
BODY = b'{"event": "test"}'

Post = Callable[[str], int]


@pytest.fixture(scope="module")
def post() -> Iterator[Post]:
    """Run the receiver, and post to it with a signature."""
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "webhooks.md").read_text(), re.DOTALL)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    program = blocks[0].replace('("", 8080)', f'("127.0.0.1", {port})')
    running = subprocess.Popen(
        [sys.executable, "-c", program], env={"KIAAI_SECRET": SECRET}, stderr=subprocess.DEVNULL
    )
    session = requests.Session()
    session.mount("http://", requests.adapters.HTTPAdapter(max_retries=_patient()))
    yield (
        lambda header: (
            session.post(
                f"http://127.0.0.1:{port}/", data=BODY, headers={"Kiaai-Signature": header}, timeout=(3, 10)
            ).status_code
        )
    )
    running.kill()
    running.wait()


def _patient() -> requests.adapters.Retry:
    """Try to connect again until the program listens."""
    return requests.adapters.Retry(connect=12, backoff_factor=0.02, other=0, status=0, allowed_methods=None)


def test_the_example_is_what_we_sign() -> None:
    document = (ROOT / "docs" / "webhooks.md").read_text()

    at, digest = signature("kiasec_example", 1795435200, BODY).removeprefix("t=").split(",v1=")

    assert f"'{at}.{BODY.decode()}' | openssl dgst -sha256 -hmac kiasec_example\n# {digest}\n" in document
    assert f"`Kiaai-Signature: t={at},v1={digest[:6]}…`" in document


def test_it_takes_what_is_ours(post: Post) -> None:
    assert post(signature(SECRET, int(time.time()), BODY)) == 200


def test_it_refuses_what_is_not(post: Post) -> None:
    now = int(time.time())

    assert post(signature(new_secret(), now, BODY)) == 401
    assert post(signature(SECRET, now, BODY + b" ")) == 401
    assert post(signature(SECRET, now - 301, BODY)) == 401
