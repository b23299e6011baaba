"""Loading articles: replaced by their file, refused with a reason, and found in spite of slips."""

from pathlib import Path

import pytest
from flask import Flask

from kiaai.bot.knowledge import load_demo, load_file, search, topics
from kiaai.bot.whatsapp_text import LONGEST
from kiaai.extensions import db
from kiaai.models import Article

pytestmark = pytest.mark.usefixtures("app")


def write(folder: Path, text: str, name: str = "faq.es.md") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def titles() -> list[str]:
    return sorted(article.title for article in db.session.query(Article))


def test_loading_again_replaces_what_the_file_held(tmp_path: Path) -> None:
    load_file(write(tmp_path, "# Horario\nNueve.\n# Precios\nPocos.\n# Metro\nCerca."))
    kept = db.session.query(Article).filter_by(title="Horario").one().id

    loaded = load_file(write(tmp_path, "# Horario\nDiez.\n# Metro\nCerca.\n# Envíos\nSí."))

    assert (loaded.added, loaded.changed, loaded.removed, loaded.total) == (1, 1, 1, 3)
    assert titles() == ["Envíos", "Horario", "Metro"]
    assert db.session.get_one(Article, kept).body == "Diez."


def test_loading_one_file_leaves_the_others_alone(tmp_path: Path) -> None:
    load_file(write(tmp_path, "# Horario\nNueve.", "a.es.md"))
    load_file(write(tmp_path, "# Hours\nNine.", "b.en.md"))

    assert titles() == ["Horario", "Hours"]


def test_the_name_tells_the_language(tmp_path: Path) -> None:
    load_file(write(tmp_path, "# Hours\nNine.", "faq.en.md"))

    assert db.session.query(Article).one().language == "en"


def test_the_demo_has_articles_in_both_languages_and_loads_twice() -> None:
    count = load_demo()

    assert load_demo() == count >= 30
    assert {language for language, _ in topics()} == {"es", "en"}


def test_every_answer_of_the_demo_fits_one_bubble() -> None:
    load_demo()

    for article in db.session.query(Article):
        assert len(article.body) < LONGEST


@pytest.mark.parametrize(
    "question", ("GARANTÍA", "garantia", "¿Garantia?", "garatia", "garantiaa", "  Garantía!!  ")
)
def test_it_minds_no_accents_capitals_or_slips(question: str) -> None:
    load_demo()

    assert search(question, "es")[0].title == "Garantía"


@pytest.mark.parametrize(
    "question", ("a | b & ! (", "'; DROP TABLE articles; --", "\\", "a:*", "\x00", "%s %(x)s")
)
def test_signs_do_no_harm(question: str) -> None:
    load_demo()

    assert search(question) == []


def test_an_article_switched_off_answers_nothing() -> None:
    load_demo()
    db.session.query(Article).filter_by(title="Garantía").update({"is_active": False})

    assert search("garantía", "es") == []


def test_a_rare_word_weighs_more_than_one_that_stands_everywhere(tmp_path: Path) -> None:
    common = "".join(f"# Taller {number}\nAlgo del taller.\n" for number in range(6))
    load_file(write(tmp_path, f"{common}# Garantía\nNoventa días."))

    assert search("la garantía del taller")[0].title == "Garantía"


def test_the_only_article_answers_too(tmp_path: Path) -> None:
    load_file(write(tmp_path, "# Horario\nAbrimos a las nueve."))

    assert search("¿cuál es el horario?")[0].text == "Abrimos a las nueve."


def test_the_command_loads_a_folder(app: Flask, tmp_path: Path) -> None:
    write(tmp_path, "# Horario\nNueve.", "a.es.md")
    write(tmp_path, "# Hours\nNine.", "b.en.md")

    result = app.test_cli_runner().invoke(args=["knowledge", "load", str(tmp_path)])

    assert result.exit_code == 0
    assert "1 articles (1 new, 0 changed, 0 removed)" in result.stdout


def test_the_command_refuses_a_bad_file_and_loads_the_good(app: Flask, tmp_path: Path) -> None:
    bad = write(tmp_path, "# Horario\n", "a.es.md")
    write(tmp_path, "# Hours\nNine.", "b.en.md")

    result = app.test_cli_runner().invoke(args=["knowledge", "load", str(tmp_path)])

    assert result.exit_code == 1
    assert f"{bad}: line 1: “Horario” has no text" in result.stderr
    assert "b.en.md: 1 articles" in result.stdout


def test_the_command_refuses_what_is_no_text(app: Flask, tmp_path: Path) -> None:
    (tmp_path / "a.md").write_bytes(b"# Horario\n\n\xff\xfe")

    result = app.test_cli_runner().invoke(args=["knowledge", "load", str(tmp_path / "a.md")])

    assert result.exit_code == 1
    assert "line 3: not UTF-8" in result.stderr


@pytest.mark.parametrize("arguments", (["missing.md"], ["."], ["a.md", "--language", "fr"], []))
def test_wrong_use_says_so(
    app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)

    result = app.test_cli_runner().invoke(args=["knowledge", "load", *arguments])

    assert result.exit_code == 2
