"""`/api/articles` and `/api/questions`: read by all, changed by admins and keys."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from kiaai.bot.editing import Written, create_article
from kiaai.bot.knowledge import search
from kiaai.extensions import db
from kiaai.models import ApiKey, Article, Question, User
from tests.api.conftest import Call, bearer, codes, fields
from tests.people import csrf_token, enter

HOURS = {"title": "Horario", "body": "Abrimos a las **nueve**.", "keywords": "abren, abren , cierre"}


@pytest.fixture
def article(app: Flask) -> Article:
    article = create_article(Written("Horario", "Nueve."))
    db.session.commit()
    return article


def asked(words: str, **values: Any) -> Question:
    question = Question(words=words, text=words, **values)
    db.session.add(question)
    db.session.commit()
    return question


def test_an_article_is_written_and_answers(get: Call, post: Call) -> None:
    answer = post("/api/articles", HOURS)

    assert answer.status_code == 201
    made = answer.json["article"]
    assert (made["language"], made["is_active"], made["keywords"]) == ("es", True, "abren, cierre")
    assert (made["text"], made["source"], made["updated_at"][-1]) == ("Abrimos a las *nueve*.", "", "Z")
    assert get(f"/api/articles/{made['id']}").json["article"] == made
    assert get("/api/articles").json == {"articles": [made], "next": None}
    assert search("horario")[0].article_id == made["id"]


@pytest.mark.parametrize(
    ("changes", "wrong"),
    (
        ({"title": ""}, ["title"]),
        ({"body": " "}, ["body"]),
        ({"language": "fr"}, ["language"]),
        ({"is_active": "yes"}, ["is_active"]),
        ({"title": None}, ["title"]),
        ({"color": "red"}, ["color"]),
    ),
)
def test_what_does_not_fit_is_refused(post: Call, changes: dict[str, Any], wrong: list[str]) -> None:
    assert fields(post("/api/articles", {**HOURS, **changes})) == wrong


def test_a_title_stands_once(post: Call, article: Article) -> None:
    assert fields(post("/api/articles", HOURS)) == ["title"]


def test_what_is_absent_stays(put: Call, article: Article) -> None:
    changed = put(f"/api/articles/{article.id}", {"body": "Diez."}).json["article"]
    off = put(f"/api/articles/{article.id}", {"is_active": False}).json["article"]

    assert (changed["title"], changed["body"], changed["is_active"]) == ("Horario", "Diez.", True)
    assert (off["body"], off["is_active"]) == ("Diez.", False)
    assert search("horario") == []


def test_an_old_version_changes_nothing(get: Call, put: Call, article: Article) -> None:
    path = f"/api/articles/{article.id}"
    version = get(path).json["article"]["version"]
    put(path, {"body": "Diez.", "version": version})

    refused = put(path, {"body": "Once.", "version": version})

    assert fields(refused) == ["version"]
    assert get(path).json["article"]["body"] == "Diez."


def test_a_deleted_article_is_gone(client: FlaskClient, key: tuple[ApiKey, str], article: Article) -> None:
    path = f"/api/articles/{article.id}"

    first, second = (client.delete(path, headers=bearer(key[1])) for _ in range(2))

    assert (first.status_code, first.data) == (204, b"")
    assert codes(second) == (404, "not_found")
    assert codes(client.get(path, headers=bearer(key[1]))) == (404, "not_found")


def test_articles_come_in_pages_and_are_searched(get: Call, app: Flask) -> None:
    for number in range(5):
        create_article(Written(f"Envíos {number}", "Sí."))
    create_article(Written("Hours", "Nine.", language="en")).is_active = False
    db.session.commit()

    first = get("/api/articles", q="ENVIOS", limit=3).json
    second = get("/api/articles", q="ENVIOS", limit=3, before=first["next"]).json

    titles = [row["title"] for page in (first, second) for row in page["articles"]]
    assert titles == [f"Envíos {number}" for number in (4, 3, 2, 1, 0)]
    assert second["next"] is None
    assert [row["title"] for row in get("/api/articles", is_active="false").json["articles"]] == ["Hours"]
    assert fields(get("/api/articles", language="fr")) == ["language"]


def test_questions_come_in_pages(get: Call) -> None:
    for number in range(3):
        asked(f"pregunta {number}", times=number + 1)
    asked("otra", state="dismissed")

    first = get("/api/questions", limit=2).json
    second = get("/api/questions", limit=2, before=first["next"]).json

    assert [(row["text"], row["times"]) for row in first["questions"]] == [
        ("pregunta 2", 3),
        ("pregunta 1", 2),
    ]
    assert [row["text"] for row in second["questions"]] == ["pregunta 0"] and second["next"] is None
    assert [row["text"] for row in get("/api/questions", state="dismissed").json["questions"]] == ["otra"]


def test_a_question_is_settled(put: Call, article: Article) -> None:
    path = f"/api/questions/{asked('cuando abren').id}"

    dismissed = put(path, {"state": "dismissed"}).json["question"]
    answered = put(path, {"state": "answered", "article_id": article.id}).json["question"]

    assert (dismissed["state"], dismissed["article_id"]) == ("dismissed", None)
    assert (answered["state"], answered["article_id"]) == ("answered", article.id)
    assert fields(put(path, {"state": "odd"})) == ["state"]
    assert fields(put(path, {"state": "answered", "article_id": 999})) == ["article_id"]
    assert fields(put(path, {"state": "open", "article_id": article.id})) == ["article_id"]


def test_writing_an_article_settles_what_it_answers(get: Call, post: Call) -> None:
    asked("cual es el horario")

    made = post("/api/articles", HOURS).json["article"]

    (settled,) = get("/api/questions", state="answered").json["questions"]
    assert settled["article_id"] == made["id"]


@pytest.mark.parametrize("path", ("articles/99", f"articles/{2**63}"))
def test_what_is_not_there_is_not_found(get: Call, put: Call, path: str) -> None:
    assert codes(get(f"/api/{path}")) == (404, "not_found")
    assert codes(put(f"/api/{path}", {"body": "x"})) == (404, "not_found")
    assert codes(put(f"/api/questions/{path[9:]}", {"state": "open"})) == (404, "not_found")


def test_members_read_and_do_not_change(client: FlaskClient, bob: User, article: Article) -> None:
    enter(client, bob)
    token = {"X-CSRFToken": csrf_token(client)}
    question_id = asked("algo").id

    assert client.get("/api/articles").status_code == 200
    assert client.get("/api/questions").status_code == 200
    for answer in (
        client.post("/api/articles", json=HOURS, headers=token),
        client.put(f"/api/articles/{article.id}", json={"body": "x"}, headers=token),
        client.delete(f"/api/articles/{article.id}", headers=token),
        client.put(f"/api/questions/{question_id}", json={"state": "open"}, headers=token),
    ):
        assert codes(answer) == (403, "forbidden")


def test_strangers_get_nothing(client: FlaskClient) -> None:
    assert codes(client.get("/api/articles")) == (401, "unauthorized")
    assert codes(client.get("/api/questions")) == (401, "unauthorized")
