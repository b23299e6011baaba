"""Two leads become one, and two again: nothing is lost, and nobody is answered on another number."""

from datetime import timedelta
from random import Random

import pytest
from sqlalchemy import ForeignKey, func, select, text

from kiaai import clock
from kiaai.delivery.claiming import claim_head
from kiaai.delivery.outbox import Sender, queue_message, send_again
from kiaai.errors import ValidationFailed
from kiaai.extensions import db
from kiaai.inbox.erasing import erase as erase_history
from kiaai.leads.finding import conversation_of, find_lead
from kiaai.leads.former import kept_conversation_id, kept_lead_id
from kiaai.leads.merging import forget_merges, former_ids, merge, undo
from kiaai.leads.pipeline import Actor, set_notes
from kiaai.models import (
    Base,
    BotTurn,
    Channel,
    Conversation,
    Draft,
    Lead,
    LeadEvent,
    LeadIdentity,
    Merge,
    Message,
    NotDuplicate,
    OutgoingDelivery,
    OutgoingWebhook,
    User,
)
from tests.conftest import make_conversation
from tests.leads.histories import differences, make_person, tables

SYSTEM = Actor("system")
TOKEN = "00000000-0000-4000-8000-000000000001"


@pytest.fixture
def second(channel: Channel) -> Conversation:
    """Dana writes from her other number too."""
    return make_conversation(channel, "56900000002", "D. Díaz")


@pytest.fixture
def other_channel(app: object) -> Channel:
    channel = Channel(phone_number_id="200000000000002", display_phone_number="56221110002", is_sandbox=True)
    db.session.add(channel)
    db.session.commit()
    return channel


def wrote(talk: Conversation, hours_ago: float, text: str = "Hola", **columns: object) -> Message:
    """Let the customer write in a conversation."""
    at = clock.now() - timedelta(hours=hours_ago)
    message = Message(conversation_id=talk.id, text=text, timestamp=at, **columns)
    db.session.add(message)
    talk.last_inbound_at = talk.last_message_at = at
    talk.last_message_preview, talk.last_direction = text, "incoming"
    talk.unread_count += 1
    db.session.commit()
    return message


def receiver(talk_id: int) -> str:
    """Claim the next message of a conversation as the sender does, and tell where it would go."""
    from uuid import UUID

    claim = claim_head(talk_id, UUID(TOKEN))
    assert claim is not None
    db.session.rollback()
    return claim.to


def talk_is_left_to_people(talk: Conversation) -> bool:
    return talk.bot_due_at is None


@pytest.mark.parametrize("seed", range(25))
def test_a_merge_that_is_undone_leaves_every_table_as_it_was(
    channel: Channel, other_channel: Channel, alice: User, bob: User, seed: int
) -> None:
    chance = Random(seed)
    numbers = chance.choice([("56900000011", "56900000012"), ("56900000011", None), (None, "56900000012")])
    keep, other = (make_person(chance, [channel, other_channel], [alice, bob], n) for n in numbers)
    before = tables()

    row = merge(keep, other, Actor("user", bob.id))
    db.session.commit()
    united = tables()
    undo(row, Actor("user", bob.id))
    db.session.commit()

    changes = differences(before, tables())
    # What the bot was about to say belongs to neither person any more.
    assert not changes, "\n".join(changes)
    assert {m["id"] for m in united["messages"]} == {m["id"] for m in before["messages"]}
    assert {m["id"] for m in united["notes"]} == {m["id"] for m in before["notes"]}


def test_a_merge_knows_every_table_that_names_a_lead_or_a_conversation() -> None:
    known = {
        *("lead_identities", "lead_events", "import_rows", "merges", "consents", "not_duplicates"),
        *("conversations", "messages", "notes", "drafts", "presence", "bot_turns", "imports"),
        # Kept by triggers.
        *("lead_names", "lead_tags", "lead_facts"),
    }
    of: list[ForeignKey] = [key for table in Base.metadata.tables.values() for key in table.foreign_keys]

    named = {key.parent.table.name for key in of if key.column.table.name in ("leads", "conversations")}

    assert named == known


def test_what_one_lacks_comes_from_the_other_and_the_rest_stays(
    dana: Conversation, second: Conversation
) -> None:
    keep, other = dana.lead, second.lead
    keep.notes, other.notes = "Wants tiles", "Pays cash"
    keep.tags, other.tags = ["vip"], ["tiles", "vip"]
    other.lead_status, other.blocked_at = "customer", clock.now()
    other.first_contact_at = keep.first_contact_at - timedelta(days=9)
    first = other.first_contact_at

    merge(keep, other, SYSTEM)

    assert (keep.customer_name, keep.phone_number) == ("Dana Díaz", "56900000001")
    assert (keep.lead_status, keep.notes, keep.tags) == (
        "customer",
        "Wants tiles\n\nPays cash",
        ["vip", "tiles"],
    )
    assert keep.first_contact_at == first
    assert keep.blocked_at is not None


def test_the_newest_word_about_consent_counts(dana: Conversation, second: Conversation) -> None:
    now = clock.now()
    dana.lead.consent_at, dana.lead.opted_out_at = now - timedelta(days=3), now - timedelta(days=3)
    second.lead.consent_at, second.lead.opted_out_at = now, None

    merge(dana.lead, second.lead, SYSTEM)

    assert dana.lead.opted_out_at is None


@pytest.mark.parametrize("kept_wrote, other_wrote, expected", [(1, 5, 1), (5, 1, 1), (50, 2, 2), (50, 60, 1)])
def test_an_open_conversation_goes_on_answering_its_number(
    dana: Conversation, second: Conversation, kept_wrote: int, other_wrote: int, expected: int
) -> None:
    wrote(dana, kept_wrote)
    wrote(second, other_wrote)
    inbound = (dana if expected == 1 else second).last_inbound_at

    merge(dana.lead, second.lead, SYSTEM)

    talk = db.session.scalars(select(Conversation)).one()
    assert (talk.answers_to, talk.last_inbound_at) == (f"5690000000{expected}", inbound)


def test_a_message_that_waits_goes_where_it_was_addressed(dana: Conversation, second: Conversation) -> None:
    wrote(dana, 1)
    wrote(second, 1)
    queued = queue_message(second, Sender("user"), text="To the second number")
    db.session.commit()

    merge(dana.lead, second.lead, SYSTEM)
    db.session.commit()

    assert queued.conversation_id == dana.id
    assert receiver(dana.id) == "56900000002"
    db.session.delete(queued)
    queue_message(dana, Sender("user"), text="An answer")
    db.session.commit()
    assert receiver(dana.id) == "56900000001"


def test_what_failed_is_sent_again_to_the_same_number(dana: Conversation, second: Conversation) -> None:
    wrote(dana, 1)
    wrote(second, 1)
    failed = Message(
        conversation_id=second.id, direction="outgoing", author="user", status="failed", text="Oh"
    )
    db.session.add(failed)
    db.session.commit()

    merge(dana.lead, second.lead, SYSTEM)
    again = send_again(failed, Sender("user"))
    db.session.commit()

    assert (again.party, receiver(dana.id)) == ("56900000002", "56900000002")


def test_a_conversation_on_another_channel_keeps_its_number_too(
    dana: Conversation, other_channel: Channel
) -> None:
    second = make_conversation(other_channel, "56900000002", "D. Díaz")
    wrote(second, 1)

    merge(dana.lead, second.lead, SYSTEM)

    assert second.lead_id == dana.lead_id
    assert (dana.answers_to, second.answers_to) == ("56900000001", "56900000002")


def test_somebody_known_by_an_id_alone_gets_the_number(channel: Channel, dana: Conversation) -> None:
    lead = Lead(customer_name="Dana Díaz")
    db.session.add(lead)
    db.session.flush()
    db.session.add(LeadIdentity(kind="bsuid", value="CL.10000000000000000001", lead_id=lead.id))
    talk = Conversation(channel_id=channel.id, lead_id=lead.id)
    db.session.add(talk)
    db.session.commit()
    wrote(talk, 1)

    merge(lead, dana.lead, SYSTEM)

    assert lead.phone_number == "56900000001"
    assert talk.answers_to == "CL.10000000000000000001"
    assert find_lead("+56 9 0000 0001") is lead
    assert find_lead("CL.10000000000000000001") is lead


def test_one_conversation_holds_the_messages_of_both_in_their_order(
    dana: Conversation, second: Conversation
) -> None:
    for hours in (5, 1):
        wrote(dana, hours, f"{hours} hours ago")
    wrote(second, 3, "3 hours ago")
    second.state, dana.state = "open", "closed"
    second.priority = "high"

    merge(dana.lead, second.lead, SYSTEM)

    thread = db.session.scalars(select(Message.text).order_by(Message.timestamp)).all()
    assert thread == ["5 hours ago", "3 hours ago", "1 hours ago"]
    assert (dana.last_message_preview, dana.unread_count) == ("1 hours ago", 3)
    assert (dana.state, dana.priority) == ("open", "high")
    assert db.session.scalar(select(func.count()).select_from(Conversation)) == 1


def test_versions_and_epochs_only_rise(dana: Conversation, second: Conversation) -> None:
    dana.version, second.version = 3, 20
    dana.owner_epoch, second.owner_epoch = 2, 6
    second_id = second.id

    row = merge(dana.lead, second.lead, SYSTEM)
    merged_version, merged_epoch = dana.version, dana.owner_epoch
    undo(row, SYSTEM)

    assert (merged_version, merged_epoch) == (21, 7)
    for talk_id in (dana.id, second_id):
        talk = db.session.get_one(Conversation, talk_id)
        assert talk.version > 21
        assert talk.owner_epoch > 7


def test_an_answer_of_the_bot_that_waits_dies_and_a_person_is_called(
    dana: Conversation, second: Conversation
) -> None:
    wrote(second, 1)
    answer = queue_message(second, Sender("bot"), text="I am the bot", epoch=second.owner_epoch)
    second.unread_count = 0
    db.session.commit()

    merge(dana.lead, second.lead, SYSTEM)

    assert (answer.status, dana.unread_count) == ("cancelled", 1)


def test_the_bot_still_answers_whoever_waits_for_it(dana: Conversation, second: Conversation) -> None:
    wrote(second, 0.1)
    second.bot_due_at = second.bot_since_at = clock.now()

    merge(dana.lead, second.lead, SYSTEM)

    assert dana.bot_due_at is not None


def test_a_question_that_the_bot_would_overlook_is_left_to_people(
    dana: Conversation, second: Conversation
) -> None:
    wrote(dana, 0.1)
    dana.bot_due_at = dana.bot_since_at = clock.now()
    dana.unread_count = 0
    answered = wrote(second, 0.05)
    db.session.add(BotTurn(conversation_id=second.id, read_up_to=answered.id))
    second.unread_count = 0

    merge(dana.lead, second.lead, SYSTEM)

    assert dana.unread_count == 1
    assert talk_is_left_to_people(dana)


def test_the_bot_is_quiet_where_a_person_had_the_word_in_either(
    dana: Conversation, second: Conversation
) -> None:
    wrote(dana, 0.1)
    dana.bot_due_at = clock.now()
    second.bot_quiet_until = clock.now() + timedelta(hours=5)

    merge(dana.lead, second.lead, SYSTEM)

    assert talk_is_left_to_people(dana)
    assert not dana.is_bot_on(clock.now())


@pytest.mark.parametrize("is_leased", [True, False])
def test_a_merge_waits_while_a_message_is_on_its_way(
    dana: Conversation, second: Conversation, is_leased: bool
) -> None:
    if is_leased:
        second.lease_token, second.lease_until = TOKEN, clock.now() + timedelta(seconds=20)  # type: ignore[assignment]  # a text will do
    else:
        db.session.add(
            Message(conversation_id=second.id, direction="outgoing", author="user", status="sending")
        )
    db.session.commit()

    with pytest.raises(ValidationFailed, match="just going out"):
        merge(dana.lead, second.lead, SYSTEM)


def test_a_merge_waits_until_a_stop_is_read(dana: Conversation, second: Conversation) -> None:
    wrote(second, 0.1, "STOP")
    second.bot_due_at = clock.now()
    db.session.commit()

    with pytest.raises(ValidationFailed, match="written about getting messages"):
        merge(dana.lead, second.lead, SYSTEM)


def test_nobody_is_merged_with_themselves_or_with_somebody_gone(
    dana: Conversation, second: Conversation
) -> None:
    with pytest.raises(ValidationFailed, match="same person"):
        merge(dana.lead, dana.lead, SYSTEM)
    gone = second.lead
    merge(dana.lead, gone, SYSTEM)
    with pytest.raises(ValidationFailed, match="no longer there"):
        merge(dana.lead, gone, SYSTEM)


def test_drafts_of_one_person_stand_in_one(dana: Conversation, second: Conversation, bob: User) -> None:
    db.session.add_all(
        Draft(user_id=bob.id, conversation_id=talk.id, text=text)
        for talk, text in ((dana, "One"), (second, "Two"))
    )

    merge(dana.lead, second.lead, SYSTEM)

    assert db.session.scalars(select(Draft.text)).all() == ["One\n\nTwo"]


def test_what_was_said_not_to_be_one_person_stays_said(dana: Conversation, second: Conversation) -> None:
    third = Lead(customer_name="Third")
    db.session.add(third)
    db.session.flush()
    db.session.add(NotDuplicate(lead_id=second.lead_id, other_id=third.id))

    merge(dana.lead, second.lead, SYSTEM)

    pair = db.session.scalars(select(NotDuplicate)).one()
    assert (pair.lead_id, pair.other_id) == (dana.lead_id, third.id)


def test_old_ids_lead_to_who_was_kept_also_over_several_merges(channel: Channel, dana: Conversation) -> None:
    first, second = (make_conversation(channel, f"5690000010{n}", "D.") for n in (1, 2))
    ids = [(talk.lead_id, talk.id) for talk in (first, second)]

    merge(first.lead, second.lead, SYSTEM)
    merge(dana.lead, first.lead, SYSTEM)

    for lead_id, talk_id in ids:
        assert (kept_lead_id(lead_id), kept_conversation_id(talk_id)) == (dana.lead_id, dana.id)
        assert find_lead(f"id:{lead_id}") is dana.lead
    assert set(former_ids(dana.lead_id)) == {lead_id for lead_id, _ in ids}


def test_merges_are_undone_in_the_opposite_order(channel: Channel, dana: Conversation) -> None:
    first, second = (make_conversation(channel, f"5690000010{n}", "D.") for n in (1, 2))
    before = tables()
    inner = merge(first.lead, second.lead, SYSTEM)
    outer = merge(dana.lead, first.lead, SYSTEM)

    with pytest.raises(ValidationFailed, match="Undo that first"):
        undo(inner, SYSTEM)
    undo(outer, SYSTEM)
    undo(inner, SYSTEM)

    assert not differences(before, tables())


def test_an_idempotency_key_still_names_its_message(dana: Conversation, second: Conversation) -> None:
    wrote(second, 1)
    said = {"text": "Once", "idempotency_key": "order-7"}
    first = queue_message(second, Sender("api", api_key_id=None), **said)  # type: ignore[arg-type]  # by name
    db.session.commit()

    merge(dana.lead, second.lead, SYSTEM)
    wrote(dana, 1)
    again = queue_message(dana, Sender("api", api_key_id=None), **said)  # type: ignore[arg-type]  # by name

    assert again.id == first.id
    with pytest.raises(ValidationFailed):
        queue_message(dana, Sender("api"), text="Twice", idempotency_key="order-7")


def test_history_and_webhooks_tell_of_it(dana: Conversation, second: Conversation, bob: User) -> None:
    db.session.add(OutgoingWebhook(url="https://example.com", secret="s", events=["lead.changed"]))
    db.session.commit()

    row = merge(dana.lead, second.lead, Actor("user", bob.id))
    db.session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
    undo(row, Actor("user", bob.id))
    db.session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))

    events = db.session.execute(
        select(LeadEvent.kind, LeadEvent.new).where(LeadEvent.lead_id == dana.lead_id)
    )
    assert [tuple(event) for event in events] == [("merged", "D. Díaz"), ("parted", "D. Díaz")]
    told = db.session.scalars(select(OutgoingDelivery.payload).order_by(OutgoingDelivery.id)).all()
    assert [body["change"]["kind"] for body in told] == ["merged", "parted", "parted"]


def test_an_undo_leaves_what_was_changed_since_and_says_so(dana: Conversation, second: Conversation) -> None:
    dana.lead.notes, second.lead.notes = "Mine", "Theirs"
    second_id = second.lead_id
    row = merge(dana.lead, second.lead, SYSTEM)
    set_notes(dana.lead, "Mine, theirs and more", SYSTEM)

    undone = undo(row, SYSTEM)

    assert dana.lead.notes == "Mine, theirs and more"
    assert db.session.get_one(Lead, second_id).notes == "Theirs"
    assert [str(reason) for reason in undone.left] == ["Notes: changed since, so it stays as it is now."]


def test_what_came_after_the_merge_goes_back_with_its_number(
    dana: Conversation, second: Conversation
) -> None:
    wrote(dana, 2)
    wrote(second, 1)
    second_lead, second_id = second.lead_id, second.id
    row = merge(dana.lead, second.lead, SYSTEM)
    theirs = wrote(dana, 0.5, "From the second", party="56900000002")
    mine = wrote(dana, 0.4, "From the first", party="56900000001")
    unknown = wrote(dana, 0.3, "From nobody knows where")
    dana.version += 1
    db.session.commit()

    undo(row, SYSTEM)

    talk = db.session.get_one(Conversation, second_id)
    assert (talk.lead_id, talk.last_message_preview, talk.unread_count) == (second_lead, "From the second", 2)
    assert talk.last_inbound_at == theirs.timestamp
    assert [m.conversation_id for m in (theirs, mine, unknown)] == [second_id, dana.id, dana.id]
    assert (dana.last_message_preview, dana.unread_count) == ("From nobody knows where", 3)


def test_a_number_that_got_a_place_by_the_merge_takes_its_messages_along(dana: Conversation) -> None:
    other = Lead(phone_number="56900000002")
    db.session.add(other)
    db.session.flush()
    db.session.add(LeadIdentity(kind="wa_id", value="56900000002", lead_id=other.id))
    other_id = other.id
    row = merge(dana.lead, other, SYSTEM)
    theirs = wrote(dana, 0.5, "From the second", party="56900000002")

    undo(row, SYSTEM)

    talk = conversation_of(db.session.get_one(Lead, other_id))
    assert talk is not None
    assert (theirs.conversation_id, talk.last_message_preview) == (talk.id, "From the second")


def test_who_asked_for_silence_since_is_left_in_peace_under_both_numbers(
    dana: Conversation, second: Conversation
) -> None:
    second_id = second.lead_id
    row = merge(dana.lead, second.lead, SYSTEM)
    dana.lead.opted_out_at = dana.lead.consent_at = clock.now()

    undo(row, SYSTEM)

    assert dana.lead.opted_out_at is not None
    assert db.session.get_one(Lead, second_id).opted_out_at is not None


def test_a_forgotten_merge_holds_nothing_and_cannot_be_undone(
    dana: Conversation, second: Conversation
) -> None:
    former = second.lead_id
    row = merge(dana.lead, second.lead, SYSTEM)

    forget_merges([former])

    db.session.refresh(row)
    assert row.moved == {}
    assert kept_lead_id(former) == dana.lead_id
    with pytest.raises(ValidationFailed, match="was deleted"):
        undo(row, SYSTEM)


def test_deleting_the_history_deletes_what_a_merge_keeps_of_it(
    dana: Conversation, second: Conversation, alice: User
) -> None:
    second.last_message_preview = "Zarzaparrilla"
    db.session.add(Draft(conversation_id=second.id, user_id=alice.id, text="Zarzaparrilla"))
    db.session.commit()
    row = merge(dana.lead, second.lead, SYSTEM)
    assert "Zarzaparrilla" in str(row.moved)

    erase_history(dana, alice.id)

    db.session.refresh(row)
    assert row.moved == {}


def test_undoing_twice_does_nothing_more(dana: Conversation, second: Conversation) -> None:
    row = merge(dana.lead, second.lead, SYSTEM)
    undo(row, SYSTEM)

    with pytest.raises(ValidationFailed, match="undone already"):
        undo(row, SYSTEM)
    assert db.session.scalars(select(Merge.undone_at)).one() is not None
