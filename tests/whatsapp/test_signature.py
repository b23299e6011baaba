"""Signatures of webhook bodies."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiaai.whatsapp.signature import is_signed, sign
from tests.samples import payload

SECRET = "kia-test-app-secret"
RAW = payload("signature-vector-escaped-unicode")
HEADER = "sha256=d6e042c1d885dabffdda0546f753f02b3d9fea2cfa6c2994d94be311f7410542"


def test_the_published_vector_verifies() -> None:
    assert sign(RAW, SECRET) == HEADER
    assert is_signed(RAW, HEADER, [SECRET])


def test_the_same_json_written_again_does_not() -> None:
    again = json.dumps(json.loads(RAW), ensure_ascii=False, separators=(",", ":")).encode()

    assert not is_signed(again, HEADER, [SECRET])


def test_during_a_rotation_both_secrets_hold() -> None:
    assert is_signed(RAW, HEADER, ["new", SECRET])
    assert is_signed(RAW, HEADER, [SECRET, "new"])
    assert not is_signed(RAW, HEADER, ["new"])
    assert not is_signed(RAW, HEADER, [])


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "sha256=",
        HEADER[7:],
        "sha1=" + HEADER[7:],
        HEADER[:-1],
        HEADER + "0",
        HEADER.upper(),
        "sha256=ñ",
        "sha256=\ud800",
    ],
)
def test_any_other_header_is_refused(header: str | None) -> None:
    assert not is_signed(RAW, header, [SECRET])


@given(st.binary(), st.text())
def test_no_header_raises(raw: bytes, header: str) -> None:
    assert not is_signed(raw, header, [SECRET])
    assert not is_signed(raw, "sha256=" + header, [SECRET])
