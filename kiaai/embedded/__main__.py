"""`python -m kiaai.embedded`: run everything in the foreground, with one log on stderr."""

import logging
import sys
from collections.abc import Callable

from kiaai.config import Settings
from kiaai.embedded.errors import EmbeddedError
from kiaai.embedded.output import Output
from kiaai.embedded.programs import Plan, plan_for
from kiaai.embedded.supervisor import Supervisor
from kiaai.embedded.valkey import NEEDLESS_WARNING
from kiaai.errors import SettingsError

_log = logging.getLogger("kiaai.embedded")


def main(plan_of: Callable[[Settings], Plan] = plan_for) -> int:
    """Return the exit code: 0 after an ordered stop, 1 when it could not start.

    plan_of: what to run under these settings.
    """
    logging.basicConfig(level=logging.INFO, format="kia-ai   | %(message)s", stream=sys.stderr)
    try:
        settings = Settings.from_environment()
        output = Output(sys.stderr.buffer, muted=(NEEDLESS_WARNING,))
        return Supervisor(settings, plan_of(settings), output).run()
    except (SettingsError, EmbeddedError) as error:
        _log.error("Kia-Ai does not start: %s", error)
    except (PermissionError, FileExistsError, NotADirectoryError) as error:
        _log.error("Kia-Ai does not start: INSTANCE_PATH must be a folder it may write to: %s", error)
    return 1


if __name__ == "__main__":
    sys.exit(main())
