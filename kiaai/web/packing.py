"""What travels of a static file: scripts without their comments, and all of it compressed once."""

import gzip
from functools import lru_cache
from pathlib import Path

from rjsmin import jsmin

MOST_FILES = 256  # more than there are; the texts of all together are under 200 kB packed


@lru_cache(MOST_FILES)
def packed(path: Path, _written: int) -> bytes:
    """Return the file for `Content-Encoding: gzip`, packed anew when it was written anew.

    written: the time of its last change in nanoseconds. Errors: OSError where there is no such file.
    """
    content = path.read_bytes()
    if path.suffix == ".js" and not path.name.endswith(".min.js"):
        content = jsmin(content)
    return gzip.compress(content, mtime=0)
