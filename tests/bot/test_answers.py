"""Questions as customers ask them, put to the demo articles: the right answer, or none."""

from collections.abc import Iterator

import pytest
from flask import Flask

from kiaai.bot.knowledge import load_demo, search
from kiaai.bot.languages import language_of

SPANISH = {
    "¿A qué hora abren?": "Horario",
    "abren los domingos?": "Horario",
    "hola buenas quería saber si el sábado están atendiendo": "Horario",
    "hasta que hora atienden hoy": "Horario",
    "Cual es el horario de atencion": "Horario",
    "orario": "Horario",
    "¿Dónde están ubicados?": "Dirección y cómo llegar",
    "donde queda el taller": "Dirección y cómo llegar",
    "me das la direccion porfa": "Dirección y cómo llegar",
    "¿tienen estacionamiento?": "Estacionamiento",
    "donde puedo dejar el auto": "Estacionamiento",
    "¿Cuánto cuesta una mantención completa?": "Precios de mantención",
    "PRECIOS": "Precios de mantención",
    "que valor tiene la mantencion de mi bici": "Precios de mantención",
    "se me pinchó la rueda": "Parchado y cambio de cámara",
    "cuanto sale parchar una camara": "Parchado y cambio de cámara",
    "los frenos me suenan mucho, ¿los pueden ver?": "Frenos",
    "cuanto cobran por cambiar las pastillas": "Frenos",
    "Me pueden hacer un presupuesto?": "Presupuesto",
    "quiero agendar para mañana": "Reservar hora",
    "necesito pedir hora": "Reservar hora",
    "¿puedo ir sin reserva?": "Reservar hora",
    "necesito cancelar mi hora de mañana": "Cambiar o cancelar una hora",
    "puedo reagendar?": "Cambiar o cancelar una hora",
    "cuánto demoran en arreglarla": "Tiempo de reparación",
    "¿en cuantos dias la entregan?": "Tiempo de reparación",
    "ya está lista mi bicicleta?": "Estado de mi bicicleta",
    "¿Aceptan tarjeta de crédito?": "Formas de pago",
    "puedo pagar con transferensia": "Formas de pago",
    "se puede en cuotas": "Formas de pago",
    "necesito factura para mi empresa": "Boleta y factura",
    "¿hacen retiro a domicilio?": "Retiro y entrega a domicilio",
    "pueden venir a buscar la bicicleta a mi casa?": "Retiro y entrega a domicilio",
    "¿Hacen envíos a regiones?": "Envío de repuestos",
    "cuanto cuesta el envio": "Envío de repuestos",
    "quiero devolver un casco que compré": "Cambios y devoluciones",
    "como pido un reembolso": "Cambios y devoluciones",
    "¿tienen garantia los trabajos?": "Garantía",
    "el cambio volvió a fallar": "Garantía",
    "¿venden cascos?": "Repuestos y accesorios",
    "tienen candados": "Repuestos y accesorios",
    "arreglan bicicletas eléctricas?": "Bicicletas eléctricas",
    "mi ebike tiene un problema con la bateria": "Bicicletas eléctricas",
    "¿arriendan bicicletas?": "Arriendo de bicicletas",
    "cuanto vale arrendar una bici por el dia": "Arriendo de bicicletas",
}
ENGLISH = {
    "What time do you open?": "Opening hours",
    "are you open on Sundays?": "Opening hours",
    "hi, until when are you open on saturday": "Opening hours",
    "Where are you?": "Address and directions",
    "what's your address": "Address and directions",
    "how do I get there by metro?": "Address and directions",
    "is there parking?": "Parking",
    "How much is a full service?": "Service prices",
    "prices": "Service prices",
    "what does a tune-up cost?": "Service prices",
    "I have a flat tire": "Punctures",
    "my brakes are squeaking": "Brakes",
    "can I get a quote": "Quotes",
    "I'd like to book an appointment": "Booking",
    "Do I need an appointment?": "Booking",
    "I need to reschedule my booking": "Change or cancel a booking",
    "can I cancel my appointment?": "Change or cancel a booking",
    "How long does it take?": "Repair time",
    "is my bike ready?": "Status of my bicycle",
    "Can I pay by card?": "Payment",
    "do you accept cash": "Payment",
    "I need an invoice for my company": "Invoices and receipts",
    "can you collect the bike from my home?": "Collection and delivery",
    "do you ship abroad?": "Shipping of parts",
    "how much is shipping": "Shipping of parts",
    "I want to return a helmet": "Returns and exchanges",
    "can I get a refund?": "Returns and exchanges",
    "is there a waranty on repairs": "Warranty",
    "do you sell helmets?": "Parts and accessories",
    "do you fix electric bikes": "Electric bicycles",
    "can I rent a bike?": "Bicycle rental",
}
# Written after the search was first tuned; later changes had to keep its figure.
UNSEEN = {
    "buenas, atienden el feriado del lunes?": "Horario",
    "están abiertos ahora?": "Horario",
    "mándenme la ubicación": "Dirección y cómo llegar",
    "en qué comuna están": "Dirección y cómo llegar",
    "hay donde estacionarse": "Estacionamiento",
    "tienen lista de precios?": "Precios de mantención",
    "qué incluye la mantención premium": "Precios de mantención",
    "tengo la llanta desinflada": "Parchado y cambio de cámara",
    "purgan frenos hidraulicos": "Frenos",
    "cobran por cotizar?": "Presupuesto",
    "hay cupo para el jueves?": "Reservar hora",
    "no voy a poder llegar a mi hora": "Cambiar o cancelar una hora",
    "cuánto se demora una mantención completa": "Tiempo de reparación",
    "como va mi bicicleta": "Estado de mi bicicleta",
    "aceptan débito?": "Formas de pago",
    "me dan boleta?": "Boleta y factura",
    "van a domicilio a Providencia?": "Retiro y entrega a domicilio",
    "despachan a Concepción?": "Envío de repuestos",
    "compré una talla equivocada, me la cambian?": "Cambios y devoluciones",
    "cuántos meses de garantía dan": "Garantía",
    "tienen luces traseras?": "Repuestos y accesorios",
    "reparan scooters?": "Bicicletas eléctricas",
    "alquilan bicis?": "Arriendo de bicicletas",
    "what are your opening times": "Opening hours",
    "are you closed on monday?": "Opening hours",
    "where is the shop located?": "Address and directions",
    "can I park nearby?": "Parking",
    "how much do you charge for a basic service": "Service prices",
    "I got a puncture this morning": "Punctures",
    "my disc brake doesn't stop": "Brakes",
    "do you give free estimates": "Quotes",
    "can I just walk in?": "Booking",
    "I can't make it tomorrow, can we move it": "Change or cancel a booking",
    "when will my bike be ready": "Repair time",
    "do you take credit cards": "Payment",
    "can I have a receipt": "Invoices and receipts",
    "do you deliver?": "Collection and delivery",
    "can you mail me a chain?": "Shipping of parts",
    "I'd like my money back": "Returns and exchanges",
    "it broke again after the repair": "Warranty",
    "do you have lights in stock": "Parts and accessories",
    "my ebike battery is dead": "Electric bicycles",
    "bike hire per week?": "Bicycle rental",
}
# Written last of all, and tuned nothing: what a business may expect of its own articles on the first day.
FIRST_DAY = {
    "buenas noches, a que hora parten mañana": "Horario",
    "abren en semana santa?": "Horario",
    "hasta que hora puedo ir a dejar la bici hoy": "Horario",
    "en que parte de ñuñoa estan?": "Dirección y cómo llegar",
    "me comparte la direccion exacta": "Dirección y cómo llegar",
    "se puede estacionar afuera un rato?": "Estacionamiento",
    "cuanto sale una mantencion basica": "Precios de mantención",
    "cuanto me saldria hacerle servicio a mi bici": "Precios de mantención",
    "se me reventó la cámara": "Parchado y cambio de cámara",
    "el freno de atras quedó sin presión": "Frenos",
    "me pueden dar un presupuesto por whatsapp": "Presupuesto",
    "hay hora para el lunes?": "Reservar hora",
    "necesito mover mi hora del jueves": "Cambiar o cancelar una hora",
    "para cuando estaria lista si la dejo hoy": "Tiempo de reparación",
    "alguna novedad de mi bici?": "Estado de mi bicicleta",
    "reciben transferencia?": "Formas de pago",
    "me falta la boleta": "Boleta y factura",
    "la pueden ir a buscar a ñuñoa?": "Retiro y entrega a domicilio",
    "hacen envios por starken?": "Envío de repuestos",
    "me arrepenti de la compra": "Cambios y devoluciones",
    "quedó sonando igual después de que la arreglaron": "Garantía",
    "venden bombines?": "Repuestos y accesorios",
    "ven bicicletas electricas xiaomi": "Bicicletas eléctricas",
    "cuanto sale arrendar por una semana": "Arriendo de bicicletas",
    "do you open at 9?": "Opening hours",
    "what are your hours on saturdays": "Opening hours",
    "can you send me your location": "Address and directions",
    "can i leave my car outside": "Parking",
    "what's the price of a premium service": "Service prices",
    "my inner tube popped": "Punctures",
    "my front brake is rubbing": "Brakes",
    "how much would it cost to fix, can you check it first": "Quotes",
    "i want to bring my bike on monday, do i need to book": "Booking",
    "i need to change my appointment to friday": "Change or cancel a booking",
    "how many days does a full service take": "Repair time",
    "is it done yet? i dropped it yesterday": "Status of my bicycle",
    "can i pay with a card": "Payment",
    "i need a receipt for my insurance": "Invoices and receipts",
    "can you ship a saddle to santiago": "Shipping of parts",
    "i want to exchange a helmet for a bigger one": "Returns and exchanges",
    "do you guarantee your work": "Warranty",
    "do you service e-bikes": "Electric bicycles",
    "rent 2 bikes for the weekend": "Bicycle rental",
}
NOT_KNOWN = (
    "¿Venden motos?",
    "¿Quién ganó el partido de ayer?",
    "cuéntame un chiste",
    "¿Tienen wifi?",
    "¿aceptan mascotas?",
    "necesito un abogado",
    "quiero comprar una guitarra",
    "¿Buscan personal? quiero dejar mi currículum",
    "qué opinas del presidente",
    "receta de pan amasado",
    "¿Cuál es la capital de Francia?",
    "asdfghjkl",
    "what is the meaning of life",
    "do you have vegan food?",
    "who won the election",
    "can you write a poem about cats",
    "are dogs allowed",
    "where can I buy a dog",
    "¿dónde puedo comprar un sofá?",
    "cuánto cuesta un avión",
    "what is the weather like",
    "de la que el y a",
    "¿qué es esto?",
    "what is it and how",
    "???",
    "",
)

# Other people's business, in words that ours uses too. The thresholds were chosen with these in view, so
# that they flatter the search: `ELSEWHERE` tells how it does with such questions that nobody had seen.
STRANGE = (
    "tienen baño para clientes?",
    "hacen despacho de flores?",
    "cuanto cuesta un iphone",
    "arreglan celulares?",
    "trabajan con fonasa?",
    "quiero vender mi auto",
    "hay trabajo para estudiantes?",
    "me puedes prestar plata",
    "que hora es en españa",
    "a cuanto esta el dolar",
    "necesito una receta medica",
    "tienen clases de yoga los sabados",
    "cuanto cobran por un corte de pelo",
    "dónde puedo ver el partido",
    "estan contratando mecanicos?",
    "mi gato esta enfermo que hago",
    "do you repair phones",
    "can i bring my dog",
    "whats your favorite movie",
    "do you sell coffee",
    "how tall is mount everest",
    "where can i exchange money",
    "is there a pharmacy on your street",
    "do you have vegan options",
    "how long is the flight to lima",
    "can you fix my laptop",
    "i lost my passport what do i do",
    "book a table for two",
    "where can I buy sim cards",
    "what is the best beach near here",
)

# Written last of all and never used to tune it. Two in five get an article that is none of their business:
# to a search by words, "a booking" and "a hotel booking" are alike. A model would read the difference.
ELSEWHERE = (
    "tienen ofertas de trabajo?",
    "venden zapatillas?",
    "donde puedo comprar pan",
    "cuanto cuesta un pasaje en metro",
    "arreglan autos?",
    "hacen tortas para cumpleaños",
    "cuanto cuesta una lavadora",
    "me pueden prestar un baño",
    "a que hora sale el bus a valparaiso",
    "tienen vacunas para perros",
    "reparan televisores",
    "aceptan fonasa",
    "quiero pagar la luz",
    "hacen masajes?",
    "cuanto vale el bitcoin",
    "tienen entradas para el concierto",
    "arriendan departamentos?",
    "como saco la licencia de conducir",
    "necesito un gasfiter urgente",
    "venden flores?",
    "do you sell shoes",
    "can you cut my hair",
    "where is the nearest hospital",
    "how much is a train ticket to lima",
    "do you fix cars",
    "is the museum open on sunday",
    "can i pay my taxes here",
    "do you rent apartments",
    "i need a lawyer",
    "do you take dogs for grooming",
    "what time is the football match",
    "can you send flowers to my wife",
    "how do i cancel my netflix",
    "do you have rooms available",
    "is there a bank nearby",
)


@pytest.fixture(autouse=True)
def articles(app: Flask, database: None) -> Iterator[None]:
    load_demo()
    yield


@pytest.mark.parametrize(
    ("questions", "least_right"),
    ((SPANISH, 0.95), (ENGLISH, 0.95), (UNSEEN, 0.88), (FIRST_DAY, 0.74)),
    ids=("es", "en", "unseen", "first day"),
)
def test_it_finds_the_article_that_answers(questions: dict[str, str], least_right: float) -> None:
    found = {question: _answer(question) for question in questions}

    wrong = {question: title for question, title in found.items() if title != questions[question]}
    assert len(wrong) <= (1 - least_right) * len(questions), wrong


@pytest.mark.parametrize("question", NOT_KNOWN)
def test_it_finds_nothing_where_nothing_is_known(question: str) -> None:
    assert _answer(question) is None


@pytest.mark.parametrize(
    ("questions", "most_answered"), ((STRANGE, 5), (ELSEWHERE, 14)), ids=("strange", "elsewhere")
)
def test_it_answers_no_more_than_so_much_that_is_not_its_business(
    questions: tuple[str, ...], most_answered: int
) -> None:
    answered = [question for question in questions if _answer(question)]

    assert len(answered) <= most_answered, answered


def test_it_prefers_the_language_of_the_customer() -> None:
    assert {p.language for p in search("parking tubeless", "en")} == {"en"}
    assert {p.language for p in search("parking tubeless", "es")} == {"es"}


def test_it_takes_the_other_language_where_theirs_has_nothing() -> None:
    assert search("Can I arrendar?", "en")[0].language == "es"


def _answer(question: str) -> str | None:
    passages = search(question, language_of([question]))
    return passages[0].title if passages else None
