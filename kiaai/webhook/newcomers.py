"""People whom nobody knows yet, or who got a new id: identities first, then leads, then conversations."""

import json

from sqlalchemy import Connection, text

from kiaai.webhook.folding import Identity, Person

# Sorted, so that two bodies about the same new people wait for each other instead of deadlocking.
# The losers of a race see nothing here and find the winners' rows with the next statement.
_CLAIM = text("""
    INSERT INTO lead_identities (kind, value, lead_id)
    SELECT kind, value, lead_id FROM jsonb_to_recordset(CAST(:rows AS jsonb))
        AS r(kind text, value text, lead_id bigint)
    ORDER BY kind, value ON CONFLICT (kind, value) DO NOTHING
""")
_DRAW = text("SELECT nextval('leads_id_seq') FROM generate_series(1, :count)")
_OWNERS = text("""
    SELECT r.kind, r.value, li.lead_id
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(kind text, value text)
        CROSS JOIN LATERAL (SELECT lead_id FROM lead_identities
            WHERE kind = r.kind AND value = r.value OFFSET 0) li
""")
_MOVE = text("UPDATE lead_identities SET lead_id = :to WHERE lead_id = :from")
_ADD_LEADS = text("""
    WITH asked AS (SELECT * FROM jsonb_to_recordset(CAST(:rows AS jsonb))
        AS r(id bigint, phone_number text, name text, first_at timestamptz, last_at timestamptz)),
    added AS (
        INSERT INTO leads (id, phone_number, customer_name, first_contact_at, last_contact_at)
        OVERRIDING SYSTEM VALUE
        SELECT id, phone_number, name, coalesce(first_at, clock_timestamp()),
            coalesce(last_at, clock_timestamp())
        FROM asked ORDER BY id ON CONFLICT (id) DO NOTHING)
    INSERT INTO lead_events (lead_id, kind, new, by)
    SELECT id, 'created', 'wrote first', 'customer' FROM asked ORDER BY id
""")
_LEARN_NUMBER = text("""
    UPDATE leads SET phone_number = coalesce(phone_number, :phone_number) WHERE id = :id
""")
_ADD_EVENT = text("""
    INSERT INTO lead_events (lead_id, kind, new, by) VALUES (:lead_id, :kind, :new, :by)
""")
_ADD_CONVERSATIONS = text("""
    INSERT INTO conversations (channel_id, lead_id)
    SELECT DISTINCT channel_id, lead_id FROM jsonb_to_recordset(CAST(:rows AS jsonb))
        AS r(channel_id bigint, lead_id bigint)
    ORDER BY 2, 1 ON CONFLICT (channel_id, lead_id) DO NOTHING
""")


def welcome(connection: Connection, people: list[Person]) -> None:
    """Make sure that each person is a lead under all their identities, with a conversation.

    An identity that another lead already has stays there: people are never merged silently.
    """
    people = [person for person in people if person.may_create]
    drawn = dict(
        zip(
            (person.key for person in people),
            connection.execute(_DRAW, {"count": len(people)}).scalars(),
            strict=True,
        )
    )
    _claim(connection, people, drawn)
    owners = _owners(connection, people)
    conversations, newcomers = [], []
    # Leads in ascending order, as everywhere: those that are known come before those just drawn.
    for person in sorted(people, key=lambda person: _lead_of(person, drawn[person.key], owners)):
        lead_id = drawn[person.key]
        if known := _known_leads(person, lead_id, owners):
            _join_lead(connection, person, lead_id, known, owners)
            lead_id = known[0]
        else:
            newcomers.append(_row_of(person, lead_id))
        conversations.append({"channel_id": person.channel_id, "lead_id": lead_id})
    connection.execute(_ADD_LEADS, {"rows": json.dumps(newcomers)})
    connection.execute(_ADD_CONVERSATIONS, {"rows": json.dumps(conversations)})


def _row_of(person: Person, lead_id: int) -> dict[str, object]:
    return {
        "id": lead_id,
        "phone_number": person.phone_number,
        "name": person.name,
        "first_at": person.first_at.isoformat() if person.first_at else None,
        "last_at": person.last_at.isoformat() if person.last_at else None,
    }


def _claim(connection: Connection, people: list[Person], drawn: dict[int, int]) -> None:
    rows = [
        {"kind": kind, "value": value, "lead_id": drawn[person.key]}
        for person in people
        for kind, value in person.identities
    ]
    connection.execute(_CLAIM, {"rows": json.dumps(rows)})


def _owners(connection: Connection, people: list[Person]) -> dict[Identity, int]:
    rows = [{"kind": kind, "value": value} for person in people for kind, value in person.identities]
    found = connection.execute(_OWNERS, {"rows": json.dumps(rows)})
    return {(kind, value): lead_id for kind, value, lead_id in found}


def _known_leads(person: Person, drawn: int, owners: dict[Identity, int]) -> list[int]:
    """Return the leads that have an identity of the person already, the most trusted first."""
    return [owners[identity] for identity in person.identities if owners[identity] != drawn]


def _lead_of(person: Person, drawn: int, owners: dict[Identity, int]) -> int:
    return next(iter(_known_leads(person, drawn, owners)), drawn)


def _join_lead(
    connection: Connection, person: Person, drawn: int, known: list[int], owners: dict[Identity, int]
) -> None:
    """Give what is new of the person to the lead that the most trusted known identity names."""
    lead_id = known[0]
    connection.execute(_MOVE, {"from": drawn, "to": lead_id})
    for identity in person.identities:
        if owners[identity] == drawn:
            owners[identity] = lead_id
    # A number that another lead is known by stays that one's alone.
    if all(owners[identity] == lead_id for identity in person.identities if identity[0] == "phone"):
        connection.execute(_LEARN_NUMBER, {"id": lead_id, "phone_number": person.phone_number})
    for other in sorted({lead for lead in known if lead != lead_id}):
        event = {"lead_id": lead_id, "kind": "possible_duplicate", "new": str(other), "by": "system"}
        connection.execute(_ADD_EVENT, event)
