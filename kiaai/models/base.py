"""The declarative base: PostgreSQL types for Python types, and names for constraints."""

from datetime import datetime
from typing import Annotated, Any, ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, Identity, MetaData, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, mapped_column

Json = dict[str, Any]


class Base(DeclarativeBase):
    """Base of all tables."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar = {
        datetime: DateTime(timezone=True),
        str: Text,
        int: BigInteger,
        UUID: Uuid,
        Json: JSONB,
    }


Id = Annotated[int, mapped_column(BigInteger, Identity(), primary_key=True)]
# clock_timestamp, not now(): rows of one long transaction keep their true order.
CreatedAt = Annotated[datetime, mapped_column(server_default=text("clock_timestamp()"))]


def one_of(column: str, *values: str) -> str:
    """Return the text of a CHECK that a state column holds one of these values."""
    return f"{column} IN ({', '.join(repr(value) for value in values)})"
