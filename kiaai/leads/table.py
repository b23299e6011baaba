"""The table of leads as a CSV file: its columns, how to read one from any program and write a safe one."""

import codecs
import csv
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kiaai.errors import KiaAiError

COLUMNS = ("phone_number", "customer_name", "lead_status", "notes", "tags")
# Written by the export beside the others; nothing is read from them.
TIME_COLUMNS = ("first_contact_at", "last_contact_at")
_BLOCK_BYTES = 1024 * 1024
# A spreadsheet runs a cell that starts so as a formula.
_FORMULA = re.compile(r"'*[=+\-@\t\r\n]")
_DEFUSED = re.compile(r"'+[=+\-@\t\r\n]")


class NotATable(KiaAiError):
    """The file is no table of leads; the text says what is missing."""


@dataclass(frozen=True)
class Line:
    """One row of the file. number: the line it starts on, from 1. cells: column to text, trimmed.

    error: why the row cannot be read at all; then there are no cells.
    """

    number: int
    cells: dict[str, str]
    error: str | None = None


@dataclass(frozen=True)
class Table:
    """A file that was looked through once. ignored: columns that mean nothing here."""

    path: Path
    encoding: str
    delimiter: str
    header: tuple[str, ...]
    ignored: tuple[str, ...]
    line_count: int

    def lines(self) -> Iterator[Line]:
        """Give the rows below the header, one after the other; empty lines are left out."""
        with self.path.open(encoding=self.encoding, errors="replace", newline="") as file:
            reader = csv.reader(file, delimiter=self.delimiter)
            next(reader)
            while True:
                number = reader.line_num + 1
                try:
                    cells = next(reader)
                except StopIteration:
                    return
                except csv.Error as error:
                    yield Line(number, {}, f"Cannot be read: {error}.")
                    continue
                if any(cell.strip() for cell in cells):
                    yield self._line(number, cells)

    def _line(self, number: int, cells: list[str]) -> Line:
        if any(cell.strip() for cell in cells[len(self.header) :]):
            return Line(number, {}, f"Has {len(cells)} cells, but the header names {len(self.header)}.")
        return Line(
            number, {name: armed(cell.strip()) for name, cell in zip(self.header, cells, strict=False)}
        )


def open_table(path: Path) -> Table:
    """Look through the file once: its encoding, its separator, its header, how many lines it has.

    Excel's semicolons, tabs, byte order marks and Windows letters are understood. Raises NotATable.
    """
    # Notes may be long; a cell beyond this is a quote that was never closed.
    csv.field_size_limit(min(sys.maxsize, 1024 * 1024))
    encoding, line_count = _encoding_and_lines(path)
    with path.open(encoding=encoding, errors="replace", newline="") as file:
        first = file.readline()
    delimiter = max(",;\t", key=first.count)
    header = tuple(_column(cell) for cell in next(csv.reader([first], delimiter=delimiter), []))
    if "phone_number" not in header:
        raise NotATable(
            f"The first line must name the columns: {', '.join(COLUMNS)}. phone_number is missing."
        )
    twice = sorted({name for name in header if name and header.count(name) > 1})
    if twice:
        raise NotATable(f"The first line names {', '.join(twice)} twice.")
    known = {*COLUMNS, *TIME_COLUMNS, ""}
    ignored = tuple(name for name in header if name not in known)
    return Table(path, encoding, delimiter, header, ignored, line_count)


def defused(cell: str) -> str:
    """Return the cell so that no spreadsheet runs it: a formula gets a quote in front."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def armed(cell: str) -> str:
    """Return what `defused` was given."""
    return cell[1:] if _DEFUSED.match(cell) else cell


def _column(cell: str) -> str:
    return "_".join(cell.strip().lower().split())


def _encoding_and_lines(path: Path) -> tuple[str, int]:
    with path.open("rb") as file:
        start = file.read(4)
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16", 0
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    lines = 0
    with path.open("rb") as file:
        try:
            while block := file.read(_BLOCK_BYTES):
                lines += block.count(b"\n")
                decoder.decode(block)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "cp1252", 0
    return "utf-8-sig", lines
