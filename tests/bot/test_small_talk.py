"""Greetings, thanks and short words that are no questions."""

import pytest

from kiaai.bot.small_talk import is_acknowledgement, is_greeting, is_no, is_thanks, is_yes

GREETINGS = (
    "Hola, soy Valentina",
    "Buenas tardes, me llamo Ana Soto",
    "Hi, this is Sam",
    "hola",
    "Hola!",
    "HOLA 👋",
    "holaaa",
    "Buenas",
    "buenas tardes",
    "Hola, buenos días",
    "hola hola",
    "Hola, ¿cómo estás?",
    "Hola amigo",
    "qué tal",
    "hello",
    "Hi there!",
    "hey 😀",
    "Good morning",
    "hi, how are you?",
    "ayuda",
    "¿En qué me puedes ayudar?",
    "hola, necesito ayuda",
    "Hola! Tengo una pregunta",
    "What can you do?",
    "menú",
)
NOT_GREETINGS = (
    "Hola, soy Ana, ¿a qué hora abren?",
    "hola, ¿a qué hora abren?",
    "buenas, precio de la mantención",
    "hi, do you fix brakes?",
    "",
    "👋",
)
THANKS = (
    "gracias",
    "Muchas gracias!",
    "ok gracias",
    "listo, muchas gracias 🙏",
    "Perfecto, gracias por la información",
    "thanks",
    "Thank you so much!",
    "ok thanks, bye",
    "chao",
    "hasta luego",
    "Gracias, nos vemos",
    "no, gracias",
)
NOT_THANKS = ("gracias, ¿y el domingo abren?", "thanks, but how much is it?", "ok", "no", "hola")
ACKNOWLEDGEMENTS = ("ok", "OK!", "vale", "ya", "listo", "👍", "❤️❤️", "😂", "ok perfecto", "jajaja", "Got it")
NOT_ACKNOWLEDGEMENTS = ("ok, ¿y el precio?", "?", "???", "precio", "¿ok?, cuando")
YES = (
    "sí",
    "Si",
    "SÍ por favor",
    "dale",
    "ok",
    "claro",
    "yes",
    "Yes please",
    "sure",
    "por favor",
    "si, gracias",
)
NOT_YES = ("gracias", "no", "si, pero ¿cuánto cuesta?", "thanks", "yesterday")
NO = ("no", "No, gracias", "no thanks", "mejor no", "por ahora no")


@pytest.mark.parametrize("text", GREETINGS)
def test_it_knows_a_greeting(text: str) -> None:
    assert is_greeting(text)


@pytest.mark.parametrize("text", NOT_GREETINGS)
def test_a_greeting_with_a_question_is_a_question(text: str) -> None:
    assert not is_greeting(text)


@pytest.mark.parametrize("text", THANKS)
def test_it_knows_thanks(text: str) -> None:
    assert is_thanks(text)


@pytest.mark.parametrize("text", NOT_THANKS)
def test_thanks_with_a_question_is_a_question(text: str) -> None:
    assert not is_thanks(text)


@pytest.mark.parametrize("text", ACKNOWLEDGEMENTS)
def test_it_knows_what_needs_no_answer(text: str) -> None:
    assert is_acknowledgement(text)


@pytest.mark.parametrize("text", NOT_ACKNOWLEDGEMENTS)
def test_a_question_is_no_acknowledgement(text: str) -> None:
    assert not is_acknowledgement(text)


@pytest.mark.parametrize("text", YES)
def test_it_knows_a_yes(text: str) -> None:
    assert is_yes(text)


@pytest.mark.parametrize("text", NOT_YES)
def test_it_takes_nothing_else_for_a_yes(text: str) -> None:
    assert not is_yes(text)


@pytest.mark.parametrize("text", NO)
def test_it_knows_a_no(text: str) -> None:
    assert is_no(text)


@pytest.mark.parametrize("text", ["مرحبا كيف الحال؟", "你好，几点开门？", "Здравствуйте", "नमस्ते"])
def test_words_of_any_script_want_an_answer(text: str) -> None:
    assert not is_acknowledgement(text)


@pytest.mark.parametrize("text", ["👍", "🙏🏽", "...", "❤️"])
def test_a_lone_sign_wants_none(text: str) -> None:
    assert is_acknowledgement(text)
