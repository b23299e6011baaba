"""Small talk: greetings, thanks, "ok", yes and no. Pure."""

import re

from kiaai.bot.wording import bare_phrase_of, phrase_of, phrases

# Small talk is short: the words of a longer text are not looked through.
_LONGEST = 100


def is_greeting(text: str) -> bool:
    """Tell whether the message greets and says nothing more, or only asks what the bot can do."""
    return _is(text, _GREETING) or bool(len(text) <= _LONGEST and _HELP.fullmatch(bare_phrase_of(text)))


def is_thanks(text: str) -> bool:
    """Tell whether the message thanks or says goodbye and asks nothing."""
    return _is(text, _THANKS)


def is_acknowledgement(text: str) -> bool:
    """Tell whether the message needs no answer: "ok", "ya", a lone emoji."""
    # Letters of any script are words; what has none is an emoji or a sign.
    says_nothing = not any(map(str.isalnum, text)) and "?" not in text
    return _is(text, _ACKNOWLEDGEMENT) or says_nothing


def is_yes(text: str) -> bool:
    """Tell whether the message says yes to what was offered."""
    return _is(text, _YES)


def is_no(text: str) -> bool:
    """Tell whether the message declines what was offered."""
    return _is(text, _NO)


def _is(text: str, pattern: re.Pattern[str]) -> bool:
    return len(text) <= _LONGEST and bool(pattern.fullmatch(phrase_of(text)))


_HELLO = (
    r"(?:hola+s?|ola|holi+s?|buenas?|buenos|buen dia|buenos dias|buenas tardes|buenas noches|muy buenas"
    r"|saludos|que tal|como estas?|como estan|como les va|como va|como anda[ns]?"
    r"|que onda|alo|wena+s?|un gusto"
    r"|hello+|hi+|hey+|hiya|yo|good (?:morning|afternoon|evening|day)|greetings|how are you(?: doing| today)?"
    r"|whats up|sup|howdy)"
)
_NAMES = r"(?: (?:amigo|amiga|amigos|equipo|a todos|todos|chicos|there|team|everyone|all|guys|senor|senora))?"
# Many begin with their name alone and wait to be greeted before they ask.
_WHO = r"(?: (?:(?:yo )?soy|me llamo|mi nombre es|le habla|te habla|this is|my name is)(?: \w+){1,2})?"
_GREETING = re.compile(rf"{_HELLO}{_NAMES}(?: (?:y )?{_HELLO}{_NAMES})*{_WHO}")
_HELP = phrases(
    r"ayuda(?:me)?|menu|info|informacion|necesito ayuda|help(?: me)?|i need help|options|opciones",
    r"(?:en )?que (?:me )?(?:puedes|sabes|podes) (?:hacer|ayudar(?:me)?)|para que sirves",
    r"(?:con|en) que (?:me )?puedes ayudar(?:me)?|what can you (?:do|help (?:me )?with)",
    r"(?:quiero|necesito|quisiera) (?:mas )?informacion|(?:una|tengo una) (?:consulta|pregunta|duda)"
    r"|quiero hacer una (?:consulta|pregunta)|(?:i have )?a question|i have a question",
    r"empezar|comenzar|inicio|start|get started",
)
_OK = (
    r"(?:ok+|okey|okay|oki+|vale|ya|listo|dale|perfecto|bueno|bien|genial|excelente|buenisimo|super|entiendo"
    r"|entendido|de acuerdo|claro|sale|joya|bacan|estupendo|great|perfect|got it|cool|alright|nice|fine"
    r"|sounds good|understood|sure|awesome|jaja(?:ja)*|haha(?:ha)*|lol|mmm*|aja|ah+|oh+)"
)
_THANK = (
    r"(?:(?:muchas |muchisimas |mil )?gracias(?: por (?:todo|la ayuda|tu ayuda|la informacion|responder"
    r"|su ayuda|la info|su tiempo))?|te pasaste|muy amables?|se agradece|te lo agradezco"
    r"|thanks(?: a lot| so much)?"
    r"|thank you(?: so much| very much)?|many thanks|thx|ty|cheers|much appreciated|chao|chau|adios"
    r"|hasta (?:luego|pronto|manana)|nos vemos|bye(?: bye)?|goodbye|see you(?: later| soon| there)?"
    r"|(?:que )?(?:tengas?|tengan) (?:un )?buen (?:dia|fin de semana)|have a (?:nice|good|great) (?:day|one)"
    r"|buen dia|igualmente|por (?:todo|la ayuda)|eso es todo|eso era todo|thats all|nada mas|no)"
)
_ACKNOWLEDGEMENT = re.compile(rf"{_OK}(?: (?:y )?{_OK})*")
_THANKS = re.compile(
    rf"(?=.*(?:gracias|thank|thx|ty|cheers|chao|chau|adios|hasta|vemos|bye|see you|amable|agrade|appreciated"
    rf"|pasaste|all|todo|have a|teng))(?:{_OK}|{_THANK})(?: (?:y |and )?(?:{_OK}|{_THANK}))*"
)
_YES = re.compile(
    r"(?:si+|sip|claro|dale|ok|okay|okey|bueno|ya|vale|por favor|porfa|porfavor|yes|yeah|yep|yup|please|sure"
    r"|of course|de acuerdo|me gustaria|quiero|obvio|por supuesto|i would|id like that|perfecto|that would be"
    r" great)(?: (?:si+|claro|por favor|porfa|porfavor|please|gracias|thanks|thank you|quiero|me gustaria"
    r"|que si|mejor|sure|yes))*"
)
_NO = re.compile(
    r"(?:no+|nop|nah|nope|no gracias|no thanks|no thank you|mejor no|asi esta bien|esta bien asi|not now"
    r"|por ahora no|no por ahora|no hace falta|no es necesario|its fine|im good|dejalo|no te preocupes)"
    r"(?: (?:gracias|thanks|thank you|por ahora|asi esta bien|esta bien|its fine|im good))*"
)
