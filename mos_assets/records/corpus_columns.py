"""Clips and files of a corpus as columns, of which a row is made when somebody asks for it.

Of 150,000 clips, a named tuple each takes five times the memory of the same in columns.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from operator import attrgetter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mos_assets.io.text import is_text
from mos_assets.records.corpus import Clip, Probe, SeenFile
from mos_assets.records.domain import IntArray, LabelOrigin
from mos_assets.records.rows import BATCH, Rows, met_twice

_TEXT, _REAL, _WHOLE = pa.string(), pa.float64(), pa.int64()
PROBE_FIELDS = (
    ("width", _WHOLE),
    ("height", _WHOLE),
    ("fps", _REAL),
    ("duration_s", _REAL),
    ("frames", _WHOLE),
    ("pix_fmt", _TEXT),
    ("codec", _TEXT),
    ("bit_rate", _WHOLE),
    ("stream", _WHOLE),
    ("coded_bytes", _WHOLE),
    ("doubtful", _WHOLE),
    ("nominal_fps", _REAL),
)
"""The columns of `Probe`, in its order."""
CONTENT_FIELDS = (("sha256", _TEXT), ("size_bytes", _WHOLE), ("mtime_ns", _WHOLE))
LABEL_FIELDS = (
    ("clip_id", _TEXT),
    ("part", _TEXT),
    ("clip_name", _TEXT),
    ("mos", _REAL),
    ("mos_std", _REAL),
    ("n_ratings", _WHOLE),
    ("content_group", _TEXT),
    ("session", _TEXT),
    ("mos_ci95", _REAL),
)
"""What a clip has from its label."""
_OF_FILE = ("path", *(name for name, _ in (*CONTENT_FIELDS, *PROBE_FIELDS)))
_FILES = pa.schema([("path", _TEXT), *CONTENT_FIELDS, *PROBE_FIELDS, ("reason", _TEXT)])
_LABELS = pa.schema(LABEL_FIELDS)
_REPEATED = frozenset(
    {"corpus", "corpus_version", "part", "width", "height", "fps", "frames", "pix_fmt", "codec"}
)


class FileColumns(Rows[SeenFile]):
    """Files that were looked into."""

    def __init__(self, table: pa.Table) -> None:
        """table: `path`, CONTENT_FIELDS, PROBE_FIELDS and `reason`; other columns are left out."""
        self.table = table.select(_FILES.names).cast(_FILES)

    @classmethod
    def of(cls, files: Iterable[SeenFile]) -> FileColumns:
        rows = list(files)
        cells = {
            "path": [str(file.path) for file in rows],
            **{
                name: [None if file.probe is None else getattr(file.probe, name) for file in rows]
                for name, _ in PROBE_FIELDS
            },
        }
        columns = [cells.get(name) or list(map(attrgetter(name), rows)) for name in _FILES.names]
        return cls(pa.table(columns, schema=_FILES))

    @property
    def paths(self) -> list[str]:
        found: list[str] = self.table["path"].to_pylist()
        return found

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def _made(self, start: int, stop: int) -> list[SeenFile]:
        table = self.table.slice(start, stop - start)
        return [
            SeenFile(Path(path), *rest)
            for path, *rest in zip(
                *(_cells(table, name) for name in ("path", "size_bytes", "mtime_ns", "sha256")),
                _probes(table),
                _cells(table, "reason"),
                strict=True,
            )
        ]

    def rows_of(self, paths: Sequence[str], sizes: IntArray, mtimes_ns: IntArray) -> IntArray:
        """[paths] the row of each; −1 where none has this path, size and time."""
        rows = np.full(len(paths), -1)
        if not len(self):
            return rows
        place_of = {path: place for place, path in enumerate(paths)}
        for start in range(0, len(self), BATCH):
            for row, path in enumerate(self.table["path"].slice(start, BATCH).to_pylist(), start):
                if (place := place_of.get(path)) is not None:
                    rows[place] = row
        for name, told in (("size_bytes", sizes), ("mtime_ns", mtimes_ns)):
            rows[self.table[name].to_numpy()[rows] != told] = -1
        return rows

    def only(self, rows: IntArray) -> FileColumns:
        """These rows, which rise."""
        return self if len(rows) == len(self) else FileColumns(self.table.take(pa.array(rows)))

    def plus(self, *others: FileColumns) -> FileColumns:
        """These rows, then those of the others."""
        tables = [other.table for other in others if len(other)]
        return FileColumns(pa.concat_tables([self.table, *tables])) if tables else self

    def without(self, paths: Collection[str]) -> FileColumns:
        """All rows but those of these paths; one that is not UTF-8 no table can hold."""
        told = [path for path in sorted(paths) if path.isascii() or is_text(path)]
        if not told:
            return self
        named = pc.is_in(self.table["path"], value_set=pa.array(told, _TEXT))
        return FileColumns(self.table.filter(pc.invert(named)))

    def reasons(self) -> dict[int, str]:
        """Row → why its file cannot be used."""
        flawed = pc.indices_nonzero(pc.is_valid(self.table["reason"])).to_pylist()
        return {at: self.table["reason"][at].as_py() for at in flawed}

    def of_same_bytes(self, rows: IntArray) -> list[list[int]]:
        """Positions in `rows` (−1: none) whose files hold the same bytes, two or more together."""

        def hashes() -> Iterator[str | None]:
            for start in range(0, len(rows), BATCH):
                some = _taken(self.table.select(["sha256"]), rows[start : start + BATCH])
                yield from some["sha256"].to_pylist()

        groups: dict[str, list[int]] = {}
        for at, sha256 in met_twice(hashes).items():
            groups.setdefault(sha256, []).append(at)
        return list(groups.values())


NO_FILES = FileColumns(_FILES.empty_table())


class ClipColumns(Rows[Clip]):
    """Clips of one corpus, sorted by clip id."""

    def __init__(
        self,
        labels: pa.Table,
        files: FileColumns,
        *,
        corpus: str,
        version: str,
        origin: LabelOrigin,
        file_of: IntArray,
        reference_of: IntArray,
    ) -> None:
        """labels: LABEL_FIELDS, a row a clip; file_of, reference_of: [n] rows of `files`, −1 for
        none."""
        self.labels = labels.select(_LABELS.names).cast(_LABELS)
        self.files = files
        self._same = {
            "corpus": corpus,
            "corpus_version": version,
            "label_origin": str(origin),
        }
        self._file_of, self._reference_of = file_of, reference_of

    def __len__(self) -> int:
        return int(self.labels.num_rows)

    def _made(self, start: int, stop: int) -> list[Clip]:
        return clips_of(self._joined(start, stop))

    def tables(self) -> Iterator[pa.Table]:
        """All that the clips are, column by column under the names of `raw_corpus`, some rows at
        a time."""
        for start in range(0, len(self), BATCH):
            yield self._joined(start, min(start + BATCH, len(self)))

    def _joined(self, start: int, stop: int) -> pa.Table:
        table = self.labels.slice(start, stop - start)
        files = _taken(self.files.table, self._file_of[start:stop])
        references = _taken(
            self.files.table.select(["path", "sha256"]), self._reference_of[start:stop]
        )
        for name in _OF_FILE:
            table = table.append_column(name, files[name])
        for name in ("path", "sha256"):
            table = table.append_column(f"reference_{name}", references[name])
        for name, text in self._same.items():
            table = table.append_column(name, pa.repeat(pa.scalar(text, _TEXT), stop - start))
        return table


def clips_of(table: pa.Table) -> list[Clip]:
    """A clip a row; columns as in `raw_corpus`."""
    told = {name: _cells(table, name) for name in Clip._fields if name != "probe"}
    origins = {text: LabelOrigin(text) for text in set(told["label_origin"])}
    told["label_origin"] = [origins[text] for text in told["label_origin"]]
    for name in ("path", "reference_path"):
        told[name] = [None if text is None else Path(text) for text in told[name]]
    told["probe"] = _probes(table)
    return list(map(Clip, *(told[name] for name in Clip._fields)))


def _taken(table: pa.Table, rows: IntArray) -> pa.Table:
    """These rows; one of nothing but NULL for −1."""
    # To take rows of several chunks copies all of them: files are nearly in the order of clips.
    known = rows[rows >= 0]
    first, last = (int(known.min()), int(known.max())) if len(known) else (0, 0)
    some = table.slice(first, last - first + 1)
    return some.take(pa.array(rows - first, mask=rows < 0))


def _probes(table: pa.Table) -> list[Probe | None]:
    """The container's figures row by row; a row without a width has none."""
    if table["width"].null_count == table.num_rows:
        return [None] * table.num_rows
    columns = [_cells(table, name) for name, _ in PROBE_FIELDS]
    return [None if told[0] is None else Probe(*told) for told in zip(*columns, strict=True)]


def _cells(table: pa.Table, name: str) -> list[Any]:
    """One column; what stands in many rows is kept once."""
    if table[name].null_count == table.num_rows:
        return [None] * table.num_rows
    cells: list[Any] = table[name].to_pylist()
    if name not in _REPEATED:
        return cells
    once: dict[Any, Any] = {}
    return [once.setdefault(cell, cell) for cell in cells]
