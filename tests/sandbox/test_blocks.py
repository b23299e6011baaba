"""The block list of the number: only who wrote within a day, and the client that changes it."""

import pytest

from kiaai.config import Settings
from kiaai.sandbox.server import SandboxServer
from kiaai.whatsapp.client import WhatsAppClient
from kiaai.whatsapp.errors import GraphError
from tests.sandbox import CAMILA
from tests.sandbox.conftest import Graph, error_of


def body(*users: str) -> dict[str, object]:
    return {"messaging_product": "whatsapp", "block_users": [{"user": user} for user in users]}


def test_who_wrote_lately_is_put_on_the_list_and_taken_off(graph: Graph, in_window: str) -> None:
    path = f"{graph.number_id}/block_users"

    added = graph.post(path, body(f"+{CAMILA}")).json()
    listed = graph.get(path).json()["data"]
    graph.http.delete(f"{graph.base}/{path}", json=body(f"+{CAMILA}"), timeout=10)

    assert added["block_users"]["added_users"] == [{"input": f"+{CAMILA}", "wa_id": CAMILA}]
    assert [user["wa_id"] for user in listed] == [CAMILA]
    assert graph.get(path).json()["data"] == []


def test_who_never_wrote_is_refused_by_name(graph: Graph) -> None:
    answer = graph.post(f"{graph.number_id}/block_users", body("+56900001004"))

    assert error_of(answer) == (400, 139100)
    assert answer.json()["block_users"]["failed_users"][0]["input"] == "+56900001004"


def test_the_client_blocks_unblocks_and_tells_why_not(
    whatsapp: SandboxServer, graph: Graph, settings: Settings, in_window: str
) -> None:
    version, token = settings.whatsapp_api_version, settings.whatsapp_api_token
    client = WhatsAppClient(whatsapp.url, version, token, graph.number_id, is_sandbox=True)

    client.block_user(f"+{CAMILA}")
    listed = graph.get(f"{graph.number_id}/block_users").json()["data"]
    client.unblock_user(f"+{CAMILA}")
    with pytest.raises(GraphError) as refusal:
        client.block_user("+56900001004")

    assert [user["wa_id"] for user in listed] == [CAMILA]
    assert graph.get(f"{graph.number_id}/block_users").json()["data"] == []
    assert refusal.value.code == 139100 and refusal.value.permanent
