"""What a canned reply may hold: variables, and how they are filled in. Pure."""

import re
from collections.abc import Mapping

VARIABLES = ("name", "first_name", "agent", "business")
_VARIABLE = re.compile(r"\{\{\s*(\w+)\s*\}\}")


def filled(text: str, values: Mapping[str, str]) -> str:
    """Return the text with its variables filled in; one that nobody knows stays as it is written."""
    return _VARIABLE.sub(lambda found: values.get(found[1], found[0]), text)


def unknown_variables(text: str) -> list[str]:
    """Return the variables of a text that nothing will fill in, each once."""
    return [name for name in dict.fromkeys(_VARIABLE.findall(text)) if name not in VARIABLES]
