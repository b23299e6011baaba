"""The sandbox as a process of its own, without the app around it: `python -m kiaai.sandbox`."""

import sys

from kiaai.config import Settings
from kiaai.errors import SettingsError
from kiaai.sandbox.server import serve


def main() -> int:
    """Serve until stopped. Exit code 2: it may not start, and the reason is on stderr."""
    try:
        serve(Settings.from_environment())
    except SettingsError as error:
        print(f"Error: {error}", file=sys.stderr)  # noqa: T201  # a command's own word to a person
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
