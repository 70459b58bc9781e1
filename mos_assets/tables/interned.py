"""A few columns of a long table: each different cell once, and which of them each row holds.

Votes are 800,000 rows of few different cells, so that a cell is looked at once and not in every
row. Files without quotes, blank or damaged lines are split by pyarrow, all others line by line,
with the same result.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from mos_assets.tables.columns import Columns
from mos_assets.tables.delimited import open_text, parse_line, read_text_within
from mos_assets.tables.limits import LONGEST_LINE

if TYPE_CHECKING:
    from pyarrow import ChunkedArray

_BLOCK = 4 << 20
"""Bytes that pyarrow splits at a time; a longer line is an error there."""


@dataclass(frozen=True, slots=True)
class InternedColumn:
    """One column; rows in the order of the file, damaged ones left out."""

    words: tuple[str, ...]
    """Different cells, stripped; two that differ in white space only may both be there."""
    codes: npt.NDArray[np.int32]
    """[rows], numbers `words`."""


@dataclass(frozen=True, slots=True)
class InternedTable:
    """The chosen columns of one comma-separated file."""

    path: Path
    columns: Columns
    """All of its header."""
    chosen: tuple[InternedColumn, ...]
    lines: npt.NDArray[np.int64]
    """[rows], 1-based."""
    damaged: tuple[tuple[int, str], ...]
    """Lines that are no rows, and why."""
    ended: bool
    """Whether the last line has a line end; without one it may be the half of a line."""

    @property
    def rows(self) -> int:
        """Rows of the file, damaged ones included, blank lines not."""
        return len(self.lines) + len(self.damaged)


def read_interned(path: Path, choose: Callable[[Columns], Sequence[int]]) -> InternedTable:
    """The columns that `choose` picks from the header, in its order.

    Reads what `read_table` reads, within the same limits but for the number of cells, and rejects
    the same lines. Raises CorpusError as `read_table` does, and what `choose` raises.
    """
    raw = read_text_within(path, cells=False)
    columns, began, header_line = open_text(path, raw)
    chosen = tuple(choose(columns))
    ended = raw.endswith((b"\n", b"\r"))
    found = _split(raw, began, chosen, len(columns.names))
    if found is not None:
        lines = np.arange(header_line + 1, header_line + 1 + len(found[0].codes), dtype=np.int64)
        return InternedTable(path, columns, found, lines, (), ended)
    slow, numbers, damaged = _line_by_line(raw[began:], header_line, chosen, len(columns.names))
    return InternedTable(path, columns, slow, numbers, damaged, ended)


def _split(
    raw: bytes, began: int, chosen: Sequence[int], width: int
) -> tuple[InternedColumn, ...] | None:
    """The columns of a file in which every line is a row; None where one is not, or may not be."""
    rows = raw.count(b"\n", began) + (not raw.endswith(b"\n"))
    if began >= len(raw) or not chosen or b'"' in raw or not _is_text(raw) or _long(raw, began):
        return None
    import pyarrow as pa
    from pyarrow import csv

    names = [f"f{at}" for at in range(width)]
    kept = [names[at] for at in dict.fromkeys(chosen)]
    words = pa.dictionary(pa.int32(), pa.binary())
    try:
        table = csv.read_csv(
            pa.BufferReader(pa.py_buffer(raw).slice(began)),
            # What one process reads at a time is told by its CPU, and a second thread adds some.
            read_options=csv.ReadOptions(use_threads=False, block_size=_BLOCK, column_names=names),
            parse_options=csv.ParseOptions(quote_char=False),
            convert_options=csv.ConvertOptions(
                include_columns=kept,
                column_types=dict.fromkeys(kept, words),
                strings_can_be_null=False,
            ),
        )
    except pa.ArrowInvalid:
        return None  # A torn or overlong line, of which line by line is told.
    if table.num_rows != rows:
        return None  # Blank lines, or a carriage return within one.
    return tuple(_interned(table.column(names[at])) for at in chosen)


def _interned(column: ChunkedArray) -> InternedColumn:
    whole = column.unify_dictionaries().combine_chunks()
    words = whole.dictionary.to_pylist()
    text = tuple([word.decode().strip() for word in words])
    return InternedColumn(text, whole.indices.to_numpy())


def _is_text(raw: bytes) -> bool:
    if raw.isascii():
        return True
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True


def _long(raw: bytes, began: int) -> bool:
    """Whether a line may be longer than LONGEST_LINE."""
    while began + LONGEST_LINE < len(raw):
        end = raw.rfind(b"\n", began, began + LONGEST_LINE)
        if end < 0:
            return True
        began = end + 1
    return False


def _line_by_line(
    raw: bytes, header_line: int, chosen: Sequence[int], width: int
) -> tuple[tuple[InternedColumn, ...], npt.NDArray[np.int64], tuple[tuple[int, str], ...]]:
    known: list[dict[str, int]] = [{} for _ in chosen]
    codes: list[list[int]] = [[] for _ in chosen]
    lines: list[int] = []
    damaged: list[tuple[int, str]] = []
    for number, line in enumerate(raw.split(b"\n"), header_line + 1):
        row = parse_line(number, line, width)
        if row is None:
            continue
        if row.damage:
            damaged.append((number, row.damage))
            continue
        lines.append(number)
        for at, seen, into in zip(chosen, known, codes, strict=True):
            into.append(seen.setdefault(row.cells[at], len(seen)))
    columns = tuple(
        InternedColumn(tuple(seen), np.array(into, dtype=np.int32))
        for seen, into in zip(known, codes, strict=True)
    )
    return columns, np.array(lines, dtype=np.int64), tuple(damaged)


def first_filled(columns: Sequence[InternedColumn]) -> InternedColumn:
    """The first cell of these columns that is not empty, row by row; else ''."""
    found = columns[-1]
    for column in reversed(columns[:-1]):
        empty = np.array([not word for word in column.words], dtype=bool)
        codes = np.where(empty[column.codes], found.codes + len(column.words), column.codes)
        found = InternedColumn((*column.words, *found.words), codes.astype(np.int32))
    return found
