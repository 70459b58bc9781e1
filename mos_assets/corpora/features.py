"""External feature tables: numbers by clip name, in `<corpus>/features/`."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import numpy as np

from mos_assets.corpora.columns import is_index, is_label_name, rater_columns
from mos_assets.corpora.declared import (
    MEAN_SUFFIX,
    declaration_files,
    declarations,
    renamed,
)
from mos_assets.corpora.direction import measures_quality
from mos_assets.corpora.layouts import layout_of, require_folder
from mos_assets.corpora.layouts.custom import label_headers
from mos_assets.corpora.layouts.synthetic import SYNTHETIC_COLUMNS
from mos_assets.corpora.names import match_names
from mos_assets.corpora.request import (
    CORPUS_TOML,
    FEATURE_SUFFIXES,
    FEATURES_FOLDER,
    SHOT_SUFFIXES,
    SHOTS_FOLDER,
    SYNTHETIC_ROWS,
    CorpusRequest,
    corpus_folder,
    external_files,
)
from mos_assets.errors import CorpusError
from mos_assets.io.hashing import hash_file
from mos_assets.io.reading import require_plain
from mos_assets.records import SEED, Clip, FeatureTable, FloatArray, JoinedTable
from mos_assets.tables.cells import CellError, is_not_finite, is_unknown, parse_number
from mos_assets.tables.columns import TABLE_CLIP_ALIASES
from mos_assets.tables.external import (
    Cell,
    ExternalTable,
    read_external,
    read_header,
    to_float,
)
from mos_assets.tables.limits import shown

_OF_NUMBERS = frozenset("0123456789+-.eE,")
_LONG = 64
"""Characters of a cell, on average, beyond which a column is not put together: one text may be in
every row of a dictionary."""
_POINT_AT_END = re.compile(r"\.(?![0-9])")


def load_feature_tables(
    name: str, root: Path, *, seed: int = SEED, synthetic_rows: int = SYNTHETIC_ROWS
) -> tuple[FeatureTable, ...]:
    """Every feature table of a corpus, sorted by name: `<name>.parquet` is the table `<name>`.

    A column is numeric where every cell is a number or says that it is unknown (`NA`, empty);
    others are left out, and so are an index, which only tells rows apart, and a column that bears
    the name of the corpus's own column of ratings, their spread or number; the table names them.
    `<column>_mean` fills `<column>` where that is not finite, and stands in for a column of
    the head that is missing; the declaration beside a table (`declared.py`) may rename columns. A
    layout may generate tables: the synthetic corpus has one.
    Raises CorpusError for a file that cannot be read or names no clips, and for two files of
    one table.
    """
    request = CorpusRequest(name, root, seed=seed, synthetic_rows=synthetic_rows)
    if generated := layout_of(name).generated_tables(request):
        return generated
    tables: list[FeatureTable] = []
    labels = label_headers(corpus_folder(name, root))
    declared = declarations(name, root)
    for path in external_files(name, root, FEATURES_FOLDER, FEATURE_SUFFIXES):
        if any(table.name == path.stem for table in tables):
            raise CorpusError(
                f"{path.parent} holds the table {path.stem!r} in more than one file, "
                f"{path.name} among them; keep one."
            )
        table = _read_once(path, labels)
        if (told := declared.get(table.name)) is not None:
            columns = tuple(renamed(told, table.columns, table.left_out))
            table = replace(table, columns=columns, declaration=told)
        tables.append(table)
    return tuple(tables)


_LARGEST_KEPT = 64 << 20
"""Bytes of a file beyond which nothing of it is kept."""
_LAST: dict[tuple[str, frozenset[str]], tuple[str, FeatureTable]] = {}
"""The table that was read last, with the hash of its bytes: two steps of a run ask for the same."""


def _read_once(path: Path, labels: frozenset[str]) -> FeatureTable:
    """One table; not parsed again where it was the last one and its bytes are what they were."""
    at, before = (str(path.absolute()), labels), _bytes_of(path)
    known = _LAST.get(at)
    if known is not None and known[0] == before:
        return known[1]
    table = _feature_table(read_external(path), labels)
    _LAST.clear()
    if before and before == _bytes_of(path):
        _LAST[at] = before, table
    return table


def _bytes_of(path: Path) -> str:
    """Hash of a file that the caller reads next, and so tells what is wrong with it; empty where it
    is none to keep."""
    try:
        require_plain(path)
        return hash_file(path) if path.stat().st_size <= _LARGEST_KEPT else ""
    except OSError:
        return ""


def measuring_files(name: str, root: Path) -> tuple[Path, ...]:
    """Files of feature tables that may hold a measure of quality, by their headers alone.

    A header that cannot be read, and JSON lines, which have none, may hold anything.
    """
    return tuple(
        path
        for path in external_files(name, root, FEATURES_FOLDER, FEATURE_SUFFIXES)
        if (header := read_header(path)) is None or measures_quality(header)
    )


def read_feature_table(path: Path) -> FeatureTable:
    """One table as it stands, whatever the corpus calls its labels. Raises CorpusError."""
    return _feature_table(read_external(path), frozenset())


def table_names(name: str, root: Path) -> frozenset[str]:
    """Names of the feature tables of a corpus, without reading them.

    Raises CorpusError where the corpus is not there; the demo is rendered when it is loaded.
    """
    layout = layout_of(name)
    if generated := layout.generated_tables(CorpusRequest(name, root)):
        return frozenset(table.name for table in generated)
    if not layout.made_here:
        require_folder(name, root)
    found = external_files(name, root, FEATURES_FOLDER, FEATURE_SUFFIXES)
    return frozenset(path.stem for path in found)


def table_files(name: str, root: Path) -> dict[str, Path]:
    """Every file that tables of features and shots, and what is declared of them, are read from, by
    its place in the folder of the corpus. Raises CorpusError as `external_files`."""
    folder = corpus_folder(name, root)
    found = [
        *([described] if (described := folder / CORPUS_TOML).is_file() else []),
        *external_files(name, root, FEATURES_FOLDER, FEATURE_SUFFIXES),
        *declaration_files(name, root),
        *external_files(name, root, SHOTS_FOLDER, SHOT_SUFFIXES),
    ]
    return {path.relative_to(folder).as_posix(): path for path in found}


def join_table(clips: Sequence[Clip], table: FeatureTable) -> JoinedTable:
    """The table's figures along these clips; NaN where it has none.

    Raises CorpusError where the table has several rows for one clip: which one holds cannot
    be known.
    """
    match = match_names(table.clip_names, clips)
    if match.repeated:
        raise CorpusError(
            f"Feature table {table.name!r} has more than one row for {len(match.repeated)} clips, "
            f"such as {match.repeated[0]!r}. Keep one row a clip."
        )
    values: FloatArray = np.full((len(clips), len(table.columns)), np.nan)
    pairs = [(clip, row) for clip, row in enumerate(match.row_of_clip) if row is not None]
    if pairs:
        at, rows = (list(side) for side in zip(*pairs, strict=True))
        values[at] = table.values[rows]
    return JoinedTable(
        name=table.name,
        columns=table.columns,
        values=values,
        unmatched=match.unmatched_rows,
        left_out=table.left_out,
        labels=table.labels,
        declaration=table.declaration,
    )


def label_columns(table: FeatureTable | JoinedTable) -> tuple[str, ...]:
    """Columns of a table that hold ratings by their names: features that know the answer."""
    return label_names(table.columns, table.values)


def label_names(names: Sequence[str], values: FloatArray) -> tuple[str, ...]:
    """Of columns with these values [n, columns], those that hold ratings by their names."""
    raters = frozenset(rater_columns(names, values))
    return tuple(name for name in names if name in raters or is_label_name(name))


def _feature_table(table: ExternalTable, labels: frozenset[str]) -> FeatureTable:
    if table.damaged:
        line, why = table.damaged[0]
        raise CorpusError(
            f"{table.path}, line {line}: {why}. Feature tables must be whole: write the file again."
        )
    names = table.clip_names()
    nameless = next((line for line, name in zip(table.lines, names, strict=True) if not name), None)
    if nameless is not None:
        raise CorpusError(f"{table.path}, row {nameless}: the clip name is empty.")
    keys = set(table.columns.find(TABLE_CLIP_ALIASES))
    columns: dict[str, FloatArray] = {}
    folded: set[str] = set()
    left_out: list[str] = []
    for index, column in enumerate(table.columns.names):
        # A nameless column is the index that some tools write in front.
        if index in keys or not column:
            continue
        numbers = _numbers(table.cells[index])
        if numbers is None:
            left_out.append(column)
            continue
        if column in labels or column in table.index_columns or is_index(column, numbers):
            left_out.append(column)
            continue
        if column.casefold() in folded:
            raise CorpusError(
                f"{table.path} has the column {column!r} twice, letter case apart; keep one."
            )
        folded.add(column.casefold())
        columns[column] = numbers
    refused = tuple(column for column in left_out if column in labels)
    if not columns:
        but = f" but those of the labels ({', '.join(refused)})" if refused else ""
        raise CorpusError(
            f"{table.path} has no numeric column{but}. Its header is: "
            f"{shown(', '.join(table.columns.names))}."
        )
    columns = _with_means(columns)
    values = np.column_stack(list(columns.values())).reshape(len(names), len(columns))
    return FeatureTable(table.path.stem, tuple(columns), names, values, tuple(left_out), refused)


def _with_means(columns: dict[str, FloatArray]) -> dict[str, FloatArray]:
    resolved: dict[str, FloatArray] = {}
    for column, values in columns.items():
        base = column.removesuffix(MEAN_SUFFIX)
        if f"{column}{MEAN_SUFFIX}" in columns:
            mean = columns[f"{column}{MEAN_SUFFIX}"]
            resolved[column] = np.where(np.isfinite(values), values, mean)
        elif base != column and base not in columns and base in SYNTHETIC_COLUMNS:
            resolved[base] = values
        else:
            resolved[column] = values
    return resolved


def _numbers(cells: Sequence[Cell]) -> FloatArray | None:
    """The column as numbers, NaN where unknown or not finite.

    None where it holds anything else, and where no cell says anything at all.
    """
    if isinstance(cells, np.ndarray):
        finite = np.isfinite(cells)
        return np.where(finite, cells, np.nan) if len(cells) and not np.isnan(cells).all() else None
    if len(cells) and (plain := _all_plain(cells)) is not None:
        return plain
    out = np.full(len(cells), np.nan)
    some = False
    for row, cell in enumerate(cells):
        if cell is None or cell == "":
            continue
        if isinstance(cell, str):
            number = _text_number(cell)
            if number is None:
                return None
        elif isinstance(cell, bool) or not isinstance(cell, int | float | Decimal):
            return None
        else:
            number = to_float(cell)
        some = True
        if math.isfinite(number):
            out[row] = number
    return out if some else None


def _all_plain(cells: Sequence[Cell]) -> FloatArray | None:
    """The column where every cell is text that `parse_number` takes, as nearly all are; found for
    all at once. None where one may not be."""
    try:
        if sum(map(len, cells)) > _LONG * len(cells):  # type: ignore[arg-type]
            return None
        told = ",".join(cells)  # type: ignore[arg-type]
    except TypeError:
        return None
    # Of these characters `float` makes numbers as `parse_number` does, but for a point at the end.
    if not _OF_NUMBERS.issuperset(told) or _POINT_AT_END.search(told):
        return None
    try:
        out = np.fromiter(map(float, cells), np.float64, len(cells))  # type: ignore[arg-type]
    except ValueError:
        return None
    return out if np.isfinite(out).all() else None


def _text_number(text: str) -> float | None:
    try:
        return parse_number(text, "cell")
    except CellError:
        return math.nan if is_unknown(text) or is_not_finite(text) else None
