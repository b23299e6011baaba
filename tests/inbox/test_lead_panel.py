"""The lead panel: who this is, editable in place, each change with a way back."""

import html
import re
from typing import Any

import pytest
from flask.testing import FlaskClient

from kiaai.extensions import db
from kiaai.leads import pipeline
from kiaai.leads.pipeline import Actor
from kiaai.models import Conversation, Tag
from tests.inbox.conftest import HTMX
from tests.inbox.test_deeds import deed


def way_back(answer: str) -> dict[str, str]:
    """Return what the Undo of a toast would send."""
    form = re.search(r'<form class="toast-undo".*?</form>', answer, re.S)
    assert form is not None
    fields = re.findall(r'<textarea name="(\w+)" hidden>\n(.*?)</textarea>', form[0], re.S)
    return {"undoing": "1", **{name: html.unescape(value) for name, value in fields}}


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("lead_status", "customer", "Status: Customer"),
        ("customer_name", "Doña <b>Dana</b>", "Name: Doña &lt;b&gt;Dana&lt;/b&gt;"),
        ("customer_name", "", "Name removed"),
        ("tags", "vip,nueva", "Tags: vip, nueva"),
        ("notes", "\n Prefiere\nla tarde", "Notes saved"),
    ],
)
def test_each_change_can_be_taken_back_once(
    signed_in: FlaskClient, dana: Conversation, field: str, value: str, said: str
) -> None:
    former = getattr(dana.lead, field)

    changed = deed(signed_in, "patch", dana, "lead", **{field: value})
    after = getattr(dana.lead, field)
    undone = deed(signed_in, "patch", dana, "lead", **way_back(changed.text))

    assert said in changed.text and after != former
    assert (undone.status_code, getattr(dana.lead, field)) == (200, former)
    assert 'class="toast"' not in undone.text


def test_what_somebody_changed_since_is_not_taken_back(signed_in: FlaskClient, dana: Conversation) -> None:
    changed = deed(signed_in, "patch", dana, "lead", lead_status="customer")
    pipeline.set_status(dana.lead, "bad_lead", Actor("api"))
    db.session.commit()

    undone = deed(signed_in, "patch", dana, "lead", **way_back(changed.text))

    assert (undone.status_code, dana.lead.lead_status) == (422, "bad_lead")
    assert "Somebody changed this meanwhile" in undone.text


def test_tags_are_added_and_removed_one_by_one(signed_in: FlaskClient, dana: Conversation) -> None:
    db.session.add(Tag(name="vip", colour="red"))
    db.session.commit()

    added = deed(signed_in, "patch", dana, "lead", add_tag="vip, Nueva")
    tags = dana.lead.tags
    deed(signed_in, "patch", dana, "lead", remove_tag="vip")

    assert (tags, dana.lead.tags) == (["vip", "Nueva"], ["Nueva"])
    assert "tag-red" in added.text and "tag-grey" in added.text


def test_known_tags_are_offered_each_once(signed_in: FlaskClient, dana: Conversation) -> None:
    dana.lead.tags = ["usada", "vip", '"><b>']
    db.session.add_all([Tag(name="vip"), Tag(name="ofrecida")])
    db.session.commit()

    offered = signed_in.get("/inbox/tags", headers=HTMX).text

    assert re.findall(r'value="(.*?)"', offered) == ["&#34;&gt;&lt;b&gt;", "ofrecida", "usada", "vip"]


@pytest.mark.parametrize(
    ("url", "is_link"), [("https://fb.me/x", True), ("javascript:alert(1)", False), ("http://[", False)]
)
def test_the_ad_that_brought_them_is_told_and_only_safe_links_are_links(
    signed_in: FlaskClient, dana: Conversation, url: str, is_link: bool
) -> None:
    dana.lead.source = {
        "referral": {"source_type": "ad", "headline": "Promo", "body": "2x1", "source_url": url}
    }
    db.session.commit()

    shown = signed_in.get(f"/inbox/conversations/{dana.id}", headers=HTMX).text

    assert "Promo" in shown and "2x1" in shown
    assert (f'href="{url}"' in shown) == is_link


def test_the_number_can_be_opened_in_whatsapp(signed_in: FlaskClient, dana: Conversation) -> None:
    shown = signed_in.get(f"/inbox/conversations/{dana.id}", headers=HTMX).text

    link = re.search(r'<a id="open-whatsapp"[^>]*>', shown)
    assert link is not None and f'href="https://wa.me/{dana.lead.phone_number}"' in link[0]
    assert 'rel="noopener noreferrer"' in link[0]


def test_a_long_history_comes_by_page(signed_in: FlaskClient, dana: Conversation) -> None:
    for number in range(45):
        pipeline.rename(dana.lead, f"Nombre {number:02d}", Actor("api"))
    db.session.commit()
    address = f"/inbox/conversations/{dana.id}/timeline"

    shown = signed_in.get(f"/inbox/conversations/{dana.id}", headers=HTMX).text
    pages: list[str] = []
    following: Any = address
    while following:
        pages.append(signed_in.get(html.unescape(following), headers=HTMX).text)
        found = re.search(r'hx-get="([^"]+)"', pages[-1])
        following = found[1] if found else None

    assert 'id="all-history"' in shown
    names = re.findall(r"Nombre (\d\d)", "".join(pages))
    assert len(pages) == 3 and names == [f"{number:02d}" for number in reversed(range(45))]
