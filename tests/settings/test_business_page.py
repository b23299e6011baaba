"""What the business is called, where it is and when it is open: set on a page, followed everywhere."""

import re
import time

import pytest
from flask.testing import FlaskClient
from werkzeug.datastructures import MultiDict

from kiaai import clock
from kiaai.business import KEPT_SECONDS, business, read_business
from kiaai.config import Settings
from kiaai.extensions import db
from kiaai.models import Conversation, Installation, User
from tests.inbox.conftest import counted_queries
from tests.people import enter

MONDAY = MultiDict([("from-1", "09:00"), ("to-1", "13:00"), ("from-1", "15:00"), ("to-1", "18:30")])
PATH = "/settings/business"


@pytest.fixture
def admin(client: FlaskClient, alice: User) -> FlaskClient:
    enter(client, alice)
    return client


def save(client: FlaskClient, *parts: MultiDict[str, str], **fields: str) -> int:
    form = MultiDict(pair for part in (*parts, MultiDict(fields)) for pair in part.items(multi=True))
    return client.post(PATH, data=form).status_code


def test_without_anything_set_the_settings_hold(admin: FlaskClient, settings: Settings) -> None:
    page = admin.get(PATH).text

    assert 'placeholder="Kia Pruebas"' in page and 'placeholder="America/Santiago"' in page
    assert read_business(settings).hours.is_always_open


def test_what_is_saved_is_told_and_shown(admin: FlaskClient, settings: Settings) -> None:
    answer = admin.post(PATH, data=MONDAY | {"name": " Casa  Azul ", "timezone": "Europe/Madrid"})

    assert (answer.status_code, answer.location) == (303, PATH)
    page = admin.get(PATH).text
    assert 'class="toast"' in page and 'value="Casa Azul"' in page and 'value="15:00"' in page
    assert 'class="toast"' not in admin.get(PATH).text
    saved = read_business(settings)
    assert (saved.name, saved.timezone) == ("Casa Azul", "Europe/Madrid")
    assert saved.hours.days == {1: ((540, 780), (900, 1110))}


def test_every_page_follows_the_name_and_the_zone(admin: FlaskClient) -> None:
    save(admin, name="Casa Azul", timezone="Europe/Madrid")

    page = admin.get("/account").text
    assert 'data-zone="Europe/Madrid"' in page and "· Casa Azul</title>" in page


def test_emptied_fields_give_the_settings_back(admin: FlaskClient, settings: Settings) -> None:
    save(admin, name="Casa Azul", timezone="Europe/Madrid")
    save(admin)

    assert read_business(settings).name == "Kia Pruebas"
    assert read_business(settings).timezone == "America/Santiago"


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"name": "x" * 101}, "At most 100 characters."),
        ({"timezone": "Mars/Olympus"}, "Choose a zone of the list"),
        ({"timezone": "../etc/passwd"}, "Choose a zone of the list"),
        ({"from-3": "09:00", "to-3": ""}, "Give both times"),
        ({"from-3": "25:00", "to-3": "26:00"}, "Give both times"),
        ({"from-3": "18:00", "to-3": "09:00"}, "ends after it begins"),
        ({"closed": "25 December"}, "Give each day as a date"),
        ({"closed": "2026-02-30"}, "Give each day as a date"),
    ],
)
def test_what_does_not_fit_is_said_at_its_field(
    admin: FlaskClient, fields: dict[str, str], reason: str
) -> None:
    answer = admin.post(PATH, data=fields)

    assert answer.status_code == 422
    assert reason in answer.text and 'aria-invalid="true"' in answer.text
    assert db.session.get(Installation, 1) is None or not db.session.get_one(Installation, 1).office_hours


def test_ranges_may_not_overlap(admin: FlaskClient) -> None:
    overlapping = MultiDict([("from-2", "09:00"), ("to-2", "13:00"), ("from-2", "12:00"), ("to-2", "18:00")])

    assert save(admin, overlapping) == 422


def test_a_refused_form_keeps_what_was_written(admin: FlaskClient) -> None:
    page = admin.post(PATH, data=MONDAY | {"timezone": "Mars/Olympus", "name": "Casa Azul"}).text

    assert 'value="Mars/Olympus"' in page and 'value="Casa Azul"' in page and 'value="18:30"' in page


def test_mondays_hours_spread_over_the_week_and_are_not_saved_yet(
    admin: FlaskClient, settings: Settings
) -> None:
    page = admin.post(PATH, data=MONDAY | {"copy": "monday"}).text

    assert len(re.findall(r'name="from-[12345]" value="09:00"', page)) == 5
    assert 'name="from-6" value="09:00"' not in page
    assert read_business(settings).hours.is_always_open


def test_closed_days_are_kept_in_their_order(admin: FlaskClient, settings: Settings) -> None:
    save(admin, MultiDict([("closed", "2026-12-25"), ("closed", ""), ("closed", "2026-09-18")]))

    assert db.session.get_one(Installation, 1).office_hours == {"closed": ["2026-09-18", "2026-12-25"]}


def test_the_page_tells_whether_it_is_open(admin: FlaskClient) -> None:
    today = clock.now().date().isoformat()
    save(admin, closed=today, timezone="UTC")

    assert "Closed until" in admin.get(PATH).text


def test_a_poll_notices_a_new_name_and_costs_one_query_otherwise(
    admin: FlaskClient, dana: Conversation
) -> None:
    poll = "/inbox/conversations"
    tag = admin.get(poll).headers["HX-PTag"]

    with counted_queries() as statements:
        unchanged = admin.get(poll, headers={"HX-PTag": tag}).status_code
    save(admin, timezone="Europe/Madrid")

    assert (unchanged, len(statements)) == (304, 1)
    assert admin.get(poll, headers={"HX-PTag": tag}).status_code == 200


def test_what_another_process_saved_is_seen_soon(
    admin: FlaskClient, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert business(settings).name == "Kia Pruebas"
    db.session.merge(Installation(id=1, business_name="Casa Azul"))
    db.session.commit()
    db.session.remove()
    assert business(settings).name == "Kia Pruebas"

    db.session.remove()
    later = time.monotonic()
    monkeypatch.setattr("kiaai.business.time.monotonic", lambda: later + KEPT_SECONDS)

    assert business(settings).name == "Casa Azul"
