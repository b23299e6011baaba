"""What goes out comes in again as it was, whatever people have written."""

from io import BytesIO

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from kiaai.extensions import db
from kiaai.leads.exporting import export
from kiaai.leads.imports.cells import Row, read_line
from kiaai.leads.imports.planning import Plan
from kiaai.leads.imports.saving import Origin, save
from kiaai.leads.pipeline import NAME_LIMIT, NOTES_LIMIT, TAG_LIMIT, Actor, rename, set_notes, set_tags
from kiaai.leads.table import read_table
from kiaai.models import Lead, LeadIdentity
from kiaai.models.lead import LEAD_STATUSES

# What is hard on tables comes up more often than by chance.
HARD = "=+-@'\",;|\t\r\n\\ \u00a0\u2028\ufeffñ😀"
TEXTS = st.text(
    st.one_of(st.sampled_from(HARD), st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
)
PEOPLE = st.lists(
    st.tuples(
        TEXTS.map(lambda text: text[:NAME_LIMIT]),
        st.sampled_from(LEAD_STATUSES),
        TEXTS.map(lambda text: text[:NOTES_LIMIT]),
        st.lists(TEXTS.map(lambda text: text[:TAG_LIMIT]), max_size=4),
    ),
    min_size=1,
    max_size=4,
)


@pytest.mark.parametrize("with_bom", [False, True])
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(people=PEOPLE)
def test_an_export_that_comes_in_again_changes_nothing(
    app: Flask, with_bom: bool, people: list[tuple[str, str, str, list[str]]]
) -> None:
    before = make(people)
    table = "".join(export(with_bom=with_bom)).encode()

    known = bring_in(table)
    db.session.execute(delete(LeadIdentity))
    db.session.execute(delete(Lead))
    new = bring_in(table)

    assert known == ["unchanged"] * len(people)
    assert new == ["created"] * len(people)
    assert standing() == before


def make(people: list[tuple[str, str, str, list[str]]]) -> list[tuple[object, ...]]:
    """Keep these people as the dashboard would."""
    db.session.execute(delete(LeadIdentity))
    db.session.execute(delete(Lead))
    actor = Actor("system")
    for number, (name, status, notes, tags) in enumerate(people):
        lead = Lead(phone_number=f"5690000{7000 + number}", lead_status=status)
        db.session.add(lead)
        db.session.flush()
        rename(lead, name, actor)
        set_notes(lead, notes, actor)
        set_tags(lead, tags, actor)
    db.session.commit()
    return standing()


def bring_in(table: bytes) -> list[str]:
    rows = [read_line(line) for line in read_table(lambda: BytesIO(table), "people.csv").lines()]
    refused = [row for row in rows if not isinstance(row, Row)]
    assert refused == []
    outcomes = save([row for row in rows if isinstance(row, Row)], Plan("overwrite"), Origin("people.csv"))
    db.session.commit()
    return [outcome.outcome for outcome in outcomes]


def standing() -> list[tuple[object, ...]]:
    columns = (Lead.phone_number, Lead.customer_name, Lead.lead_status, Lead.notes, Lead.tags)
    return [tuple(row) for row in db.session.execute(select(*columns).order_by(Lead.phone_number))]
