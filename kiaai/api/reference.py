"""`/api/docs`: the description of the API as a page for people. No script, so it keeps to the CSP."""

import re
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, current_app, render_template
from flask.typing import ResponseReturnValue
from markupsafe import Markup, escape

bp = Blueprint("reference", __name__)

_METHODS = ("get", "post", "put", "delete")


@dataclass(frozen=True)
class Route:
    """One route of the reference. body, answer: names and descriptions of their fields."""

    method: str
    path: str
    summary: str
    description: str
    parameters: list[dict[str, Any]]
    body: list[tuple[str, str, str]]
    answer: list[tuple[str, str, str]]
    statuses: list[tuple[str, str]]

    @property
    def anchor(self) -> str:
        return "-".join(re.findall(r"[a-z]+", f"{self.method} {self.path}".lower()))


@dataclass(frozen=True)
class Group:
    """Routes about one thing."""

    name: str
    description: str
    routes: list[Route]

    @property
    def anchor(self) -> str:
        return self.name.lower().replace(" ", "-")


@bp.get("/api/docs")
def show() -> ResponseReturnValue:
    spec = current_app.extensions["flask-smorest"]["apis"][""]["ext_obj"].spec.to_dict()
    groups = [_group(spec, tag) for tag in spec["tags"]]
    return render_template("api/docs.html", spec=spec, groups=groups, words=words)


def words(text: str | None) -> Markup:
    """Return a description as HTML: escaped, with `code` between backticks."""
    # Safe: what is put in is the escaped text and two tags of our own.
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text or ""))))  # noqa: S704 - escaped before


def _group(spec: dict[str, Any], tag: dict[str, str]) -> Group:
    routes = [
        _route(spec, method, path, operation)
        for path, operations in spec["paths"].items()
        for method, operation in operations.items()
        if method in _METHODS and tag["name"] in operation["tags"]
    ]
    return Group(tag["name"], tag.get("description", ""), routes)


def _route(spec: dict[str, Any], method: str, path: str, operation: dict[str, Any]) -> Route:
    responses = operation["responses"]
    success = next(answer for status, answer in responses.items() if status.startswith("2"))
    return Route(
        method=method.upper(),
        path=path,
        summary=operation.get("summary", ""),
        description=operation.get("description", ""),
        parameters=spec["paths"][path].get("parameters", []) + operation.get("parameters", []),
        body=_fields(spec, operation.get("requestBody", {})),
        answer=_fields(spec, success),
        statuses=[(status, answer.get("description", "")) for status, answer in responses.items()],
    )


def _fields(spec: dict[str, Any], holder: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Return name, type and description of each field, inner ones below their own; a file is one."""
    found: list[tuple[str, str, str]] = []
    for media_type, content in holder.get("content", {}).items():
        schema = content.get("schema", {})
        if schema.get("format") == "binary":
            found.append((media_type, "file", schema.get("description", "")))
        found += _walk(spec, schema, "")
    return found


def _walk(spec: dict[str, Any], schema: dict[str, Any], prefix: str) -> Any:
    for name, field in _resolved(spec, schema).get("properties", {}).items():
        path = f"{prefix}{name}"
        inner = _resolved(spec, field)
        yield path, _type_of(inner), field.get("description", inner.get("description", ""))
        deeper = _resolved(spec, inner.get("items", inner))
        if deeper.get("properties"):
            yield from _walk(spec, deeper, f"{path}[]." if "items" in inner else f"{path}.")


def _resolved(spec: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """Follow a reference, also one that stands beside null."""
    options = [
        option for option in schema.get("anyOf", schema.get("oneOf", [])) if option.get("type") != "null"
    ]
    reference = schema.get("$ref") or (options[0].get("$ref") if options else None)
    if not reference:
        return schema
    resolved: dict[str, Any] = spec["components"]["schemas"][reference.rpartition("/")[2]]
    return resolved


def _type_of(schema: dict[str, Any]) -> str:
    types = schema.get("type", "object")
    text = " or ".join(types) if isinstance(types, list) else types
    values = [str(value) for value in schema.get("enum", []) if value is not None]
    return f"{text}: {', '.join(values)}" if values else schema.get("format", text)
