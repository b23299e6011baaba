"""The rules of the layers, walked over the imports."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from kiaai.config import ROOT

KIAAI = ROOT / "kiaai"
# About 250 lines is long; what grows past this holds two verbs for sure.
LONGEST_FILE = 330
# Where Flask's request and session may be known, besides the factory.
REQUEST_ROOMS = ("accounts", "api", "web")
REQUEST_FILES = ("views.py", "cli.py", "commands.py")
# A program of its own: its views are all it is.
STANDALONE = ("sandbox",)
FLASK_REQUEST = {"request", "session", "g", "abort", "redirect", "make_response"}
# What knows requests by its nature. Rules may use the plain ones, which know none.
UPPER = {"accounts", "api", "web", "cli"}
PLAIN = {"kiaai.accounts.people", "kiaai.web.paging", "kiaai.web.answers", "kiaai.web.rate_limits"}
# A hash of what it is given, beside functions that read the request.
PLAIN_NAMES = {("kiaai.web.fragments", "tag_of")}
# Rows of data, one below the other, are as long as they are.
TABLES = {"error_codes.py", "error_codes_es.py", "demo_talks.py"}


def modules() -> list[Path]:
    return sorted(path for path in KIAAI.rglob("*.py"))


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def room_of(name: str) -> str:
    parts = name.split(".")
    return parts[1] if len(parts) > 1 else ""


def imports_of(path: Path) -> Iterator[tuple[str, str]]:
    """Give module and imported name of each import, also of those inside functions."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from ((node.module, alias.name) for alias in node.names)


def kiaai_imports_of(path: Path) -> set[str]:
    """Return the modules of the product that this one imports."""
    found = set()
    for module, name in imports_of(path):
        if module.split(".")[0] == "kiaai" and (module, name) not in PLAIN_NAMES:
            is_module = (ROOT / module.replace(".", "/") / f"{name}.py").exists() if name else False
            found.add(f"{module}.{name}" if is_module else module)
    return found


def knows_requests(path: Path) -> bool:
    room = room_of(name_of(path))
    is_view = path.name in REQUEST_FILES or path.name.endswith(("_views.py", "_commands.py"))
    return is_view or room in (*REQUEST_ROOMS, *STANDALONE) or path == KIAAI / "__init__.py"


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_only_views_know_the_request(path: Path) -> None:
    if knows_requests(path):
        return
    used = {name for module, name in imports_of(path) if module == "flask"} & FLASK_REQUEST
    used |= {module for module, _ in imports_of(path) if module in ("flask_login", "flask_security.utils")}

    assert not used, "pass what is needed as arguments"


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_only_config_reads_the_environment(path: Path) -> None:
    if path.name == "config.py" and path.parent == KIAAI:
        return
    source = ast.parse(path.read_text())
    reads = [
        node.lineno
        for node in ast.walk(source)
        if isinstance(node, ast.Attribute)
        and node.attr in ("environ", "getenv", "environb")
        and isinstance(node.value, ast.Name)
        and node.value.id == "os"
    ]

    assert not reads, "read it in config.py"


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_files_stay_small(path: Path) -> None:
    lines = len(path.read_text().splitlines())

    assert lines <= LONGEST_FILE or path.name in TABLES, "give its second verb a file of its own"


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_every_module_says_what_lives_in_it(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text()))


@pytest.mark.parametrize("path", sorted((KIAAI / "models").glob("*.py")), ids=name_of)
def test_models_know_nothing_but_models(path: Path) -> None:
    allowed = ("kiaai.models", "kiaai.clock", "kiaai.errors", "kiaai.texts")

    assert not {module for module in kiaai_imports_of(path) if not module.startswith(allowed)}


@pytest.mark.parametrize("path", sorted((KIAAI / "whatsapp").glob("*.py")), ids=name_of)
def test_the_world_of_meta_knows_no_tables(path: Path) -> None:
    allowed = ("kiaai.whatsapp", "kiaai.clock", "kiaai.errors", "kiaai.faults", "kiaai.logs", "kiaai.texts")
    outside = {module for module, _ in imports_of(path)}

    assert not {module for module in kiaai_imports_of(path) if not module.startswith(allowed)}
    assert not {module for module in outside if module.split(".")[0] in ("flask", "sqlalchemy", "celery")}


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_arrows_point_down(path: Path) -> None:
    """Rules, queries and workers import no views and no page code; pages may import anything."""
    if knows_requests(path) or path.name == "__init__.py":
        return

    assert not {module for module in kiaai_imports_of(path) if is_upper(module)}


def is_upper(module: str) -> bool:
    """Tell whether the module knows requests, or prints on a command line."""
    name = module.rpartition(".")[2]
    is_view = name in ("views", "commands") or name.endswith(("_views", "_commands"))
    return (is_view and room_of(module) != "embedded") or (room_of(module) in UPPER and module not in PLAIN)


@pytest.mark.parametrize("name", ["clock", "errors", "texts"])
def test_the_lowest_modules_know_nobody(name: str) -> None:
    assert not kiaai_imports_of(KIAAI / f"{name}.py")
