"""A table of leads as a CSV file: how to read one from any program, and how to write a safe one."""

import codecs
import csv
import io
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from kiaai.errors import KiaAiError
from kiaai.leads.columns import COLUMNS, TIME_COLUMNS, guess_columns
from kiaai.texts import Text, lazy

__all__ = ["COLUMNS", "TIME_COLUMNS", "Line", "NotATable", "Table", "open_table", "read_table"]

TOO_MANY_CELLS = lazy("The line has more cells than there are columns.")
UNREADABLE = lazy("The line cannot be read: a quote is not closed, or a cell is too long.")
NOTHING_IN_IT = lazy("The file is empty.")
NOT_TEXT = lazy("This is no CSV file. In Excel: Save as, CSV UTF-8.")
_BLOCK_BYTES = 1024 * 1024
_LOOKED_AT = 20
# A spreadsheet runs a cell that starts so as a formula.
_FORMULA = re.compile(r"'*[=+\-@\t\r\n]")
_DEFUSED = re.compile(r"'+[=+\-@\t\r\n]")
# What may begin a cell of its own within a text, with all that stands before it: each run is looked at once,
# however long it is.
_WITHIN = re.compile(r"(?<![;\s])([;\s]++)('*+)([=+\-@])")
# How Excel is told to leave a number alone.
_AS_TEXT = re.compile(r'="(.*)"', re.DOTALL)
# Excel's own line about the separator.
_SEPARATOR_LINE = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)


class NotATable(KiaAiError):
    """The file is no table of leads; the text says what is missing."""

    def __init__(self, reason: str):
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Line:
    """One row of the file. number: the line it starts on, from 1. cells: column to text, trimmed.

    error: why the row cannot be read at all; then there are no cells. raw: the cells as they stand there.
    """

    number: int
    cells: dict[str, str]
    error: Text | None = None
    raw: tuple[str, ...] = ()


@dataclass(frozen=True)
class Table:
    """A file that was looked through once.

    header: what its first line calls the columns, empty when it says nothing. columns: what each of them
    holds, one of COLUMNS or "". before: lines above the table. line_count: 0 where it would take long.
    """

    open: Callable[[], BinaryIO]
    name: str
    encoding: str
    delimiter: str
    header: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    before: int = 0
    line_count: int = 0

    @property
    def ignored(self) -> tuple[str, ...]:
        """Return the names of the columns from which nothing is read."""
        pairs = zip(self.header, self.columns, strict=False)
        names = (name.strip() for name, column in pairs if not column)
        return tuple(name for name in names if name and name.lower() not in TIME_COLUMNS)

    def mapped(self, columns: Sequence[str]) -> "Table":
        """Return the table read in this way instead of as it was guessed."""
        wanted = [column if column in COLUMNS else "" for column in columns[: len(self.columns)]]
        return replace(self, columns=(*wanted, *[""] * (len(self.columns) - len(wanted))))

    def lines(self) -> Iterator[Line]:
        """Give the rows below the header, one after the other; empty lines are left out."""
        rows = (row for row in self.rows() if row[1] is None or any(cell.strip() for cell in row[1]))
        for number, cells in islice(rows, 1 if self.header else 0, None):
            yield Line(number, {}, UNREADABLE) if cells is None else self._line(number, cells)

    def rows(self) -> Iterator[tuple[int, list[str] | None]]:
        """Give each row with the number of its first line; None for one that cannot be read."""
        with io.TextIOWrapper(self.open(), self.encoding, errors="replace", newline="") as file:
            for _ in range(self.before):
                file.readline()
            reader = csv.reader(file, delimiter=self.delimiter)
            while True:
                number = self.before + reader.line_num + 1
                try:
                    yield number, next(reader)
                except StopIteration:
                    return
                except csv.Error:
                    yield number, None

    def _line(self, number: int, cells: list[str]) -> Line:
        if any(cell.strip() for cell in cells[len(self.columns) :]):
            return Line(number, {}, TOO_MANY_CELLS, tuple(cells))
        pairs = zip(self.columns, cells, strict=False)
        return Line(number, {name: plain(cell) for name, cell in pairs if name}, None, tuple(cells))


def open_table(path: Path) -> Table:
    """Look through a file of this machine. Raises NotATable."""
    return read_table(lambda: path.open("rb"), path.name)


def read_table(open: Callable[[], BinaryIO], name: str) -> Table:
    """Look through a file once: its encoding, its separator, its columns, how many lines it has.

    Excel's semicolons, tabs, byte order marks and Windows letters are understood. Raises NotATable.
    """
    # Notes may be long; a cell beyond this is a quote that was never closed.
    csv.field_size_limit(min(sys.maxsize, 1024 * 1024))
    encoding, line_count = _encoding_and_lines(open)
    delimiter, before = _separator_line(open, encoding)
    bare = Table(open, name, encoding, delimiter or ",", before=before, line_count=line_count)
    readings = [(table, _first_rows(table)) for table in _readings(bare, delimiter)]
    if not all(rows for _, rows in readings):
        raise NotATable(NOTHING_IN_IT)
    table, rows = max(readings, key=lambda reading: _likeliness(reading[1]))
    header, columns = guess_columns([[plain(cell) for cell in row] for row in rows])
    return replace(table, header=tuple(header), columns=tuple(columns))


def plain(cell: str) -> str:
    """Return what the cell says, without white space around it and what spreadsheets put there."""
    cell = cell.strip()
    if as_text := _AS_TEXT.fullmatch(cell):
        return as_text[1].replace('""', '"').strip()
    return armed(cell)


def defused(cell: str) -> str:
    """Return the cell so that no spreadsheet runs it or a part of it: a formula gets a quote in front."""
    cell = _WITHIN.sub(lambda found: _defused_within(found, f"'{found[2]}"), cell)
    return f"'{cell}" if _FORMULA.match(cell) else cell


def armed(cell: str) -> str:
    """Return what `defused` was given."""
    cell = cell[1:] if _DEFUSED.match(cell) else cell
    return _WITHIN.sub(lambda found: _defused_within(found, found[2][1:]), cell)


def _defused_within(found: re.Match[str], quotes: str) -> str:
    """Return what was found, with these quotes where it may begin a cell.

    Where a spreadsheet expects semicolons or tabs between cells, what follows one in a text is a cell of its
    own, and so is what begins a line; but a dash there is left alone, as it begins the lines of lists.
    """
    before, sign = found[1], found[3]
    separators = ";\t" if sign == "-" else ";\t\r\n"
    is_cell = any(separator in before for separator in separators)
    return f"{before}{quotes}{sign}" if is_cell else found[0]


def _readings(table: Table, delimiter: str | None) -> Iterator[Table]:
    for candidate in [delimiter] if delimiter else (",", ";", "\t"):
        yield replace(table, delimiter=candidate)


def _first_rows(table: Table) -> list[list[str]]:
    rows = (row for _, row in table.rows() if row and any(cell.strip() for cell in row))
    return list(islice(rows, _LOOKED_AT))


def _likeliness(rows: list[list[str]]) -> tuple[int, int]:
    """Tell how much this looks like a table: rows as wide as the first one, and how wide that is."""
    if len(rows[0]) == 1:
        return 0, 0
    return sum(len(row) == len(rows[0]) for row in rows), len(rows[0])


def _separator_line(open: Callable[[], BinaryIO], encoding: str) -> tuple[str | None, int]:
    with io.TextIOWrapper(open(), encoding, errors="replace", newline="") as file:
        named = _SEPARATOR_LINE.fullmatch(file.readline(100))
    return (named[1], 1) if named else (None, 0)


def _encoding_and_lines(open: Callable[[], BinaryIO]) -> tuple[str, int]:
    with open() as file:
        start = file.read(1000)
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16", 0
    if start.startswith(codecs.BOM_UTF8):
        # It says so itself, whatever a bad byte further down makes of one letter.
        return "utf-8-sig", 0
    if start.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"%PDF")):
        raise NotATable(NOT_TEXT)
    if start[1::2].count(0) > len(start) // 4:
        return "utf-16-le", 0
    if start[0::2].count(0) > len(start) // 4:
        return "utf-16-be", 0
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    lines = 0
    with open() as file:
        try:
            while block := file.read(_BLOCK_BYTES):
                lines += block.count(b"\n")
                decoder.decode(block)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "cp1252", 0
    return "utf-8-sig", lines
