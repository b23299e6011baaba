"""Checks of single fields, with the errors Graph answers."""

from typing import Any, TypeVar

from kiaai.sandbox.errors import GraphProblem

T = TypeVar("T")


def required(content: dict[str, Any], name: str, kind: type[T]) -> T:
    """Return a field of a type. Raises GraphProblem 131008 or 131009."""
    value = _object(content, name).get(name)
    if value is None:
        raise GraphProblem(131008, f"Parameter {name} is missing")
    if not isinstance(value, kind):
        raise GraphProblem(131009, f"Parameter {name} must be of type {kind.__name__}")
    return value


def text(content: dict[str, Any], name: str, longest: int, parent: str = "", is_required: bool = True) -> str:
    """Return a text field of limited length. Raises GraphProblem 100 or 131008."""
    path = f"{parent}['{name}']" if parent else name
    value = _object(content, path).get(name)
    if value is None and not is_required:
        return ""
    if value is None:
        raise GraphProblem(131008, f"The parameter {path} is required.")
    if not isinstance(value, str):
        raise GraphProblem(100, f"Param {path} must be a string.")
    if len(value) > longest:
        raise GraphProblem(100, f"Param {path} must be at most {longest} characters long.")
    return value


def number(content: dict[str, Any], name: str, largest: float) -> None:
    """Require a coordinate; Graph takes numbers and texts of numbers."""
    try:
        value = float(content[name])
    except KeyError:
        raise GraphProblem(131008, f"Parameter {name} is missing") from None
    except (TypeError, ValueError):
        raise GraphProblem(131009, f"Parameter {name} must be a number") from None
    if not -largest <= value <= largest:
        raise GraphProblem(131009, f"Parameter {name} must be from -{largest:g} to {largest:g}")


def _object(content: Any, path: str) -> dict[str, Any]:
    if not isinstance(content, dict):
        raise GraphProblem(131009, f"What should hold {path} must be an object")
    return content
