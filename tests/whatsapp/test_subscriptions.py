"""Which apps get the account's webhooks, as WhatsApp tells it."""

from collections.abc import Iterator

import pytest

from kiaai.whatsapp.client import Subscription, WhatsAppClient
from kiaai.whatsapp.errors import GraphError
from tests.whatsapp.conftest import NUMBER_ID, TOKEN, GraphServer

ACCOUNT_ID = "100000000000001"


@pytest.fixture
def account(graph: GraphServer) -> Iterator[WhatsAppClient]:
    client = WhatsAppClient(graph.base, "v25.0", TOKEN, NUMBER_ID, business_account_id=ACCOUNT_ID)
    yield client
    client.close()


def test_it_tells_which_apps_get_the_webhooks_and_where(account: WhatsAppClient, graph: GraphServer) -> None:
    ours = {"id": "500000000000001", "name": "Kia", "link": "https://example.com"}
    graph.always(
        value={
            "data": [
                {"whatsapp_business_api_data": ours},
                {"whatsapp_business_api_data": ours, "override_callback_uri": "https://kia.example/webhook"},
                "odd",
                {"whatsapp_business_api_data": "odd"},
            ]
        }
    )

    found = account.look_up_subscriptions()

    assert found == [
        Subscription("500000000000001", "Kia"),
        Subscription("500000000000001", "Kia", "https://kia.example/webhook"),
        Subscription("", ""),
    ]
    assert graph.received[0].path == f"/v25.0/{ACCOUNT_ID}/subscribed_apps"


def test_no_app_at_all_is_an_empty_list(account: WhatsAppClient, graph: GraphServer) -> None:
    graph.always(value={"data": []})

    assert account.look_up_subscriptions() == []


def test_a_token_without_rights_to_the_account_is_an_error(
    account: WhatsAppClient, graph: GraphServer
) -> None:
    graph.always(403, {"error": {"message": "(#200) Permission error", "code": 200}})

    with pytest.raises(GraphError) as caught:
        account.look_up_subscriptions()

    assert (caught.value.code, caught.value.fate) == (200, "stop")


def test_without_an_account_id_nothing_is_asked(client: WhatsAppClient, graph: GraphServer) -> None:
    with pytest.raises(GraphError):
        client.look_up_subscriptions()

    assert graph.received == []
