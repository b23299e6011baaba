"""What every command of ours promises to whoever asks it for help."""

from collections.abc import Iterator

import click
import pytest
from flask import Flask


def commands(app: Flask) -> Iterator[tuple[str, click.Command]]:
    """Give each command of ours with its name, those in groups with that of the group."""
    for name, command in sorted(app.cli.commands.items()):
        if isinstance(command, click.Group):
            inner = [(f"{name} {each}", one) for each, one in sorted(command.commands.items())]
            yield from (pair for pair in inner if _is_ours(pair[1]))
        elif _is_ours(command):
            yield name, command


def _is_ours(command: click.Command) -> bool:
    # Flask wraps a command so that it has an app; what it wraps tells where it comes from.
    return getattr(command.callback, "__module__", "").startswith("kiaai.")


def test_every_command_has_an_example_in_its_help(app: Flask) -> None:
    runner = app.test_cli_runner()
    helps = {
        name: " ".join(runner.invoke(args=[*name.split(), "--help"]).stdout.split())
        for name, _ in commands(app)
    }

    assert {"leads seed", "leads import", "leads export", "users create", "doctor"} <= set(helps)
    assert [name for name, text in helps.items() if f"Example: flask {name}" not in text] == []


def test_every_option_says_what_it_does(app: Flask) -> None:
    options = [
        (name, option)
        for name, one in commands(app)
        for option in one.params
        if isinstance(option, click.Option)
    ]

    silent = [f"{name} {option.opts[0]}" for name, option in options if not option.help]
    assert silent == []


@pytest.mark.parametrize(
    "args", [["leads"], ["users"], ["api-keys"], ["webhook"], ["delivery"], ["knowledge"]]
)
def test_a_group_says_what_it_is_for(app: Flask, args: list[str]) -> None:
    result = app.test_cli_runner().invoke(args=[*args, "--help"])

    assert result.exit_code == 0 and "Commands:" in result.stdout


@pytest.mark.parametrize("args", [["leads", "nothing"], ["leads", "export", "--colour"], ["users", "create"]])
def test_wrong_use_ends_with_two(app: Flask, args: list[str]) -> None:
    assert app.test_cli_runner().invoke(args=args).exit_code == 2
