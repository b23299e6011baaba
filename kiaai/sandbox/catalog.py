"""The message templates of the sandbox's account."""

import re
from dataclasses import dataclass
from typing import Any

from kiaai.sandbox.errors import GraphProblem

Json = dict[str, Any]
VARIABLE = re.compile(r"\{\{\s*(\w+)\s*\}\}")


@dataclass(frozen=True)
class Template:
    """An approved (or paused) text in one language."""

    id: str
    name: str
    language: str
    category: str
    status: str
    parameter_format: str
    components: tuple[Json, ...]

    def as_json(self) -> Json:
        return {
            "id": self.id,
            "name": self.name,
            "language": self.language,
            "category": self.category,
            "status": self.status,
            "parameter_format": self.parameter_format,
            "components": list(self.components),
            "quality_score": {"score": "GREEN" if self.status == "APPROVED" else "RED"},
            "rejected_reason": "NONE",
        }

    def fill(self, given: list[Json]) -> Json:
        """Return what the customer sees: header, body, footer and buttons, with the parameters put in.

        given: the `components` of the send. Raises GraphProblem 132000 or 132012.
        """
        filled: Json = {
            "name": self.name,
            "language": self.language,
            "category": self.category,
            "buttons": [],
        }
        for component in self.components:
            kind = component["type"]
            if kind == "BUTTONS":
                filled["buttons"] = _buttons(component["buttons"], given)
            elif "text" in component:
                filled[kind.lower()] = self._text(kind, component["text"], given)
        return filled

    def _text(self, kind: str, text: str, given: list[Json]) -> str:
        wanted = VARIABLE.findall(text)
        parameters = _parameters(kind.lower(), given)
        if len(wanted) != len(parameters):
            raise GraphProblem(
                132000,
                f"{kind.lower()}: number of localizable_params ({len(parameters)}) does not match "
                f"the expected number of params ({len(wanted)})",
            )
        values = dict(self._named(wanted, parameters))
        return VARIABLE.sub(lambda match: values[match.group(1)], text)

    def _named(self, wanted: list[str], parameters: list[Json]) -> list[tuple[str, str]]:
        for parameter in parameters:
            if parameter.get("type") != "text" or not isinstance(parameter.get("text"), str):
                raise GraphProblem(132012, "Parameter format does not match: expected text")
        if self.parameter_format == "POSITIONAL":
            return [(name, parameter["text"]) for name, parameter in zip(wanted, parameters, strict=True)]
        names = [parameter.get("parameter_name") for parameter in parameters]
        if sorted(map(str, names)) != sorted(wanted):
            raise GraphProblem(132012, f"Parameter name is missing or invalid; expected {', '.join(wanted)}")
        return [(str(name), parameter["text"]) for name, parameter in zip(names, parameters, strict=True)]


def _parameters(kind: str, given: list[Json]) -> list[Json]:
    for component in given:
        if str(component.get("type", "")).lower() == kind:
            return list(component.get("parameters") or [])
    return []


def _buttons(buttons: list[Json], given: list[Json]) -> list[Json]:
    """Return each button with the payload a tap sends back: the send's own, else its text."""
    payloads = {
        str(component.get("index")): parameter.get("payload")
        for component in given
        if str(component.get("type", "")).lower() == "button"
        for parameter in component.get("parameters") or []
    }
    return [
        {
            "text": button["text"],
            "type": button["type"],
            "payload": payloads.get(str(index)) or button["text"],
        }
        for index, button in enumerate(buttons)
    ]


def _template(
    last_digits: str,
    name: str,
    language: str,
    category: str,
    format_: str,
    *components: Json,
    status: str = "APPROVED",
) -> Template:
    return Template(f"30000000000{last_digits}", name, language, category, status, format_, components)


def _quick_replies(*texts: str) -> Json:
    return {"type": "BUTTONS", "buttons": [{"type": "QUICK_REPLY", "text": text} for text in texts]}


def _named_body(text: str, **examples: str) -> Json:
    named = [{"param_name": name, "example": example} for name, example in examples.items()]
    return {"type": "BODY", "text": text, "example": {"body_text_named_params": named}}


TEMPLATES = (
    _template(
        *("1001", "cita_recordatorio", "es", "UTILITY", "NAMED"),
        _named_body(
            "Hola {{nombre}}, te recordamos tu hora a las {{hora}}. ¿Nos confirmas?",
            nombre="Ana",
            hora="10:30",
        ),
        {"type": "FOOTER", "text": "Responde BAJA para no recibir más mensajes"},
        _quick_replies("Confirmar", "Cambiar la hora"),
    ),
    _template(
        *("1002", "cita_recordatorio", "en", "UTILITY", "NAMED"),
        _named_body(
            "Hi {{nombre}}, this is a reminder of your visit at {{hora}}. Will you come?",
            nombre="Ana",
            hora="10:30",
        ),
        {"type": "FOOTER", "text": "Reply STOP to receive no more messages"},
        _quick_replies("Confirm", "Another time"),
    ),
    _template(
        *("1003", "oferta_temporada", "es", "MARKETING", "POSITIONAL"),
        {"type": "HEADER", "format": "TEXT", "text": "Novedades de temporada"},
        {
            "type": "BODY",
            "text": "Hola {{1}}, tenemos un {{2}} de descuento solo por esta semana.",
            "example": {"body_text": [["Ana", "20 %"]]},
        },
        {"type": "FOOTER", "text": "Responde BAJA para no recibir más mensajes"},
        _quick_replies("Me interesa", "No quiero ofertas"),
    ),
    _template(
        *("1004", "saludo", "es", "UTILITY", "POSITIONAL"),
        {"type": "BODY", "text": "Hola, gracias por escribirnos. Ya estamos revisando tu consulta."},
    ),
    _template(
        *("1005", "saludo", "en", "UTILITY", "POSITIONAL"),
        {"type": "BODY", "text": "Hello, thank you for writing. We are looking into your question."},
    ),
    _template(
        *("1006", "encuesta_servicio", "es", "MARKETING", "POSITIONAL"),
        {"type": "BODY", "text": "¿Cómo fue tu experiencia? Cuéntanos en una palabra."},
        status="PAUSED",
    ),
)


def get_template(name: str, language: str) -> Template:
    """Return a template that can be sent. Raises GraphProblem 132001 or 132015."""
    for template in TEMPLATES:
        if (template.name, template.language) == (name, language):
            if template.status != "APPROVED":
                raise GraphProblem(132015)
            return template
    raise GraphProblem(132001, f"template name ({name}) does not exist in {language}")
