"""What PostgreSQL believes about its tables, set for the transaction of one test."""

from sqlalchemy import text

from kiaai.extensions import db

_BELIEVE = text("""
    UPDATE pg_class SET reltuples = :rows, relpages = :pages WHERE oid = ANY (CAST(:tables AS regclass[]))""")
_FORGET_COLUMNS = text("DELETE FROM pg_statistic WHERE starelid = ANY (CAST(:tables AS regclass[]))")


def keep_autovacuum_out(*tables: str) -> None:
    """Let no other process count these tables until the end of the transaction; ANALYZE in it still does."""
    db.session.execute(text(f"LOCK TABLE {', '.join(tables)} IN SHARE UPDATE EXCLUSIVE MODE"))


def forget_statistics(*tables: str) -> None:
    """Leave them as they are after CREATE TABLE: never counted, nothing known of any column."""
    believe(-1, 0, *tables)
    db.session.execute(_FORGET_COLUMNS, {"tables": list(tables)})


def believe(rows: int, pages: int, *tables: str) -> None:
    """Have the planner reckon with so many rows in so many pages, scaled to the pages that there are."""
    db.session.execute(_BELIEVE, {"rows": rows, "pages": pages, "tables": list(tables)})
