"""The command list: the Procfile tells other process managers the same."""

import re
from pathlib import Path

from kiaai.config import ROOT
from kiaai.embedded.programs import plan_for
from tests.conftest import make_settings


def commands(instance: Path, **changes: str) -> dict[str, str]:
    plan = plan_for(make_settings("postgresql://kia@db.example/kia", instance, **changes))
    return {program.name: " ".join(program.command[2:]) for stage in plan.stages for program in stage}


def test_the_procfile_says_the_same(instance: Path) -> None:
    text = (ROOT / "Procfile").read_text()
    defaults = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", text)
    said = dict(line.split(": ", 1) for line in defaults.replace("python -m ", "").splitlines())

    assert said == commands(instance)


def test_the_sandbox_runs_only_without_a_token(instance: Path) -> None:
    assert "sandbox" in commands(instance)
    assert "sandbox" not in commands(instance, WHATSAPP_API_TOKEN="a-token")


def test_an_ipv6_host_gets_its_brackets(instance: Path) -> None:
    assert "--bind [::1]:8000" in commands(instance, HOST="::1")["web"]
