"""Phrases as customers type them, and what each asks for."""

from time import process_time

import pytest

from kiaai.bot.rules import asks_whether_bot, wants_back, wants_out, wants_person
from kiaai.bot.small_talk import is_greeting, is_thanks, is_yes

OUT = (
    "leave me alone",
    "eliminen mi número",
    "eliminar mi número",
    "STOP",
    "stop",
    "Stop.",
    "STOP!!!",
    "stop stop stop",
    "🛑 STOP 🛑",
    "BAJA",
    "baja por favor",
    "Baja, gracias",
    "CANCELAR",
    "Cancelar suscripción",
    "UNSUBSCRIBE",
    "Please unsubscribe me",
    "no me escriban",
    "No me escriban más",
    "¡No me escriban mas!",
    "no me escribas",
    "NO ME MANDEN MÁS MENSAJES",
    "no me envíen mensajes",
    "no me envien mas publicidad",
    "No quiero recibir más mensajes",
    "no quiero mas promociones",
    "no más mensajes",
    "Ya no quiero recibir promociones",
    "quiero darme de baja",
    "darme de baja",
    "dar de baja",
    "Dejen de escribirme",
    "deja de molestar",
    "dejen de mandarme mensajes",
    "bórrenme de la lista",
    "borrenme de su lista por favor",
    "eliminen mi número",
    "no me molesten más 😡",
    "Hola, no me escriban más por favor",
    "Detener promociones",
    "Stop promotions",
    "stop messaging me",
    "Don’t text me anymore",
    "don't contact me",
    "do not message me again",
    "no more messages please",
    "remove me from your list",
    "take me off this list",
    "I don't want to receive any more messages",
    "opt out",
    "opt-out",
)
NOT_OUT = (
    "¿hay rebaja?",
    "planta baja",
    "non stop",
    "dar de baja mi bicicleta",
    "persona alta",
    "¿Puedo cancelar mi hora?",
    "Quiero cancelar la reserva de mañana",
    "el freno no hace stop bien",
    "baja la cadena sola",
    "¿Dónde se baja uno del metro?",
    "non-stop",
    "¿Me pueden dar de baja el manillar?",
    "no me escriban al otro número, usen este",
    "can I cancel my booking?",
    "The wheel will not stop squeaking",
    "me voy de baja médica mañana",
    "",
    "👍",
)
BACK = ("ALTA", "alta por favor", "Start", "UNSTOP", "darme de alta", "quiero volver a recibir mensajes")
PERSON = (
    "¿estoy hablando con una persona? quiero hablar con un humano",
    "are you a person? i want to talk to a human",
    "no quiero un bot, quiero una persona",
    "persna",
    "umano",
    "ajente 🙏",
    "asesro",
    "EJECUTIBO",
    "operadro!",
    "representate",
    "humam",
    "𝓹𝓮𝓻𝓼𝓸𝓷𝓪",
    "alguien",
    "con una persona",
    "quiero ablar con alguien",
    "quiero hablar con una perzona",
    "customer service",
    "humano",
    "HUMANO",
    "Persona",
    "un asesor",
    "Asesora por favor",
    "agente",
    "Hablar con alguien",
    "hablar con un humano",
    "Quiero hablar con una persona",
    "QUIERO HABLAR CON UN AGENTE YA",
    "necesito hablar con alguien del taller",
    "¿Puedo hablar con un ejecutivo?",
    "me puedes comunicar con un asesor?",
    "comuníqueme con un agente",
    "pásame con una persona",
    "Páseme con el encargado",
    "prefiero una persona",
    "quiero que me atienda una persona",
    "necesito que alguien me llame",
    "¿Alguien me puede atender?",
    "¿me pueden llamar?",
    "persona real",
    "una persona de verdad",
    "no quiero hablar con un bot",
    "🙏 hablar con alguien 🙏",
    "¡Quiero un humano!",
    "quisiera conversar con el dueño",
    "agent",
    "human",
    "Human please!",
    "I want to talk to a human",
    "can I speak to someone?",
    "Can I speak with a real person please",
    "talk to an agent",
    "speak to a representative",
    "connect me to an operator",
    "can someone call me?",
    "I need a human",
    "real person",
    "get me a manager... I want to speak with the manager",
    "I don't want to talk to a bot",
)
NOT_PERSON = (
    "¿cuánto sale para una persona?",
    "soy agente de viajes",
    "no necesito una persona",
    "estoy hablando con una persona?",
    "agenda",
    "agendar",
    "personal",
    "gente",
    "soporte",
    "urgente",
    "¿Cuál es el precio por persona?",
    "somos tres personas",
    "no quiero hablar con una persona",
    "no necesito un asesor, gracias",
    "I don't need a human",
    "¿Eres una persona?",
    "¿estoy hablando con una persona?",
    "are you a human?",
    "am I talking to a real person?",
    "un agente de seguros me recomendó su taller",
    "¿tienen bicicletas para personas altas?",
    "human powered bikes",
    "vi a alguien con ese casco",
    "someone stole my bike",
    "¿necesito alguien que firme?",
    "",
)
BOT_QUESTION = (
    "eres umano?",
    "¿quién eres?",
    "con quién hablo?",
    "persona o robot?",
    "who am I talking to?",
    "are you an artificial intelligence?",
    "robot?",
    "¿Eres un bot?",
    "eres un robot?",
    "ERES HUMANO?",
    "eres una persona",
    "¿Estoy hablando con una máquina?",
    "hablo con un robot?",
    "esto es automático?",
    "¿es usted una persona real?",
    "are you a bot?",
    "Are you real?",
    "Are you human?",
    "is this a robot",
    "Am I talking to a real person?",
    "is this automated?",
)
NOT_BOT_QUESTION = (
    "¿el cambio es automático o manual?",
    "who are you open for today?",
    "¿Venden robots?",
    "¿el cambio es automático?",
    "quiero hablar con una persona",
    "are you open today?",
    "are you really closed on Sundays?",
    "bottom bracket",
)


@pytest.mark.parametrize("text", OUT)
def test_it_sees_that_no_more_messages_are_wanted(text: str) -> None:
    assert wants_out(text)


@pytest.mark.parametrize("text", NOT_OUT)
def test_it_takes_no_other_message_for_an_opt_out(text: str) -> None:
    assert not wants_out(text)


@pytest.mark.parametrize("text", BACK)
def test_it_sees_that_messages_are_wanted_again(text: str) -> None:
    assert wants_back(text)


@pytest.mark.parametrize("text", OUT)
def test_an_opt_out_is_no_opt_in(text: str) -> None:
    assert not wants_back(text)


@pytest.mark.parametrize("text", PERSON)
def test_it_sees_that_a_person_is_wanted(text: str) -> None:
    assert wants_person(text)


@pytest.mark.parametrize("text", NOT_PERSON)
def test_it_calls_nobody_who_was_not_asked_for(text: str) -> None:
    assert not wants_person(text)


@pytest.mark.parametrize("text", BOT_QUESTION)
def test_it_sees_the_question_whether_it_is_a_bot(text: str) -> None:
    assert asks_whether_bot(text)


@pytest.mark.parametrize("text", NOT_BOT_QUESTION)
def test_it_hears_no_question_about_itself_where_there_is_none(text: str) -> None:
    assert not asks_whether_bot(text)


@pytest.mark.parametrize("words", ("gracias por todo ", "no me escriban mas ", "hablar con la un "))
def test_a_long_text_takes_no_long_time(words: str) -> None:
    text = words * 200 + "x"

    started = process_time()
    for rule in (wants_out, wants_back, wants_person, asks_whether_bot, is_greeting, is_thanks, is_yes):
        rule(text)

    assert process_time() - started < 0.5
