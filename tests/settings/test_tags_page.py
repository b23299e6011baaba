"""Tags: a change reaches every lead that has them, with a line in its history."""

from itertools import count

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from kiaai.extensions import db
from kiaai.models import Conversation, Lead, LeadEvent, Tag, User
from kiaai.models.lead import LeadTag
from tests.people import enter

PATH = "/settings/tags"
numbers = count(1)


@pytest.fixture
def admin(client: FlaskClient, alice: User) -> FlaskClient:
    enter(client, alice)
    return client


@pytest.fixture
def vip(alice: User) -> Tag:
    return offer("vip", "green")


def offer(name: str, colour: str = "grey") -> Tag:
    tag = Tag(name=name, colour=colour)
    db.session.add(tag)
    db.session.commit()
    return tag


def lead_with(*tags: str) -> Lead:
    lead = Lead(phone_number=f"5690000{next(numbers):04}", tags=list(tags))
    db.session.add(lead)
    db.session.commit()
    return lead


def offered() -> dict[str, str]:
    db.session.expire_all()
    return {tag.name: tag.colour for tag in db.session.scalars(select(Tag))}


def tagged(name: str) -> set[int]:
    return set(db.session.scalars(select(LeadTag.lead_id).where(LeadTag.tag == name)))


def change(client: FlaskClient, tag: str, name: str, colour: str = "green", **more: str) -> int:
    return client.post(
        f"{PATH}/change", data={"tag": tag, "name": name, "colour": colour, **more}
    ).status_code


def test_a_tag_is_made(admin: FlaskClient) -> None:
    answer = admin.post(PATH, data={"name": "  muy   urgente ", "colour": "red"})

    assert (answer.status_code, answer.location) == (303, PATH)
    assert offered() == {"muy urgente": "red"}
    assert 'chip tag-red">muy urgente<' in admin.get(PATH).text


@pytest.mark.parametrize(
    ("form", "reason"),
    [
        ({"name": " "}, "Give it a name."),
        ({"name": "x" * 51}, "At most 50 characters."),
        ({"name": "a, b"}, "A comma stands between tags"),
        ({"name": "vip"}, "There is such a tag already."),
        ({"colour": "mauve"}, "Choose one of the list."),
    ],
)
def test_what_does_not_fit_is_said_at_its_field(
    admin: FlaskClient, vip: Tag, form: dict[str, str], reason: str
) -> None:
    answer = admin.post(PATH, data={"name": "nueva", "colour": "red", **form})

    assert answer.status_code == 422 and reason in answer.text
    assert offered() == {"vip": "green"}


def test_tags_are_listed_with_their_leads_also_those_without_a_colour(admin: FlaskClient, vip: Tag) -> None:
    lead_with("vip", "suelta")
    lead_with("vip")

    page = admin.get(PATH).text

    assert "2 leads" in page and "1 lead<" in page and 'chip tag-grey">suelta<' in page


def test_another_colour_is_all_that_changes(admin: FlaskClient, vip: Tag) -> None:
    lead = lead_with("vip")

    change(admin, "vip", "vip", "purple")

    assert offered() == {"vip": "purple"}
    assert lead.tags == ["vip"] and not db.session.scalar(select(LeadEvent.id))


def test_another_name_reaches_every_lead(
    admin: FlaskClient, vip: Tag, dana: Conversation, alice: User
) -> None:
    dana.lead.tags = ["nuevo", "vip", "taller"]
    db.session.commit()
    other, version = lead_with("nuevo"), dana.version

    assert change(admin, "vip", "preferente") == 303

    db.session.expire_all()
    assert dana.lead.tags == ["nuevo", "preferente", "taller"] and other.tags == ["nuevo"]
    assert dana.version == version + 1
    assert tagged("preferente") == {dana.lead_id} and tagged("vip") == set()
    event = db.session.scalars(select(LeadEvent)).one()
    assert (event.kind, event.old, event.new) == ("tags", "nuevo, vip, taller", "nuevo, preferente, taller")
    assert (event.by, event.user_id, event.lead_id) == ("user", alice.id, dana.lead_id)
    assert offered() == {"preferente": "green"}


def test_two_tags_become_one_only_after_a_question(admin: FlaskClient, vip: Tag) -> None:
    offer("mejor", "blue")
    both, one = lead_with("vip", "mejor"), lead_with("vip")

    answer = admin.post(f"{PATH}/change", data={"tag": "vip", "name": "mejor", "colour": "green"})
    assert answer.status_code == 422
    assert "2 leads get it" in answer.text and 'name="merge"' in answer.text
    assert tagged("vip") == {both.id, one.id}

    assert change(admin, "vip", "mejor", merge="1") == 303
    db.session.expire_all()
    assert (both.tags, one.tags) == (["mejor"], ["mejor"])
    assert offered() == {"mejor": "blue"}


def test_a_deleted_tag_leaves_its_leads(admin: FlaskClient, vip: Tag) -> None:
    lead = lead_with("vip", "taller")
    assert "It is taken off 1 lead." in admin.get(PATH).text

    assert admin.post(f"{PATH}/deletion", data={"tag": "vip"}).status_code == 303

    db.session.expire_all()
    assert lead.tags == ["taller"] and tagged("vip") == set() and offered() == {}
    assert db.session.scalars(select(LeadEvent)).one().new == "taller"


def test_a_tag_that_is_gone_is_not_found(admin: FlaskClient) -> None:
    assert change(admin, "vip", "otro") == 404
    assert admin.post(f"{PATH}/deletion", data={"tag": "vip"}).status_code == 404


def test_a_name_is_never_markup(admin: FlaskClient) -> None:
    lead_with("<img src=x>")

    page = admin.get(PATH).text

    assert "<img" not in page and "&lt;img src=x&gt;" in page
