"""Reading comma-separated tables as strangers write them, one physical line at a time.

A line is a row: damage, such as an unclosed quote or a row cut short, costs that line and not
the ones after it. Quoted line breaks are therefore refused, which no label needs.
"""

from __future__ import annotations

import csv
import math
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from mos_assets.corpora.bounds import (
    LARGEST_CELLS,
    LARGEST_TEXT_BYTES,
    LONGEST_LINE,
    MOST_COLUMNS,
    MOST_ROWS,
    shown,
)
from mos_assets.errors import CorpusError
from mos_assets.io.reading import TooLargeError, read_within

CLIP_ALIASES = ("file_name", "video_name", "filename", "name", "flickr_id", "id")
"""Of KonViD's label files, in priority order."""
URL_ALIASES = ("url", "download_url", "flickr_url", "video_url")
TABLE_CLIP_ALIASES = ("clip_name", "clip_id", *CLIP_ALIASES)
"""Of external feature and shot tables."""
MOS_ALIASES = ("MOS", "mos")
MOS_SCORE_FILE_ALIASES = ("mos", "video_score", "MOS")
STD_ALIASES = ("SD", "sd", "mos_std", "mos_std_dev", "SD_MOS")
COUNT_ALIASES = ("n", "ratings", "num_ratings", "n_ratings")
VOTE_ALIASES = ("vote", "rating", "score", "video_score", "mos")

COUNT_MAX = 2**31 - 1
"""Highest number of ratings, shots or frames that is believed."""
_BOM = b"\xef\xbb\xbf"
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_CUT_SHORT = re.compile(r"[+-]?\d*\.|[+-]?\d+(?:\.\d+)?[eE][+-]?", re.ASCII)
_DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+", re.ASCII)
_PERCENT = re.compile(r"[+-]?\d*\.?\d+ ?%", re.ASCII)
_NOT_FINITE = re.compile(r"[+-]?(?:nan|inf(?:inity)?|#n/a)", re.IGNORECASE)
_UNKNOWN = frozenset({"", "na", "n/a", "nan", "null", "none", "-"})


_SMALLER = "Split it, or keep features as Parquet and votes as one row a clip."


class CellError(ValueError):
    """One cell cannot be used; the text says why, for a rejected row."""


class OutsideError(CellError):
    """A rating that is a number, and none of the declared range."""

    def __init__(self, text: str, value: float) -> None:
        super().__init__(text)
        self.value = value


@dataclass(frozen=True, slots=True)
class Columns:
    """The header of one table, and how names find their columns in it."""

    names: tuple[str, ...]

    def find(self, aliases: Sequence[str]) -> tuple[int, ...]:
        """Columns that an alias names, in alias order; exact spelling before another case."""
        found: list[int] = []
        for alias in aliases:
            exact = [i for i, name in enumerate(self.names) if name == alias]
            other = [i for i, name in enumerate(self.names) if name.casefold() == alias.casefold()]
            found += exact + other
        return tuple(dict.fromkeys(found))

    def require(self, aliases: Sequence[str], what: str, file: Path) -> tuple[int, ...]:
        """As `find`. Raises CorpusError naming the file, its header and what is accepted."""
        found = self.find(aliases)
        if not found:
            raise CorpusError(
                f"{file} has no column for the {what}. Its header is: "
                f"{shown(', '.join(self.names))}. "
                f"Accepted (in any case): {', '.join(dict.fromkeys(a.lower() for a in aliases))}."
            )
        return found


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


@dataclass(frozen=True, slots=True)
class Table:
    """One comma-separated file."""

    path: Path
    columns: Columns
    rows: tuple[Row, ...]
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
    raw = read_text_within(path)
    rows = _rows(_lines(raw.removeprefix(_BOM)))
    columns = _header(path, rows)
    width = len(columns.names)
    fitted = tuple(_fitted(row, width) for row in rows)
    return Table(path, columns, fitted, ended=raw.endswith((b"\n", b"\r")))


def read_text_within(path: Path) -> bytes:
    """The bytes of a text file whose cells and lines are no more than can be held.

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
    cells = raw.count(b",") + rows
    if cells > LARGEST_CELLS:
        raise CorpusError(f"{path} has {cells} cells, more than {LARGEST_CELLS}. {_SMALLER}")
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


def _lines(raw: bytes) -> Sequence[str | None]:
    """The lines of a file; None for one that is not UTF-8."""

    def decoded(line: bytes) -> str | None:
        try:
            return line.decode()
        except UnicodeDecodeError:
            return None

    whole = decoded(raw)
    return [decoded(line) for line in raw.split(b"\n")] if whole is None else whole.split("\n")


def _rows(lines: Sequence[str | None], start: int = 1) -> Iterator[Row]:
    for number, line in enumerate(lines, start):
        if line is None:
            yield Row(number, (), "not UTF-8")
            continue
        if len(line) > LONGEST_LINE:
            damage = f"the line has {len(line)} characters, more than {LONGEST_LINE}"
            yield Row(number, (), damage)
            continue
        text = line.removesuffix("\r")
        if not text or text.isspace():
            continue
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


def is_unknown(text: str) -> bool:
    """Whether a cell says, in one of the usual ways, that there is no value."""
    return text.casefold() in _UNKNOWN


def is_not_finite(text: str) -> bool:
    """Whether a cell spells a number that is none: infinite, or what a tool writes for it."""
    return _NOT_FINITE.fullmatch(text) is not None


def parse_number(text: str, what: str) -> float:
    """A finite number in plain decimal or exponent notation. Raises CellError naming the value."""
    if not _NUMBER.fullmatch(text):
        if not text:
            raise CellError(f"{what} is empty")
        flaw = "not finite" if is_not_finite(text) else "not a number"
        if _CUT_SHORT.fullmatch(text):
            flaw = "a number that breaks off"
        elif _DECIMAL_COMMA.fullmatch(text):
            flaw = "not a number; write decimals with a point"
        elif _PERCENT.fullmatch(text):
            flaw = "not a number; leave the percent sign out and declare the scale"
        raise CellError(f"{what} is {shown(text)!r}, which is {flaw}")
    value = float(text)
    if not math.isfinite(value):
        raise CellError(f"{what} is {shown(text)!r}, which is not finite")
    return value


def parse_deviation(text: str, what: str, limit: float) -> float | None:
    """A number in 0..limit, or None where the cell says that it is unknown. Raises CellError."""
    if is_unknown(text):
        return None
    value = parse_number(text, what)
    if not 0.0 <= value <= limit:
        raise CellError(f"{what} is {text!r}, outside 0..{limit:g}")
    return value


def parse_count(text: str, what: str) -> int | None:
    """A whole number from 1 up (`50.0` is 50), or None where unknown. Raises CellError."""
    if is_unknown(text):
        return None
    value = parse_number(text, what)
    if value < 1 or value != int(value):
        raise CellError(f"{what} is {text!r}, which is not a whole number from 1 up")
    if value > COUNT_MAX:
        raise CellError(f"{what} is {text!r}, above {COUNT_MAX}")
    return int(value)


def map_mos(text: str, worst: float, best: float, what: str = "MOS") -> float:
    """A native score, mapped linearly so that worst is 1 and best 5; either may be the larger.

    Raises CellError naming the cell, as an OutsideError where it is a number out of range.
    Whoever declares worst and best sees to it that their difference is finite and not 0.
    """
    value = parse_number(text, what)
    if not min(worst, best) <= value <= max(worst, best):
        raise OutsideError(
            f"{what} is {text}, outside the declared range {worst:g}..{best:g}", value
        )
    if (worst, best) == (1.0, 5.0):
        return value
    return 1.0 + 4.0 * (value - worst) / (best - worst)
