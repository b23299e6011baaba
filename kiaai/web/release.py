"""Which release runs: a name that changes with every file that decides how a page looks."""

import hashlib
from functools import cache
from pathlib import Path

from kiaai.config import ROOT

_DRAWING = ("kiaai/**/*.py", "kiaai/**/*.mo", "templates/**/*.html", "static/**/*")


@cache
def release() -> str:
    """Return a hash of the code, templates and static files as they were at the first call, at start.

    Of their content: copies on several machines draw the same and must agree.
    """
    found = hashlib.blake2b(digest_size=12)
    for path in sorted(path for pattern in _DRAWING for path in ROOT.glob(pattern) if path.is_file()):
        found.update(_named(path))
    return found.hexdigest()


def _named(path: Path) -> bytes:
    content = path.read_bytes()
    return f"{path.relative_to(ROOT).as_posix()} {len(content)}\n".encode() + content
