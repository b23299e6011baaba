"""Files reach the team and harm nobody."""

import pytest
from flask.testing import FlaskClient

from kiaai.media import media_folder
from kiaai.models import User
from tests.media.conftest import PNG, Attach


@pytest.fixture
def bobs(client: FlaskClient, bob: User) -> FlaskClient:
    """A client signed in as Bob."""
    with client.session_transaction() as session:
        session["_user_id"], session["_fresh"] = bob.fs_uniquifier, True
    return client


def test_a_stranger_gets_no_file(client: FlaskClient, stored: Attach) -> None:
    response = client.get(f"/media/{stored(PNG, 'image/png')}")

    assert response.status_code == 303
    assert PNG not in response.data


def test_an_image_is_shown_in_a_cage(bobs: FlaskClient, stored: Attach) -> None:
    response = bobs.get(f"/media/{stored(PNG, 'image/png')}")

    assert (response.status_code, response.data, response.mimetype) == (200, PNG, "image/png")
    assert response.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Content-Disposition"].startswith("inline")
    assert response.headers["Cache-Control"] == "private, no-cache"


@pytest.mark.parametrize(
    ("content", "mime_type"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "image/svg+xml"),
        (b"<!doctype html><script>alert(1)</script>", "image/png"),
        (b"%PDF-1.7\n", "application/pdf"),
        (b"", "video/mp4"),
    ],
)
def test_what_is_no_picture_sound_or_film_is_only_saved(
    bobs: FlaskClient, stored: Attach, content: bytes, mime_type: str
) -> None:
    response = bobs.get(f"/media/{stored(content, mime_type)}")

    assert response.headers["Content-Disposition"].startswith("attachment")
    assert response.mimetype == "application/octet-stream"


def test_sound_can_be_sought(bobs: FlaskClient, stored: Attach) -> None:
    voice = stored(b"OggS" + bytes(range(100)), "audio/ogg")

    response = bobs.get(f"/media/{voice}", headers={"Range": "bytes=4-7"})

    assert (response.status_code, response.data) == (206, bytes(range(4)))
    assert response.headers["Content-Range"] == "bytes 4-7/104"


def test_an_unchanged_file_is_not_sent_twice(bobs: FlaskClient, stored: Attach) -> None:
    url = f"/media/{stored(PNG, 'image/png')}"
    tag = bobs.get(url).headers["ETag"]

    assert bobs.get(url, headers={"If-None-Match": tag}).status_code == 304


def test_a_file_keeps_its_spanish_name(bobs: FlaskClient, stored: Attach) -> None:
    response = bobs.get(f"/media/{stored(b'%PDF-', 'application/pdf', 'cotización ñandú.pdf')}")

    assert "filename*=UTF-8''cotizaci%C3%B3n%20%C3%B1and%C3%BA.pdf" in response.headers["Content-Disposition"]


def test_a_file_that_is_not_here_is_not_found(bobs: FlaskClient, stored: Attach, attach: Attach) -> None:
    gone = stored(PNG, "image/png")
    for path in media_folder().root.glob("*/*"):
        path.unlink()

    for attachment_id in (gone, attach("1"), 999_999, 10**15):
        assert bobs.get(f"/media/{attachment_id}").status_code == 404
