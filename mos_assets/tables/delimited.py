"""Reading comma-separated tables as strangers write them, one physical line at a time.

A line is a row: damage, such as an unclosed quote or a row cut short, costs that line and not
the ones after it. Quoted line breaks are therefore refused, which no label needs.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import NamedTuple, overload

from mos_assets.errors import CorpusError
from mos_assets.io.reading import TooLargeError, read_within
from mos_assets.tables.columns import Columns
from mos_assets.tables.limits import (
    LARGEST_CELLS,
    LARGEST_TEXT_BYTES,
    LONGEST_LINE,
    MOST_COLUMNS,
    MOST_ROWS,
)

_BOM = b"\xef\xbb\xbf"
_SMALLER = "Split it, or keep features as Parquet and votes as one row a clip."


class Row(NamedTuple):
    """One data line; `cells` is as long as the header unless `damage` says what is wrong."""

    line: int
    cells: tuple[str, ...]
    damage: str | None

    def first(self, columns: Sequence[int]) -> str:
        """The first cell of these columns that is not empty, stripped; else ''."""
        for i in columns:
            if self.cells[i]:
                return self.cells[i]
        return ""


class TableRows(Sequence[Row]):
    """The rows of a table, each made from the bytes of its line whenever they are gone through:
    as objects they take ten times what they take there."""

    def __init__(self, raw: bytes = b"", width: int = 0) -> None:
        """raw: the file without a byte order mark, header and all; width: cells of the header."""
        self._raw, self._width = raw, width
        # The first line that is not blank is the header.
        self._rows = max(0, sum(not _is_blank(line) for line in _lines(raw)) - 1)

    def __len__(self) -> int:
        return self._rows

    def __iter__(self) -> Iterator[Row]:
        for row in islice(_rows(_lines(self._raw)), 1, None):
            yield _fitted(row, self._width)

    @overload
    def __getitem__(self, at: int) -> Row: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Row]: ...
    def __getitem__(self, at: int | slice) -> Row | Sequence[Row]:
        return tuple(self)[at]


@dataclass(frozen=True, slots=True)
class Table:
    """One comma-separated file."""

    path: Path
    columns: Columns
    rows: TableRows
    ended: bool = True
    """Whether the last line has a line end; without one it may be the half of a line."""


def torn_ends(tables: Iterable[Table]) -> tuple[tuple[str, str], ...]:
    """(file, what is wrong) where the last line may have been cut short within a number."""
    return tuple(
        (
            table.path.name,
            "the last line has no line end; if the file was cut off there, its last label is wrong",
        )
        for table in tables
        if not table.ended
    )


class OpenTable(NamedTuple):
    """A comma-separated file that is being read."""

    columns: Columns
    lines: Iterator[tuple[int, bytes]]
    """What follows the header: 1-based number and bytes of each line, for `parse_line`."""


def read_table(path: Path) -> Table:
    """Read a table: UTF-8 with or without BOM, quoted or not, LF or CRLF; blank lines are skipped.

    Raises CorpusError where the file cannot be read, is empty, or its header is not text.
    """
    raw = read_text_within(path).removeprefix(_BOM)
    columns = _header(path, _rows(_lines(raw)))
    rows = TableRows(raw, len(columns.names))
    return Table(path, columns, rows, ended=raw.endswith((b"\n", b"\r")))


def read_text_within(path: Path, *, cells: bool = True) -> bytes:
    """The bytes of a text file whose lines, and `cells`, are no more than can be held.

    Raises CorpusError naming the file and the remedy.
    """
    try:
        raw = read_within(path, LARGEST_TEXT_BYTES)
    except OSError as error:
        raise _unreadable(path, error) from error
    except TooLargeError as error:
        raise CorpusError(f"{path} {error}. {_SMALLER}") from error
    # Every cell ends with one of these.
    rows = raw.count(b"\n")
    if rows > MOST_ROWS:
        raise CorpusError(f"{path} has {rows} lines, more than {MOST_ROWS}. {_SMALLER}")
    if cells and (of := raw.count(b",") + rows) > LARGEST_CELLS:
        raise CorpusError(f"{path} has {of} cells, more than {LARGEST_CELLS}. {_SMALLER}")
    return raw


@contextmanager
def open_table(path: Path) -> Iterator[OpenTable]:
    """As `read_table`, for a file too long to be held: its lines come one by one.

    Raises CorpusError as `read_table` does, at the end of the block too.
    """
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_size > LARGEST_TEXT_BYTES:
                raise CorpusError(f"{path} has more than {LARGEST_TEXT_BYTES} bytes. {_SMALLER}")
            lines = enumerate(file, start=1)
            began = ((n, line.removeprefix(_BOM) if n == 1 else line) for n, line in lines)
            columns = _header(path, (row for n, line in began if (row := parse_line(n, line))))
            yield OpenTable(columns, lines)
    except OSError as error:
        raise _unreadable(path, error) from error


def open_text(path: Path, raw: bytes) -> tuple[Columns, int, int]:
    """The header of a table in memory, the byte after its line, and the number of that line.

    Raises CorpusError where there is none, or it is not text.
    """
    began, number = len(_BOM) if raw.startswith(_BOM) else 0, 0
    row: Row | None = None
    while row is None and began < len(raw):
        end = raw.find(b"\n", began)
        end = len(raw) if end < 0 else end
        number += 1
        row = parse_line(number, raw[began:end])
        began = min(end + 1, len(raw))
    return _header(path, iter(() if row is None else (row,))), began, number


def parse_line(number: int, raw: bytes, width: int | None = None) -> Row | None:
    """One physical line as a row that has `width` cells or says its damage; None for a blank one.

    The end of the line may be there or not.
    """
    if len(raw) > LONGEST_LINE:
        return Row(number, (), f"the line has {len(raw)} bytes, more than {LONGEST_LINE}")
    row = next(_rows(_lines(raw.removesuffix(b"\n")), number), None)
    return row if row is None or width is None else _fitted(row, width)


def _header(path: Path, rows: Iterator[Row]) -> Columns:
    header = next(rows, None)
    if header is None:
        raise CorpusError(f"{path} is empty: it needs a header line and rows.")
    if header.damage:
        raise CorpusError(
            f"{path}, line {header.line}: the header cannot be read ({header.damage}). "
            "Save the file as comma-separated UTF-8."
        )
    if len(header.cells) > MOST_COLUMNS:
        raise CorpusError(
            f"{path}, line {header.line}: the header names {len(header.cells)} columns, more than "
            f"{MOST_COLUMNS}; keep those that are needed."
        )
    return Columns(header.cells)


def _unreadable(path: Path, error: OSError) -> CorpusError:
    return CorpusError(f"{path} cannot be read: {error.strerror or error}.")


def _lines(raw: bytes) -> Iterator[str | None]:
    """The lines of a file; None for one that is not UTF-8."""
    for line in BytesIO(raw):
        try:
            yield line.removesuffix(b"\n").decode()
        except UnicodeDecodeError:
            yield None


def _is_blank(line: str | None) -> bool:
    """Whether a line is passed over."""
    return line is not None and len(line) <= LONGEST_LINE and (not line or line.isspace())


def _rows(lines: Iterable[str | None], start: int = 1) -> Iterator[Row]:
    for number, line in enumerate(lines, start):
        if line is None:
            yield Row(number, (), "not UTF-8")
            continue
        if len(line) > LONGEST_LINE:
            damage = f"the line has {len(line)} characters, more than {LONGEST_LINE}"
            yield Row(number, (), damage)
            continue
        if _is_blank(line):
            continue
        text = line.removesuffix("\r")
        if '"' not in text:
            yield Row(number, tuple(map(str.strip, text.split(","))), None)
            continue
        try:
            cells = next(csv.reader([text], strict=True))
        except (csv.Error, StopIteration) as error:
            yield Row(number, (), f"torn row ({error})")
            continue
        yield Row(number, tuple(map(str.strip, cells)), None)


def _fitted(row: Row, width: int) -> Row:
    if row.damage or len(row.cells) == width:
        return row
    if len(row.cells) > width and not any(row.cells[width:]):
        return Row(row.line, row.cells[:width], None)
    return Row(row.line, (), f"torn row: {len(row.cells)} cells where the header names {width}")
