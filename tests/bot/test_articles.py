"""Files of articles: what is read, and which mistakes are named with their line."""

import pytest

from kiaai.bot.articles import UnreadableFile, read_articles

FILE = """\
---
language: en
---

# Shop

## Opening hours
keywords: open, close
keywords: sunday

We open at *nine*.

```
# not a title
```

## Horario
language: es

Abrimos a las nueve.
"""


def test_each_title_begins_an_article() -> None:
    first, second = read_articles(FILE, "es")

    assert (first.title, first.language, first.keywords) == ("Opening hours", "en", "open, close, sunday")
    assert "# not a title" in first.body and "keywords" not in first.body
    assert (second.title, second.language, second.body) == ("Horario", "es", "Abrimos a las nueve.")


def test_it_takes_the_language_given_where_the_file_names_none() -> None:
    assert read_articles("# Hours\nNine.", "en")[0].language == "en"


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    (
        ("", 1, "no article here"),
        ("Hola\n\n# Horario\nNueve.", 1, "text before the first title"),
        ("# Horario\nNueve.\n\n# Precios\n", 4, "“Precios” has no text"),
        ("# Horario\nNueve.\n# Horario\nDiez.", 3, "stands already in line 1"),
        ("# Horario\nlanguage: fr\n\nNeuf.", 2, "must be es or en"),
        ("language: fr\n# Horario\nNueve.", 1, "must be es or en"),
        ("#\nNueve.", 1, "a title needs"),
        ("# " + "x" * 201 + "\nNueve.", 1, "a title needs"),
        ("# Horario\n" + "x" * 20_001, 1, "Split it"),
    ),
)
def test_it_names_the_line_of_a_mistake(text: str, line: int, reason: str) -> None:
    with pytest.raises(UnreadableFile, match=reason) as refused:
        read_articles(text, "es")

    assert refused.value.line == line
