"""Which language a customer writes."""

import pytest

from kiaai.bot.languages import language_of

SPANISH = (
    "hola",
    "¿A qué hora abren?",
    "cuanto cuesta la mantencion",
    "buenas, tienen estacionamiento",
    "necesito un cambio de pastillas",
    "quiero hablar con alguien",
    "mañana puedo llevarla?",
)
ENGLISH = (
    "hello",
    "What time do you open?",
    "how much is a service",
    "do you have parking",
    "can I pay with a card?",
    "I want to talk to a human",
    "hi! is my bike ready?",
)


@pytest.mark.parametrize("text", SPANISH)
def test_it_knows_spanish(text: str) -> None:
    assert language_of([text]) == "es"


@pytest.mark.parametrize("text", ENGLISH)
def test_it_knows_english(text: str) -> None:
    assert language_of([text]) == "en"


@pytest.mark.parametrize("text", ("", "👍", "123", "STOP", "xyz"))
def test_it_says_so_when_it_cannot_tell(text: str) -> None:
    assert language_of([text]) is None
