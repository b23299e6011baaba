"""What goes in and out of the routes of articles and questions."""

from marshmallow import Schema, validate
from marshmallow.fields import Boolean, Integer, List, Nested, String

from kiaai.api.fields import Id, Text, Time, Truth
from kiaai.api.schemas import NEXT, QUERY_LIMIT, PageQuery, nothing, said
from kiaai.bot.articles import LANGUAGES
from kiaai.bot.unanswerable import STATES

_LANGUAGE = validate.OneOf(LANGUAGES)


class ArticlesQuery(PageQuery):
    """Which articles."""

    q = Text(
        load_default="",
        validate=validate.Length(max=QUERY_LIMIT),
        metadata=said("Words of the title, the body or the keywords; accents are forgiven."),
    )
    language = String(load_default="", validate=_LANGUAGE)
    is_active = String(load_default=nothing, validate=validate.OneOf(("true", "false")))


class ArticleChange(Schema):
    """What becomes of an article; what is absent stays."""

    title = Text(load_default=nothing, metadata=said("What it is about, 1 to 200 characters."))
    body = Text(load_default=nothing, metadata=said("The answer as Markdown, up to 20,000 characters."))
    keywords = Text(load_default=nothing, metadata=said("Other words for it, with commas between."))
    language = Text(load_default=nothing, validate=_LANGUAGE)
    is_active = Truth(load_default=nothing, metadata=said("Whether it answers."))


class ArticleBody(ArticleChange):
    """An article."""

    title = Text(required=True, metadata=said("What it is about, 1 to 200 characters."))
    body = Text(required=True, metadata=said("The answer as Markdown, up to 20,000 characters."))
    language = Text(load_default="es", validate=_LANGUAGE)


class ArticleUpdate(ArticleChange):
    """What becomes of an article; what is absent stays."""

    version = Text(
        load_default=nothing,
        metadata=said("The `version` that was read: refused when somebody has changed the article since."),
    )


class ArticleShape(Schema):
    """An article."""

    id = Integer()
    title = String()
    body = String()
    keywords = String()
    language = String(validate=_LANGUAGE)
    is_active = Boolean()
    source = String(metadata=said("The file or page it came from; empty when it was written here."))
    text = String(metadata=said("As the customer reads it on WhatsApp: one message, cut where it is longer."))
    version = String()
    created_at = Time()
    updated_at = Time()


class ArticleAnswer(Schema):
    article = Nested(ArticleShape)


class ArticlesAnswer(Schema):
    articles = List(Nested(ArticleShape))
    next = NEXT


class QuestionsQuery(PageQuery):
    """Which questions."""

    state = String(load_default="open", validate=validate.OneOf(STATES))


class QuestionUpdate(Schema):
    """What becomes of a question."""

    state = Text(required=True, validate=validate.OneOf(STATES))
    article_id = Id(load_default=nothing, metadata=said("The article that answers it."))


class QuestionShape(Schema):
    """A question that the bot could not answer."""

    id = Integer()
    text = String(metadata=said("As it was asked last."))
    language = String(validate=_LANGUAGE)
    times = Integer(metadata=said("How often it was asked."))
    state = String(validate=validate.OneOf(STATES))
    article_id = Integer(allow_none=True)
    first_asked_at = Time()
    last_asked_at = Time()


class QuestionAnswer(Schema):
    question = Nested(QuestionShape)


class QuestionsAnswer(Schema):
    questions = List(Nested(QuestionShape))
    next = NEXT
