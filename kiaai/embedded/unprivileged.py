"""The user that PostgreSQL runs as when we are root, which it refuses to be."""

import os
import pwd
import stat
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path

from kiaai.embedded.errors import EmbeddedError

USER = "kiaai-postgres"
_WAY_OUT = "Run Kia-Ai as an ordinary user, move it to a folder such as /opt, or set DATABASE_URL."

# A POSIX access list as the kernel keeps it (linux/posix_acl_xattr.h): version, then entries of tag,
# permission and id, in the order of these tags.
_ACL = "system.posix_acl_access"
_HEADER, _ENTRY = struct.Struct("<I"), struct.Struct("<HHI")
_OWNER, _NAMED_USER, _GROUP, _MASK, _OTHERS = 0x01, 0x02, 0x04, 0x10, 0x20
_NO_ID, _PASS = 0xFFFFFFFF, 0x01

Entries = dict[tuple[int, int], int]


def owner_of_data(data: Path) -> tuple[int, int] | None:
    """Return (uid, gid) to run PostgreSQL as; None: as ourselves.

    Root runs it as whoever owns the data, so that `sudo` once does no harm, else as a user of its own.
    Raises EmbeddedError when the data belongs to somebody else.
    """
    found = data.stat() if data.exists() else None
    if os.geteuid() != 0:
        if found and found.st_uid != os.geteuid():
            raise EmbeddedError(f"{data} belongs to another user. Start Kia-Ai as that user, or as root.")
        return None
    if found and found.st_uid != 0:
        return found.st_uid, found.st_gid
    entry = _user_of_its_own()
    return entry.pw_uid, entry.pw_gid


def allow_passage(path: Path, uid: int) -> list[Path]:
    """Let the user walk through the folders above `path`, and do nothing else there.

    Result: the folders whose access list was changed. A wider mode would open them to everybody.
    Raises EmbeddedError where the file system keeps no access lists.
    """
    return [folder for folder in reversed(path.parents) if _let_pass(folder, uid)]


def make_readable(folder: Path) -> None:
    """Let everybody read a folder of programs that a strict umask had closed."""
    for path in [folder, *folder.rglob("*")]:
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(mode | (0o055 if mode & 0o100 else 0o044))


def _user_of_its_own() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(USER)
    except KeyError:
        problem = _make_user()
    try:
        # Asked again: another start may have made it at the same time.
        return pwd.getpwnam(USER)
    except KeyError:
        raise EmbeddedError(
            f"PostgreSQL refuses to run as root, and the user {USER} cannot be made: {problem}. {_WAY_OUT}"
        ) from None


def _make_user() -> str:
    command = ["useradd", "--system", "--user-group", "--no-create-home"]
    command += ["--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin", USER]
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=30).stderr.strip()
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)


def _let_pass(folder: Path, uid: int) -> bool:
    status = folder.stat()
    if status.st_mode & stat.S_IXOTH or (status.st_uid == uid and status.st_mode & stat.S_IXUSR):
        return False
    entries = _entries_of(folder, status.st_mode)
    # A later chmod of the folder keeps the entry and closes the mask over it.
    if entries.get((_NAMED_USER, uid), 0) & entries.get((_MASK, _NO_ID), 0) & _PASS:
        return False
    entries[_NAMED_USER, uid] = entries.get((_NAMED_USER, uid), 0) | _PASS
    entries[_MASK, _NO_ID] = entries.get((_MASK, _NO_ID), entries[_GROUP, _NO_ID]) | _PASS
    packed = b"".join(_ENTRY.pack(tag, allowed, id_) for (tag, id_), allowed in sorted(entries.items()))
    try:
        os.setxattr(folder, _ACL, _HEADER.pack(2) + packed)
    except OSError as error:
        raise EmbeddedError(
            "PostgreSQL refuses to run as root, and a user for it cannot pass through "
            f"{folder}: {error.strerror}. {_WAY_OUT}"
        ) from None
    return True


def _entries_of(folder: Path, mode: int) -> Entries:
    try:
        return dict(_unpack(os.getxattr(folder, _ACL)))
    except OSError:
        return {
            (_OWNER, _NO_ID): mode >> 6 & 7,
            (_GROUP, _NO_ID): mode >> 3 & 7,
            (_OTHERS, _NO_ID): mode & 7,
        }


def _unpack(packed: bytes) -> Iterator[tuple[tuple[int, int], int]]:
    for tag, allowed, id_ in _ENTRY.iter_unpack(packed[_HEADER.size :]):
        yield (tag, id_), allowed
