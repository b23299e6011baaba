"""Files of customers come whole or not at all, and the token goes to WhatsApp alone."""

import hashlib
import io
from collections.abc import Iterator

import pytest

from kiaai.whatsapp.client import FileTooLarge, MediaInfo, WhatsAppClient
from kiaai.whatsapp.downloads import META_HOST, Downloader
from kiaai.whatsapp.errors import GraphError
from kiaai.whatsapp.transport import Transport
from tests.whatsapp.conftest import TOKEN, GraphServer, Handler

CONTENT = bytes(range(256)) * 2000


def test_it_fetches_a_file_with_the_token_and_measures_it(client: WhatsAppClient, graph: GraphServer) -> None:
    graph.always(raw=CONTENT, Content_Type="audio/ogg; codecs=opus")
    file = io.BytesIO()

    fetched = client.download_media(
        MediaInfo("4", f"{graph.base}/f?hash=a%20b", "audio/ogg", None, None), file
    )

    assert file.getvalue() == CONTENT
    assert (fetched.mime_type, fetched.size_bytes) == ("audio/ogg", len(CONTENT))
    assert fetched.sha256 == hashlib.sha256(CONTENT).hexdigest()
    assert graph.received[0].headers["Authorization"] == f"Bearer {TOKEN}"
    assert graph.received[0].path == "/f?hash=a%20b"


@pytest.mark.parametrize("is_announced", [True, False])
def test_a_file_over_the_limit_is_refused(
    client: WhatsAppClient, graph: GraphServer, is_announced: bool
) -> None:
    def endless(handler: Handler) -> None:
        handler.drip(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 10_000, 0.001)

    graph.always(raw=CONTENT)
    graph.answer = graph.answer if is_announced else endless

    with pytest.raises(FileTooLarge) as caught:
        client.download_media(f"{graph.base}/f", io.BytesIO(), 100_000)

    assert caught.value.permanent


def test_half_a_file_is_no_file(client: WhatsAppClient, graph: GraphServer) -> None:
    def half(handler: Handler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf")
        handler.close_connection = True

    graph.answer = half

    with pytest.raises(GraphError) as caught:
        client.download_media(f"{graph.base}/f", io.BytesIO())

    assert caught.value.fate == "not_now"


def test_an_expired_address_says_so_and_writes_nothing(client: WhatsAppClient, graph: GraphServer) -> None:
    graph.always(404, {"error": {"code": 100, "message": "expired"}})
    file = io.BytesIO()

    with pytest.raises(GraphError) as caught:
        client.download_media(f"{graph.base}/f", file)

    assert (caught.value.http_status, caught.value.code, file.getvalue()) == (404, 100, b"")


def test_a_redirect_on_the_same_host_keeps_the_token(client: WhatsAppClient, graph: GraphServer) -> None:
    def answer(handler: Handler) -> None:
        if handler.path == "/f":
            handler.reply(302, raw=b"not the file", Location="/real")
        else:
            handler.reply(raw=b"file")

    graph.answer = answer
    file = io.BytesIO()

    client.download_media(f"{graph.base}/f", file)

    assert file.getvalue() == b"file"
    assert "Authorization" in graph.received[1].headers


@pytest.fixture
def other() -> Iterator[GraphServer]:
    yield from GraphServer.running()


def test_a_redirect_to_another_place_gets_no_token(
    client: WhatsAppClient, graph: GraphServer, other: GraphServer
) -> None:
    graph.always(302, raw=b"", Location=f"{other.base}/real")
    other.always(raw=b"file")

    client.download_media(f"{graph.base}/f", io.BytesIO())

    assert "Authorization" not in other.received[0].headers


def test_a_redirect_to_a_stranger_is_not_followed(client: WhatsAppClient, graph: GraphServer) -> None:
    graph.always(302, raw=b"", Location="https://stranger.example/real")

    with pytest.raises(GraphError, match="not one of WhatsApp's"):
        client.download_media(f"{graph.base}/f", io.BytesIO())


def test_redirects_in_circles_end(client: WhatsAppClient, graph: GraphServer) -> None:
    graph.always(302, raw=b"", Location="/f")

    with pytest.raises(GraphError, match="circles"):
        client.download_media(f"{graph.base}/f", io.BytesIO())

    assert len(graph.received) == 4


META = Downloader(Transport(), f"https://{META_HOST}", {})


@pytest.mark.parametrize(
    "url",
    [
        "https://graph.facebook.com/f",
        "https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=1",
        "https://scontent.xx.fbcdn.net/f",
        "https://mmg.whatsapp.net/f",
    ],
)
def test_the_hosts_of_meta_are_allowed(url: str) -> None:
    assert META._allowed(url).geturl() == url


@pytest.mark.parametrize(
    "url",
    [
        "http://graph.facebook.com/f",
        "https://evil.example/f",
        "https://evilfbcdn.net/f",
        "https://fbcdn.net.evil.example/f",
        "https://graph.facebook.com@evil.example/f",
        "https://name:word@graph.facebook.com/f",
        "https://evil.example\\@graph.facebook.com/f",
        "https://evil.example#@graph.facebook.com/f",
        "https://graph.facebook.com:99999/f",
        "https://[::1/f",
        "http://169.254.169.254/latest/meta-data",
        "http://127.0.0.1:8000/f",
        "ftp://graph.facebook.com/f",
        "file:///etc/passwd",
        "//graph.facebook.com/f",
        "https://gräph.facebook.com/f",
        "https://graph.facebook.com/f\r\nX: y",
        "",
    ],
)
def test_any_other_address_is_refused(url: str) -> None:
    with pytest.raises(GraphError, match="not one of WhatsApp's"):
        META._allowed(url)


def test_this_machine_may_call_itself_by_another_name(client: WhatsAppClient, graph: GraphServer) -> None:
    graph.always(raw=b"file")

    fetched = client.download_media(graph.base.replace("127.0.0.1", "localhost"), io.BytesIO())

    assert fetched.size_bytes == 4


def test_a_local_graph_knows_no_host_of_meta(client: WhatsAppClient) -> None:
    with pytest.raises(GraphError, match="not one of WhatsApp's"):
        client.download_media("https://lookaside.fbsbx.com/f", io.BytesIO())
