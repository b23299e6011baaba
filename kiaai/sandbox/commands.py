"""`flask sandbox`."""

import os
import sys

import click


@click.command("sandbox")
def sandbox() -> None:
    """Run a WhatsApp on this machine, on the port after the web's own, until stopped.

    Example: flask sandbox
    """
    # In place of this process: the sandbox needs nothing of the app, which takes 80 MB.
    os.execv(sys.executable, [sys.executable, "-m", "kiaai.sandbox"])  # noqa: S606  # fixed arguments
