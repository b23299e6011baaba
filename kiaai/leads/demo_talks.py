"""What customers of an invented bicycle workshop write, and what they are answered."""

from dataclasses import dataclass, field
from typing import Any

from kiaai.models.base import Json


@dataclass(frozen=True)
class Line:
    """One message. minutes: the pause before it. detail: the content of a kind that is not text.

    quotes: how many lines above the one that it answers or reacts to. file: a sample to attach, or the
    state of an attachment that has none.
    """

    author: str
    text: str | None = None
    kind: str = "text"
    minutes: float = 1.0
    status: str = "read"
    error: int | None = None
    quotes: int | None = None
    detail: Json = field(default_factory=dict)
    file: str | None = None


@dataclass(frozen=True)
class Note:
    """A line of the lead's history, told right after the message before it."""

    kind: str
    by: str
    old: str | None = None
    new: str | None = None


@dataclass(frozen=True)
class Talk:
    """A conversation, and how its lead stands at the end of it."""

    lines: tuple[Line | Note, ...]
    lead_status: str = "potential_client"
    tags: tuple[str, ...] = ()
    notes: str = ""
    is_closed: bool = False
    is_unread: bool = False
    is_opted_out: bool = False


def customer(text: str | None = None, kind: str = "text", **more: Any) -> Line:
    return Line("customer", text, kind, **{"status": "received", "minutes": 3, **more})


def bot(text: str, **more: Any) -> Line:
    return Line("bot", text, **{"minutes": 0.1, **more})


def person(text: str, kind: str = "text", **more: Any) -> Line:
    return Line("user", text, kind, **{"minutes": 6, **more})


def _item(sku: str, quantity: int, price: int) -> Json:
    return {"product_retailer_id": sku, "quantity": quantity, "item_price": price, "currency": "CLP"}


HOURS = (
    "Atendemos de *lunes a viernes* de 9:30 a 19:00 y *sábado* de 10:00 a 14:00. Domingo y feriados: cerrado."
)
WHERE = "Estamos en *Los Aromos 1240, Ñuñoa*. Es un local con una bicicleta naranja sobre la puerta."
PRICES = "*Básica:* $18.000\n*Completa:* $35.000\n*Premium:* $60.000\n\nLos repuestos se cobran aparte."
PATCH = "Parchar una cámara cuesta $4.000 y cambiarla $8.000 con la cámara incluida. Toma unos 20 minutos."
NOT_KNOWN = "Sobre eso no tengo información. Escribe *persona* y te responde alguien del taller."
OCTOBER = "Octubre en Dos Ruedas: 20 % en mantención premium."
HANDED_OVER = "Le aviso a una persona del taller. Te responderá por aquí."
TO_PERSON = Note("handed_off", "bot")
TAKEN = Note("taken_over", "user")
INTERESTED = Note("status", "bot", "unknown", "potential_client")
SOLD = Note("status", "user", "potential_client", "customer")

TALKS: tuple[Talk, ...] = (
    Talk(
        (
            customer("Hola! a qué hora abren mañana?"),
            bot(HOURS),
            customer("Buenísimo, y cuánto sale una mantención?", minutes=2),
            bot(PRICES),
            INTERESTED,
            customer("Quiero la completa para el jueves 🙌", minutes=4),
        ),
        tags=("mantención",),
        is_unread=True,
    ),
    Talk(
        (
            customer("Buenas, mi bici suena rarísimo al frenar"),
            customer(None, "image", file="bicycle", detail={"caption": "Así se ve"}, minutes=0.5),
            bot(HANDED_OVER),
            TO_PERSON,
            TAKEN,
            person("Hola, soy del taller. Por la foto parecen las pastillas. ¿Puedes traerla hoy?"),
            customer("Sí, paso a las 18:00", minutes=2),
            person("Perfecto, te esperamos 👍", minutes=1, status="delivered"),
        ),
        tags=("frenos",),
        notes="Pastillas delanteras gastadas. Viene hoy a las 18:00.",
    ),
    Talk(
        (
            customer("Cuánto por parchar una cámara?"),
            bot(PATCH),
            customer("👍", "reaction", quotes=1),
        ),
    ),
    Talk(
        (
            customer("Hola, necesito factura de la mantención de la semana pasada"),
            bot(HANDED_OVER),
            TO_PERSON,
            person("¡Claro! Mándame el RUT de la empresa y el giro.", minutes=25),
            customer("RUT 76.000.000-0, transporte de carga", minutes=15),
            person("Aquí está tu factura.", "document", file="quote", minutes=40),
            customer("Muchas gracias!!", minutes=4),
            SOLD,
        ),
        lead_status="customer",
        tags=("empresa", "factura"),
        notes="Pide siempre factura. Flota de 6 bicicletas.",
        is_closed=True,
    ),
    Talk(
        (
            customer("Dónde están ubicados?"),
            bot(WHERE),
            customer(
                None,
                "location",
                detail={"latitude": -33.4546, "longitude": -70.6045, "name": "Mi oficina"},
                minutes=2,
            ),
            customer("Me queda cerca de aquí?", minutes=0.3),
            bot(HANDED_OVER),
            TO_PERSON,
        ),
        lead_status="unknown",
        is_unread=True,
    ),
    Talk(
        (
            customer(None, "audio", file="voice"),
            bot("Gracias por el audio. Le aviso a una persona del taller para que lo escuche."),
            TO_PERSON,
        ),
        lead_status="unknown",
        is_unread=True,
    ),
    Talk(
        (
            customer("Está lista mi bici? la dejé el lunes"),
            bot("Si quieres saber cómo va, escribe *persona* y alguien del taller lo mira por ti."),
            customer("persona", minutes=1),
            bot(HANDED_OVER),
            TO_PERSON,
            TAKEN,
            person("¡Hola! Llegó el repuesto esta mañana, mañana a las 12:00 está lista.", minutes=12),
            customer("Genial, gracias", quotes=1, minutes=3),
        ),
        lead_status="customer",
        tags=("en taller",),
    ),
    Talk(
        (
            customer("Venden cascos?"),
            bot(NOT_KNOWN),
            customer("ok persona porfa", minutes=1),
            bot(HANDED_OVER),
            TO_PERSON,
            person("Sí, tenemos talla M y L desde $24.990.", minutes=30, status="failed", error=131026),
        ),
        is_unread=False,
    ),
    Talk(
        (
            customer(
                None,
                "order",
                detail={
                    "catalog_id": "300000000000001",
                    "text": "Para retirar el sábado",
                    "product_items": [
                        {
                            "product_retailer_id": "CAM-29",
                            "quantity": 2,
                            "item_price": 8000,
                            "currency": "CLP",
                        },
                        {
                            "product_retailer_id": "LUZ-01",
                            "quantity": 1,
                            "item_price": 12990,
                            "currency": "CLP",
                        },
                    ],
                },
            ),
            bot(HANDED_OVER),
            TO_PERSON,
            person("Recibido, te lo dejo apartado para el sábado.", minutes=9),
            SOLD,
        ),
        lead_status="customer",
        tags=("repuestos",),
    ),
    Talk(
        (
            person("Te recordamos tu mantención de mañana a las 10:00.", "template", status="delivered"),
            customer("Confirmar", "button", detail={"text": "Confirmar", "payload": "CONFIRM"}, minutes=14),
            person("¡Nos vemos mañana!", minutes=3),
        ),
        lead_status="customer",
        tags=("mantención",),
        is_closed=True,
    ),
    Talk(
        (
            customer("BAJA"),
            bot("Listo: no te escribiremos más. Si un día quieres volver, escríbenos."),
            Note("opted_out", "customer"),
        ),
        lead_status="bad_lead",
        is_opted_out=True,
        is_closed=True,
    ),
    Talk(
        (
            customer("Les paso el contacto de mi hermana, ella va a llevar la bici"),
            customer(
                None,
                "contacts",
                detail={
                    "cards": [
                        {
                            "name": {"formatted_name": "Paula Demo", "first_name": "Paula"},
                            "phones": [{"phone": "+56 9 0000 0002", "type": "CELL"}],
                        }
                    ]
                },
                minutes=0.5,
            ),
            person("Anotado, gracias.", minutes=18),
        ),
        lead_status="customer",
    ),
    Talk(
        (
            customer(None, "video", file="expired", detail={"caption": "Miren cómo salta la cadena"}),
            bot(HANDED_OVER),
            TO_PERSON,
            person("Se ve el cambio desajustado. Es un ajuste de $6.000.", minutes=50, status="unknown"),
        ),
    ),
    Talk(
        (
            customer("Hacen despacho a domicilio?"),
            bot("Retiramos y entregamos en Ñuñoa y Providencia. Escribe *persona* para coordinar la hora."),
            customer(None, "sticker", file="sticker", minutes=1),
        ),
        is_unread=True,
    ),
    Talk(
        (
            customer("quiero hablar con una persona!!!"),
            bot(HANDED_OVER),
            TO_PERSON,
            TAKEN,
            person("Hola, dime en qué te ayudo.", minutes=4),
            customer("Me cobraron dos veces", minutes=2),
            person("Lo reviso con caja y te escribo hoy mismo.", minutes=3),
            Line("phone", "Ya está devuelto, lo verás en 3 días hábiles.", minutes=90),
            customer("Gracias por la rapidez 🙏", minutes=30),
        ),
        lead_status="customer",
        tags=("reclamo", "vip"),
        notes="Cobro doble devuelto. Cuidar.",
    ),
    Talk(
        (
            customer("Ganaste un premio, entra a este link para retirarlo http://premio.example"),
            bot("Sobre eso no tengo información. ¿Te ayudo con algo del taller?"),
            Note("status", "user", "unknown", "bad_lead"),
        ),
        lead_status="bad_lead",
        is_closed=True,
    ),
    Talk(
        (
            customer("Tienen hora para el sábado?"),
            customer(
                "10:30", "interactive", detail={"list_reply": {"id": "1030", "title": "10:30"}}, quotes=1
            ),
            Line("api", "Tu hora del sábado a las 10:30 quedó reservada.", minutes=1, status="delivered"),
        ),
        tags=("mantención",),
    ),
    Talk(
        (
            Line(
                "campaign",
                "Octubre en Dos Ruedas: 20 % en mantención premium.",
                "template",
                status="failed",
                error=131049,
            ),
        ),
        lead_status="customer",
    ),
    Talk(
        (
            Line("campaign", OCTOBER, "template"),
            customer("Me interesa, qué incluye?", minutes=45),
            bot("La *Premium*: desarme, lavado y engrase de toda la bicicleta, en 4 días hábiles."),
            INTERESTED,
            customer(None, "document", file="refused", minutes=6, detail={"filename": "manual completo.pdf"}),
            customer("Y cuánto dura la promo?", minutes=1),
        ),
        tags=("campaña octubre",),
        is_unread=True,
    ),
    Talk(
        (
            customer(None, "unsupported", detail={"type": "poll"}),
            customer("Hacen clases para niños?", minutes=1),
            bot(NOT_KNOWN),
            person("Por ahora no, pero te avisamos si empezamos.", minutes=120),
        ),
        lead_status="unknown",
    ),
)

FIRST_NAMES = (
    *("Valentina", "Matías", "Camila", "Joaquín", "Isidora", "Benjamín", "Antonia", "Vicente", "Sofía"),
    *("Diego", "Martina", "Tomás", "Fernanda", "Sebastián", "Josefa", "Ignacio", "Catalina", "Felipe"),
    *("Constanza", "Nicolás", "Javiera", "Cristóbal", "Francisca", "Agustín", "Daniela", "Álvaro", "Ximena"),
    *("Rodrigo", "Paulina", "Íñigo"),
)
LAST_NAMES = (
    *("Rojas", "Muñoz", "Fuentes", "Ñancupil", "Herrera", "Vera", "Lagos", "Pino", "Araya", "Leiva", "Salas"),
    *("Tapia", "Núñez", "Bravo", "Cáceres", "Donoso", "Espinoza", "Farías", "Gálvez", "Ibáñez", "Jara"),
    *("Loyola", "Meza", "Orellana", "Peña", "Quiroz", "Riquelme", "Sanhueza", "Toledo", "Yáñez"),
)
