"""Bringing articles in: files and archives within limits, pages that behave badly, and a preview."""

import io
import re
import resource
import time
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from kiaai.bot.import_files import File, read_files, source_of
from kiaai.bot.knowledge import search
from kiaai.bot.page_text import decoded, read_page
from kiaai.bot.web_page import Page, PageRefused, fetch_page, tidy_address
from kiaai.extensions import db
from kiaai.hooks import addresses
from kiaai.models import Article, Question, User
from tests.bot.page_server import PAGE, PageServer, serving
from tests.people import enter

web = pytest.mark.enable_socket


@pytest.fixture
def pages() -> Iterator[PageServer]:
    with serving() as server:
        yield server


@pytest.fixture
def admin(client: FlaskClient, alice: User) -> FlaskClient:
    enter(client, alice)
    return client


@pytest.fixture
def near(app: Flask) -> Iterator[None]:
    """Let pages of this machine be read, as a business may that has its own."""
    settings = app.extensions["settings"]
    app.extensions["settings"] = replace(settings, webhooks_allow_private=True)
    yield
    app.extensions["settings"] = settings


def fetch(url: str, seconds: float = 5) -> Page:
    return fetch_page(url, allow_private=True, total_seconds=seconds)


def why(url: str, seconds: float = 5) -> str:
    with pytest.raises(PageRefused) as refused:
        fetch(url, seconds)
    return str(refused.value)


def zipped(**files: bytes | str) -> bytes:
    """Return an archive; __ in a name stands for /, and _md for .md."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "/").replace("_md", ".md"), content)
    return packed.getvalue()


def reasons(*files: File) -> dict[str, str]:
    return {one.name: str(one.reason) for one in read_files(files).refused}


# Pages of the web.


@web
def test_a_page_becomes_an_article_for_each_heading(pages: PageServer) -> None:
    page = fetch(pages.gives(PAGE))

    drafts = read_page(decoded(page.content, page.charset), page.url)

    assert [draft.title for draft in drafts] == ["Preguntas frecuentes", "¿Hacen envíos?", "Retiro"]
    assert {draft.language for draft in drafts} == {"es"}
    first, second, third = (draft.body for draft in drafts)
    assert first == "Lo que más nos preguntan, respondido en **dos líneas**."
    assert second == (
        f"Sí, a _todo_ Chile. Vea la [lista de tarifas]({pages.url('/tarifas')}).\n\n"
        "- Santiago: **3.000**\n- Regiones: 5.000\n  - Islas: 9.000"
    )
    assert third == "Gratis en la tienda.  \nDe lunes a viernes."


@web
def test_it_follows_a_few_steps_and_no_more(pages: PageServer) -> None:
    for number in range(4):
        pages.leads(f"/{number + 1}", f"/{number}")
    pages.gives(PAGE, "/4")

    assert fetch(pages.url("/1")).url == pages.url("/4")
    assert "leads on and on" in why(pages.url("/0"))


@web
@pytest.mark.parametrize(
    "target",
    ("http://169.254.169.254/meta-data", "http://[::ffff:169.254.169.254]/", "file:///etc/passwd"),
)
def test_no_step_leads_to_where_nobody_may_look(pages: PageServer, target: str) -> None:
    reason = why(pages.leads(target))

    assert "not on the public web" in reason or "whole address" in reason


@web
def test_a_public_page_does_not_lead_into_this_machine(
    pages: PageServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages.gives("secret " * 50)
    with serving("127.0.0.2") as outside:
        outside.leads(pages.url())
        # The one address that counts as public here.
        monkeypatch.setattr(addresses, "is_allowed", lambda address, allow_private: address == "127.0.0.2")

        with pytest.raises(PageRefused, match="not on the public web"):
            fetch_page(outside.url())

    assert (outside.asked, pages.asked) == (["/"], [])


@web
def test_it_connects_to_the_address_that_was_checked(
    pages: PageServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages.gives(PAGE)
    # Looked up a second time, the name would lead nowhere, or where its owner likes.
    monkeypatch.setattr(addresses, "_look_up", lambda host, port: [pages.host])

    assert fetch(f"http://kia.invalid:{pages.port}/").content == PAGE.encode()


@pytest.mark.parametrize(
    "url",
    (
        "http://127.0.0.1/",
        "http://localhost:5432/",
        "http://10.0.0.1/",
        "http://169.254.169.254/",
        "http://[::1]/",
        "http://0x7f000001/",
        "http://2130706433/",
    ),
)
def test_private_addresses_are_refused(url: str) -> None:
    with pytest.raises(PageRefused):
        fetch_page(url)


@web
def test_who_drips_is_left_in_time(pages: PageServer) -> None:
    begun = time.monotonic()

    assert "does not answer in time" in why(pages.drips(), 0.5)

    assert time.monotonic() - begun < 3


@web
def test_what_never_ends_is_left_at_its_limit(pages: PageServer) -> None:
    assert "larger than 2 MB" in why(pages.never_ends())


@web
def test_a_bomb_is_unpacked_no_further_than_a_page_may_be_large(pages: PageServer) -> None:
    url = pages.is_a_bomb()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    assert "larger than 2 MB" in why(url)

    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 60_000


@web
@pytest.mark.parametrize(
    ("status", "words"),
    (
        (404, "(404)"),
        (410, "(404)"),
        (403, "not for everybody"),
        (500, "answered 500"),
        (204, "answered 204"),
    ),
)
def test_each_answer_has_its_reason(pages: PageServer, status: int, words: str) -> None:
    assert words in why(pages.gives("" if status == 204 else "no", status=status))


@web
def test_files_are_not_read(pages: PageServer) -> None:
    assert "no page but a file" in why(pages.gives("%PDF", Content_Type="application/pdf"))


@web
def test_nobody_there_is_said(pages: PageServer) -> None:
    assert "does not answer" in why("http://127.0.0.1:1/")


@pytest.mark.parametrize(
    ("content", "charset"),
    (
        ("Envíos y señas: ñandú".encode(), "iso-8859-1"),
        ("Envíos y señas: ñandú".encode("cp1252"), "utf-8"),
        ("Envíos y señas: ñandú".encode("cp1252"), "no-such-code"),
        ("Envíos y señas: ñandú".encode("cp1252"), None),
        ("Envíos y señas: ñandú".encode("utf-16"), "utf-8"),
        ('<meta charset="iso-8859-1">Envíos y señas: ñandú'.encode("latin-1"), None),
        ("Envíos y señas: ñandú".encode("latin-1"), "hex"),
    ),
)
def test_a_wrong_charset_does_no_harm(content: bytes, charset: str | None) -> None:
    assert decoded(content, charset).endswith("Envíos y señas: ñandú")


@pytest.mark.parametrize(
    "html",
    (
        "",
        "<div id=root></div><script src=app.js></script>",
        "<noscript>Please turn JavaScript on to read this page: we cannot show it to you without.</noscript>",
        "<nav>" + "menu " * 100 + "</nav>",
        "\x00\ud800",
    ),
)
def test_a_page_without_text_of_its_own_holds_nothing(html: str) -> None:
    assert read_page(html, "https://kia.example/") == []


def test_a_page_nested_deep_is_read_and_one_without_end_is_not() -> None:
    words = "Una respuesta que es larga de verdad, con todo lo que hace falta saber del envío. " * 2
    begun = time.monotonic()

    (draft,) = read_page("<div>" * 1500 + words, "https://kia.example/")
    endless = [read_page(f"<{tag}>" * 300_000 + words, "https://kia.example/") for tag in ("div", "b", "x-y")]

    assert draft.body == words.strip()
    assert endless == [[], [], []]
    assert time.monotonic() - begun < 5


def test_marks_of_a_page_are_not_ours() -> None:
    html = (
        "<main><h2>Precio * 2</h2><p>5 * 3 = `x` &lt;script&gt; <a href='javascript:x'>link</a>" + " más" * 30
    )

    (draft,) = read_page(html, "https://kia.example/")

    assert draft.title == "Precio * 2"
    assert draft.body.startswith(r"5 \* 3 = \`x\` \<script>") and "javascript" not in draft.body


@pytest.mark.parametrize(
    ("raw", "tidy"),
    (
        (" kia.example/faq#envios ", "https://kia.example/faq"),
        ("http://kia.example:8080/a b?q=ñ", "http://kia.example:8080/a%20b?q=%C3%B1"),
        ("https://señal.example/", "https://xn--seal-hqa.example/"),
    ),
)
def test_addresses_are_taken_as_people_write_them(raw: str, tidy: str) -> None:
    assert tidy_address(raw) == tidy


@pytest.mark.parametrize(
    "raw",
    (
        "",
        "ftp://kia.example/",
        "https://",
        "https://a@kia.example/",
        "http://[::1",
        "https://kia.example:99999/",
    ),
)
def test_what_is_no_address_is_said(raw: str) -> None:
    with pytest.raises(PageRefused, match="whole address"):
        tidy_address(raw)


# Files.


def test_files_and_archives_are_read() -> None:
    packed = zipped(faq__envios_md="# Envíos\nSí.", faq__hours_en_md="# Hours\nWe open at nine.")
    text = "Gratis en la tienda, de lunes a viernes."

    read = read_files([File("todo.zip", packed), File("sitio/retiro_en-tienda.txt", text.encode())])

    assert read.refused == []
    assert [(source, draft.title, draft.language) for source, draft in read.drafts] == [
        ("faq/envios.md", "Envíos", "es"),
        ("faq/hours_en.md", "Hours", "en"),
        ("sitio/retiro_en-tienda.txt", "Retiro en tienda", "es"),
    ]


@pytest.mark.parametrize(
    ("name", "source"),
    (
        ("../../etc/faq.md", "etc/faq.md"),
        ("..\\..\\windows\\faq.md", "windows/faq.md"),
        ("/abs/dir/faq.md", "dir/faq.md"),
        ("../faq.md", "faq.md"),
        ("C:/x/./faq.md", "x/faq.md"),
    ),
)
def test_no_name_leads_out_of_its_folder(name: str, source: str) -> None:
    assert source_of(name) == source


def test_each_file_that_is_refused_says_why() -> None:
    files = (
        File("a.pdf", b"%PDF"),
        File("b.md", b"# T\xff\xfe"),
        File("c.md", b"  "),
        File("d.md", b"# T\n\n# U\ntext"),
        File("e.md", b"x" * 300_001),
        File("f.zip", b"PK\x03\x04 broken"),
        File("g.zip", zipped(inner_zip=b"x", h_md="")),
    )

    assert reasons(*files) == {
        "a.pdf": "Only .md, .txt and .zip files are read.",
        "b.md": "This is not UTF-8. Save the file as UTF-8 text.",
        "c.md": "The file is empty.",
        "d.md": "line 1: “T” has no text. Write its answer below the title.",
        "e.md": "A file of text has at most 300 kB. Split it.",
        "f.zip": "The archive is damaged or locked with a password.",
        "inner_zip": "Only .md, .txt and .zip files are read.",
        "h.md": "The file is empty.",
    }


def test_a_bomb_in_an_archive_is_not_unpacked() -> None:
    bomb = zipped(bomb_md=bytes(300 * 1024 * 1024))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    assert list(reasons(File("bomb.zip", bomb)).values()) == ["A file of text has at most 300 kB. Split it."]

    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 60_000


def test_a_crowd_of_files_is_left_at_its_limit() -> None:
    many = zipped(**{f"f{number}_md": f"# T{number}\ntext" for number in range(400)})
    large = zipped(**{f"f{number}_md": b"# T\n" + b"x" * 19_000 for number in range(200)})

    assert len(read_files([File("many.zip", many)]).drafts) == 300
    assert "Too much at once" in str(read_files([File("large.zip", large)]).refused[-1].reason)


def test_litter_of_systems_is_passed_over() -> None:
    packed = zipped(**{"faq__a_md": "# A\ntext", ".DS_Store": "x", "faq/Thumbs.db": "x"})

    read = read_files([File("a.zip", packed), File("faq/.hidden.md", b"x")])

    assert ([source for source, _ in read.drafts], read.refused) == (["faq/a.md"], [])


# The preview, and what is saved of it.


def preview(admin: FlaskClient, text: str, name: str = "faq/a.es.md") -> TestResponse:
    data = {"files": (io.BytesIO(text.encode()), name)}
    return admin.post("/bot/articles/import/files", data=data)


def form_of(page: TestResponse) -> dict[str, Any]:
    """Return what the form on the page would send, as a browser reads it."""
    from selectolax.lexbor import LexborHTMLParser

    form: dict[str, Any] = {}
    for field in LexborHTMLParser(page.text).css(".bot-drafts [name]"):
        name, given = str(field.attributes["name"]), field.attributes
        if given.get("type") == "checkbox":
            if "checked" in given:
                form[name] = given["value"]
        elif field.tag == "textarea":
            form[name] = field.text().removeprefix("\n")
        elif field.tag == "select":
            chosen = field.css_first("option[selected]")
            form[name] = chosen.attributes["value"] if chosen else ""
        else:
            form[name] = given.get("value") or ""
    return form


def save(admin: FlaskClient, form: dict[str, Any]) -> TestResponse:
    return admin.post("/bot/articles/import", data=form, content_type="multipart/form-data")


def stored() -> dict[str, str]:
    db.session.expire_all()
    rows = db.session.scalars(select(Article).where(Article.deleted_at.is_(None)).order_by(Article.id))
    return {article.title: article.body for article in rows}


def test_nothing_is_saved_before_a_person_has_looked(admin: FlaskClient) -> None:
    page = preview(admin, "# Horario\nkeywords: abren\n\nNueve.\n# Envíos\nSí.")

    assert stored() == {}
    form = form_of(page)
    assert save(admin, {**form, "body-1": "Sí, a todo Chile."}).location == "/bot/articles"
    assert stored() == {"Horario": "Nueve.", "Envíos": "Sí, a todo Chile."}
    assert search("¿cuándo abren?")[0].title == "Horario"


def test_the_second_time_only_what_differs_is_shown(admin: FlaskClient) -> None:
    save(admin, form_of(preview(admin, "# Horario\nNueve.\n# Envíos\nSí.\n# Metro\nCerca.")))

    page = preview(admin, "# Horario\nNueve.\n# Envíos\nNo.\n# Pagos\nTarjeta.")

    assert "1 new" in page.text and "1 changed" in page.text and "1 unchanged" in page.text
    assert "Delete “Metro”" in page.text
    save(admin, form_of(page))
    assert stored() == {"Horario": "Nueve.", "Envíos": "No.", "Metro": "Cerca.", "Pagos": "Tarjeta."}


def test_what_is_gone_from_its_place_is_deleted_only_when_chosen(admin: FlaskClient) -> None:
    save(admin, form_of(preview(admin, "# Horario\nNueve.\n# Metro\nCerca.")))
    page = preview(admin, "# Horario\nNueve.")
    gone = re.findall(r'name="gone" value="(\d+)"', page.text)

    save(admin, {**form_of(page), "gone": gone})

    assert stored() == {"Horario": "Nueve."}


def test_what_people_changed_or_deleted_here_is_theirs(admin: FlaskClient) -> None:
    save(admin, form_of(preview(admin, "# Horario\nNueve.\n# Metro\nCerca.")))
    hours, metro = db.session.scalars(select(Article).order_by(Article.title))
    mine = {"title": "Horario", "body": "De Alicia.", "language": "es"}
    admin.post(f"/bot/articles/{hours.id}", data=mine)
    admin.post(f"/bot/articles/{metro.id}/deletion")

    page = preview(admin, "# Horario\nDiez.\n# Metro\nLejos.")
    save(admin, form_of(page))

    assert "Changed here by people" in page.text and "Deleted here" in page.text
    assert stored() == {"Horario": "De Alicia."}
    save(admin, {**form_of(page), "take-0": "1", "take-1": "1"})
    assert stored() == {"Horario": "Diez.", "Metro": "Lejos."}


def test_who_changed_it_while_the_preview_stood_open_is_not_written_over(admin: FlaskClient) -> None:
    save(admin, form_of(preview(admin, "# Horario\nNueve.")))
    form = form_of(preview(admin, "# Horario\nDiez."))
    article = db.session.scalars(select(Article)).one()
    mine = {"title": "Horario", "body": "De Bob.", "language": "es"}
    admin.post(f"/bot/articles/{article.id}", data=mine)

    refused = save(admin, form)

    assert refused.status_code == 422 and "Somebody has changed this article meanwhile" in refused.text
    assert stored() == {"Horario": "De Bob."}
    save(admin, form_of(refused))
    assert stored() == {"Horario": "Diez."}


def test_one_that_does_not_fit_saves_none_and_loses_none(admin: FlaskClient) -> None:
    form = form_of(preview(admin, "# Horario\nNueve.\n# Envíos\nSí."))

    refused = save(admin, {**form, "body-0": "Escrito aquí.", "title-1": ""})

    assert refused.status_code == 422 and "Write what this article is about." in refused.text
    assert stored() == {}
    assert form_of(refused)["body-0"] == "Escrito aquí."


def test_many_long_articles_fit_through_the_form(admin: FlaskClient) -> None:
    text = "\n".join(f"# Artículo {number}\n" + "ñandú " * 900 for number in range(40))

    answer = save(admin, form_of(preview(admin, text)))

    assert answer.status_code == 303
    assert len(stored()) == 40


def test_an_import_settles_questions(admin: FlaskClient) -> None:
    db.session.add(Question(words="hacen envios", text="¿Hacen envíos?"))
    db.session.commit()

    save(admin, form_of(preview(admin, "# Envíos\nSí.")))

    assert db.session.scalars(select(Question.state)).one() == "answered"


@web
def test_a_page_is_fetched_looked_at_and_fetched_again(
    admin: FlaskClient, pages: PageServer, near: None
) -> None:
    url = pages.gives(PAGE, "/faq")

    page = admin.post("/bot/articles/import/page", data={"url": f"{url}#envios"})
    save(admin, form_of(page))
    pages.gives(PAGE.replace("Gratis en la tienda", "En la tienda"), "/faq")
    again = admin.post("/bot/articles/import/page", data={"url": url})

    assert db.session.scalars(select(Article.source).distinct()).all() == [url]
    assert "1 changed" in again.text and "2 unchanged" in again.text
    assert f'value="{url}"' in admin.get("/bot/articles/import").text


@web
def test_a_page_that_a_program_draws_says_what_to_do(
    admin: FlaskClient, pages: PageServer, near: None
) -> None:
    url = pages.gives("<div id=root></div>")

    answer = admin.post("/bot/articles/import/page", data={"url": url})

    assert answer.status_code == 422
    assert "a program in the browser draws it" in answer.text and f'value="{url}"' in answer.text


def test_a_private_page_says_so_beside_its_address(admin: FlaskClient) -> None:
    answer = admin.post("/bot/articles/import/page", data={"url": "http://127.0.0.1/secret"})

    assert answer.status_code == 422 and "is not on the public web" in answer.text


def test_no_file_is_said(admin: FlaskClient) -> None:
    answer = admin.post("/bot/articles/import/files", data={"files": (io.BytesIO(b""), "")})

    assert answer.status_code == 422 and "Choose a file first." in answer.text


def test_a_form_that_is_too_large_is_said(admin: FlaskClient) -> None:
    answer = preview(admin, "x" * (8 * 1024 * 1024 + 1))

    assert answer.status_code == 413 and "At most 8 MB at once." in answer.text


def test_members_bring_nothing_in(client: FlaskClient, bob: User) -> None:
    enter(client, bob)

    paths = ("", "/files", "/page")
    assert {client.post(f"/bot/articles/import{path}").status_code for path in paths} == {403}
    assert client.get("/bot/articles/import").status_code == 403
