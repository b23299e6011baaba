"""What a model may say: honest words pass as they are, inventions do not."""

import pytest

from kiaai.bot.llm_bubble import LONGEST, Refused, bubble
from kiaai.bot.turn import Passage

PASSAGE = Passage(
    1,
    "Horario y precios",
    "Abrimos de 9:30 a 19:00. La mantención cuesta $ 25.000 y dura 24 horas, con 10 % de descuento en "
    "https://kia.example/horas. Escribe a hola@kia.example o al +56 2 2111 0000.",
    "es",
    0.9,
)
ASKED = ("¿Tienen talla 42 para 15 personas?",)


@pytest.mark.parametrize(
    "text",
    [
        "Abrimos a las 09:30.",
        "Cuesta $25.000 (10% menos en línea).",
        "Cuesta 25.000 pesos, dura 24 horas.",
        "La talla 42 la revisa el taller.",
        "1. Trae tu bicicleta.\n2. Vuelve a las 19:00.",
        "Mira kia.example/horas, o https://www.kia.example/horas/!",
        "Llama al +56 2 2111 0000 o escribe a hola@kia.example.",
        "No soy una persona, soy un asistente automático.",
        "I am not a person.",
        "Una persona del equipo te responde, etc. Gracias...",
    ],
)
def test_honest_words_pass(text: str) -> None:
    assert bubble(text, [PASSAGE], ASKED)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "empty"),
        ("  \n ", "empty"),
        ("😀", "empty"),
        ("a" * (LONGEST + 1), "characters"),
        (["Hola"], "one string"),
        (None, "one string"),
        ("Abrimos a las 8:45.", "45"),
        ("Cuesta $ 24.000.", "24.000"),
        ("Cuesta $ 42.", "42"),
        ("Cuesta 15 dólares.", "15"),
        ("Cuesta 7 lucas.", "7"),
        ("Con 50 % de descuento.", "50"),
        ("Mira https://kia.example/otra", "kia.example/otra"),
        ("Mira HTTP://EVIL.EXAMPLE", "evil.example"),
        ("Mira evil.example", "evil.example"),
        ("Mira kia.example.evil.cl/horas", "evil.cl"),
        ("Mira https://kia.example@evil.cl", "evil.cl"),
        ("Escribe a ventas@kia.example", "ventas@kia.example"),
        ("[Aquí](https://evil.example)", "evil.example"),
        ("whatsapp://send?phone=56", "whatsapp://"),
        ("Soy una persona del equipo.", "program"),
        ("No soy un robot.", "program"),
        ("I'm a real person!", "program"),
        ("Soy Marta, ejecutiva.", "program"),
        ("Te atiende una persona.", "program"),
        ("You're talking to a human.", "program"),
        ("This is not a bot.", "program"),
        ("No soy una IA.", "program"),
    ],
)
def test_inventions_are_refused_with_the_reason(text: object, why: str) -> None:
    with pytest.raises(Refused, match=why.replace(".", r"\.")):
        bubble(text, [PASSAGE], ASKED)


def test_marks_become_those_of_whatsapp() -> None:
    written = "## Horario\n**De 9:30** a 19:00. [Más](https://kia.example/horas)"

    assert bubble(written, [PASSAGE], ()) == "*Horario*\n*De 9:30* a 19:00. Más: https://kia.example/horas"


@pytest.mark.parametrize(
    "text",
    ["Soy un asistente automático, no una persona.", "I am not a person.", "Te responderá una persona."],
)
def test_it_may_say_what_it_is(text: str) -> None:
    assert bubble(text, [], ()) == text


def test_a_thousand_characters_are_allowed() -> None:
    assert len(bubble("a" * LONGEST, [], ())) == LONGEST
