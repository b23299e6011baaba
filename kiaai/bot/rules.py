"""What a message asks for by its words alone: no more messages, or a person. Pure."""

from kiaai.bot.spelling import corrected
from kiaai.bot.wording import bare_phrase_of, phrase_of, phrases

# Nobody says these in more: longer texts are looked through no further, whatever a pattern would take.
_LONGEST_PHRASE = 120
_LONGEST_TEXT = 1000


def wants_out(text: str) -> bool:
    """Tell whether the whole message asks for no more messages."""
    return len(text) <= _LONGEST_PHRASE and bool(_OUT.fullmatch(bare_phrase_of(text)))


def wants_back(text: str) -> bool:
    """Tell whether the whole message takes an earlier "no more messages" back."""
    return len(text) <= _LONGEST_PHRASE and bool(_BACK.fullmatch(bare_phrase_of(text)))


def wants_person(text: str) -> bool:
    """Tell whether the message asks for a person of the team, slips of the pen forgiven."""
    return any(_asks_for_person(each) for each in _with_and_without_slips(text))


def asks_whether_bot(text: str) -> bool:
    """Tell whether the customer asks if a person or a program is writing."""
    return any(_BOT_QUESTION.search(phrase_of(each)) for each in _with_and_without_slips(text))


def _asks_for_person(text: str) -> bool:
    if _PERSON_ALONE.fullmatch(bare_phrase_of(text)):
        return True
    # "Is this a person? I want to talk to one" asks both.
    return bool(_PERSON.search(_NO_PERSON.sub(" ", phrase_of(text))))


def _with_and_without_slips(text: str) -> tuple[str, ...]:
    text = text[:_LONGEST_TEXT]
    words = phrase_of(text).split()
    right = corrected(words, set(words) - _NO_SLIPS, _SLIPPED, _SHORTEST_SLIP)
    return (text,) if right == words else (text, " ".join(right))


_MESSAGES = (
    r"(?:(?:estos |sus |tus |los |mas |these |any |more |your |the )*"
    r"(?:mensajes?|promociones|publicidad|ofertas|notificaciones|messages?|texts|promotions|ads)(?: mas)?)"
)
_OUT = phrases(
    r"stop(?: all)?|stopall|unsubscribe(?: me)?|cancel|end|quit|opt ?out|(?:i want to )?opt out",
    r"(?:please )?(?:stop|no more|cancel) " + _MESSAGES,
    r"stop (?:messaging|texting|writing|contacting|writing to)(?: me)?|leave me alone",
    r"(?:do not|dont) (?:ever )?(?:text|message|contact|write|write to|send)(?: to)?(?: me)?"
    r"(?: anymore| again| " + _MESSAGES + r")*",
    r"(?:remove|take) me(?: (?:from|off) (?:your|the|this) list)?",
    r"i (?:do not|dont) want (?:to (?:get|receive) )?" + _MESSAGES + r"(?: anymore)?",
    r"baja|cancelar|desuscribir(?:me)?|desuscribete|cancelar (?:la |mi )?suscripcion|detener",
    r"(?:quiero |deseo |solicito |necesito )?(?:dar(?:me)? de baja|la baja)|(?:dame|denme) de baja",
    r"no me (?:vuelvan? a )?(?:escrib(?:an?|as|ir)|contact(?:en?|es|ar)|mand(?:en?|es|ar)|envi(?:en?|es|ar)"
    r"|molest(?:en?|es|ar))(?: (?:nunca )?mas| nada(?: mas)?| " + _MESSAGES + r")*",
    r"(?:deja|dejen|dejar|paren|para) de (?:escribir(?:me)?|molestar(?:me)?"
    r"|(?:mandar|enviar)(?:me)?(?: " + _MESSAGES + r")?)",
    r"(?:ya )?no (?:quiero|deseo)(?: recibir)?(?: mas)? " + _MESSAGES,
    r"(?:ya )?no (?:quiero|deseo) que (?:me |nos )?(?:escrib|contact|mand|envi|molest|llam)(?:an?|as|en?|es)"
    r"(?: (?:nunca )?mas| nada(?: mas)?| " + _MESSAGES + r")*",
    r"no mas " + _MESSAGES + r"|(?:detener|cancelar|dejar de recibir) " + _MESSAGES,
    r"(?:borr(?:a|e|en|ar)|elimin(?:a|e|en|ar)|saqu(?:e|en)|saca)(?:me|nme)?"
    r" (?:mi numero|de (?:la|su|tu) lista)"
    r"|(?:borrenme|eliminenme|saquenme|sacame|borrame|eliminame)(?: de (?:la|su|tu|esta) lista)?",
)
_BACK = phrases(
    r"alta|start|unstop|resume|subscribe(?: me)?|resubscribe|opt ?in|reanudar|suscribir(?:me)?",
    r"(?:quiero |deseo )?dar(?:me)? de alta",
    r"(?:quiero|deseo) (?:volver a )?recibir (?:sus |los )?mensajes(?: de nuevo| otra vez)?",
)

# Whoever has to say it twice is gone: these are known with one letter wrong.
_SLIPPED = frozenset(
    """
    persona personas humano humana alguien asesor asesora agente ejecutivo ejecutiva operador operadora
    representante hablar human person agent operator representative someone robot
    """.split()  # noqa: SIM905 - a list of words reads best as words
)
_NO_SLIPS = _SLIPPED | frozenset(
    """
    agenda agendo asesoria gente hablan hablas humans personal persons robots
    """.split()  # noqa: SIM905 - as above
)
_SHORTEST_SLIP = 5

_WHO = (
    r"(?:persona|humano|humana|ser humano|asesora?|agente|ejecutiv[oa]|operadora?|representante|vendedora?"
    r"|encargad[oa]|dueno|duena|gerente|recepcionista|human|person|agent|representative|operator|advisor"
    r"|manager|owner|someone|somebody|alguien|staff|team member|mecanic[oa]|mechanic|soporte|support)"
)
_SOME = r"(?:un|una|algun|alguna|el|la|los|las|su|tu|a|an|the|some|your|real|live|actual|otra|otro|de verdad)"
_PERSON_ALONE = phrases(
    # Some of these are for sale too, or work here.
    r"(?:(?:con|a|to|with) )?(?:" + _SOME + r" )*(?!soporte|support|dueno|duena|owner|mecanico|mecanica"
    r"|mechanic|staff)" + _WHO + r"(?: real| de verdad| humano| humana)?",
    r"personas|humanos|agentes|asesores|supervisora?|hablar|(?:talk|speak) please",
    r"(?:servicio|atencion) al cliente|customer (?:service|support|care)|me atiende alguien",
    r"(?:atencion|asistencia|asesoria) (?:personal|humana|personalizada)",
    r"(?:hablar|chatear|talk|speak|chat) (?:con|to|with) .{0,20}" + _WHO,
)
_PERSON = phrases(
    r"\b(?:hablar(?:le)?|conversar|charlar|chatear|comunicar(?:me|se)?|contactar(?:me)?)"
    r" (?:con|a) (?:" + _SOME + r" )*" + _WHO + r"\b",
    r"\b(?:hablar|conversar|comunicarme) con (?:ustedes|uds|el equipo|el taller)\b",
    r"\b(?:pasa(?:me|r|rme)?|pase(?:n|me|nme)?|comunica(?:me)?|comunique(?:n|me|nme)?|deriva(?:me|r)?"
    r"|transfier(?:a|e)(?:me)?|conecta(?:me)?|conecte(?:n|me|nme)) (?:con|a) (?:"
    + _SOME
    + r" )*"
    + _WHO
    + r"\b",
    r"\b(?:quiero|necesito|prefiero|quisiera|exijo|dame|deme|denme)(?: que me atienda)?(?: a)?"
    r" (?:" + _SOME + r" )*(?:persona|humano|humana|ser humano|asesora?|agente|ejecutiv[oa]|operadora?"
    r"|representante|alguien)\b(?! que| (?:para (?:el|la|mi) cargo))",
    r"\b(?:que|podria|puede) (?:me )?(?:atienda|ayude|atender|ayudar|llame|llamar|conteste|responda)(?:me)?"
    r" (?:una persona|un humano|alguien|un asesor|una asesora|un agente|un ejecutivo|una ejecutiva)\b",
    r"\b(?:alguien|una persona|un humano) (?:que )?(?:me|nos) (?:puede|podria|pueda)?"
    r" ?(?:atender|ayudar|llamar|contestar|responder|atienda|ayude|llame|conteste|responda)\b",
    r"\b(?:llamenme|me (?:pueden|puedes|puede|podrian) llamar|quiero que me llamen)\b",
    r"\b(?:persona|human[oa]|ser humano) (?:real|de verdad)\b",
    r"\bno quiero (?:hablar|chatear) con (?:" + _SOME + r" |este |esta )?(?:bot|robot|maquina)\b",
    r"\b(?:talk|speak|chat|get through) (?:to|with) (?:" + _SOME + r" )*" + _WHO + r"\b",
    r"\b(?:connect|transfer|put|pass|forward) me (?:to|with|through to) (?:" + _SOME + r" )*" + _WHO + r"\b",
    r"\b(?:want|need|prefer|get me|give me|like) (?:to have )?(?:" + _SOME + r" )*"
    r"(?:human|person|agent|representative|operator|real person)\b(?! (?:size|bike))",
    r"\b(?:can|could|may|will) (?:someone|somebody|a person|a human|anyone) (?:please )?"
    r"(?:call|help|contact|assist|answer)\b",
    r"\b(?:call me(?: back)?|real (?:person|human)|human being)\b",
    r"\b(?:dont|do not) want (?:to (?:talk|speak|chat) (?:to|with) )?(?:an? |this |the )?"
    r"(?:bot|robot|machine)\b",
)
_NO_PERSON = phrases(
    r"\bno (?:quiero|necesito|hace falta|deseo) (?:hablar con )?(?:un |una |ningun |ninguna )?"
    r"(?:persona|humano|asesor|agente|ejecutivo)\b",
    r"\b(?:dont|do not) (?:need|want) (?:to (?:talk|speak) (?:to|with) )?(?:a |an |any )?"
    r"(?:person|human|agent|representative)\b",
    # These ask what we are, not for someone else.
    r"\b(?:eres|estoy hablando con|hablo con|es usted|sos|es esto|esto es) (?:una? )?(?:persona|human[oa])\b",
    r"\b(?:are you|is this|am i (?:talking|speaking|chatting) (?:to|with)|u) (?:an? |the )?(?:real )?"
    r"(?:person|human)\b",
)
_BOT_QUESTION = phrases(
    r"\b(?:eres|es usted|usted es|sos|es esto|esto es|tu eres|seras|hablo con|estoy hablando con|me responde"
    r"|me contesta|me atiende|esto lo responde|contesta|responde|escribe)(?: acaso| realmente| de verdad)?"
    r" (?:un |una |el |la )?(?:bot|robot|maquina|ia|inteligencia artificial|programa|contestador"
    r"|asistente virtual|chatbot|chatgpt|persona|human[oa]|ser humano|automatic[oa]|respuesta automatica)\b",
    r"\b(?:are you|r u|is this|is it|am i (?:talking|speaking|chatting) (?:to|with)|you are|youre)"
    r"(?: really| actually| just)? (?:an? |the )?(?:real )?"
    r"(?:bot|robot|machine|ai|chatbot|chatgpt|program|human|person|automated|automatic|real)\b",
    r"\b(?:hay|is there|anyone|alguien) (?:alguien|anyone|anybody|una persona|a person|a human|real) "
    r"(?:ahi|there|here|al otro lado)\b|\bis any(?:one|body) there\b",
    r"\b(?:me (?:esta|estas|estan) (?:respondiendo|contestando|atendiendo|escribiendo)"
    r"|(?:estoy )?(?:chateando|conversando|escribiendo|hablando) con) (?:un |una )?"
    r"(?:bot|robot|maquina|ia|programa)\b",
    r"\b(?:bot|robot|maquina|ia|ai|machine) (?:o|or) (?:una? |an? )?(?:person|persona|human[oa]?)\b",
    r"\b(?:person|persona|human[oa]?|tu|usted) (?:o|u|or) (?:una? |an? )?"
    r"(?:bot|robot|maquina|ia|ai|machine)\b",
    r"\b(?:are you|r u|ru|you) (?:an? )?(?:artificial intelligence|ai|bot|robot|chatbot)$",
    # Of so few words only as the whole message: a gear is automatic too.
    r"^(?:y |oye |pero )*(?:quien eres|(?:con )?quien (?:hablo|me (?:habla|escribe|responde|atiende))"
    r"|con quien estoy hablando|who are you|who is this|whos this"
    r"|who am i (?:talking|speaking|chatting) (?:to|with))$",
    r"^(?:(?:er?e?s|eres|sos|is|is that|is this|this is) )?(?:una? |an? )?"
    r"(?:bot|robot|chatbot|maquina|ia|ai)$",
    r"^(?:es|eres|sos) (?:automatic[oa]|real|de verdad|una respuesta automatica)$",
)
