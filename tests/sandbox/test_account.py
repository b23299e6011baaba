"""The number, the account, its templates by page, and its subscription."""

from tests.sandbox.conftest import Graph, error_of


def test_the_number_tells_the_fields_asked_for(graph: Graph) -> None:
    number = graph.get(graph.number_id, fields="verified_name,quality_rating").json()

    assert number == {"id": graph.number_id, "verified_name": "Café Ñuble", "quality_rating": "GREEN"}


def test_templates_come_by_page_until_there_is_no_next(graph: Graph) -> None:
    names, after = [], ""
    while True:
        page = graph.get(f"{graph.account_id}/message_templates", limit="4", after=after).json()
        names += [(template["name"], template["language"]) for template in page["data"]]
        after = page["paging"]["cursors"]["after"]
        if "next" not in page["paging"]:
            break

    assert len(names) == len(set(names)) == 6
    assert {language for _, language in names} == {"es", "en"}


def test_the_next_page_can_be_fetched_as_given_and_holds_no_token(graph: Graph) -> None:
    first = graph.get(f"{graph.account_id}/message_templates", limit="5", fields="name,status").json()

    second = graph.http.get(first["paging"]["next"], timeout=10).json()

    assert "access_token" not in first["paging"]["next"]
    assert [set(template) for template in second["data"]] == [{"id", "name", "status"}]


def test_templates_are_filtered_by_name(graph: Graph) -> None:
    found = graph.get(f"{graph.account_id}/message_templates", name="saludo").json()["data"]

    assert {template["name"] for template in found} == {"saludo"}


def test_a_bad_cursor_is_refused(graph: Graph) -> None:
    assert error_of(graph.get(f"{graph.account_id}/message_templates", after="ñ")) == (400, 131059)


def test_a_subscription_is_kept_and_listed(graph: Graph) -> None:
    path = f"{graph.account_id}/subscribed_apps"

    answer = graph.post(path, {"override_callback_uri": "https://kia.example/webhook", "verify_token": "x"})

    assert answer.json() == {"success": True}
    listed = graph.get(path).json()["data"][0]
    assert listed["override_callback_uri"] == "https://kia.example/webhook"


def test_an_unknown_id_or_edge_is_refused(graph: Graph) -> None:
    assert error_of(graph.get("123")) == (400, 100)
    assert error_of(graph.get(f"{graph.number_id}/nonsense")) == (400, 100)
