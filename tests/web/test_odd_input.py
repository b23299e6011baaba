"""Whatever a field of a request holds, no view of the dashboard breaks over it."""

import inspect
import re
import sys
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from kiaai.extensions import db
from kiaai.models import Conversation, Note, User
from tests.inbox.conftest import HTMX, Say, say
from tests.people import enter

__all__ = ["say"]

ROOMS = ("inbox", "business", "canned_replies", "tags", "people")
# NUL with half a character, a number that no column holds, and one that Python itself refuses to read.
ODD = ["\x00\ud800", str(2**63), "9" * 5000]
_FIELD = re.compile(r"""(?:form|args|values)(?:\.get(?:list)?\(|\[) *["'](\w+)["']|\brow_id\("(\w+)"\)""")


def rules_of(app: Flask) -> list[Rule]:
    return [rule for rule in app.url_map.iter_rules() if rule.endpoint.split(".")[0] in ROOMS]


def fields_of(app: Flask, rule: Rule) -> set[str]:
    """Return the names of all fields that the module of a view reads."""
    source = inspect.getsource(sys.modules[app.view_functions[rule.endpoint].__module__])
    return {name for found in _FIELD.findall(source) for name in found if name}


@pytest.mark.parametrize("odd", ODD, ids=["nul", "large", "endless"])
def test_no_view_breaks_over_odd_input(
    app: Flask,
    client: FlaskClient,
    alice: User,
    dana: Conversation,
    say: Say,
    odd: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(app.config, "PROPAGATE_EXCEPTIONS", False)
    enter(client, alice)
    message = say(dana, "Hola")
    note = Note(conversation_id=dana.id, user_id=alice.id, text="Nota")
    db.session.add(note)
    db.session.commit()
    known = {"conversation_id": dana.id, "message_id": message.id, "note_id": note.id, "user_id": alice.id}
    broken = []

    for rule in rules_of(app):
        values: dict[str, Any] = {name: known.get(name, 1) for name in rule.arguments}
        with app.test_request_context():
            path = app.url_for(rule.endpoint, **values)
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            for field in sorted(fields_of(app, rule) | {"none"}):
                sent = {field: odd.encode("utf-8", "surrogatepass")}
                where = "query_string" if method == "GET" else "data"
                sent_as: dict[str, Any] = {where: sent}
                if client.open(path, method=method, headers=HTMX, **sent_as).status_code >= 500:
                    broken.append(f"{method} {path} {field}")
                    db.session.rollback()

    assert broken == []
