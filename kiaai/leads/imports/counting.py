"""How many lines came to what."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass
class Counts:
    """What became of the lines."""

    created: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: int = 0

    def add(self, outcome: str) -> None:
        setattr(self, outcome, getattr(self, outcome) + 1)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> "Counts":
        return cls(
            **{name: int(kept.get(name, 0)) for name in ("created", "changed", "unchanged", "refused")}
        )

    def __str__(self) -> str:
        return (
            f"{self.created} created, {self.changed} updated,"
            f" {self.unchanged} unchanged, {self.refused} refused"
        )
