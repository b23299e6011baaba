"""Webhook bodies as WhatsApp sends them, with invented people and numbers."""

from pathlib import Path

FOLDER = Path(__file__).parent
NAMES = tuple(sorted(path.name for path in FOLDER.glob("*.json")))


def payload(name: str) -> bytes:
    """Return the exact bytes of a sample, by file name with or without `.json`."""
    return (FOLDER / f"{name.removesuffix('.json')}.json").read_bytes()
