"""The sandbox answers only to this machine and to its own pages."""

import pytest
import requests

from kiaai.sandbox.server import SandboxServer


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
@pytest.mark.parametrize(
    "path", ["sandbox/inbound", "sandbox/faults", "people", "panel", "phones/1/messages"]
)
def test_another_sites_page_cannot_write(whatsapp: SandboxServer, path: str, headers: dict[str, str]) -> None:
    response = requests.post(f"{whatsapp.url}/{path}", json={}, headers=headers, timeout=10)

    assert response.status_code == 403


def test_its_own_page_can_write(whatsapp: SandboxServer) -> None:
    headers = {"Origin": whatsapp.url, "Sec-Fetch-Site": "same-origin"}

    response = requests.post(f"{whatsapp.url}/people", headers=headers, timeout=10, allow_redirects=False)

    assert response.status_code == 303


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "evil.example:8001", "[::2]"])
def test_a_foreign_name_for_this_machine_is_refused(whatsapp: SandboxServer, host: str) -> None:
    assert requests.get(whatsapp.url, headers={"Host": host}, timeout=10).status_code in (400, 403)


def test_localhost_is_as_good_as_the_address(whatsapp: SandboxServer) -> None:
    port = whatsapp.url.rpartition(":")[2]

    assert requests.get(whatsapp.url, headers={"Host": f"localhost:{port}"}, timeout=10).status_code == 200


def test_pages_allow_no_inline_code(whatsapp: SandboxServer) -> None:
    response = requests.get(whatsapp.url, timeout=10)

    assert (
        "default-src 'none'; script-src 'self'; style-src 'self'"
        in response.headers["Content-Security-Policy"]
    )
    assert "<style" not in response.text
    assert " style=" not in response.text
    assert " on" + "click" not in response.text
