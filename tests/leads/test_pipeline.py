"""What may change about a lead, and what its history tells."""

import pytest
from sqlalchemy import select

from kiaai.errors import ValidationFailed
from kiaai.extensions import db
from kiaai.leads.pipeline import Actor, record, rename, set_notes, set_status, set_tags
from kiaai.models import Conversation, LeadEvent, User


def history(conversation: Conversation) -> list[tuple[str, str | None, str | None, str]]:
    events = db.session.scalars(select(LeadEvent).filter_by(lead_id=conversation.lead_id).order_by("id"))
    return [(event.kind, event.old, event.new, event.by) for event in events]


def test_it_tells_who_changed_the_status_from_what_to_what(dana: Conversation, bob: User) -> None:
    set_status(dana.lead, "customer", Actor("user", user_id=bob.id))

    assert dana.lead.lead_status == "customer"
    assert history(dana) == [("status", "unknown", "customer", "user")]
    assert db.session.scalars(select(LeadEvent.user_id)).one() == bob.id


def test_it_writes_nothing_when_nothing_changes(dana: Conversation) -> None:
    version = dana.version

    set_status(dana.lead, "unknown", Actor("bot"), notes="")
    rename(dana.lead, "Dana  Díaz ", Actor("bot"))
    set_tags(dana.lead, [], Actor("bot"))

    db.session.refresh(dana)
    assert (history(dana), dana.version) == ([], version)


def test_each_change_raises_the_version_of_the_conversation(dana: Conversation) -> None:
    version = dana.version

    set_status(dana.lead, "customer", Actor("bot"))
    set_notes(dana.lead, "Wants tiles", Actor("bot"))
    rename(dana.lead, "Dana D.", Actor("bot"))
    set_tags(dana.lead, ["vip"], Actor("bot"))

    db.session.refresh(dana)
    assert dana.version == version + 4


def test_a_wrong_status_leaves_the_notes_alone(dana: Conversation) -> None:
    with pytest.raises(ValidationFailed) as refused:
        set_status(dana.lead, "friend", Actor("api"), notes="new")

    assert list(refused.value.fields) == ["lead_status"]
    assert (dana.lead.notes, history(dana)) == ("", [])


def test_too_long_notes_leave_the_status_alone(dana: Conversation) -> None:
    with pytest.raises(ValidationFailed) as refused:
        set_status(dana.lead, "customer", Actor("api"), notes="x" * 10_001)

    assert list(refused.value.fields) == ["notes"]
    assert dana.lead.lead_status == "unknown"


def test_absent_notes_stay_and_empty_notes_clear(dana: Conversation) -> None:
    set_notes(dana.lead, "Wants tiles", Actor("user"))

    set_status(dana.lead, "customer", Actor("user"))
    assert dana.lead.notes == "Wants tiles"
    set_status(dana.lead, "customer", Actor("user"), notes="")
    assert dana.lead.notes == ""


def test_tags_are_trimmed_and_kept_once(dana: Conversation) -> None:
    set_tags(dana.lead, [" vip ", "vip", "", "big\torder"], Actor("user"))

    assert dana.lead.tags == ["vip", "big order"]


@pytest.mark.parametrize("tags", [["x" * 51], [str(number) for number in range(31)]])
def test_it_refuses_too_long_or_too_many_tags(dana: Conversation, tags: list[str]) -> None:
    with pytest.raises(ValidationFailed, match="not changed"):
        set_tags(dana.lead, tags, Actor("user"))


def test_a_name_that_no_database_can_store_is_cleaned(dana: Conversation) -> None:
    rename(dana.lead, "Da\x00na\n\ud800", Actor("customer"))

    assert dana.lead.customer_name == "Da�na �"


def test_a_name_cannot_turn_the_words_beside_it_around(dana: Conversation) -> None:
    rename(dana.lead, "\u2067Ñandú\u202e Pérez", Actor("bot"))

    assert dana.lead.customer_name == "Ñandú Pérez"


def test_an_empty_name_takes_it_away(dana: Conversation) -> None:
    rename(dana.lead, "  ", Actor("user"))

    assert dana.lead.customer_name is None
    assert history(dana) == [("name", "Dana Díaz", None, "user")]


def test_record_keeps_detail(dana: Conversation) -> None:
    record(dana.lead, "handed_off", Actor("bot"), conversation_id=dana.id, detail={"why": "asked"})
    db.session.flush()

    event = db.session.scalars(select(LeadEvent)).one()
    assert (event.conversation_id, event.detail) == (dana.id, {"why": "asked"})
