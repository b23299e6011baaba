"""How well each article fits a question: PostgreSQL's full-text search, weighed by how rare a word is."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import text

from kiaai.extensions import db

# ts_rank_cd knows no rarity: "bicycle", which stands in every article, would count like "warranty".
# A word of the title or keywords counts whole, one of the body half, and a hint less.
# A word that stands nowhere tells that something else is asked, or nothing: it weighs a little less.
_RANK = text(
    """
    WITH configs (language, config) AS (
        VALUES ('es', CAST('spanish' AS regconfig)), ('en', CAST('english' AS regconfig))
    ), sizes AS (
        SELECT language, count(*) AS size FROM articles WHERE is_active GROUP BY language
    ), terms AS MATERIALIZED (
        SELECT c.language, t.lexeme, CAST(quote_literal(t.lexeme) AS tsquery) AS query,
            CAST(quote_literal(t.lexeme) || '\\:A' AS tsquery) AS as_title,
            CAST(quote_literal(t.lexeme) || '\\:B' AS tsquery) AS as_keyword,
            t.weights[1] <> 'A' AS is_hint, s.size
        FROM configs c JOIN sizes s USING (language)
        CROSS JOIN LATERAL unnest(
            setweight(to_tsvector(c.config, :words), 'A') || to_tsvector(c.config, :hints)) AS t
    ), hits AS MATERIALIZED (
        SELECT t.language, t.lexeme, a.id, CASE WHEN a.search @@ t.as_title THEN 1.1
            WHEN a.search @@ t.as_keyword THEN 1.0 ELSE 0.5 END AS place
        FROM terms t JOIN articles a ON a.language = t.language AND a.search @@ t.query
        WHERE a.is_active
    ), counts AS (
        SELECT language, lexeme, count(*) AS found FROM hits GROUP BY language, lexeme
    ), weighed AS (
        SELECT t.language, t.lexeme, t.query,
            CASE WHEN is_hint THEN 0.3 ELSE 1.0 END * CASE WHEN found IS NULL THEN 0.7 ELSE 1.0 END
            * ln(1 + size / greatest(found, 1.0)) / ln(1.0 + size) AS weight
        FROM terms t LEFT JOIN counts USING (language, lexeme)
    ), weights AS MATERIALIZED (
        SELECT *, sum(weight) OVER (PARTITION BY language) AS asked FROM weighed
    ), best AS MATERIALIZED (
        SELECT h.id, max(w.asked) AS asked, sum(w.weight * h.place) AS matched
        FROM weights w JOIN hits h USING (language, lexeme)
        GROUP BY h.id
        ORDER BY matched DESC, h.id
        LIMIT 60
    )
    SELECT a.id, a.title, a.body, a.language, CAST(b.asked AS float) AS asked,
        CAST(b.matched AS float) AS matched,
        (SELECT max(ts_rank_cd(a.search, w.query)) FROM weights w WHERE w.language = a.language) AS closeness
    FROM best b JOIN articles a USING (id)
    ORDER BY matched DESC, closeness DESC, a.id
    LIMIT 20
    """
)
_UNKNOWN = text(
    """
    SELECT word FROM unnest(CAST(:words AS text[])) AS word
    WHERE NOT EXISTS (
        SELECT FROM articles a WHERE a.is_active AND (
            a.search @@ plainto_tsquery('spanish', word) OR a.search @@ plainto_tsquery('english', word)))
    """
)
_TITLES = text("SELECT title || ' ' || keywords FROM articles WHERE is_active")


@dataclass(frozen=True)
class Candidate:
    """An article that shares a word with the question.

    matched: what the shared words weigh. asked: what all words of the question weigh.
    """

    article_id: int
    title: str
    body: str
    language: str
    matched: float
    asked: float

    @property
    def share(self) -> float:
        """How much of the question the article speaks about, 0 to 1."""
        return self.matched / self.asked if self.asked else 0.0


def rank(words: Iterable[str], hints: Iterable[str]) -> list[Candidate]:
    """Return the articles that share a word with these, in both languages, the closest first."""
    rows = db.session.execute(_RANK, {"words": " ".join(words), "hints": " ".join(hints)})
    return [Candidate(r.id, r.title, r.body, r.language, r.matched, r.asked) for r in rows]


def unknown(words: Iterable[str]) -> set[str]:
    """Return the words that stand in no article: names, other matters, and slips of the pen."""
    return set(db.session.scalars(_UNKNOWN, {"words": list(words)}))


def titles_and_keywords() -> list[str]:
    """Return what every active article is called and known by."""
    return list(db.session.scalars(_TITLES))
