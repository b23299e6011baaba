"""Where the embedded servers put their sockets: private, and short enough for the kernel."""

import hashlib
import os
import re
import stat
import tempfile
from pathlib import Path

from kiaai.embedded.errors import EmbeddedError

# sockaddr_un.sun_path holds 108 bytes with the closing zero (unix(7), "Address format").
LONGEST_PATH = 107
# Commas and colons mean something in database addresses, and spaces in URLs.
_PLAIN = re.compile(r"[A-Za-z0-9/._-]+")


def socket_folder(home: Path, socket_name: str) -> Path:
    """Return where a server keeps its socket: its own folder, or one in the temporary folder.

    home: the server's folder in the instance. The same home gives the same answer in every process.
    """
    path = str(home / socket_name)
    if _PLAIN.fullmatch(path) and len(path) <= LONGEST_PATH:
        return home
    name = "kiaai-" + hashlib.sha256(os.fsencode(home)).hexdigest()[:16]
    return Path(tempfile.gettempdir()).resolve() / name


def make_private(folder: Path, owner: tuple[int, int] | None = None) -> None:
    """Make the folder for its owner alone. Raises EmbeddedError when it belongs to someone else.

    owner: (uid, gid) to give it to, which only root can; None: this process's own user.
    """
    uid = owner[0] if owner else os.geteuid()
    try:
        folder.mkdir(mode=0o700, parents=True)
    except FileExistsError:
        found = folder.lstat()
        # In the shared temporary folder anybody may have been there first, with a link for example.
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in (uid, os.geteuid()):
            raise EmbeddedError(f"{folder} belongs to somebody else; remove it and start again") from None
    if owner:
        os.chown(folder, *owner, follow_symlinks=False)
    folder.chmod(0o700)
