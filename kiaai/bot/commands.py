"""`flask knowledge`: what the bot knows, loaded from Markdown files."""

from pathlib import Path

import click
from flask.cli import AppGroup

from kiaai.bot.articles import LANGUAGES, UnreadableFile
from kiaai.bot.knowledge import load_file
from kiaai.extensions import db

knowledge = AppGroup("knowledge", help="What the bot knows.")


@knowledge.command("load")
@click.argument("path", metavar="FILE.md|FOLDER", type=click.Path(exists=True, path_type=Path))
@click.option("--language", type=click.Choice(LANGUAGES), help="Else the name tells (faq.en.md), else es.")
@click.option("--overwrite", is_flag=True, help="Also what was changed or deleted in the dashboard since.")
def load(path: Path, language: str | None, overwrite: bool) -> None:
    """Load articles; each "# Title" or "## Title" begins one. What a file held before is replaced.

    Articles that people have changed or deleted in the dashboard stay as they are, and are counted as kept.
    Of a folder, its own *.md files. Exit code 1: some file was refused, and nothing of it was loaded.

    Example: flask knowledge load articles/faq.es.md
    """
    results = [_load(file, language, overwrite) for file in _files(path)]
    if not all(results):
        raise SystemExit(1)


def _files(path: Path) -> list[Path]:
    files = sorted(path.glob("*.md")) if path.is_dir() else [path]
    if not files:
        raise click.UsageError(f"No *.md file in {path}.")
    return files


def _load(path: Path, language: str | None, overwrite: bool) -> bool:
    """Load one file in a transaction of its own. False: it was refused."""
    try:
        loaded = load_file(path, language, overwrite)
    except (UnreadableFile, OSError) as error:
        db.session.rollback()
        click.echo(f"{path}: {error}", err=True)
        return False
    db.session.commit()
    kept = f", {loaded.kept} kept as changed in the dashboard" if loaded.kept else ""
    click.echo(
        f"{path}: {loaded.total} articles ({loaded.added} new, {loaded.changed} changed, "
        f"{loaded.removed} removed{kept})"
    )
    return True
