"""The one line of a message in the list."""

from kiaai.whatsapp.previews import preview_of


def test_the_line_shows_words_and_no_marks() -> None:
    text = "Atendemos: *Lunes a _viernes_* 9:30 ~no~ 2*3*4 ```a*b*```"

    assert preview_of("text", {}, text) == "Atendemos: Lunes a viernes 9:30 no 2*3*4 a*b*"
