"""What the bot knows, and the record of each of its turns."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Computed, ForeignKey, Index, UniqueConstraint
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from kiaai.models.base import Base, CreatedAt, Id, Json, one_of
from kiaai.models.folding import ACCENTED, BARE


def _plain(expression: str) -> str:
    return f"lower(translate({expression}, '{ACCENTED}', '{BARE}'))"


def _weighed(expression: str, weight: str) -> str:
    config = "CASE language WHEN 'es' THEN 'spanish'::regconfig ELSE 'english'::regconfig END"
    return f"setweight(to_tsvector({config}, {_plain(expression)}), '{weight}')"


SEARCH = " || ".join((_weighed("title", "A"), _weighed("keywords", "B"), _weighed("body", "C")))


class Article(Base):
    """One thing the business wants its customers to know. `source` and `title` name it on reload.

    source: the file or page it came from, empty when it was written here. edited_at: when a person last
    changed it here, user_id: who; loading leaves it alone from then on. deleted_at: put away, to be restored.
    """

    __tablename__ = "articles"
    __table_args__ = (
        UniqueConstraint("source", "language", "title"),
        CheckConstraint(one_of("language", "es", "en"), name="language"),
        Index("ix_articles_search", "search", postgresql_using="gin"),
    )

    id: Mapped[Id]
    title: Mapped[str] = mapped_column(server_default="")
    body: Mapped[str] = mapped_column(server_default="")
    keywords: Mapped[str] = mapped_column(server_default="")
    language: Mapped[str] = mapped_column(server_default="es")
    source: Mapped[str] = mapped_column(server_default="")
    is_active: Mapped[bool] = mapped_column(server_default=sql("true"))
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[CreatedAt]
    edited_at: Mapped[datetime | None]
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    deleted_at: Mapped[datetime | None]
    search: Mapped[str] = mapped_column(TSVECTOR, Computed(SEARCH, persisted=True), deferred=True)


class BotTurn(Base):
    """What the bot read, found, decided and why it stopped, for one turn."""

    __tablename__ = "bot_turns"
    __table_args__ = (
        Index("ix_bot_turns_conversation_id_id", "conversation_id", "id"),
        Index(
            "ix_bot_turns_started_at",
            "started_at",
            postgresql_include=["decision", "reason", "tokens_in", "tokens_out", "cost_micros"],
        ),
        Index("ix_bot_turns_message_id", "message_id", postgresql_where=sql("message_id IS NOT NULL")),
    )

    id: Mapped[Id]
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"))
    started_at: Mapped[CreatedAt]
    finished_at: Mapped[datetime | None]
    input: Mapped[str] = mapped_column(server_default="")
    passages: Mapped[Json] = mapped_column(server_default=sql("'{}'"))
    model: Mapped[str | None]
    tokens_in: Mapped[int] = mapped_column(server_default=sql("0"))
    tokens_out: Mapped[int] = mapped_column(server_default=sql("0"))
    # The newest message it read; the next turn begins after it. No foreign key: it is only a mark.
    read_up_to: Mapped[int | None]
    decision: Mapped[str] = mapped_column(server_default="")
    reason: Mapped[str | None]
    # What replays it: the words read, the passages found, each step of the model, times in milliseconds.
    detail: Mapped[Json] = mapped_column(server_default=sql("'{}'"))
    # What the model cost, in millionths of the currency that its price is given in.
    cost_micros: Mapped[int] = mapped_column(server_default=sql("0"))
    message_id: Mapped[int | None] = mapped_column(ForeignKey("messages.id", ondelete="SET NULL"))


class Question(Base):
    """What customers asked and the bot could not answer; asked alike, counted once.

    words: the question as it is compared: small letters, no accents, no marks.
    """

    __tablename__ = "questions"
    __table_args__ = (
        UniqueConstraint("words", "language"),
        CheckConstraint(one_of("language", "es", "en"), name="language"),
        CheckConstraint(one_of("state", "open", "answered", "dismissed"), name="state"),
        Index("ix_questions_open", "last_asked_at", "id", postgresql_where=sql("state = 'open'")),
        Index("ix_questions_turn_id", "turn_id", postgresql_where=sql("turn_id IS NOT NULL")),
    )

    id: Mapped[Id]
    words: Mapped[str] = mapped_column(server_default="")
    language: Mapped[str] = mapped_column(server_default="es")
    text: Mapped[str] = mapped_column(server_default="")
    times: Mapped[int] = mapped_column(server_default=sql("1"))
    state: Mapped[str] = mapped_column(server_default="open")
    first_asked_at: Mapped[CreatedAt]
    last_asked_at: Mapped[CreatedAt]
    turn_id: Mapped[int | None] = mapped_column(ForeignKey("bot_turns.id", ondelete="SET NULL"))
    article_id: Mapped[int | None] = mapped_column(ForeignKey("articles.id", ondelete="SET NULL"))
