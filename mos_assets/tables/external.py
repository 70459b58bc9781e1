"""Reading external tables of any kind that is accepted: Parquet, CSV, JSON lines.

Cells come out as text or numbers by column; what they mean is for the callers.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import repeat
from pathlib import Path
from typing import TYPE_CHECKING

from mos_assets.errors import CorpusError
from mos_assets.tables.columns import TABLE_CLIP_ALIASES, Columns
from mos_assets.tables.delimited import open_table, read_table, read_text_within
from mos_assets.tables.limits import (
    LARGEST_CELLS,
    LARGEST_PARQUET_CELLS,
    LARGEST_PARQUET_TEXT,
    LONGEST_LINE,
    MOST_COLUMNS,
    shown,
)

if TYPE_CHECKING:
    from pyarrow import ChunkedArray
    from pyarrow.parquet import FileMetaData

Cell = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class ExternalTable:
    """One file: its columns, and its rows with their line (or row number, from 1)."""

    path: Path
    columns: Columns
    cells: tuple[Sequence[Cell], ...]
    """One sequence a column."""
    lines: tuple[int, ...]
    damaged: tuple[tuple[int, str], ...]
    """Lines that are no rows, and why; they are not in `cells`."""
    index_columns: tuple[str, ...] = ()
    """Columns that the file itself calls an index of its rows, as pandas writes it into Parquet."""

    def clip_names(self) -> tuple[str, ...]:
        """The first clip column that is not empty, row by row; '' where all are.

        Raises CorpusError where no column names the clip.
        """
        found = self.columns.require(TABLE_CLIP_ALIASES, "clip name", self.path)
        return tuple(
            next((text for i in found if (text := name_text(self.cells[i][row]))), "")
            for row in range(len(self.lines))
        )


def name_text(cell: Cell) -> str:
    """A clip's name as text, where a table keeps ids as numbers."""
    if cell is None or isinstance(cell, bool):
        return ""
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() else ""
    return str(cell).strip()


def to_float(number: int | float | Decimal) -> float:
    """As a float; infinite where it is too large for one."""
    try:
        return float(number)
    except OverflowError:
        return math.inf if number > 0 else -math.inf


def read_external(path: Path) -> ExternalTable:
    """Read one table. Raises CorpusError naming the file where it cannot be read."""
    suffix = path.suffix.lower()
    if suffix == ".parquet":
        return _read_parquet(path)
    if suffix == ".jsonl":
        return _read_jsonl(path)
    table = read_table(path)
    good = [row for row in table.rows if not row.damage]
    return ExternalTable(
        path=path,
        columns=table.columns,
        cells=tuple(zip(*(row.cells for row in good), strict=True))
        or ((),) * len(table.columns.names),
        lines=tuple(row.line for row in good),
        damaged=tuple((row.line, row.damage) for row in table.rows if row.damage),
    )


def read_header(path: Path) -> tuple[str, ...] | None:
    """Names of the columns, read without the rows; None where they cannot be had so."""
    suffix = path.suffix.lower()
    try:
        if suffix == ".parquet":
            from pyarrow import ArrowException
            from pyarrow.parquet import read_schema

            try:
                return tuple(read_schema(path).names)
            except (ArrowException, OSError):
                return None
        if suffix == ".csv":
            with open_table(path) as table:
                return table.columns.names
    except CorpusError:
        # `read_external` says what is wrong with the file.
        return None
    return None


def _read_parquet(path: Path) -> ExternalTable:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            _require_moderate(path, file.metadata)
            schema, columns = file.schema_arrow, file.metadata.num_columns
            texts = [file.schema.column(at).path for at in range(columns)]
        nested = any(pa.types.is_nested(field.type) for field in schema)
        flat = [field.name for field in schema if not pa.types.is_nested(field.type)]
        # As a dictionary, so that one long text for all rows is one text.
        with pq.ParquetFile(path, read_dictionary=texts) as file:
            table = file.read(columns=flat if nested else None)
        # What the file says of a text or a time need not be one: its cells are converted here.
        cells = tuple(_cells(column) for column in table.columns)
    except (OSError, pa.ArrowException, ValueError, OverflowError, MemoryError) as error:
        raise CorpusError(
            f"{path} cannot be read as Parquet: {shown(str(error))}. Write it again, or remove it."
        ) from error
    return ExternalTable(
        path=path,
        columns=Columns(tuple(table.column_names)),
        cells=cells,
        lines=tuple(range(1, table.num_rows + 1)),
        damaged=(),
        index_columns=_pandas_index(table.schema.metadata or {}),
    )


def _cells(column: ChunkedArray) -> Sequence[Cell]:
    """A column of floats as an array, NaN where it is empty; any other as Python has it."""
    import pyarrow as pa

    if pa.types.is_floating(column.type):
        numbers: Sequence[Cell] = column.cast(pa.float64()).to_numpy()
        return numbers
    if pa.types.is_dictionary(column.type):
        texts: list[Cell] = []
        for chunk in column.chunks:
            words = chunk.dictionary.to_pylist()
            texts += [None if at is None else words[at] for at in chunk.indices.to_pylist()]
        return texts
    cells: Sequence[Cell] = column.to_pylist()
    return cells


def _require_moderate(path: Path, metadata: FileMetaData) -> None:
    """Raises CorpusError for a table beyond the bounds, by what its footer says."""
    columns, rows = metadata.num_columns, metadata.num_rows
    if columns > MOST_COLUMNS or columns * rows > LARGEST_PARQUET_CELLS:
        raise CorpusError(
            f"{path} has {rows} rows of {columns} columns, more than {MOST_COLUMNS} columns or "
            f"{LARGEST_PARQUET_CELLS} cells. Keep the columns and clips that are needed."
        )
    for at in range(columns):
        if metadata.schema.column(at).physical_type != "BYTE_ARRAY":
            continue
        size = sum(
            metadata.row_group(group).column(at).total_uncompressed_size
            for group in range(metadata.num_row_groups)
        )
        if size > LARGEST_PARQUET_TEXT:
            raise CorpusError(
                f"{path}: the column {shown(metadata.schema.column(at).name)!r} holds {size} bytes "
                f"of text, more than {LARGEST_PARQUET_TEXT}. Remove it."
            )


def _pandas_index(metadata: Mapping[bytes, bytes]) -> tuple[str, ...]:
    """Names under "index_columns" of what pandas says of a table; none where it says nothing.

    https://pandas.pydata.org/docs/development/developer.html
    """
    try:
        said = json.loads(metadata.get(b"pandas", b"{}"))
    except (ValueError, RecursionError):
        return ()
    names = said.get("index_columns") if isinstance(said, dict) else None
    return tuple(name for name in names if isinstance(name, str)) if isinstance(names, list) else ()


def _read_jsonl(path: Path) -> ExternalTable:
    raw = read_text_within(path).removeprefix(b"\xef\xbb\xbf")
    columns: dict[str, list[Cell]] = {}
    lines: list[int] = []
    damaged: list[tuple[int, str]] = []
    for number, line in enumerate(raw.split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            value = _json_object(line)
        except ValueError as error:
            damaged.append((number, str(error)))
            continue
        width = len(columns) + sum(name not in columns for name in value)
        if width > MOST_COLUMNS or width * (len(lines) + 1) > LARGEST_CELLS:
            raise CorpusError(
                f"{path}, line {number}: up to here there are {len(lines) + 1} rows of {width} "
                f"columns, more than {MOST_COLUMNS} columns or {LARGEST_CELLS} cells. Keep it as "
                "Parquet, with the columns that are needed."
            )
        # A row fills up its own columns alone: were it all of them, this would be rows × columns.
        for name, cell in value.items():
            cells = columns.setdefault(name, [])
            cells.extend(repeat(None, len(lines) - len(cells)))
            cells.append(_plain(cell))
        lines.append(number)
    for cells in columns.values():
        cells.extend(repeat(None, len(lines) - len(cells)))
    if not columns:
        first = "".join(f" Line {line}: {why}." for line, why in damaged[:1])
        raise CorpusError(f"{path} holds no JSON object: it needs one a line.{first}")
    names = tuple(sorted(columns))
    return ExternalTable(
        path=path,
        columns=Columns(names),
        cells=tuple(columns[name] for name in names),
        lines=tuple(lines),
        damaged=tuple(damaged),
    )


def _json_object(line: bytes) -> Mapping[str, object]:
    """Raises ValueError saying why the line is none."""
    if len(line) > LONGEST_LINE:
        raise ValueError(f"the line has {len(line)} bytes, more than {LONGEST_LINE}")
    try:
        value = json.loads(line)
    except ValueError as error:
        raise ValueError(f"not JSON ({error})") from error
    except RecursionError:
        raise ValueError("not JSON of this kind (nested too deeply)") from None
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")
    return value


def _plain(value: object) -> Cell:
    return value if isinstance(value, str | int | float | bool) or value is None else str(value)
