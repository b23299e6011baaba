"""The documents say what is there, and nothing else."""

import inspect
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from flask import Flask
from flask.cli import FlaskGroup

from kiaai import config
from kiaai.config import ROOT

DOCUMENTS = (ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md")))
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
# Files and folders that a document names in running text.
NAMED = re.compile(r"`([a-z_]+(?:/[\w.-]+)+|[\w.-]+\.(?:py|md|yml|lock|cfg))`")
# Named as places in the instance folder, or as examples.
NOT_IN_THE_CHECKOUT = {"docs/screens", "INSTANCE_PATH/media", "FILE.csv", "FILE.md"}


def links() -> Iterator[Any]:
    for document in DOCUMENTS:
        for target in LINK.findall(document.read_text()):
            if "://" not in target:
                yield pytest.param(document, target, id=f"{document.name}-{target}")


def names() -> Iterator[Any]:
    for document in DOCUMENTS:
        for name in sorted(set(NAMED.findall(document.read_text())) - NOT_IN_THE_CHECKOUT):
            yield pytest.param(document, name, id=f"{document.name}-{name}")


def test_the_readme_names_exactly_the_settings() -> None:
    read = r'read\.(?:text|value|optional)\(\s*"([A-Z_]+)"|environment\.get\(\s*"([A-Z_]+)"'
    in_code = {first or second for first, second in re.findall(read, inspect.getsource(config))}
    table = readme_chapter("Settings")
    in_table = re.findall(r"^\| `([A-Z_]+)` \|", table, re.MULTILINE)

    assert sorted(in_table) == sorted(in_code)


@pytest.mark.parametrize(("document", "target"), links())
def test_a_link_leads_somewhere(document: Path, target: str) -> None:
    path, _, place = target.partition("#")
    linked = document if not path else document.parent / path

    assert linked.exists()
    assert not place or place in {anchor(heading) for heading in HEADING.findall(linked.read_text())}


@pytest.mark.parametrize(("document", "name"), names())
def test_a_file_that_is_named_is_there(document: Path, name: str) -> None:
    assert (ROOT / name).exists() or (ROOT / "kiaai" / name).exists() or (ROOT / "static" / name).exists()


def test_the_commands_of_make_exist() -> None:
    makefile = (ROOT / "Makefile").read_text()
    words = " ".join(document.read_text() for document in DOCUMENTS)
    for target in set(re.findall(r"(?:`|^)make ([a-z-]+)", words, re.MULTILINE)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), f"make {target}"


def test_the_commands_of_flask_exist(app: Flask) -> None:
    words = " ".join(document.read_text() for document in DOCUMENTS)
    runner, flask = app.test_cli_runner(), FlaskGroup(create_app=lambda: app)
    for command in sorted(set(re.findall(r"flask ((?:[a-z][a-z-]+ ?){1,2})", words))):
        result = runner.invoke(flask, [*command.split(), "--help"])
        assert result.exit_code == 0, f"flask {command}"


def test_the_tunnel_leads_to_the_web_server_and_nowhere_else() -> None:
    tunnel = yaml.safe_load((ROOT / "cloudflared-config.yml").read_text())
    first, *between, last = tunnel["ingress"]

    assert (first["service"], between) == ("http://127.0.0.1:8000", [])
    assert first["hostname"] and "path" not in first
    assert last == {"service": "http_status:404"}
    assert tunnel["tunnel"] in tunnel["credentials-file"]


def test_the_shell_examples_can_be_read() -> None:
    for document in DOCUMENTS:
        for script in re.findall(r"```sh\n(.*?)```", document.read_text(), re.DOTALL):
            command = ["bash", "-n"]
            read = subprocess.run(command, input=script, text=True, capture_output=True, check=False)
            assert read.returncode == 0, f"{document.name}: {read.stderr}"


def readme_chapter(title: str) -> str:
    return (ROOT / "README.md").read_text().split(f"\n## {title}\n")[1].split("\n## ")[0]


def anchor(heading: str) -> str:
    """Return the name that a heading gets on GitHub."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")
