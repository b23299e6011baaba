"""WhatsApp's error codes in Spanish: the words alone, what follows from a code stands in `error_codes.py`."""

from kiaai.whatsapp.error_codes import Explanation

BY_ITSELF = "No hay nada que hacer: Kia-Ai lo intenta de nuevo por su cuenta."
_RENEW = "Pide a quien administra que ponga un token nuevo en WHATSAPP_API_TOKEN y reinicie."
_GRANT = (
    "En la configuración del negocio de Meta, abre Usuarios del sistema y asigna la app y la cuenta de "
    "WhatsApp al usuario de este token, con whatsapp_business_messaging y whatsapp_business_management. "
    "El envío se reanuda solo."
)
_SUPPORT = "Abre Ayuda para empresas en Meta Business Suite, lee el motivo y pide una revisión."
_FIX_REQUEST = "Cambia el mensaje y envíalo otra vez. Si sigue fallando, dile el código a quien administra."
_FIX_TEMPLATE = "Abre la plantilla, compara sus variables con lo que se rellenó y envíala otra vez."
_EDIT_TEMPLATE = "Abre la plantilla en el administrador de WhatsApp, corrígela y vuelve a presentarla."
_USE_TEMPLATE = "Espera a que el cliente escriba de nuevo, o llega a él con una plantilla aprobada."
_LEAVE_IN_PEACE = "No lo envíes otra vez. El cliente aún puede escribirte, y entonces puedes responder."
_MANAGER = "Abre Números de teléfono en el administrador de WhatsApp y sigue lo que pide allí."
_GROUPS = "Revisa el grupo y sus miembros en WhatsApp e inténtalo de nuevo."
_MIGRATE = "Abre el administrador de WhatsApp y sigue desde el principio los pasos para trasladar el número."

TABLE: dict[int, Explanation] = {
    # Acceso, integridad, límites
    0: Explanation("El token no es válido", "WhatsApp no acepta el token de acceso.", _RENEW),
    3: Explanation("Falta un permiso", "La app no puede usar esta función de WhatsApp.", _GRANT),
    10: Explanation("Falta un permiso", "El permiso no se concedió, o se retiró.", _GRANT),
    190: Explanation("El token caducó", "El token de acceso es demasiado viejo o fue revocado.", _RENEW),
    131005: Explanation("Acceso denegado", "Este token no puede enviar desde este número.", _GRANT),
    368: Explanation(
        "La cuenta está restringida",
        "Meta restringió o desactivó la cuenta de WhatsApp por incumplir su política.",
        _SUPPORT,
    ),
    131031: Explanation(
        "La cuenta está bloqueada",
        "Meta bloqueó la cuenta de WhatsApp, o un dato no coincidió, como un PIN equivocado.",
        _SUPPORT,
    ),
    130497: Explanation(
        "Este país no está permitido",
        "La cuenta no puede escribir a personas de este país.",
        "Escríbele por otro medio. Solo Meta puede cambiar qué países están permitidos.",
    ),
    4: Explanation("Demasiadas llamadas", "La app agotó sus llamadas por ahora.", BY_ITSELF),
    613: Explanation("Demasiadas llamadas", "Esta llamada se hizo demasiadas veces.", BY_ITSELF),
    80007: Explanation("Demasiadas llamadas", "La cuenta de WhatsApp agotó sus llamadas.", BY_ITSELF),
    80008: Explanation("Demasiadas llamadas", "La cuenta de WhatsApp agotó sus llamadas.", BY_ITSELF),
    130429: Explanation(
        "Demasiados mensajes a la vez", "El número envía más rápido de lo que WhatsApp permite.", BY_ITSELF
    ),
    131048: Explanation(
        "El número está limitado",
        "Demasiadas personas bloquearon o denunciaron este número, y WhatsApp limita lo que puede enviar.",
        "Detén tus campañas uno o dos días y escribe solo a quien escribió primero. Luego reintenta.",
    ),
    131056: Explanation(
        "Demasiados mensajes a esta persona",
        "WhatsApp permite más o menos un mensaje cada seis segundos a una misma persona.",
        BY_ITSELF,
    ),
    131064: Explanation(
        "Las plantillas están limitadas",
        "WhatsApp encontró plantillas en la categoría equivocada y limita la cuenta por un tiempo.",
        "Corrige la categoría de tus plantillas en el administrador de WhatsApp e inténtalo mañana.",
    ),
    133016: Explanation(
        "Demasiados registros",
        "El número se registró o se quitó demasiadas veces en tres días.",
        "Espera tres días y registra el número otra vez en el administrador de WhatsApp.",
    ),
    # Envío, archivos, plantillas
    1: Explanation(
        "WhatsApp no pudo leer el pedido",
        "O WhatsApp tuvo un mal momento, o el mensaje está mal formado.",
        _FIX_REQUEST,
    ),
    2: Explanation("WhatsApp está caído un momento", "Meta está actualizando su servicio.", BY_ITSELF),
    33: Explanation(
        "El número ya no existe",
        "El número de teléfono se borró de la cuenta de WhatsApp.",
        "Pide a quien administra que ponga en WHATSAPP_PHONE_NUMBER_ID un número que exista.",
    ),
    100: Explanation(
        "Un valor no está permitido",
        "WhatsApp rechazó una parte del pedido.",
        "Lee las palabras de WhatsApp debajo del mensaje, cámbialo y envíalo otra vez.",
    ),
    130472: Explanation(
        "Retenido por una prueba de Meta",
        "Esta persona está en un grupo que no recibe mensajes de marketing, como prueba de Meta.",
        _LEAVE_IN_PEACE,
    ),
    131000: Explanation("WhatsApp tuvo un error", "Algo falló dentro de WhatsApp.", BY_ITSELF),
    131008: Explanation("Falta algo", "Falta una parte obligatoria del mensaje.", _FIX_REQUEST),
    131009: Explanation(
        "Un valor no está permitido",
        "Una parte del mensaje tiene un valor que WhatsApp no acepta, o reacciona a uno que ya no existe.",
        _FIX_REQUEST,
    ),
    131016: Explanation("WhatsApp está saturado", "Un servicio de WhatsApp no responde.", BY_ITSELF),
    131020: Explanation("El grupo tiene un solo miembro", "No hay nadie más en este grupo.", _GROUPS),
    131041: Explanation("El grupo no se conoce", "WhatsApp no conoce este grupo.", _GROUPS),
    131021: Explanation(
        "Es tu propio número",
        "El mensaje va al mismo número del que sale.",
        "Elige a otra persona a quien escribir.",
    ),
    131026: Explanation(
        "No se puede entregar",
        "La persona no tiene WhatsApp en este número, usa una versión muy vieja, o te bloqueó.",
        "Confirma el número con la persona. Si es correcto, comunícate por otro medio.",
    ),
    131030: Explanation(
        "No está en la lista de números de prueba",
        "Tu número es de prueba, y esta persona no está en su lista de destinatarios.",
        "Agrega el número en el App Dashboard de Meta, en WhatsApp, API Setup, o usa un número real.",
    ),
    131037: Explanation(
        "El nombre visible no está aprobado",
        "El número necesita un nombre visible aprobado antes de enviar.",
        "Abre Números de teléfono en el administrador de WhatsApp y presenta un nombre visible.",
    ),
    131042: Explanation(
        "Falta el pago",
        "WhatsApp no puede cobrar a la cuenta: no hay medio de pago, un pago falló o se llegó a un límite.",
        "Abre Facturación en Meta Business Suite y arregla el medio de pago. El envío se reanuda solo.",
    ),
    131044: Explanation(
        "Falta el pago de las llamadas",
        "WhatsApp no puede cobrar las llamadas a la cuenta.",
        "Abre Facturación en Meta Business Suite y arregla el medio de pago.",
    ),
    131045: Explanation(
        "El número no está bien registrado",
        "Algo falló cuando se registró el número.",
        "Registra el número otra vez en el administrador de WhatsApp y luego pulsa Enviar otra vez.",
    ),
    131047: Explanation(
        "Pasaron las 24 horas",
        "El cliente escribió hace más de 24 horas, así que solo se puede enviar una plantilla.",
        _USE_TEMPLATE,
    ),
    131049: Explanation(
        "Retenido por WhatsApp",
        "Esta persona recibió muchos mensajes de marketing últimamente, y WhatsApp no entregó uno más.",
        "Inténtalo después de un día como mínimo. La respuesta a un mensaje suyo sale de inmediato.",
    ),
    131050: Explanation(
        "La persona detuvo el marketing",
        "Esta persona eligió en WhatsApp no recibir mensajes de marketing tuyos.",
        _LEAVE_IN_PEACE,
    ),
    131051: Explanation(
        "Este tipo no se admite",
        "WhatsApp no admite aquí este tipo de mensaje.",
        "Envíalo como texto simple o como archivo.",
    ),
    131052: Explanation(
        "El archivo no se pudo recibir",
        "WhatsApp no pudo traer el archivo del cliente, o pesa más de 100 MB.",
        "Pide al cliente que lo envíe otra vez, más pequeño o en otro formato.",
    ),
    131053: Explanation(
        "El archivo no se pudo enviar",
        "WhatsApp no acepta el archivo: tipo equivocado, demasiado grande, o su enlace no se puede abrir.",
        "Guárdalo en otro formato o más pequeño, y envíalo otra vez.",
    ),
    131055: Explanation(
        "Aquí solo plantillas de marketing",
        "La dirección usada acepta solo plantillas de marketing.",
        "Elige una plantilla de marketing.",
    ),
    131057: Explanation("El número se está mejorando", "WhatsApp trabaja en este número.", BY_ITSELF),
    131059: Explanation(
        "La lista avanzó", "WhatsApp ya no conoce esta página de la lista.", "Cárgala otra vez."
    ),
    131062: Explanation(
        "Se necesita un teléfono",
        "Este tipo de mensaje no puede ir a una persona conocida solo por su nombre de usuario.",
        "Pide al cliente su número de teléfono y envíalo allí.",
    ),
    131063: Explanation(
        "Sin plantillas de marketing",
        "Las plantillas de marketing están apagadas para este número.",
        "Enciéndelas en el administrador de WhatsApp, o elige una plantilla de utilidad.",
    ),
    132000: Explanation(
        "Las variables no coinciden", "La plantilla espera otra cantidad de valores.", _FIX_TEMPLATE
    ),
    132001: Explanation(
        "No existe esa plantilla",
        "Ninguna plantilla aprobada tiene este nombre en este idioma.",
        "Elige otra plantilla u otro idioma, o espera a que se apruebe.",
    ),
    132005: Explanation(
        "El texto es demasiado largo", "Con sus valores, la plantilla queda demasiado larga.", _FIX_TEMPLATE
    ),
    132007: Explanation(
        "Contra la política de WhatsApp",
        "WhatsApp rechaza el contenido de la plantilla.",
        _EDIT_TEMPLATE,
    ),
    132008: Explanation(
        "Un valor no encaja", "Un valor no encaja en su lugar de la plantilla.", _FIX_TEMPLATE
    ),
    132012: Explanation(
        "Un valor no encaja", "Un valor no tiene la forma que pide la plantilla.", _FIX_TEMPLATE
    ),
    132015: Explanation(
        "La plantilla está en pausa",
        "La gente reaccionó mal a esta plantilla, y WhatsApp la puso en pausa.",
        "Elige otra plantilla, o mejora esta. Vuelve después de unas horas.",
    ),
    132016: Explanation(
        "La plantilla está desactivada",
        "WhatsApp puso esta plantilla en pausa demasiadas veces y la desactivó.",
        "Escribe una plantilla nueva con otras palabras y preséntala.",
    ),
    132018: Explanation(
        "Un valor no encaja",
        "WhatsApp revisó los valores de la plantilla y encontró un error.",
        _FIX_TEMPLATE,
    ),
    132068: Explanation(
        "El formulario está bloqueado",
        "El flujo de este mensaje está bloqueado.",
        "Abre Flujos en el administrador de WhatsApp.",
    ),
    132069: Explanation(
        "El formulario está limitado",
        "El flujo de este mensaje se puede enviar solo diez veces por hora.",
        "Arregla el flujo en el administrador de WhatsApp, o espera una hora.",
    ),
    134011: Explanation(
        "Términos sin aceptar",
        "Los términos de pagos en WhatsApp no se han aceptado.",
        "Acéptalos en el administrador de WhatsApp.",
    ),
    134102: Explanation(
        "El servicio de marketing falló", "Falló el servicio de marketing de Meta.", BY_ITSELF
    ),
    135000: Explanation(
        "WhatsApp no pudo usar el mensaje",
        "Un parámetro del mensaje está mal, y WhatsApp no dice cuál.",
        _FIX_REQUEST,
    ),
    136024: Explanation("Ya está verificado", "El número ya está verificado.", "Sigue con su registro."),
    137000: Explanation(
        "Quizás ya no es la misma persona",
        "La identidad del cliente cambió desde que la comprobaste, quizás por un teléfono nuevo.",
        "Asegúrate de que aún escribes a la misma persona y envíalo otra vez.",
    ),
    # Registro y administración
    133000: Explanation(
        "Una baja anterior no terminó",
        "El número se quitó antes, y eso no terminó.",
        "Quita el número una vez más en el administrador de WhatsApp y luego regístralo.",
    ),
    133004: Explanation("WhatsApp está caído un momento", "El servicio no está disponible ahora.", BY_ITSELF),
    133005: Explanation("PIN equivocado", "El PIN de dos pasos no coincide.", _MANAGER),
    133006: Explanation("Sin verificar", "Primero hay que verificar el número.", _MANAGER),
    133008: Explanation(
        "Demasiados PIN equivocados",
        "El PIN estuvo mal demasiadas veces.",
        "Espera una hora y escríbelo de nuevo.",
    ),
    133009: Explanation(
        "El PIN se escribió muy rápido",
        "El PIN se intentó con demasiada prisa.",
        "Espera un poco y escríbelo de nuevo.",
    ),
    133010: Explanation(
        "El número no está registrado",
        "Este número no está registrado en la Cloud API.",
        "Regístralo en Números de teléfono, en el administrador de WhatsApp. El envío se reanuda solo.",
    ),
    133015: Explanation(
        "El número se acaba de borrar",
        "WhatsApp aún lo está quitando.",
        "Espera cinco minutos e inténtalo de nuevo.",
    ),
    139100: Explanation(
        "Bloqueo incompleto",
        "A algunas personas no se las pudo bloquear.",
        "Mira quién está bloqueado y prueba con el resto.",
    ),
    139101: Explanation(
        "La lista de bloqueo está llena",
        "Hay 64.000 personas bloqueadas.",
        "Desbloquea primero a alguien.",
    ),
    139102: Explanation("La lista de bloqueo está ocupada", "Dos cambios llegaron a la vez.", BY_ITSELF),
    139103: Explanation("La lista de bloqueo falló", "Algo falló dentro de WhatsApp.", BY_ITSELF),
    2388001: Explanation("El número no se puede trasladar", "El traslado del número falló.", _MIGRATE),
    2388012: Explanation(
        "El número no se puede trasladar", "Así como está, el número no se puede trasladar.", _MIGRATE
    ),
    2388019: Explanation(
        "Demasiadas plantillas",
        "La cuenta tiene todas las plantillas que puede tener.",
        "Borra las plantillas que ya no usas.",
    ),
    2388040: Explanation(
        "Una parte es demasiado larga", "Una parte de la plantilla es demasiado larga.", _EDIT_TEMPLATE
    ),
    2388047: Explanation(
        "El encabezado está mal", "El encabezado de la plantilla tiene una forma equivocada.", _EDIT_TEMPLATE
    ),
    2388072: Explanation(
        "El cuerpo está mal", "El cuerpo de la plantilla tiene una forma equivocada.", _EDIT_TEMPLATE
    ),
    2388073: Explanation(
        "El pie está mal", "El pie de la plantilla tiene una forma equivocada.", _EDIT_TEMPLATE
    ),
    2388091: Explanation(
        "El número no se puede trasladar", "El número no está listo para trasladarse.", _MIGRATE
    ),
    2388093: Explanation(
        "El número no se puede trasladar", "El número no está listo para trasladarse.", _MIGRATE
    ),
    2388103: Explanation(
        "El número no se puede trasladar", "El número no está listo para trasladarse.", _MIGRATE
    ),
    2388293: Explanation(
        "Demasiadas variables", "La plantilla tiene demasiadas variables para su largo.", _EDIT_TEMPLATE
    ),
    2388299: Explanation(
        "Una variable en el borde",
        "Una plantilla no puede empezar ni terminar con una variable.",
        _EDIT_TEMPLATE,
    ),
    2494100: Explanation("El número está en mantenimiento", "WhatsApp trabaja en este número.", BY_ITSELF),
    2593107: Explanation(
        "Ya está sincronizado", "Los datos de la app del teléfono se pidieron dos veces.", "Nada que hacer."
    ),
    2593108: Explanation(
        "Tarde para sincronizar",
        "Pasó más de un día desde que el número se unió.",
        "Une el número otra vez.",
    ),
    2593109: Explanation(
        "No se compartió el historial",
        "El dueño de la app del teléfono no compartió los mensajes anteriores.",
        "Nada que hacer.",
    ),
}

_RANGES: tuple[tuple[range, Explanation], ...] = (
    (range(200, 300), Explanation("Falta acceso", "El token no tiene acceso a esta cuenta.", _GRANT)),
    (range(131201, 131216), Explanation("El grupo no se pudo cambiar", "WhatsApp lo rechazó.", _GROUPS)),
    (
        range(134100, 134104),
        Explanation(
            "El servicio de marketing lo rechazó",
            "El número no está preparado para el servicio de marketing de Meta.",
            "Termina de prepararlo en el administrador de WhatsApp, o envíalo como plantilla corriente.",
        ),
    ),
    (
        range(138000, 138019),
        Explanation(
            "La llamada falló",
            "WhatsApp rechazó la llamada.",
            "Revisa la configuración de llamadas en el administrador de WhatsApp.",
        ),
    ),
    (
        range(139000, 139005),
        Explanation(
            "El flujo falló", "WhatsApp rechazó el flujo.", "Abre Flujos en el administrador de WhatsApp."
        ),
    ),
    (
        range(147001, 147006),
        Explanation(
            "Nombre de usuario rechazado", "WhatsApp rechazó el nombre de usuario del negocio.", _MANAGER
        ),
    ),
    (
        range(200005, 200008),
        Explanation(
            "Sin cifras de plantillas",
            "WhatsApp no guarda cifras de estas plantillas.",
            "Enciende las estadísticas de plantillas en el administrador de WhatsApp.",
        ),
    ),
)
for _codes, _explanation in _RANGES:
    for _code in _codes:
        TABLE.setdefault(_code, _explanation)
