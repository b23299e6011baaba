"""Who is the same person for sure, who may be, and who is never asked about again."""

import pytest
from sqlalchemy import text

from kiaai.extensions import db
from kiaai.leads.duplicates import Pair, find_pairs, say_different, suspects_of, take_back_different
from kiaai.leads.finding import find_lead, find_or_create_lead
from kiaai.leads.imports.cells import Row
from kiaai.leads.imports.planning import Plan
from kiaai.leads.imports.saving import Origin, save
from kiaai.leads.number_forms import how_alike
from kiaai.leads.pipeline import Actor, record
from kiaai.models import Lead, LeadIdentity

SYSTEM = Actor("system")
# As typed, and as WhatsApp has it.
FORMS = [("5511987654321", "551187654321"), ("525512345678", "5215512345678")]


def made(number: str | None, name: str | None = None) -> Lead:
    """Store a lead as plain SQL does: without identities."""
    lead = Lead(phone_number=number, customer_name=name)
    db.session.add(lead)
    db.session.commit()
    return lead


def reasons(lead: Lead) -> list[tuple[int, str]]:
    return [(suspect.lead.id, suspect.reason) for suspect in suspects_of(lead)]


def pairs() -> list[tuple[set[int], str, str]]:
    return [({pair.first.id, pair.second.id}, pair.reason, pair.sureness) for pair in find_pairs()]


@pytest.mark.parametrize("typed, known", [*FORMS, *(form[::-1] for form in FORMS)])
def test_both_forms_of_a_number_find_one_person(app: object, typed: str, known: str) -> None:
    lead = find_or_create_lead(known, actor=SYSTEM)

    assert find_lead(f"+{typed}") is lead
    assert find_or_create_lead(typed, actor=SYSTEM) is lead


@pytest.mark.parametrize("typed, known", [*FORMS, *(form[::-1] for form in FORMS)])
def test_an_import_finds_the_person_under_either_form(app: object, typed: str, known: str) -> None:
    lead = find_or_create_lead(known, actor=SYSTEM)
    from kiaai.leads.imports.cells import read_line
    from kiaai.leads.table import Line

    row = read_line(Line(2, {"phone_number": f"+{typed}"}), "")
    assert isinstance(row, Row)

    outcomes = save([row], Plan(), Origin("list.csv"))

    assert [(one.outcome, one.lead_id) for one in outcomes] == [("unchanged", lead.id)]


@pytest.mark.parametrize(
    "number, other, expected",
    [
        ("5511987654321", "551187654321", "number"),
        ("5215512345678", "525512345678", "number"),
        ("5491123456789", "541123456789", "number"),
        # At home an Argentine mobile has a 15 after the area instead of the 9 before it.
        ("5491123456789", "54111523456789", "number_form"),
        # With the zero that is only dialled at home.
        ("4915112345678", "49015112345678", "number_form"),
        ("56912345678", "5612345678", "number_form"),
        # Another area is another person.
        ("5511987654321", "5521987654321", None),
        ("12125551234", "13125551234", None),
        ("5511987654321", "5519987654321", None),
        ("56900000001", "56900000002", None),
        ("51912345678", "56912345678", None),
    ],
)
def test_numbers_are_alike_only_where_a_country_writes_them_so(
    number: str, other: str, expected: str | None
) -> None:
    assert how_alike(number, other) == how_alike(other, number) == expected


@pytest.mark.parametrize(
    "number, other, expected",
    [
        ("5491123456789", "541123456789", ("number", "sure")),
        ("5511987654321", "551187654321", ("number", "sure")),
        ("4915112345678", "49015112345678", ("number_form", "likely")),
        ("56900000001", "56900000001", ("number", "sure")),
    ],
)
def test_two_leads_with_one_number_are_suspected(
    app: object, number: str, other: str, expected: tuple[str, str]
) -> None:
    first, second = made(number), made(other)
    made("56900000777")

    assert reasons(first) == [(second.id, expected[0])]
    assert reasons(second) == [(first.id, expected[0])]
    assert pairs() == [({first.id, second.id}, *expected)]


def test_a_number_that_another_is_known_by_is_suspected(app: object) -> None:
    first, second = made("541123456789"), made(None)
    db.session.add(LeadIdentity(kind="wa_id", value="5491123456789", lead_id=second.id))
    db.session.commit()

    assert reasons(first) == [(second.id, "number")]


def test_a_namesake_without_a_number_is_suspected(app: object) -> None:
    first, second = made("56900000001", "José Peña"), made(None, "jose pena")
    made("56900000003", "Josefa Peña")

    assert reasons(first) == [(second.id, "name")]
    assert reasons(second) == [(first.id, "name")]
    assert pairs() == [({first.id, second.id}, "name", "possible")]


@pytest.mark.parametrize(
    "people",
    [
        # With a number each they are two people.
        [("56900000001", "Ana Rojas"), ("56900000002", "Ana Rojas")],
        # A first name is nobody's own.
        [("56900000001", "Ana"), (None, "Ana")],
        # Neither is one that many have.
        [*((f"5690000000{n}", "Ana Rojas") for n in range(4)), (None, "Ana Rojas")],
        [("56900000001", None), (None, None)],
    ],
)
def test_common_or_incomplete_names_are_no_sign(app: object, people: list[tuple[str | None, str]]) -> None:
    leads = [made(number, name) for number, name in people]

    assert not pairs()
    assert not any(reasons(lead) for lead in leads)


def test_whom_whatsapp_named_together_comes_first(app: object) -> None:
    first, second = made("56900000001", "Ana Rojas"), made(None, "Ana Rojas")
    record(first, "possible_duplicate", SYSTEM, new=str(second.id))
    db.session.commit()

    assert reasons(first) == [(second.id, "whatsapp")]
    assert reasons(second) == [(first.id, "whatsapp")]
    assert pairs() == [({first.id, second.id}, "whatsapp", "sure")]


def test_two_people_are_not_suspected_again_unless_that_is_taken_back(app: object) -> None:
    first, second = made("56900000001"), made("56900000001")

    say_different(second.id, first.id, None)
    said = (reasons(first), reasons(second), pairs())
    take_back_different(first.id, second.id)

    assert said == ([], [], [])
    assert reasons(first) == [(second.id, "number")]


def test_who_may_be_somebody_is_found_by_index(app: object) -> None:
    db.session.execute(
        text("""
            INSERT INTO leads (phone_number, customer_name)
            SELECT CASE WHEN n % 20 > 0 THEN '569' || lpad(n::text, 8, '0') END, 'Person ' || n
            FROM generate_series(1, 5000) n""")
    )
    db.session.execute(text("INSERT INTO leads (phone_number) VALUES ('5600000777')"))
    db.session.execute(text("ANALYZE leads, lead_names, lead_facts"))
    lead = db.session.query(Lead).filter_by(phone_number="5600000777").one()

    plan = "\n".join(
        db.session.scalars(
            text("""
                EXPLAIN SELECT lead_id FROM lead_names
                WHERE "right"(number, 8) = '00000777' AND number IS NOT NULL""")
        )
    )

    assert "ix_lead_names_ending" in plan
    assert [suspect.lead.phone_number for suspect in suspects_of(lead)] == ["56900000777"]
    found: list[Pair] = find_pairs()
    assert [pair.reason for pair in found] == ["number_form"]
