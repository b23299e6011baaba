"""What the client says to WhatsApp, and what it understands of the answers."""

import json
from typing import Any
from uuid import UUID

import pytest

from kiaai.whatsapp.client import Accepted, WhatsAppClient
from kiaai.whatsapp.errors import GraphError, verdict_of
from tests.whatsapp.conftest import ACCEPTED, NUMBER_ID, TOKEN, GraphServer

KEY = UUID("3f2b8a52-5a53-4c7e-9d1c-6f0f0a5d7e11")
DANA = "56900000001"


def test_it_sends_text_with_quote_and_send_key(client: WhatsAppClient, graph: GraphServer) -> None:
    accepted = client.send_text_message(DANA, "Hola ñandú 👋", reply_to="wamid.Q", send_key=KEY)

    (request,) = graph.received
    assert accepted == Accepted("wamid.KIA1AAAA", wa_id=DANA)
    assert (request.method, request.path) == ("POST", f"/v25.0/{NUMBER_ID}/messages")
    assert request.headers["Authorization"] == f"Bearer {TOKEN}"
    assert request.headers["User-Agent"] == "Kia-Ai"
    assert request.json == {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": "+56900000001",
        "type": "text",
        "text": {"body": "Hola ñandú 👋", "preview_url": False},
        "context": {"message_id": "wamid.Q"},
        "biz_opaque_callback_data": str(KEY),
    }


def test_a_person_without_a_number_is_reached_by_user_id(client: WhatsAppClient, graph: GraphServer) -> None:
    graph.always(value={"contacts": [{"user_id": "CL.1"}], "messages": [{"id": "wamid.B"}]})

    accepted = client.send_text_message("CL.10000000000000000001", "Hola")

    assert accepted == Accepted("wamid.B", wa_id=None, user_id="CL.1")
    assert graph.received[0].json["recipient"] == "CL.10000000000000000001"
    assert "to" not in graph.received[0].json


@pytest.mark.parametrize("to", ["", "Dana", "12", "C.1"])
def test_no_request_leaves_for_what_is_no_person(client: WhatsAppClient, graph: GraphServer, to: str) -> None:
    with pytest.raises(GraphError) as caught:
        client.send_text_message(to, "Hola")

    assert caught.value.permanent
    assert graph.received == []


def test_it_sends_a_template(client: WhatsAppClient, graph: GraphServer) -> None:
    graph.always(value={"messages": [{"id": "wamid.T", "message_status": "held_for_quality_assessment"}]})
    components = [{"type": "body", "parameters": [{"type": "text", "text": "Ana"}]}]

    accepted = client.send_template_message(DANA, "cita", "es_CL", components)

    assert accepted.message_status == "held_for_quality_assessment"
    assert graph.received[0].json["template"] == {
        "name": "cita",
        "language": {"code": "es_CL"},
        "components": components,
    }


def test_it_sends_images_by_link_and_by_id(client: WhatsAppClient, graph: GraphServer) -> None:
    client.send_image_message(DANA, "https://example.com/a.jpg", "Mira")
    client.send_image_message(DANA, media_id="400000000000011")

    assert graph.received[0].json["image"] == {"link": "https://example.com/a.jpg", "caption": "Mira"}
    assert graph.received[1].json["image"] == {"id": "400000000000011"}


def test_only_what_a_kind_knows_is_sent_with_it(client: WhatsAppClient, graph: GraphServer) -> None:
    details: dict[str, Any] = {"caption": "c", "file_name": "f.pdf", "is_voice": True}
    for kind in ("document", "audio", "sticker"):
        client.send_media_message(DANA, kind, media_id="4", **details)

    assert [request.json[request.json["type"]] for request in graph.received] == [
        {"id": "4", "caption": "c", "filename": "f.pdf"},
        {"id": "4", "voice": True},
        {"id": "4"},
    ]


def test_it_marks_as_read_with_and_without_the_dots(client: WhatsAppClient, graph: GraphServer) -> None:
    graph.always(value={"success": True})

    client.mark_as_read("wamid.A")
    client.send_typing_indicator("wamid.A")

    read = {"messaging_product": "whatsapp", "status": "read", "message_id": "wamid.A"}
    assert [request.json for request in graph.received] == [
        read,
        {**read, "typing_indicator": {"type": "text"}},
    ]


def test_it_uploads_a_file_with_its_name(client: WhatsAppClient, graph: GraphServer) -> None:
    graph.always(value={"id": "400000000000099"})
    content = bytes(range(256)) * 1000

    media_id = client.upload_media(content, "application/pdf", 'ñandú "1"\r\nX: y.pdf')

    (request,) = graph.received
    assert media_id == "400000000000099"
    assert request.path == f"/v25.0/{NUMBER_ID}/media"
    assert content in request.body
    assert 'filename="ñandú %221%22  X: y.pdf"\r\nContent-Type: application/pdf'.encode() in request.body
    assert b'name="messaging_product"\r\n\r\nwhatsapp\r\n' in request.body
    assert int(request.headers["Content-Length"]) == len(request.body)


def test_it_looks_a_file_up(client: WhatsAppClient, graph: GraphServer) -> None:
    graph.always(
        value={
            "url": "https://x",
            "mime_type": "audio/ogg; codecs=opus",
            "sha256": "AB" * 32,
            "file_size": "7",
        }
    )

    info = client.look_up_media("400000000000011")

    assert graph.received[0].path == "/v25.0/400000000000011"
    assert (info.url, info.mime_type, info.sha256, info.size_bytes) == (
        "https://x",
        "audio/ogg",
        "ab" * 32,
        7,
    )


def test_it_looks_the_number_up(client: WhatsAppClient, graph: GraphServer) -> None:
    graph.always(value={"id": NUMBER_ID, "verified_name": "Demo"})

    assert client.look_up_number()["verified_name"] == "Demo"
    assert graph.received[0].path.startswith(f"/v25.0/{NUMBER_ID}?fields=id,display_phone_number,")


def graph_body(code: int, **more: Any) -> dict[str, Any]:
    return {"error": {"message": f"(#{code}) Words", "type": "OAuthException", "code": code, **more}}


@pytest.mark.parametrize(
    ("status", "value", "fate"),
    [
        (400, graph_body(131047), "refused"),
        (400, graph_body(131026), "refused"),
        (400, graph_body(130429), "not_now"),
        (400, graph_body(131056), "not_now"),
        (500, graph_body(131000), "not_now"),
        (503, graph_body(2), "not_now"),
        (500, graph_body(1), "not_now"),
        (429, graph_body(999999), "not_now"),
        (500, graph_body(999999), "not_now"),
        (400, graph_body(999999), "refused"),
        (400, graph_body(999999, is_transient=True), "not_now"),
        (401, graph_body(0), "stop"),
        (401, graph_body(190, error_subcode=463), "stop"),
        (500, graph_body(3), "stop"),
        (403, graph_body(10), "stop"),
        (403, graph_body(200), "stop"),
        (403, graph_body(299), "stop"),
        (403, graph_body(368), "stop"),
        (403, graph_body(131005), "stop"),
        (403, graph_body(131031), "stop"),
        (400, graph_body(131042), "stop"),
        (400, graph_body(133010), "stop"),
        (400, graph_body(100, error_subcode=33), "stop"),
        (400, graph_body(100), "refused"),
        (400, graph_body(100, error_subcode=2388299), "refused"),
        (200, graph_body(190), "stop"),
        (200, {}, "unknown"),
        (200, {"messages": []}, "unknown"),
        (200, {"messages": [{"id": ""}]}, "unknown"),
        (200, [], "unknown"),
        (201, ACCEPTED, "unknown"),
        (302, {}, "unknown"),
        (500, {}, "unknown"),
        (500, {"error": "words"}, "unknown"),
        (502, {"error": {"message": "no code"}}, "unknown"),
        (408, {}, "unknown"),
        (429, {}, "not_now"),
        (404, {}, "refused"),
        (403, "forbidden", "refused"),
    ],
)
def test_every_answer_has_one_fate(
    client: WhatsAppClient, graph: GraphServer, status: int, value: Any, fate: str
) -> None:
    graph.always(status, value, Location="/elsewhere")

    with pytest.raises(GraphError) as caught:
        client.send_text_message(DANA, "Hola")

    assert caught.value.fate == fate
    assert len(graph.received) == 1


@pytest.mark.parametrize("raw", [b"", b"<html>Bad gateway</html>", b"\xff", b"[" * 5000])
def test_a_page_instead_of_an_answer_leaves_it_open(
    client: WhatsAppClient, graph: GraphServer, raw: bytes
) -> None:
    for status in (200, 502):
        graph.always(status, raw=raw)

        with pytest.raises(GraphError) as caught:
            client.send_text_message(DANA, "Hola")

        assert caught.value.fate == "unknown"
        assert not (caught.value.permanent or caught.value.can_retry)


def test_a_missing_object_other_than_the_number_stops_nothing(
    client: WhatsAppClient, graph: GraphServer
) -> None:
    message = "Unsupported post request. Object with ID '400000000000011' does not exist"
    graph.always(
        400,
        {"error": {"code": 100, "error_subcode": 33, "message": message}},
    )

    for call in (
        lambda: client.send_text_message(DANA, "Hola"),
        lambda: client.look_up_media("400000000000011"),
    ):
        with pytest.raises(GraphError) as caught:
            call()
        assert caught.value.fate == "refused"


def test_what_may_be_asked_twice_is_never_unknown(client: WhatsAppClient, graph: GraphServer) -> None:
    graph.answer = lambda handler: handler.cut()

    for call in (
        lambda: client.mark_as_read("wamid.A"),
        lambda: client.look_up_media("4"),
        lambda: client.upload_media(b"x", "text/plain", "x.txt"),
    ):
        with pytest.raises(GraphError) as caught:
            call()
        assert caught.value.fate == "not_now"


def test_an_error_reads_well_and_never_shows_the_token(client: WhatsAppClient, graph: GraphServer) -> None:
    data = {"details": f"Bad token {TOKEN}\nsecond line"}
    graph.always(400, graph_body(131009, error_data=data, error_subcode=2494010))

    with pytest.raises(GraphError) as caught:
        client.send_text_message(DANA, "Hola")

    error = caught.value
    assert str(error) == "(#131009) Words (code 131009, HTTP 400): Bad token [token] second line"
    assert (error.code, error.subcode, error.http_status) == (131009, 2494010, 400)
    assert TOKEN not in repr(error) + repr(error.__dict__) + repr(client)


@pytest.mark.parametrize("data", ["plain words", None, 7, [], {"details": None}])
def test_error_data_of_any_shape_is_understood(client: WhatsAppClient, graph: GraphServer, data: Any) -> None:
    graph.always(400, graph_body(131009, error_data=data))

    with pytest.raises(GraphError, match="131009"):
        client.send_text_message(DANA, "Hola")


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry_After": "17"}, 17),
        ({"Retry_After": "soon"}, None),
        ({"Retry_After": "9" * 9}, 86_400),
        (
            {
                "X_Business_Use_Case_Usage": json.dumps(
                    {"1": [{"type": "whatsapp", "estimated_time_to_regain_access": 3}, 7], "2": None}
                )
            },
            180,
        ),
        ({"X_Business_Use_Case_Usage": "[" * 9000}, None),
        ({}, None),
    ],
)
def test_it_hears_how_long_to_wait(
    client: WhatsAppClient, graph: GraphServer, headers: dict[str, str], seconds: int | None
) -> None:
    graph.always(400, graph_body(80007), **headers)

    with pytest.raises(GraphError) as caught:
        client.send_text_message(DANA, "Hola")

    assert caught.value.retry_after_seconds == seconds
    assert verdict_of(caught.value).wait_seconds == max(300, seconds or 0)


def test_an_answer_without_end_is_left(client: WhatsAppClient, graph: GraphServer) -> None:
    graph.always(200, raw=b" " * 2_000_000)

    with pytest.raises(GraphError) as caught:
        client.send_text_message(DANA, "Hola")

    assert caught.value.fate == "unknown"
