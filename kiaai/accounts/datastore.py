"""Where Flask-Security finds people."""

from typing import Any

from flask_security import SQLAlchemySessionUserDatastore
from sqlalchemy import select

from kiaai.extensions import db
from kiaai.models import User
from kiaai.models.user import Role


class PeopleDatastore(SQLAlchemySessionUserDatastore):
    """People in `users`; their one role is a column, so there are no roles to store."""

    def find_user(self, case_insensitive: bool = False, **attribute: Any) -> User | None:
        """Return the person with this attribute."""
        return db.session.scalar(select(User).filter_by(**attribute))

    def find_role(self, role: str) -> Role:
        """Return the role of this name."""
        return Role(role)
