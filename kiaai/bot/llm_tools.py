"""The tools a model may call, and the check of each call: nothing it writes reaches further. Pure.

No tool names a lead or a conversation: what is kept is kept on the lead of the turn.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from kiaai.bot.articles import LANGUAGES
from kiaai.bot.closing_time import closed_words, honest
from kiaai.bot.languages import DEFAULT, language_of
from kiaai.bot.llm_bubble import Refused, bubble
from kiaai.bot.llm_reply import MOST_CALLS
from kiaai.bot.model_record import ToolCall
from kiaai.bot.replies import reply
from kiaai.bot.turn import Decision, LeadChange, Passage, TurnInput
from kiaai.bot.wording import words_of
from kiaai.whatsapp.cleaning import Item, UnreadableBody, one_line, read_json

_LONGEST_NAME = 60
_LONGEST_REASON = 200
_LONGEST_QUESTION = 300
# Forward only. What a bad lead is, people decide.
NEXT_STATUSES = {"unknown": ("potential_client", "customer"), "potential_client": ("customer",)}


@dataclass(frozen=True)
class Ruling:
    """What comes of the calls of one step. decision: None while the model has only noted something."""

    decision: Decision | None = None
    changes: tuple[LeadChange, ...] = ()
    hand_off_reason: str | None = None
    cited: tuple[int, ...] = ()


def judge(calls: Sequence[ToolCall], turn: TurnInput, passages: Sequence[Passage]) -> Ruling:
    """Return what the calls come to: all of them, or none. Raises Refused telling the model why."""
    if not 0 < len(calls) <= MOST_CALLS:
        raise Refused("call one of the tools: answer, ask or hand_off")
    rulings = [_rule(call, turn, passages) for call in calls]
    final = [ruling for ruling in rulings if ruling.decision]
    if len(final) > 1:
        raise Refused("call only one of answer, ask and hand_off, and once: a turn is one message")
    changes = tuple(change for ruling in rulings for change in ruling.changes)
    if not final:
        return Ruling(changes=changes)
    return Ruling(final[0].decision, changes, final[0].hand_off_reason, final[0].cited)


def _rule(call: ToolCall, turn: TurnInput, passages: Sequence[Passage]) -> Ruling:
    if call.tool not in _TOOLS:
        raise Refused(f"there is no tool {call.tool!r}; there are: {', '.join(_TOOLS)}")
    tool = _TOOLS[call.tool]
    return tool.check(_arguments(call, tool), turn, passages)


def _arguments(call: ToolCall, tool: "_Tool") -> Item:
    try:
        arguments = read_json(call.arguments or "{}")
    except UnreadableBody:
        raise Refused(f"the arguments of {call.tool} are not JSON") from None
    if not isinstance(arguments, dict):
        raise Refused(f"the arguments of {call.tool} are not a JSON object")
    if unknown := sorted(set(arguments) - set(tool.properties)):
        raise Refused(f"{call.tool} has no argument {unknown[0][:40]!r}")
    if missing := sorted(set(tool.required) - set(arguments)):
        raise Refused(f"{call.tool} needs {missing[0]}")
    return arguments


def _answer(arguments: Item, turn: TurnInput, passages: Sequence[Passage]) -> Ruling:
    if not passages:
        raise Refused("there are no passages to answer from: ask or hand_off")
    cited = _cited(arguments.get("passages", []), passages)
    text = bubble(arguments["text"], passages, _known(turn))
    used = tuple(sorted(passages, key=lambda passage: passage.article_id not in cited))
    return Ruling(Decision("answer", "model", text, _language(turn), used), cited=cited)


def _cited(raw: object, passages: Sequence[Passage]) -> tuple[int, ...]:
    ids = {passage.article_id for passage in passages}
    if not isinstance(raw, list) or not all(type(each) is int and each in ids for each in raw):
        raise Refused(f"passages must be a list of these ids: {sorted(ids)}")
    return tuple(dict.fromkeys(raw))


def _ask(arguments: Item, turn: TurnInput, passages: Sequence[Passage]) -> Ruling:
    text = bubble(arguments["question"], passages, _known(turn))
    # Room for claims of its own would be room to invent.
    if "?" not in text or len(text) > _LONGEST_QUESTION:
        raise Refused(f"ask one question, of at most {_LONGEST_QUESTION} characters")
    return Ruling(Decision("ask", "model", text, _language(turn), tuple(passages)))


def _hand_off(arguments: Item, turn: TurnInput, passages: Sequence[Passage]) -> Ruling:
    """Hand over in words of our own: the model's reason is for the team alone."""
    if not isinstance(arguments["reason"], str):
        raise Refused("the reason must be one string")
    language = _language(turn)
    text = reply("hand_off_unsure", language)
    decision = honest(Decision("hand_off", "model", text, language, tuple(passages)), turn.closed)
    return Ruling(decision, hand_off_reason=one_line(arguments["reason"], _LONGEST_REASON) or None)


def _set_lead_status(arguments: Item, turn: TurnInput, _passages: Sequence[Passage]) -> Ruling:
    status, now = arguments["status"], turn.lead_status
    if status == now:
        return Ruling()
    if status not in NEXT_STATUSES.get(now, ()):
        raise Refused(f"the status is {now} and cannot become {str(status)[:40]!r}")
    return Ruling(changes=(LeadChange("status", status),))


def _save_name(arguments: Item, turn: TurnInput, _passages: Sequence[Passage]) -> Ruling:
    """Keep a name only as the customer wrote it."""
    raw = arguments["name"]
    name = one_line(raw, _LONGEST_NAME + 1) if isinstance(raw, str) else ""
    words = words_of(name)
    is_name = 0 < len(name) <= _LONGEST_NAME and words and all(_is_of_a_name(letter) for letter in name)
    if not is_name:
        raise Refused(f"a name is 1 to {_LONGEST_NAME} letters")
    if not any(_stands_in(words, words_of(text)) for text in turn.texts):
        raise Refused("the customer did not write that name")
    return Ruling(changes=(LeadChange("name", name),))


def _is_of_a_name(letter: str) -> bool:
    return letter.isalpha() or letter in " .'’-"


def _stands_in(words: list[str], said: list[str]) -> bool:
    size = len(words)
    return any(said[start : start + size] == words for start in range(len(said) - size + 1))


def _known(turn: TurnInput) -> list[str]:
    """Return words whose figures are no inventions: the customer's, the opening, the name of the business."""
    opening = [closed_words(turn.closed, language) for language in LANGUAGES] if turn.closed else []
    return [*turn.texts, *opening, turn.business_name]


def _language(turn: TurnInput) -> str:
    return language_of(turn.texts) or language_of(turn.earlier) or DEFAULT


Check = Callable[[Item, TurnInput, Sequence[Passage]], Ruling]


@dataclass(frozen=True)
class _Tool:
    description: str
    properties: dict[str, Any]
    check: Check
    optional: tuple[str, ...] = ()

    @property
    def required(self) -> list[str]:
        return [name for name in self.properties if name not in self.optional]


_TEXT = {"type": "string"}
_TOOLS = {
    "answer": _Tool(
        "Answer the customer from the passages, in one message.",
        {"text": _TEXT, "passages": {"type": "array", "items": {"type": "integer"}}},
        _answer,
        optional=("passages",),
    ),
    "ask": _Tool("Ask the customer one question back.", {"question": _TEXT}, _ask),
    "hand_off": _Tool("Leave the conversation to a person of the team.", {"reason": _TEXT}, _hand_off),
    "set_lead_status": _Tool(
        "Note that this customer wants to buy (potential_client), or has bought (customer).",
        {"status": {"type": "string", "enum": ["potential_client", "customer"]}},
        _set_lead_status,
    ),
    "save_name": _Tool("Keep the customer's own name as they just wrote it.", {"name": _TEXT}, _save_name),
}
TOOLS: list[dict[str, Any]] = [
    {
        "type": "function",
        "function": {
            "name": name,
            "description": tool.description,
            "parameters": {
                "type": "object",
                "properties": tool.properties,
                "required": tool.required,
                "additionalProperties": False,
            },
        },
    }
    for name, tool in _TOOLS.items()
]
