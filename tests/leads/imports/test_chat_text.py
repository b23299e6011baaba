"""Talks exported by any phone in Spanish or English are read as they were said."""

from datetime import datetime

import pytest

from kiaai.leads.imports.chat_text import Said, possible_orders, read_talk

NOW = datetime(2026, 11, 30, 12, 0)
IPHONE = (
    "[23/11/2026, 14:05:33] Dana Díaz: \u200eLos mensajes están cifrados de extremo a extremo.\n"
    "[23/11/2026, 14:05:33] Dana Díaz: Hola\nsegunda línea\n\ncuarta: con dos puntos\n"
    "\u200e[23/11/2026, 14:06:01] Kia: \u200eimagen omitida\n"
    "[23/11/2026, 14:07:00] Dana Díaz: 😀👍🏽\n"
    "\u200e[23/11/2026, 14:08:00] Dana Díaz: \u200eLlamada perdida\n"
)
ANDROID = (
    "23/11/26, 2:05\u202fp.\u00a0m. - Los mensajes y las llamadas están cifrados de extremo a extremo.\n"
    "23/11/26, 2:05\u202fp.\u00a0m. - Dana Díaz: Hola\n"
    "segunda línea\n"
    "23/11/26, 2:06\u202fp.\u00a0m. - Kia: <Multimedia omitido>\n"
    "23/11/26, 2:07\u202fp.\u00a0m. - Kia creó el grupo\n"
    "24/11/26, 12:10\u202fa.\u00a0m. - Kia: medianoche <Se editó este mensaje.>\n"
)


def said(text: str, order: str = "dmy") -> list[tuple[datetime | None, str, str]]:
    return [(one.at(order), one.name, one.text) for one in read_talk(text).said]


def test_it_reads_the_export_of_an_iphone() -> None:
    talk = read_talk(IPHONE)

    assert said(IPHONE) == [
        (datetime(2026, 11, 23, 14, 5, 33), "Dana Díaz", "Hola\nsegunda línea\n\ncuarta: con dos puntos"),
        (datetime(2026, 11, 23, 14, 6, 1), "Kia", "imagen omitida"),
        (datetime(2026, 11, 23, 14, 7), "Dana Díaz", "😀👍🏽"),
    ]
    assert [one.is_media for one in talk.said] == [False, True, False]
    assert talk.skipped == 2


def test_it_reads_the_export_of_an_android_phone() -> None:
    assert said(ANDROID) == [
        (datetime(2026, 11, 23, 14, 5), "Dana Díaz", "Hola\nsegunda línea"),
        (datetime(2026, 11, 23, 14, 6), "Kia", "<Multimedia omitido>"),
        (datetime(2026, 11, 24, 0, 10), "Kia", "medianoche"),
    ]


@pytest.mark.parametrize(
    ("head", "hour"),
    [
        ("[23/11/26 2:05:33 p. m.] ", 14),
        ("[23-11-2026, 2:05:33 PM] ", 14),
        ("23/11/2026 14:05 - ", 14),
        ("23.11.26, 14:05 - ", 14),
        ("23/11/26, 12:05 a. m. - ", 0),
        ("23/11/26, 12:05 pm - ", 12),
        ("23/11/26, 2.05 PM – ", 14),
    ],
)
def test_it_reads_dates_and_times_of_any_phone(head: str, hour: int) -> None:
    (one,) = read_talk(f"{head}Dana: Hola: sí").said

    assert (one.name, one.text, one.hour, one.minute, one.numbers[:2]) == (
        "Dana",
        "Hola: sí",
        hour,
        5,
        (23, 11),
    )


@pytest.mark.parametrize(
    "notice",
    [
        "Messages and calls are end-to-end encrypted. No one outside of this chat can read them.",
        "Missed voice call",
        "Missed video call at 2:05 PM",
        "Llamada de voz perdida",
        "Videollamada perdida a las 14:05",
        "You deleted this message",
        "Se eliminó este mensaje.",
        "Waiting for this message. This may take a while.",
    ],
)
def test_what_nobody_said_is_left_out(notice: str) -> None:
    assert read_talk(f"[23/11/2026, 14:05:33] Dana: \u200e{notice}").said == []


@pytest.mark.parametrize(
    "text",
    [
        "Perdí la llamada, ¿me llamas?",
        "Mi video omitió algo",
        "Llamada a las 5, ¿va?",
        "Videollamada, ¿puedes?",
        "No me llega el código de seguridad",
        "This business is great",
        "Ana created the group with me, remember?",
    ],
)
def test_what_somebody_said_about_such_things_stays(text: str) -> None:
    assert [one.text for one in read_talk(f"[23/11/2026, 14:05:33] Dana: {text}").said] == [text]


@pytest.mark.parametrize(
    ("days", "orders"),
    [
        (["13/02/26", "01/03/26"], ["dmy"]),
        (["02/13/26", "03/01/26"], ["mdy"]),
        (["2026/02/03"], ["ymd"]),
        (["01/02/26", "01/03/26"], ["dmy", "mdy"]),
        (["05/06/26", "04/07/26"], ["dmy"]),
        (["05/12/26"], ["mdy"]),
        (["13/13/26"], []),
    ],
    ids=["a day over 12", "month first", "year first", "either", "back in time", "ahead of now", "neither"],
)
def test_the_order_of_a_date_is_told_from_the_file(days: list[str], orders: list[str]) -> None:
    talk = read_talk("".join(f"{day}, 14:05 - Dana: Hola\n" for day in days))

    assert possible_orders(talk, NOW) == orders


@pytest.mark.parametrize(
    "notice",
    [
        "23/11/26, 14:05 - Ana creó el grupo “Familia”",
        "23/11/26, 14:05 - Ana added you",
        "[23/11/26, 14:05:33] Familia: \u200eAna created this group",
    ],
)
def test_a_group_shows_by_its_notices(notice: str) -> None:
    said = "23/11/26, 14:06 - Ana: Hola\n23/11/26, 14:06 - Kia: added you, see?\n"

    assert read_talk(f"{notice}\n{said}").is_group
    assert not read_talk(said).is_group


def test_something_else_is_no_talk() -> None:
    assert read_talk("phone,name\n56900000001,Ana\n").said == []
    assert Said("a", "b", (31, 2, 2026), 0, 0).at("dmy") is None
