"""What was measured: one figure each, and the table of them all."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Figure:
    """One measured value. size: messages in the database, or None. bar: what it must reach, in words.

    holds: whether it does; None where there is no bar.
    """

    part: str
    what: str
    value: float
    unit: str
    size: int | None = None
    bar: str = ""
    holds: bool | None = None

    @property
    def shown(self) -> str:
        digits = 0 if abs(self.value) >= 100 else 1 if abs(self.value) >= 10 else 2
        return f"{self.value:.{digits}f} {self.unit}".strip()

    @property
    def verdict(self) -> str:
        return "" if self.holds is None else "yes" if self.holds else "NO"


def at_least(
    part: str, what: str, value: float, bar: float, unit: str = "", size: int | None = None
) -> Figure:
    """Return a figure that must not be smaller than the bar."""
    return Figure(part, what, value, unit, size, f"at least {bar:g} {unit}".strip(), value >= bar)


def at_most(
    part: str, what: str, value: float, bar: float, unit: str = "", size: int | None = None
) -> Figure:
    """Return a figure that must not be greater than the bar."""
    return Figure(part, what, value, unit, size, f"at most {bar:g} {unit}".strip(), value <= bar)


def written(size: int) -> str:
    """Return a number of messages as people say it: 10k, 1M."""
    return f"{size // 1_000_000}M" if size >= 1_000_000 else f"{size // 1000}k"


def as_markdown(figures: Iterable[Figure], machine: str) -> str:
    """Return one table: a row for each thing measured, a column for each size of the database."""
    figures = list(figures)
    sizes = sorted({figure.size for figure in figures if figure.size is not None})
    head = ["Part", "What", *(written(size) for size in sizes), "Once", "Bar", "Holds"]
    rows: dict[tuple[str, str], dict[int | None, Figure]] = {}
    for figure in figures:
        rows.setdefault((figure.part, figure.what), {})[figure.size] = figure
    lines = [machine, "", _line(head), _line(["---"] * len(head))]
    for (part, what), found in rows.items():
        cells = [found[size].shown if size in found else "" for size in (*sizes, None)]
        bars = {figure.bar for figure in found.values()} - {""}
        verdicts = [figure.verdict for figure in found.values() if figure.verdict]
        verdict = "NO" if "NO" in verdicts else verdicts[0] if verdicts else ""
        lines.append(_line([part, what, *cells, ", ".join(bars), verdict]))
    return "\n".join(lines) + "\n"


def write_results(figures: list[Figure], machine: str, folder: Path) -> None:
    """Write the table as Markdown, and the figures as JSON."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "latest.md").write_text(as_markdown(figures, machine))
    content = {"machine": machine, "figures": [asdict(figure) for figure in figures]}
    (folder / "latest.json").write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n")


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
