"""Everything that people read can be read in Spanish: templates, catalogues, and who gets which language."""

import ast
import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_keywords, parse_mapping_cfg
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from flask import Flask
from flask.testing import FlaskClient
from jinja2 import nodes

from kiaai.config import ROOT
from kiaai.delivery import hold
from kiaai.extensions import db
from kiaai.models import Channel, Conversation, User
from kiaai.texts import lazy, lazy_plural
from kiaai.web.languages import TRANSLATIONS
from kiaai.web.saying import said
from tests.inbox.conftest import counted_queries
from tests.people import enter, give_password, sign_in

SPANISH = {"Accept-Language": "es-CL,es;q=0.9,en;q=0.5"}
TEMPLATES = ROOT / "templates"
CATALOGUE = TRANSLATIONS / "es" / "LC_MESSAGES" / "messages.po"

_GETTEXT = {"_", "gettext", "ngettext", "pgettext", "npgettext"}
_READ_ATTRIBUTES = ("placeholder", "title", "aria-label", "aria-description", "alt", "data-confirm", "label")
# What is inside these is code, a key of the keyboard, or the name of a unit.
_UNREAD_TAGS = ("script", "style", "code", "kbd", "pre")
_LETTERS = re.compile(r"[^\W\d_]{2,}")
# In a template a string constant is a word for people when it begins like a sentence or has several words.
_SENTENCE = re.compile(r"^\W*[A-ZÁÉÍÓÚÑ][a-záéíóúñ]|[a-záéíóúñ]{2,}[,.:?!]? [a-záéíóúñ]{2,}")
_NO_WORDS = {"OpenAPI %s"}
# Keys have these names on every keyboard.
_KEYS = re.compile(r"\b(Ctrl|Esc|Enter|Shift|Tab)\b")
_MARKUP = re.compile(r"<[^>]*>")
_HOLE = "\ufffc"
_PLACEHOLDER = re.compile(r"%\((\w+)\)s")


def templates() -> list[Path]:
    return sorted(TEMPLATES.rglob("*.html"))


def name_of(path: Path) -> str:
    return path.relative_to(TEMPLATES).as_posix()


@pytest.mark.parametrize("path", templates(), ids=name_of)
def test_no_template_holds_a_text_that_is_not_translated(app: Flask, path: Path) -> None:
    assert list(untranslated(app, path.read_text())) == []


@pytest.mark.parametrize(
    "source",
    [
        "<p>Hello</p>",
        '<input placeholder="Your name">',
        '<button value="Go on">',
        '<div data-failed-text="Did not work">',
        '{{ "Yes please" if x else _("No") }}',
        '{{ x or "nobody at all" }}',
        '{% set name = "Somebody" %}',
        '<p title="Many {{ things }}">',
        "{% if x %}<b>{% trans %}This{% endtrans %} that</b>{% endif %}",
    ],
)
def test_a_text_outside_a_translation_is_found(app: Flask, source: str) -> None:
    assert list(untranslated(app, source))


def test_scripts_hold_no_texts() -> None:
    for path in (*ROOT.glob("static/js/*.js"), *ROOT.glob("static/sandbox/*.js")):
        lines = [line for line in path.read_text().splitlines() if not line.lstrip().startswith("//")]
        texts = re.findall(r"[\"'`]([A-ZÁÉÍÓÚÑ][a-záéíóúñ]+ [^\"'`]*)[\"'`]", "\n".join(lines))
        assert texts == [], path.name


# What programs or administrators at a terminal read stays in English.
_FOR_PROGRAMS = ("api", "embedded", "sandbox", "worker")
_REFUSALS = {"ValidationFailed", "NotFound", "_refused", "flash", "ok", "look", "skip"}
_AT_A_TERMINAL = {"importing.py", "replay.py"}
_SAID = re.compile(r"^[A-ZÁÉÍÓÚÑ¿¡].*[a-z]{2}.* .* .*[.?!]$")


def is_for_people(path: Path) -> bool:
    return path.parent.name not in _FOR_PROGRAMS and path.name not in _AT_A_TERMINAL


@pytest.mark.parametrize(
    "path",
    [path for path in sorted((ROOT / "kiaai").rglob("*.py")) if is_for_people(path)],
    ids=lambda path: path.relative_to(ROOT).as_posix(),
)
def test_no_reason_is_told_in_english_alone(path: Path) -> None:
    assert list(unmarked(ast.parse(path.read_text()))) == []


@pytest.mark.parametrize(
    "source",
    [
        'raise NotFound("This person does not exist.")',
        'raise ValidationFailed(lazy("No."), {"name": ["At most 3 characters."]})',
        'raise ValidationFailed(lazy("No."), {"name": [f"At most {limit} characters."]})',
        'flash("All is saved.")',
    ],
)
def test_a_reason_without_its_mark_is_found(source: str) -> None:
    assert list(unmarked(ast.parse(source)))


def unmarked(tree: ast.AST) -> Iterator[str]:
    """Give the sentences that a person may get to read, and that no catalogue has."""
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in _REFUSALS:
            for argument in call.args:
                yield from _sentences(argument)


def _sentences(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id.startswith("lazy"):
        return
    if isinstance(node, ast.JoinedStr):
        words = "".join(str(part.value) if isinstance(part, ast.Constant) else "x" for part in node.values)
        yield from (word for word in (words,) if _SAID.search(word))
        return
    # Which words an address of ours takes is for whoever writes to it.
    said = node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
    if _SAID.search(said) and not said.startswith("Must be one of"):
        yield said
    for child in ast.iter_child_nodes(node):
        yield from _sentences(child)


def untranslated(app: Flask, source: str) -> Iterator[str]:
    """Give each text of a template that stands outside a translation."""
    tree = app.jinja_env.parse(source)
    yield from constants(tree)
    page = _Page()
    # Newlines would hide a hole at the edge of a tag; each expression leaves one.
    page.feed("".join(drawn(tree)))
    page.close()
    yield from page.texts


def drawn(tree: nodes.Node) -> Iterator[str]:
    # The one block that stands inside an attribute.
    classes = [block for block in tree.find_all(nodes.Block) if block.name == "main_class"]
    unread = [output for block in classes for output in block.find_all(nodes.Output)]
    for output in tree.find_all(nodes.Output):
        for part in output.nodes if output not in unread else ():
            yield part.data if isinstance(part, nodes.TemplateData) else _HOLE


def constants(node: nodes.Node) -> Iterator[str]:
    """Give the strings in expressions that read like words for people."""
    if isinstance(node, nodes.Call) and isinstance(node.node, nodes.Name) and node.node.name in _GETTEXT:
        # The message itself is translated; what it is given may be a text too.
        for argument in node.kwargs:
            yield from constants(argument)
        return
    if isinstance(node, nodes.Const) and _is_for_people(node.value):
        yield node.value
    for child in node.iter_child_nodes():
        yield from constants(child)


def _is_for_people(value: object) -> bool:
    if not isinstance(value, str) or value in _NO_WORDS:
        return False
    return bool(_SENTENCE.search(_KEYS.sub("", _MARKUP.sub("", value))))


class _Page(HTMLParser):
    """Collects what people read of a page."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.texts: list[str] = []
        self._unread = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._unread += tag in _UNREAD_TAGS
        for name, value in attrs:
            is_text = name in _READ_ATTRIBUTES or (name.startswith("data-") and name.endswith("-text"))
            is_word = name == "value" and tag == "button" and " " in (value or "")
            if (is_text or is_word) and _LETTERS.search(_KEYS.sub("", value or "")):
                self.texts.append(f"{name}={value}")

    def handle_endtag(self, tag: str) -> None:
        self._unread -= tag in _UNREAD_TAGS

    def handle_data(self, data: str) -> None:
        if not self._unread and _LETTERS.search(data):
            self.texts.append(data.strip())


@pytest.fixture(scope="module")
def spanish() -> Catalog:
    return read_po(io.BytesIO(CATALOGUE.read_bytes()), locale="es")


def messages(catalog: Catalog) -> list[Message]:
    return [message for message in catalog if message.id]


def key_of(message: Message) -> tuple[object, object]:
    return message.id, message.context


def forms(message: Message) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the text and its translation, singular first and plural last."""
    ids = message.id if isinstance(message.id, (tuple, list)) else (message.id,)
    strings = message.string if isinstance(message.string, (tuple, list)) else (message.string,)
    return tuple(map(str, ids)), tuple(str(string or "") for string in strings)


def sources() -> Catalog:
    """Return the texts that stand in the sources now, collected as `make translations` does."""
    mapping_file = io.StringIO((TRANSLATIONS / "mapping.cfg").read_text())
    mapping, options = parse_mapping_cfg(mapping_file)  # type: ignore[no-untyped-call]
    keywords = {**DEFAULT_KEYWORDS, **parse_keywords(["lazy", "lazy_plural:1,2"])}
    found = Catalog()
    for folder in ("kiaai", "templates"):
        for _, _, text, _, context in extract_from_dir(ROOT / folder, mapping, options, keywords):
            found.add(text, context=context)
    return found


def test_the_spanish_catalogue_has_every_text_of_the_sources(spanish: Catalog) -> None:
    wanted, there = {key_of(m) for m in messages(sources())}, {key_of(m) for m in messages(spanish)}

    assert wanted - there == set(), "run make translations, then write these in messages.po"
    assert there - wanted == set(), "run make translations: nobody says these any more"


def test_every_text_is_written_in_spanish(spanish: Catalog) -> None:
    bare = [m.id for m in messages(spanish) if not all(forms(m)[1])]

    assert bare == []
    assert [m.id for m in messages(spanish) if m.fuzzy] == []


def test_translations_have_the_placeholders_of_their_text(spanish: Catalog) -> None:
    for message in messages(spanish):
        ids, strings = forms(message)
        # "1 message" needs no number, in either language; the plural names all.
        assert set(_PLACEHOLDER.findall(strings[-1])) == set(_PLACEHOLDER.findall(ids[-1])), ids
        assert set(_PLACEHOLDER.findall(strings[0])) <= set(_PLACEHOLDER.findall("".join(ids))), ids


def test_no_translation_breaks_out_of_an_attribute(spanish: Catalog) -> None:
    for message in messages(spanish):
        ids, strings = forms(message)
        for text in (*ids, *strings):
            assert '"' not in re.sub(r"<[^>]+>", "", text), text


def test_the_compiled_catalogue_is_that_of_the_written_one(spanish: Catalog) -> None:
    compiled = io.BytesIO()
    write_mo(compiled, spanish)

    assert CATALOGUE.with_suffix(".mo").read_bytes() == compiled.getvalue(), "run make translations"


def test_a_browser_that_asks_for_spanish_gets_it(client: FlaskClient) -> None:
    answer = client.get("/login", headers=SPANISH)

    assert '<html lang="es"' in answer.text
    assert "Iniciar sesión" in answer.text and "Sign in" not in answer.text
    assert "Accept-Language" in answer.headers["Vary"]


def test_a_browser_that_asks_for_neither_gets_english(client: FlaskClient) -> None:
    answer = client.get("/login", headers={"Accept-Language": "de"})

    assert '<html lang="en"' in answer.text and "Sign in" in answer.text


def test_a_choice_of_ones_own_wins_over_the_browser(client: FlaskClient, bob: User) -> None:
    enter(client, bob)
    client.post("/account/language", data={"language": "es"})

    page = client.get("/account", headers={"Accept-Language": "en"}).text
    assert '<html lang="es"' in page and "Tu cuenta" in page

    client.post("/account/language", data={"language": ""})
    assert '<html lang="en"' in client.get("/account", headers={"Accept-Language": "en"}).text


def test_a_choice_must_be_one_that_we_speak(client: FlaskClient, bob: User) -> None:
    enter(client, bob)

    answer = client.post("/account/language", data={"language": "tlh"})

    assert answer.status_code == 422 and "Choose one of the list." in answer.text
    assert bob.language is None


def test_the_language_of_a_person_comes_with_the_sign_in(client: FlaskClient, bob: User) -> None:
    give_password(bob).language = "es"
    db.session.commit()

    sign_in(client, bob.email)

    with client.session_transaction() as session:
        assert session["language"] == "es"


def test_a_choice_before_the_sign_in_becomes_ones_own(client: FlaskClient, bob: User) -> None:
    give_password(bob)
    answer = client.post("/language", data={"language": "es", "back": "/login?next=/account"})
    assert (answer.status_code, answer.location) == (303, "/login?next=/account")
    assert '<html lang="es"' in client.get("/login").text

    sign_in(client, bob.email)

    assert bob.language == "es"


def test_the_language_of_the_one_before_is_not_left_to_the_next(
    client: FlaskClient, alice: User, bob: User
) -> None:
    give_password(alice).language = "es"
    give_password(bob)
    sign_in(client, alice.email)
    client.get("/account")
    # Her session ends from elsewhere; the cookie stays in the browser.
    alice.fs_uniquifier = "another"
    db.session.commit()

    sign_in(client, bob.email)

    assert bob.language is None


def test_a_choice_made_elsewhere_reaches_this_session(client: FlaskClient, bob: User) -> None:
    enter(client, bob)
    client.get("/account")
    bob.language = "es"
    db.session.commit()

    assert '<html lang="es"' in client.get("/account").text


def test_nobody_is_led_away_by_a_choice_of_language(client: FlaskClient) -> None:
    answer = client.post("/language", data={"language": "es", "back": "//elsewhere.example"})

    assert answer.location == "/"
    assert client.post("/language", data={"language": "tlh"}).status_code == 422


def test_the_tag_of_a_poll_differs_by_language(client: FlaskClient, dana: Conversation, bob: User) -> None:
    enter(client, bob)
    poll = f"/inbox/conversations/{dana.id}/messages"
    tag = client.get(poll).headers["HX-PTag"]
    assert client.get(poll, headers={"HX-PTag": tag}).status_code == 304

    assert client.get(poll, headers={"HX-PTag": tag, **SPANISH}).status_code == 200
    client.post("/account/language", data={"language": "es"})
    assert client.get(poll, headers={"HX-PTag": tag}).status_code == 200


def test_a_poll_in_a_language_of_ones_own_still_costs_one_query(
    client: FlaskClient, dana: Conversation, bob: User
) -> None:
    enter(client, bob)
    client.post("/account/language", data={"language": "es"})
    polls = ("/inbox/conversations", f"/inbox/conversations/{dana.id}/messages")
    tags = [client.get(poll).headers["HX-PTag"] for poll in polls]

    with counted_queries() as statements:
        answers = [client.get(poll, headers={"HX-PTag": tag}) for poll, tag in zip(polls, tags, strict=True)]

    assert [answer.status_code for answer in answers] == [304, 304]
    assert len(statements) == 2


def test_programs_get_errors_in_english_unless_they_ask(client: FlaskClient, bob: User) -> None:
    bob.language = "es"
    db.session.commit()
    enter(client, bob)
    client.get("/account")

    plain, asked = (client.get("/api/nothing", headers=headers) for headers in ({}, SPANISH))

    assert plain.json and plain.json["error"]["message"] == "Nothing is at this address."
    assert asked.json and asked.json["error"]["message"] == "No hay nada en esta dirección."


def test_a_reason_from_below_the_views_is_told_in_the_language_of_the_reader(
    client: FlaskClient, dana: Conversation, bob: User
) -> None:
    enter(client, bob)

    answer = client.patch(
        f"/inbox/conversations/{dana.id}/lead", data={"customer_name": "x" * 201}, headers=SPANISH
    )

    assert (answer.status_code, answer.text) == (422, "Como máximo 200 caracteres.")


def test_a_text_that_was_stored_is_told_in_the_language_of_the_reader(
    client: FlaskClient, channel: Channel, alice: User
) -> None:
    hold.hold(hold.RESTORED)
    db.session.commit()
    enter(client, alice)

    assert "se restauró la base de datos" in client.get("/settings/hold", headers=SPANISH).text


def test_texts_know_their_plural_and_their_numbers(app: Flask) -> None:
    waiting = lazy_plural(
        "1 message waits, and nothing is lost.", "%(count)s messages wait, and nothing is lost.", 1
    )
    limit = lazy("At most %(limit)s characters.", limit=4096)

    assert waiting == "1 message waits, and nothing is lost."
    assert limit == "At most 4,096 characters."
    with app.test_request_context("/", headers=SPANISH):
        assert said(waiting) == "1 mensaje espera, y nada se pierde."
        assert said(limit) == "Como máximo 4.096 caracteres."
        assert said("a customer's own words") == "a customer's own words"


def test_a_value_in_a_text_is_translated_too_and_nothing_in_it_is_markup(app: Flask) -> None:
    event = lazy("%(who)s set the status to %(status)s", who="<b>", status=lazy("Customer"))

    with app.test_request_context("/", headers=SPANISH):
        page = app.jinja_env.from_string("{{ event }}").render(event=event)

    assert page == "&lt;b&gt; cambió el estado a Cliente"


def test_days_have_the_names_of_the_language(app: Flask) -> None:
    at = datetime(2026, 1, 3, 15, tzinfo=UTC)
    template = app.jinja_env.from_string("{{ at|day }} {{ bytes|size }}")

    with app.test_request_context("/"):
        assert template.render(at=at, bytes=2_100_000) == "3 Jan 2026 2.1 MB"
    with app.test_request_context("/", headers=SPANISH):
        assert template.render(at=at, bytes=2_100_000) == "3 ene 2026 2,1 MB"
