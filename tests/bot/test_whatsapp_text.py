"""Markdown becomes what WhatsApp draws."""

import pytest

from kiaai.bot.whatsapp_text import LONGEST, whatsapp_text


@pytest.mark.parametrize(
    ("markdown", "expected"),
    (
        ("Hola **mundo**", "Hola *mundo*"),
        ("Hola __mundo__ y *tú*", "Hola *mundo* y _tú_"),
        ("~~viejo~~ nuevo", "~viejo~ nuevo"),
        ("- uno\n- dos\n  - dos y medio", "• uno\n• dos\n   • dos y medio"),
        ("3. tres\n4. cuatro", "3. tres\n4. cuatro"),
        ("### Título\n\nTexto", "*Título*\nTexto"),
        ("[la tienda](https://kia.example/t)", "la tienda: https://kia.example/t"),
        ("<https://kia.example>", "https://kia.example"),
        ("[hola@kia.example](mailto:hola@kia.example)", "hola@kia.example"),
        ("un párrafo\nen dos líneas\n\notro", "un párrafo en dos líneas\n\notro"),
        ("usa `CÓDIGO`", "usa `CÓDIGO`"),
        ("a\\*b", "a*b"),
        ("Precio: $8.000 & más", "Precio: $8.000 & más"),
        ("", ""),
    ),
)
def test_it_writes_as_whatsapp_does(markdown: str, expected: str) -> None:
    assert whatsapp_text(markdown) == expected


def test_a_list_keeps_apart_from_what_follows() -> None:
    assert whatsapp_text("Antes:\n\n- uno\n- dos\n\nDespués") == "Antes:\n\n• uno\n• dos\n\nDespués"


@pytest.mark.parametrize("part", ("Una frase corta. ", "palabra ", "x", "Un párrafo.\n\n"))
def test_a_long_text_is_cut_to_one_bubble(part: str) -> None:
    text = whatsapp_text(part * 1000)

    assert LONGEST // 2 <= len(text) <= LONGEST
    assert text.endswith(" …")
