"""What an error means, in words for a person, in the languages of the dashboard."""

from dataclasses import replace
from typing import Literal, get_args

from kiaai.whatsapp import error_codes, error_codes_es
from kiaai.whatsapp.error_codes import Explanation

Language = Literal["en", "es"]
LANGUAGES: tuple[Language, ...] = get_args(Language)

# What no code says. own_number_gone: "object does not exist" about the channel's own number, so the token
# lost it, or the id is wrong.
Special = Literal["unlisted", "no_code", "no_answer", "not_reached", "own_number_gone", "stopped"]

SPECIAL: dict[Language, dict[Special, Explanation]] = {
    "en": {
        "unlisted": Explanation(
            "WhatsApp refused the message",
            "WhatsApp gave a reason that Kia-Ai does not know yet.",
            "Read WhatsApp's own words below the message. If they do not help, send it again later.",
        ),
        "no_code": Explanation(
            "The message was not accepted",
            "No code of WhatsApp says why. What is known stands below.",
            "Send it again. If it fails once more, show those words to your administrator.",
        ),
        "no_answer": Explanation(
            "Nobody knows whether it was sent",
            "The connection ended before WhatsApp answered, so it may or may not have taken the message.",
            "Wait: a tick settles it by itself. Without one after ten minutes, press Send again.",
        ),
        "not_reached": Explanation(
            "WhatsApp could not be reached",
            "The connection did not come about, so nothing was sent.",
            "Nothing to do: Kia-Ai tries again by itself. If it lasts, ask your administrator to check the "
            "network.",
        ),
        "own_number_gone": Explanation(
            "This number is not there",
            "WhatsApp does not know the phone number id, or the token has no access to it.",
            "Ask your administrator to check WHATSAPP_PHONE_NUMBER_ID and the rights of the token.",
        ),
        "stopped": Explanation(
            "WhatsApp stopped this number",
            "No code of WhatsApp says why.",
            "Open WhatsApp Manager, Phone numbers, and follow what it asks for there.",
        ),
    },
    "es": {
        "unlisted": Explanation(
            "WhatsApp rechazó el mensaje",
            "WhatsApp dio un motivo que Kia-Ai todavía no conoce.",
            "Lee las palabras de WhatsApp debajo del mensaje. Si no ayudan, envíalo otra vez más tarde.",
        ),
        "no_code": Explanation(
            "El mensaje no fue aceptado",
            "Ningún código de WhatsApp dice por qué. Lo que se sabe está debajo.",
            "Envíalo otra vez. Si falla de nuevo, muestra esas palabras a quien administra.",
        ),
        "no_answer": Explanation(
            "Nadie sabe si se envió",
            "La conexión terminó antes de que WhatsApp respondiera, así que pudo tomar el mensaje o no.",
            "Espera: un visto lo aclara solo. Si no llega en diez minutos, pulsa Enviar otra vez.",
        ),
        "not_reached": Explanation(
            "No se pudo llegar a WhatsApp",
            "La conexión no se logró, así que no se envió nada.",
            "No hay nada que hacer: Kia-Ai lo intenta de nuevo por su cuenta. Si dura, pide a quien "
            "administra que revise la red.",
        ),
        "own_number_gone": Explanation(
            "Este número no está",
            "WhatsApp no conoce el identificador del número, o el token no tiene acceso a él.",
            "Pide a quien administra que revise WHATSAPP_PHONE_NUMBER_ID y los derechos del token.",
        ),
        "stopped": Explanation(
            "WhatsApp detuvo este número",
            "Ningún código de WhatsApp dice por qué.",
            "Abre Números de teléfono en el administrador de WhatsApp y sigue lo que pide allí.",
        ),
    },
}
# In place of "tries again by itself", once it no longer does.
GAVE_UP: dict[Language, str] = {
    "en": "Kia-Ai has stopped trying. Send it again when WhatsApp has recovered.",
    "es": "Kia-Ai dejó de intentarlo. Envíalo otra vez cuando WhatsApp se haya recuperado.",
}
_BY_ITSELF: dict[Language, str] = {"en": error_codes.BY_ITSELF, "es": error_codes_es.BY_ITSELF}


def explain(code: int | None, language: Language = "en", *, is_final: bool = False) -> Explanation:
    """Return title, cause and next step of a code, also of one that came later in a status.

    is_final: the message has failed, so that nothing is tried again by itself.
    """
    found = _listed(code, language)
    if found is None:
        return SPECIAL[language]["no_code" if code is None else "unlisted"]
    if is_final and found.next_step == _BY_ITSELF[language]:
        return replace(found, next_step=GAVE_UP[language])
    return found


def explain_pause(code: int | None, language: Language = "en") -> Explanation:
    """Return why nothing leaves a channel: only the number's own absence stops it with a code that no other
    stop has. Without a code the reason stands beside it in WhatsApp's own words.
    """
    if code is None:
        return SPECIAL[language]["stopped"]
    verdict = error_codes.TABLE.get(code)
    is_stop = verdict is not None and verdict.kind == "stop"
    return explain(code, language) if is_stop else SPECIAL[language]["own_number_gone"]


def _listed(code: int | None, language: Language) -> Explanation | None:
    if code is None:
        return None
    if language == "es":
        return error_codes_es.TABLE.get(code)
    verdict = error_codes.TABLE.get(code)
    return verdict.explanation if verdict else None
