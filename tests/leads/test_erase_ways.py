"""The ways to forget somebody: the command, the page and the API, and who may."""

from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from kiaai.extensions import db
from kiaai.leads.finding import find_lead
from kiaai.models import Conversation, Erasure, Lead, Message, User
from tests.leads.erasable import everything
from tests.people import enter

NUMBER = "56900000001"


@pytest.fixture
def talk(dana: Conversation) -> Conversation:
    db.session.add(Message(conversation_id=dana.id, text="Hola", message_id="wamid.KIAERASE1"))
    db.session.commit()
    return dana


def leads() -> int:
    return db.session.scalar(select(func.count()).select_from(Lead)) or 0


def run(app: Flask, *words: str, typed: str | None = None) -> tuple[int, str]:
    answer = app.test_cli_runner().invoke(args=["leads", "erase", *words], input=typed)
    return answer.exit_code, answer.output


def test_the_command_asks_for_the_number_again(app: Flask, talk: Conversation) -> None:
    code, said = run(app, "+56 9 0000 0001", typed="56900000001\n")

    assert (code, leads()) == (0, 0)
    assert "1 messages" in said and "erased" in said


@pytest.mark.parametrize("typed", ["56900000002\n", "yes\n", "\n\n", ""])
def test_the_command_does_nothing_without_it(app: Flask, talk: Conversation, typed: str) -> None:
    code, _ = run(app, NUMBER, typed=typed)

    assert (code, leads()) == (1, 1)


def test_the_command_tells_what_would_go(app: Flask, talk: Conversation) -> None:
    code, said = run(app, f"id:{talk.lead_id}", "--dry-run")

    assert (code, leads()) == (0, 1)
    assert "1 conversations, 1 messages would go" in said


def test_a_dry_run_changes_nothing_at_all(app: Flask, talk: Conversation, tmp_path: Path) -> None:
    former = Lead(phone_number="56900000002")
    db.session.add(former)
    db.session.commit()
    before = everything(tmp_path)

    erased = run(app, NUMBER, "--dry-run")
    merged = app.test_cli_runner().invoke(args=["leads", "merge", NUMBER, "56900000002", "--dry-run"])

    assert (erased[0], merged.exit_code) == (0, 0)
    assert everything(tmp_path) == before


def test_a_name_with_odd_spaces_can_be_typed_as_it_is_read(
    client: FlaskClient, app: Flask, alice: User
) -> None:
    lead = Lead(customer_name=" Ana  Soto")
    db.session.add(lead)
    db.session.commit()
    enter(client, alice)

    client.post(f"/people/{lead.id}/erasure", data={"confirm": "Ana Soto"})

    assert leads() == 0


@pytest.mark.parametrize(("words", "code"), [(("56900009999", "--yes"), 1), ((), 2), (("1", "--what"), 2)])
def test_the_command_says_by_its_exit_code_how_it_went(
    app: Flask, talk: Conversation, words: tuple[str, ...], code: int
) -> None:
    assert run(app, *words)[0] == code
    assert leads() == 1


def test_the_command_helps_with_an_example(app: Flask) -> None:
    assert "Example: flask leads erase" in run(app, "--help")[1]


def test_the_page_erases_whom_an_admin_names(client: FlaskClient, talk: Conversation, alice: User) -> None:
    enter(client, alice)
    address = f"/people/{talk.lead_id}/erasure"
    assert address in client.get(f"/people/{talk.lead_id}").text
    assert "Type their number to go on" in client.get(address).text

    answer = client.post(address, data={"confirm": "+56 9 0000 0001"}, follow_redirects=True)

    assert "The person was erased." in answer.text and "Alice" in answer.text
    assert "Dana" not in answer.text and NUMBER not in answer.text
    assert leads() == 0


def test_the_page_does_nothing_for_another_number(
    client: FlaskClient, talk: Conversation, alice: User
) -> None:
    enter(client, alice)

    answer = client.post(f"/people/{talk.lead_id}/erasure", data={"confirm": "+56 9 0000 0002"})

    assert (answer.status_code, leads()) == (422, 1)


def test_members_and_strangers_erase_nobody(client: FlaskClient, talk: Conversation, bob: User) -> None:
    address = f"/people/{talk.lead_id}/erasure"
    client.post(address, data={"confirm": NUMBER})
    enter(client, bob)

    codes = [client.get(address).status_code, client.post(address, data={"confirm": NUMBER}).status_code]
    codes += [client.get("/people/erasures").status_code, client.delete(f"/leads/{NUMBER}").status_code]

    assert (codes, leads()) == ([403] * 4, 1)
    assert address not in client.get(f"/people/{talk.lead_id}").text


def test_a_program_erases_somebody(client: FlaskClient, talk: Conversation, alice: User) -> None:
    enter(client, alice)

    answer = client.delete("/leads/+56 9 0000 0001")

    assert answer.status_code == 200
    assert answer.json["erased"]["counts"]["messages"] == 1  # type: ignore[index]  # it is JSON
    assert client.delete(f"/leads/{NUMBER}").status_code == 404
    assert find_lead(NUMBER) is None


def test_a_row_says_who_erased_somebody_and_not_whom(
    client: FlaskClient, talk: Conversation, alice: User
) -> None:
    alice_id = alice.id
    enter(client, alice)
    client.delete(f"/leads/{NUMBER}")

    kept = db.session.scalars(select(Erasure)).one()

    assert (kept.by, kept.user_id, kept.counts["messages"]) == ("user", alice_id, 1)


def test_what_a_person_agreed_to_is_told_by_the_api(
    client: FlaskClient, dana: Conversation, bob: User
) -> None:
    enter(client, bob)
    fact = {"kind": "opt_out", "said_at": "2026-11-03T12:00:00Z", "note": "At the counter"}

    answers = [client.post(f"/leads/{NUMBER}/consents", json=fact) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [201, 201]
    (told,) = client.get(f"/leads/{NUMBER}/consents").json["consents"]  # type: ignore[index]  # it is JSON
    assert told | {"id": 0} == {
        "id": 0,
        "kind": "opt_out",
        "said_at": "2026-11-03T12:00:00.000Z",
        "by": "user",
        "by_name": "Bob",
        "message_id": None,
        "note": "At the counter",
    }
    later = {**fact, "said_at": "2099-01-01T00:00:00Z"}
    assert client.post(f"/leads/{NUMBER}/consents", json=later).status_code == 422
    assert client.post(f"/leads/{NUMBER}/consents", json={"kind": "perhaps"}).status_code == 422


def test_a_program_is_warned_of_an_opt_out(client: FlaskClient, dana: Conversation, bob: User) -> None:
    enter(client, bob)
    dana.last_inbound_at = func.clock_timestamp()
    db.session.commit()
    client.post(f"/leads/{NUMBER}/consents", json={"kind": "opt_out"})

    answer = client.post("/api/send-message", json={"to": NUMBER, "message": "Claro que sí"})

    assert (answer.status_code, answer.json["warning"]) == (202, "opted_out")  # type: ignore[index]  # it is JSON
