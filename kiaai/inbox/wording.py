"""The words around an error, in the languages in which errors are explained."""

from kiaai.delivery import hold
from kiaai.whatsapp.explanations import Language

# `{count}` is the only placeholder; for one, the phrase with `_one` is said where there is one.
WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "who_again": "You can solve this.",
        "who_wait": "Only time solves this.",
        "who_wrong_number": "You can solve this: ask the customer for the right number.",
        "who_settings": "An administrator can solve this.",
        "who_template": "The customer can solve this by writing, or you by a template.",
        "who_fix_text": "You can solve this.",
        "who_none": "Nothing here can be solved by sending it again.",
        "whatsapp_says": "What WhatsApp said:",
        "sent_again": "Sent again below.",
        "send_again": "Send again",
        "send_again_question": "Send again?",
        "not_known": "WhatsApp did not say whether this arrived. Sending it again may deliver it twice.",
        "mark_wrong": "Mark the number as wrong",
        "is_marked_wrong": "The number is marked as wrong.",
        "unmark_wrong": "Undo the mark",
        "change_text": "Change the text",
        "doctor": "See what is wrong",
        "undo": "Undo",
        "nothing_is_sent": "Nothing is being sent.",
        "since": "Since",
        "waiting": "{count} messages wait, and nothing is lost.",
        "waiting_one": "1 message waits, and nothing is lost.",
        "waiting_many": "More than {count} messages wait, and nothing is lost.",
        "waiting_none": "What is written now waits here.",
        "resumes_by_look_up": "Kia-Ai asks every 15 seconds whether the token works again, and then goes "
        "on by itself.",
        "resumes_by_probe": "Once a minute one message is tried. As soon as WhatsApp takes it, all go.",
        "try_now": "Try again now",
        "try_now_hint": "Try again now: if WhatsApp still refuses, sending stops at the first message.",
        "held": "Delivery is held.",
        "held_stopped": hold.STOPPED,
        "held_restored": hold.RESTORED,
        "held_waiting": "{count} messages wait for a decision.",
        "held_waiting_one": "1 message waits for a decision.",
        "held_waiting_many": "More than {count} messages wait for a decision.",
        "held_oldest": "The oldest is from",
        "held_later": "What is written now goes as usual.",
        "held_by_admin": "An administrator decides whether they go.",
        "decide": "Look at them and decide",
    },
    "es": {
        "who_again": "Lo puedes resolver tú.",
        "who_wait": "Solo el tiempo lo resuelve.",
        "who_wrong_number": "Lo puedes resolver tú: pide al cliente su número correcto.",
        "who_settings": "Lo puede resolver quien administra.",
        "who_template": "Lo puede resolver el cliente si escribe, o tú con una plantilla.",
        "who_fix_text": "Lo puedes resolver tú.",
        "who_none": "Enviarlo otra vez no resuelve nada.",
        "whatsapp_says": "Lo que dijo WhatsApp:",
        "sent_again": "Enviado otra vez más abajo.",
        "send_again": "Enviar otra vez",
        "send_again_question": "¿Enviar otra vez?",
        "not_known": "WhatsApp no dijo si esto llegó. Si se envía otra vez, puede llegar dos veces.",
        "mark_wrong": "Marcar el número como equivocado",
        "is_marked_wrong": "El número está marcado como equivocado.",
        "unmark_wrong": "Quitar la marca",
        "change_text": "Cambiar el texto",
        "doctor": "Ver qué falla",
        "undo": "Deshacer",
        "nothing_is_sent": "No se está enviando nada.",
        "since": "Desde",
        "waiting": "{count} mensajes esperan, y nada se pierde.",
        "waiting_one": "1 mensaje espera, y nada se pierde.",
        "waiting_many": "Más de {count} mensajes esperan, y nada se pierde.",
        "waiting_none": "Lo que se escriba ahora espera aquí.",
        "resumes_by_look_up": "Kia-Ai pregunta cada 15 segundos si el token vuelve a servir, y entonces "
        "sigue por su cuenta.",
        "resumes_by_probe": "Cada minuto se prueba un mensaje. En cuanto WhatsApp lo acepte, salen todos.",
        "try_now": "Intentar ahora",
        "try_now_hint": "Intentar ahora: si WhatsApp aún rechaza, el envío se detiene en el primer mensaje.",
        "held": "El envío está retenido.",
        "held_stopped": "Hay mensajes de hace más de una hora sin enviar, y el programa estuvo detenido más "
        "de una hora.",
        "held_restored": "Hay mensajes de hace más de una hora sin enviar, y se restauró la base de datos.",
        "held_waiting": "{count} mensajes esperan una decisión.",
        "held_waiting_one": "1 mensaje espera una decisión.",
        "held_waiting_many": "Más de {count} mensajes esperan una decisión.",
        "held_oldest": "El más antiguo es de",
        "held_later": "Lo que se escriba ahora sale como siempre.",
        "held_by_admin": "Quien administra decide si salen.",
        "decide": "Mirarlos y decidir",
    },
}
# Counts stop here, so that nothing is counted for long.
MOST_COUNTED = 1000


def phrase(language: Language, name: str, count: int | None = None) -> str:
    """Return a phrase; with a count, the form that fits it."""
    words = WORDS[language]
    if count is None:
        return words[name]
    form = {0: "_none", 1: "_one", MOST_COUNTED: "_many"}.get(count, "")
    separator = "." if language == "es" else ","
    return words.get(name + form, words[name]).format(count=f"{count:,}".replace(",", separator))
