"""Signing people in, the way a browser does it."""

import re

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from kiaai.accounts.passwords import hashed
from kiaai.extensions import db
from kiaai.models import User

PASSWORD = "violet tram under snow"


def give_password(user: User) -> User:
    """Let the person sign in with PASSWORD."""
    user.password = hashed(PASSWORD)
    db.session.commit()
    return user


def enter(client: FlaskClient, user: User) -> None:
    """Sign the person in without the cost of a password."""
    with client.session_transaction() as session:
        session["_user_id"] = user.fs_uniquifier
        session["_fresh"] = True


def sign_in(client: FlaskClient, email: str, password: str = PASSWORD, **more: str) -> TestResponse:
    """Send the sign-in form."""
    return client.post("/login", data={"email": email, "password": password, **more})


def csrf_token(client: FlaskClient, path: str = "/logout") -> str:
    """Return the token of a form, as a browser would send it."""
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get(path).get_data(as_text=True))
    assert found is not None
    return found[1]
