"""What a question is about: its telling words, and what its question words mean. Pure."""

import re
from dataclasses import dataclass

from kiaai.bot.shorthand import spelled_out
from kiaai.bot.wording import phrase_of

_MOST_WORDS = 40
# What people say around any question. Question words are here too: their meaning comes from `_MEANINGS`.
_CHATTER = frozenset(
    phrase_of("""
    a ahi ahora al algo algun alguna alguno alla amiga amigo aqui asi aun ayer ayuda ayudar bien buen
    buena buenas bueno buenos como con consulta consultar cosa cosas cual cuales cuando cuanta cuantas
    cuanto cuantos cuentame de deci decime decir del deseo digan dime disculpa disculpe donde duda e
    el ella ellos en entonces era eres es esa ese eso esta estaba estas este esto estos estoy favor
    fue gracias gustaria ha haber hace hacen hacer haces hago han hay he hola hoy info informacion ir
    la las le les lo los manana mas me mi mira mis mucha muchas mucho muchos muy necesitaria necesito
    ni no nos o ok oye para pero podria podrian podrias por porfa porfavor porfis porque pregunta
    preguntar pueda puede pueden puedes puedo que queria querria quien quiero quisiera saber se sea
    senor senora ser si sin sobre solo son soy su sus tambien te tendran tendria tendrian tenemos
    tener tengo tiene tienen tienes tu tus u un una uno unos usted ustedes va vamos van vas ver vez
    voy y ya yo
    che guey wey weon po pues nomas solamente ando andan entonces hasta hacia igual ojala onda dale
    wena wenas mientras creo pienso necesitaba estoy estas estamos estan toca hola holi
    about all also am an and any anything are ask be been but by can could d did do does doing don
    dont for from get give good got had has have hello help her hey hi his how i if im in info
    information is it its just know like ll looking m made make may me might mine my need no not of on
    one or our please possible question questions re s shall should so some something t tell thank
    thanks that the their them then there these they thing this those to today tomorrow tonight us ve
    want wanted was we well were what whats when where which who why will with wondering would yes
 yesterday you your yours
    again bit both long cant dude folks guys goes going gonna hiya lot many maybe needs now only really right
    sorry still think today too up way yeah ya
    """).split()
)
_SENTENCE_END = re.compile(r"[.?!;\n]+(?:\s+|$)|\n+")
_GREETINGS = re.compile(
    r"\b(?:buen(?:os|as)? (?:dias?|tardes|noches)|good (?:morning|afternoon|evening|day))\b"
)
# "Where are you?" holds no word that an article could hold: these are what such an article is called.
_MEANINGS = (
    (re.compile(r"\b(?:donde|como llego|como se llega)\b"), ("ubicacion", "direccion")),
    (re.compile(r"\b(?:where|how (?:do|can) i get (?:there|to you))\b"), ("address", "location")),
    (re.compile(r"\b(?:a que hora|que horas?|cuando (?:abren?|cierran?|atienden?))\b"), ("horario",)),
    (
        re.compile(r"\b(?:cuant[oa]s? (?:dias?|tiempo|semanas?)|cuanto (?:se |te )?(?:tarda|demora)n?)\b"),
        ("plazo",),
    ),
    (re.compile(r"\bhow (?:long|many days|soon|quick(?:ly)?|fast)\b"), ("turnaround", "long")),
    (re.compile(r"\b(?:what time|when (?:do|are|will) you (?:open|close|closed))\b"), ("hours",)),
)
_PRICES = (
    (re.compile(r"\b(?:(?:cuanto|que) (?:cuestan?|valen?|salen?|cobra[ns]?|seria)|a como)\b"), "precio"),
    (re.compile(r"\bhow much\b|\bwhat (?:do|does|would|is the) .{0,40}\b(?:cost|charge)\b"), "price"),
)
# Nearly every article names a price, so these words tell nothing beside the thing that has one.
_PRICE_WORDS = frozenset(
    "cobra cobran cobras cuesta cuestan vale valen sale salen cost costs charge much".split()  # noqa: SIM905 - as words
)
# What a business does with anything: "do you sell guitars?" is about guitars.
_VERBS = re.compile(
    r"(?:vend|compr|acept|arregl|repar|busc|cambi|llev|trabaj|us|ofrec|manej|dej|sac|revis)"
    r"(?:o|as?|an|amos|emos|en?|es|e|ar|er|ieron|aron|(?:ar|er)?(?:l[aoe]s?|me|nos)|ando|iendo)"
    r"|p[ie]d(?:o|es?|en|ir)|das?|dan|dar|doy|tra(?:igo|en?|er|erla)|(?:sell|buy|accept|take|bring|fix|repair"
    r"|look|find|change|use|order|work|offer|handle|leave|drop)(?:s|ing|ed)?|bought|sold|brought|left|took"
)


@dataclass(frozen=True)
class Question:
    """words: what it is about. hints: its verbs and what its question words ask for, which weigh less."""

    words: tuple[str, ...]
    hints: tuple[str, ...] = ()


def sentences_of(text: str) -> list[str]:
    """Return the sentences of a text that has several."""
    sentences = [sentence for sentence in _SENTENCE_END.split(text) if sentence.strip()]
    return sentences if len(sentences) > 1 else []


def read_question(text: str) -> Question:
    """Return the telling words of a text, each once; none in a text of small words alone."""
    phrase = _GREETINGS.sub(" ", spelled_out(phrase_of(text)))
    words = [word for word in phrase.split() if word not in _CHATTER and (len(word) > 1 or word.isdigit())]
    hints = [hint for pattern, meant in _MEANINGS if pattern.search(phrase) for hint in meant]
    for pattern, meant_price in _PRICES:
        if pattern.search(phrase):
            words = [word for word in words if word not in _PRICE_WORDS]
            hints.append(meant_price)
    # How many of a thing tells nothing about the thing.
    verbs = [word for word in words if word.isdigit() or _VERBS.fullmatch(word)]
    telling = [word for word in words if word not in verbs]
    return Question(tuple(dict.fromkeys(telling))[:_MOST_WORDS], tuple(dict.fromkeys(verbs + hints)))
