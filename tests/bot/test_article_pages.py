"""The pages of articles: everybody reads them, admins write them, and nobody's words are lost."""

import re
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, text
from werkzeug.test import TestResponse

from kiaai.bot.article_list import answered_lately
from kiaai.bot.editing import Written, change_article, create_article, version_of
from kiaai.bot.knowledge import load_file, search
from kiaai.extensions import db
from kiaai.models import Article, BotTurn, Conversation, Message, Question, User
from tests.people import enter

FORM = {
    "title": "Horario",
    "body": "Abrimos a las **nueve**.",
    "keywords": "abren, cierran",
    "language": "es",
}


@pytest.fixture
def admin(client: FlaskClient, alice: User) -> FlaskClient:
    enter(client, alice)
    return client


@pytest.fixture
def member(client: FlaskClient, bob: User) -> FlaskClient:
    enter(client, bob)
    return client


def an_article(**changes: str) -> Article:
    article = create_article(Written(**{**FORM, **changes}))
    db.session.commit()
    return article


def stored() -> list[str]:
    db.session.expire_all()
    rows = db.session.scalars(select(Article).where(Article.deleted_at.is_(None)).order_by(Article.id))
    return [article.body for article in rows]


def seen_in(page: TestResponse) -> str:
    found = re.search(r'name="seen" value="([^"]+)"', page.text)
    assert found
    return found[1].replace("&#43;", "+")


def test_an_article_that_was_written_answers_at_once(admin: FlaskClient) -> None:
    answer = admin.post("/bot/articles", data=FORM)

    assert (answer.status_code, answer.location) == (303, "/bot/articles")
    assert search("¿a qué hora abren?")[0].text == "Abrimos a las *nueve*."
    assert "Horario" in admin.get("/bot/articles").text


@pytest.mark.parametrize(
    ("changes", "words"),
    (
        ({"title": " "}, "Write what this article is about."),
        ({"title": "x" * 201}, "At most 200 characters."),
        ({"body": "  "}, "Write what the customer will read."),
        ({"body": "<!-- nothing -->"}, "Write what the customer will read."),
        ({"body": "x" * 20_001}, "At most 20,000 characters."),
        ({"keywords": "x" * 1001}, "At most 1,000 characters."),
        ({"language": "fr"}, "Choose Spanish or English."),
    ),
)
def test_what_does_not_fit_is_said_and_kept_in_the_form(
    admin: FlaskClient, changes: dict[str, str], words: str
) -> None:
    answer = admin.post("/bot/articles", data={**FORM, "keywords": "apertura", **changes})

    assert answer.status_code == 422
    assert words in answer.text
    assert stored() == []
    if "body" not in changes:
        assert "Abrimos a las **nueve**." in answer.text


def test_a_title_stands_once_in_a_language(admin: FlaskClient) -> None:
    an_article()

    again = admin.post("/bot/articles", data=FORM)
    other = admin.post("/bot/articles", data={**FORM, "language": "en"})

    assert "Another article has this title." in again.text
    assert other.status_code == 303


def test_the_preview_shows_it_as_whatsapp_does_and_what_is_cut(admin: FlaskClient) -> None:
    short = admin.post("/bot/articles/preview", data={"body": "Hola **Dana**, [mapa](https://kia.example)"})
    long = admin.post("/bot/articles/preview", data={"body": "palabra " * 150})

    assert "<strong>Dana</strong>" in short.text and "mapa: " in short.text
    assert "at most 900 characters: the last 299" in long.text


def test_the_second_of_two_who_save_sees_what_the_first_wrote(
    admin: FlaskClient, bob: User, alice: User
) -> None:
    article = an_article()
    seen = seen_in(admin.get(f"/bot/articles/{article.id}"))
    change_article(article.id, Written("Horario", "De Bob.", "sabado", "es"), seen, bob.id)
    db.session.commit()

    refused = admin.post(f"/bot/articles/{article.id}", data={**FORM, "body": "De Alicia.", "seen": seen})

    assert refused.status_code == 409
    assert "De Alicia." in refused.text and "De Bob." in refused.text and "As Bob saved it" in refused.text
    assert stored() == ["De Bob."]
    again = {**FORM, "body": "De los dos.", "seen": seen_in(refused)}
    assert admin.post(f"/bot/articles/{article.id}", data=again).status_code == 303
    assert stored() == ["De los dos."]


def test_one_that_was_deleted_meanwhile_can_be_had_again(admin: FlaskClient) -> None:
    article = an_article()
    admin.post(f"/bot/articles/{article.id}/deletion")

    refused = admin.post(f"/bot/articles/{article.id}", data={**FORM, "body": "Mucho trabajo."})

    assert refused.status_code == 422
    assert "Somebody has deleted this article" in refused.text and "Mucho trabajo." in refused.text
    assert 'action="/bot/articles"' in refused.text


def test_a_deleted_article_comes_back_as_it_was(admin: FlaskClient) -> None:
    article = an_article()

    gone = admin.post(f"/bot/articles/{article.id}/deletion")
    page = admin.get(gone.location)
    assert search("horario") == [] and stored() == []
    back = admin.post(f"/bot/articles/{article.id}/restoration")

    assert "“Horario” was deleted" in page.text and f"/bot/articles/{article.id}/restoration" in page.text
    assert back.status_code == 303
    assert search("horario")[0].article_id == article.id


def test_the_title_of_a_deleted_article_is_free(admin: FlaskClient) -> None:
    article_id = an_article().id
    admin.post(f"/bot/articles/{article_id}/deletion")

    assert admin.post("/bot/articles", data=FORM).status_code == 303
    assert admin.post(f"/bot/articles/{article_id}/restoration").status_code == 404
    assert len(stored()) == 1


def test_one_that_is_off_answers_nothing(admin: FlaskClient) -> None:
    article = an_article()

    off = admin.post(f"/bot/articles/{article.id}/activity", headers={"HX-Request": "true"})
    assert search("horario") == []
    admin.post(f"/bot/articles/{article.id}/activity", data={"is_active": "1"})

    assert f'id="article-{article.id}"' in off.text and "checked" not in off.text
    assert search("horario")


@pytest.mark.parametrize(
    ("query", "found"),
    (
        ("q=nueve", ["Horario"]),
        ("q=ENVIOS", ["Envíos"]),
        ("q=env%25", []),
        ("language=en", ["Hours"]),
        ("state=off", ["Hours"]),
        ("source=here", ["Envíos", "Horario", "Hours"]),
        ("source=nowhere.md", []),
        ("state=odd&language=odd", ["Envíos", "Horario", "Hours"]),
    ),
)
def test_the_list_is_searched_and_filtered(admin: FlaskClient, query: str, found: list[str]) -> None:
    an_article()
    an_article(title="Envíos", body="Sí.")
    an_article(title="Hours", body="Nine.", language="en").is_active = False
    db.session.commit()

    page = admin.get(f"/bot/articles?{query}", headers={"HX-Request": "true"})

    assert re.findall(r'bot-row-title" [^>]+>([^<]+)<', page.text) == found


def test_it_counts_what_each_article_answered_lately(dana: Conversation) -> None:
    article = an_article()
    for days in (1, 2, 40):
        db.session.add(
            BotTurn(
                conversation_id=dana.id,
                decision="answer",
                passages={"found": [{"article_id": article.id}, {"article_id": 999}]},
                started_at=db.session.scalars(
                    text("SELECT clock_timestamp() - make_interval(days => :days)"), {"days": days}
                ).one(),
            )
        )
    db.session.flush()

    assert answered_lately() == {article.id: 2}


def test_members_read_and_do_not_write(member: FlaskClient) -> None:
    article = an_article()

    assert "Horario" in member.get("/bot/articles").text
    page = member.get(f"/bot/articles/{article.id}")
    assert "Only admins change articles" in page.text and "article-form" not in page.text
    paths = (
        "",
        "/preview",
        f"/{article.id}",
        f"/{article.id}/deletion",
        f"/{article.id}/activity",
        "/import",
    )
    assert {member.post(f"/bot/articles{path}", data=FORM).status_code for path in paths} == {403}
    assert member.get("/bot/articles/new").status_code == 403
    assert member.post("/bot/questions/state").status_code == 403


def test_strangers_are_sent_to_the_door(client: FlaskClient) -> None:
    for path in ("/bot", "/bot/articles", "/bot/questions", "/bot/articles/import"):
        assert client.get(path).location.startswith("/login")


def test_what_people_wrote_into_an_article_is_text(admin: FlaskClient) -> None:
    article = an_article(title="<script>alert(1)</script>", body="<img src=x onerror=alert(1)> hola")

    for path in ("/bot/articles", f"/bot/articles/{article.id}"):
        page = admin.get(path).text
        assert "<script>alert" not in page and "<img src=x" not in page


# What a file held, and people changed here since.


def write(folder: Path, text: str) -> Path:
    path = folder / "faq.es.md"
    path.write_text(text, encoding="utf-8")
    return path


def loaded(folder: Path) -> dict[str, Article]:
    load_file(write(folder, "# Horario\nNueve.\n# Precios\nPocos.\n# Metro\nCerca."))
    db.session.commit()
    return {article.title: article for article in db.session.scalars(select(Article))}


def test_loading_a_file_again_keeps_what_people_changed_and_deleted(
    admin: FlaskClient, tmp_path: Path
) -> None:
    articles = loaded(tmp_path)
    hours, prices = articles["Horario"], articles["Precios"]
    admin.post(f"/bot/articles/{hours.id}", data={**FORM, "body": "De Alicia."})
    admin.post(f"/bot/articles/{prices.id}/deletion")

    again = load_file(write(tmp_path, "# Horario\nDiez.\n# Precios\nMuchos.\n# Metro\nLejos."))
    db.session.commit()

    assert (again.kept, again.changed, again.added, again.removed) == (2, 1, 0, 0)
    assert sorted(stored()) == ["De Alicia.", "Lejos."]


def test_an_article_under_a_new_title_does_not_come_back_under_the_old(
    admin: FlaskClient, tmp_path: Path
) -> None:
    article = loaded(tmp_path)["Horario"]
    admin.post(f"/bot/articles/{article.id}", data={**FORM, "title": "Cuándo abrimos", "body": "Nueve."})

    load_file(write(tmp_path, "# Horario\nDiez.\n# Precios\nPocos.\n# Metro\nCerca."))
    db.session.commit()

    assert sorted(stored()) == ["Cerca.", "Nueve.", "Pocos."]
    assert ">Horario<" not in admin.get("/bot/articles?state=deleted").text


def test_a_file_that_lost_an_article_keeps_what_people_made_of_it(admin: FlaskClient, tmp_path: Path) -> None:
    article = loaded(tmp_path)["Horario"]
    admin.post(f"/bot/articles/{article.id}", data={**FORM, "body": "De Alicia."})

    again = load_file(write(tmp_path, "# Metro\nCerca."))

    assert (again.kept, again.removed) == (1, 1)
    assert sorted(stored()) == ["Cerca.", "De Alicia."]


def test_loading_overwrites_only_when_told_to(admin: FlaskClient, app: Any, tmp_path: Path) -> None:
    article = loaded(tmp_path)["Horario"]
    admin.post(f"/bot/articles/{article.id}", data={**FORM, "body": "De Alicia."})
    path = str(tmp_path / "faq.es.md")

    kept = app.test_cli_runner().invoke(args=["knowledge", "load", path])
    over = app.test_cli_runner().invoke(args=["knowledge", "load", path, "--overwrite"])

    assert "1 kept as changed in the dashboard" in kept.stdout
    assert "1 changed" in over.stdout and "kept" not in over.stdout
    assert "Nueve." in stored()


def test_saving_without_a_change_is_no_edit(admin: FlaskClient, tmp_path: Path) -> None:
    article = loaded(tmp_path)["Horario"]
    version = version_of(article)

    same = {"title": "Horario", "body": "Nueve.", "keywords": "", "language": "es", "seen": version}
    admin.post(f"/bot/articles/{article.id}", data=same)

    assert load_file(write(tmp_path, "# Horario\nDiez.")).changed == 1


# The list of questions.


def asked(words: str, **values: Any) -> Question:
    question = Question(words=words.lower(), text=words, **values)
    db.session.add(question)
    db.session.commit()
    return question


def states() -> dict[str, str]:
    db.session.expire_all()
    return {question.text: question.state for question in db.session.scalars(select(Question))}


def test_an_answer_of_a_person_becomes_an_article_with_one_click(
    admin: FlaskClient, dana: Conversation, alice: User
) -> None:
    turn = BotTurn(conversation_id=dana.id, decision="fallback")
    db.session.add(turn)
    db.session.flush()
    said: list[dict[str, Any]] = [
        {"direction": "outgoing", "author": "bot", "text": "No lo sé."},
        {"direction": "incoming", "text": "¿hola?"},
        {"direction": "outgoing", "author": "user", "user_id": alice.id, "text": "¡Sí!\nA todo Chile."},
        {"direction": "outgoing", "author": "user", "user_id": alice.id, "text": "Cuesta 3.000."},
        {"direction": "incoming", "text": "gracias"},
        {"direction": "outgoing", "author": "user", "user_id": alice.id, "text": "De nada."},
    ]
    for minutes, values in enumerate(said):
        at = db.session.scalars(
            text("SELECT clock_timestamp() + make_interval(mins => :m)"), {"m": minutes}
        ).one()
        db.session.add(Message(conversation_id=dana.id, timestamp=at, status="sent", **values))
    question = asked("¿Despachan a regiones?", turn_id=turn.id)
    asked("despachan bicicletas a regiones", times=2)

    page = admin.get("/bot/questions")
    assert "Alice answered" in page.text and f"/inbox/conversations/{dana.id}" in page.text
    form = admin.get(f"/bot/articles/new?question={question.id}").text

    assert 'value="¿Despachan a regiones?"' in form
    assert "¡Sí!  \nA todo Chile.  \n\nCuesta 3.000." in form and "De nada" not in form
    keywords = re.search(r'name="keywords" value="([^"]+)"', form)
    assert keywords and "regiones" in keywords[1]
    data = {
        "title": "Despacho",
        "body": "Sí.",
        "keywords": keywords[1],
        "language": "es",
        "question": question.id,
    }
    saved = admin.post("/bot/articles", data=data)
    assert saved.location == "/bot/questions"
    assert states()["¿Despachan a regiones?"] == "answered"
    assert "Despacho" in admin.get("/bot/questions?state=answered").text


def test_dismissing_is_taken_back_with_one_click(admin: FlaskClient) -> None:
    ids = [asked(f"¿Venden cosa{n}?").id for n in range(3)]

    gone = admin.post("/bot/questions/state", data={"ids": [f"{ids[0]},{ids[1]}"], "state": "dismissed"})
    page = admin.get(gone.location)
    assert "2 questions were dismissed" in page.text
    assert sorted(states().values()) == ["dismissed", "dismissed", "open"]
    back = {"ids": f"{ids[0]},{ids[1]}", "state": "open", "tab": "open"}
    admin.post("/bot/questions/state", data=back)

    assert set(states().values()) == {"open"}


@pytest.mark.parametrize("ids", ("", "x", "-1", "99", "9" * 30, "1,,2"))
def test_odd_ids_do_no_harm(admin: FlaskClient, ids: str) -> None:
    assert admin.post("/bot/questions/state", data={"ids": ids, "state": "dismissed"}).status_code == 303
    assert admin.get(f"/bot/articles/new?question={ids}").status_code == 200
    assert admin.get(f"/bot/questions?dismissed={ids}&state=odd").status_code == 200


def test_questions_alike_stand_together_and_the_most_asked_first(admin: FlaskClient) -> None:
    asked("¿Tienen cascos para niños?", times=2)
    asked("Casco de niño?", times=3)
    asked("¿Hacen envíos?", times=4)

    page = admin.get("/bot/questions").text

    shown = re.findall(r'bot-question">([^<]+)<', page)
    assert shown == ["Casco de niño?", "¿Hacen envíos?"]
    assert "asked 5 times" in page


def test_with_nothing_open_the_page_says_so(admin: FlaskClient) -> None:
    assert "Nothing is open" in admin.get("/bot/questions").text
    assert "The bot knows nothing yet" in admin.get("/bot/articles").text
