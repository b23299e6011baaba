"""What the bot itself says, in Spanish and English: short, honest, and with the way to a person."""

from collections.abc import Sequence

from kiaai.bot.languages import DEFAULT

_SPANISH = {
    "greeting": "¡Hola! Soy el asistente automático de {business}. ¿En qué te ayudo?",
    "greeting_topics": """\
¡Hola! Soy el asistente automático de {business}. Puedo ayudarte con:

{topics}

Escribe tu pregunta, o *persona* si prefieres hablar con alguien del equipo.""",
    "i_am_a_bot": """\
Soy un asistente automático de {business}, no una persona. \
Si prefieres hablar con alguien del equipo, escribe *persona*.""",
    "thanks": "¡Con gusto! Si necesitas algo más, escribe por aquí.",
    "fallback": """\
Eso no lo sé, y prefiero no inventar. ¿Quieres que te responda una persona del equipo? \
Escribe *sí*, o hazme la pregunta con otras palabras.""",
    "declined": "De acuerdo. Si necesitas algo más, escribe por aquí.",
    "voice": """\
No puedo escuchar audios. Escríbeme tu pregunta, o *persona* para que lo escuche alguien del equipo.""",
    "hand_off": "Listo, le aviso a una persona del equipo. Te responderá por aquí en cuanto pueda.",
    "hand_off_unsure": """\
Prefiero que esto lo vea una persona del equipo. Te responderá por aquí en cuanto pueda.""",
    "hand_off_thing": """\
Gracias, lo recibí. Soy un asistente automático y no puedo revisarlo: lo verá una persona del equipo \
y te responderá por aquí.""",
    "closed_hand_off": "Una persona del equipo verá tu mensaje entonces y te responderá por aquí.",
    "closed_fallback": """\
Eso no lo sé, y prefiero no inventar. ¿Quieres que te responda una persona del equipo cuando abramos? \
Escribe *sí*, o hazme la pregunta con otras palabras.""",
    "opted_out": "Listo, no te escribiremos más. Si cambias de opinión, escribe *ALTA*.",
    "opted_in": "¡Gracias por volver! Recibirás de nuevo nuestros mensajes. ¿En qué te ayudo?",
}
_ENGLISH = {
    "greeting": "Hello! I am the automatic assistant of {business}. How can I help?",
    "greeting_topics": """\
Hello! I am the automatic assistant of {business}. I can help with:

{topics}

Write your question, or *person* if you would rather talk to someone of the team.""",
    "i_am_a_bot": """\
I am an automatic assistant of {business}, not a person. \
If you would rather talk to someone of the team, write *person*.""",
    "thanks": "You are welcome! If you need anything else, just write here.",
    "fallback": """\
I do not know that, and I would rather not guess. Shall a person of the team answer you? \
Write *yes*, or ask me in other words.""",
    "declined": "All right. If you need anything else, just write here.",
    "voice": """\
I cannot listen to voice messages. \
Write me your question, or *person* so that someone of the team listens to it.""",
    "hand_off": "Done, I am telling a person of the team. They will answer you here as soon as they can.",
    "hand_off_unsure": """\
I would rather have a person of the team look at this. They will answer you here as soon as they can.""",
    "hand_off_thing": """\
Thank you, I got it. I am an automatic assistant and cannot look at it: a person of the team will, \
and will answer you here.""",
    "closed_hand_off": "A person of the team will see your message then, and answer you here.",
    "closed_fallback": """\
I do not know that, and I would rather not guess. Shall a person of the team answer you once we are open? \
Write *yes*, or ask me in other words.""",
    "opted_out": "Done, we will not write to you any more. If you change your mind, write *START*.",
    "opted_in": "Thank you for coming back! You will receive our messages again. How can I help?",
}
_REPLIES = {"es": _SPANISH, "en": _ENGLISH}


def reply(name: str, language: str, business: str = "", topics: Sequence[str] = ()) -> str:
    """Return what the bot says in a language. topics: titles of what it can talk about, a line each."""
    texts = _REPLIES.get(language, _REPLIES[DEFAULT])
    return texts[name].format(business=business, topics="\n".join(f"• {topic}" for topic in topics))
