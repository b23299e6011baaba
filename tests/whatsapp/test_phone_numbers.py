"""One person, one key, however WhatsApp writes the number."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiaai.whatsapp.phone_numbers import digits_of, is_bsuid, match_key, other_form


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("56900000001", "56900000001"),
        ("+56 9 0000-0001", "56900000001"),
        ("554199990001", "5541999990001"),
        ("5541999990001", "5541999990001"),
        ("554133330001", "554133330001"),
        ("5215500000001", "525500000001"),
        ("525500000001", "525500000001"),
        ("5491100000001", "5491100000001"),
        ("541100000001", "541100000001"),
        ("12", None),
        ("", None),
        ("CL.100", None),
        ("٣٣٣٣٣٣٣", None),
    ],
)
def test_every_form_of_a_mobile_gives_one_key(written: str, key: str | None) -> None:
    assert match_key(written) == key


@pytest.mark.parametrize(
    ("number", "other"),
    [
        ("5541999990001", "554199990001"),
        ("554199990001", "5541999990001"),
        ("5215500000001", "525500000001"),
        ("525500000001", "5215500000001"),
        ("5491100000001", "541100000001"),
        ("541100000001", "5491100000001"),
        ("56900000001", None),
        ("554133330001", None),
    ],
)
def test_the_other_form_is_known_where_whatsapp_has_two(number: str, other: str | None) -> None:
    assert other_form(number) == other


@given(st.text())
def test_any_text_has_a_key_of_digits_or_none(text: str) -> None:
    key = match_key(text)

    assert key is None or (key.isascii() and key.isdigit())
    assert (key is None) == (digits_of(text) is None)


@given(st.from_regex(r"[0-9]{8,15}", fullmatch=True))
def test_a_key_is_its_own_key(digits: str) -> None:
    key = match_key(digits)

    assert key is not None
    assert match_key(key) == key


@pytest.mark.parametrize(
    ("text", "is_id"), [("CL.1", True), ("CL.ENT.1", True), ("56.9", False), ("CL.", False)]
)
def test_a_business_scoped_id_is_two_letters_and_a_dot(text: str, is_id: bool) -> None:
    assert is_bsuid(text) is is_id
