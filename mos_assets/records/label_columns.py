"""Labels as columns, from the file that they were read from to the rows of the store."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from operator import attrgetter
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mos_assets.records.corpus import Label
from mos_assets.records.domain import IntArray
from mos_assets.records.rows import BATCH, Rows

_TEXT, _REAL, _WHOLE = pa.string(), pa.float64(), pa.int64()
_LABELS = pa.schema(
    [
        ("clip_name", _TEXT),
        ("mos", _REAL),
        ("mos_std", _REAL),
        ("n_ratings", _WHOLE),
        ("part", _TEXT),
        ("group", _TEXT),
        ("reference", _TEXT),
        ("source", _TEXT),
        ("line", _WHOLE),
        ("foreign", _TEXT),
        ("session", _TEXT),
        ("mos_ci95", _REAL),
    ]
)
"""Of `Label`, all but `others`, which few labels have."""

_Places = Sequence[tuple[str, int]]
"""(file, line) of rows."""


class Labels(Rows[Label]):
    """Labels in some order, a row each; one is made when somebody asks for it."""

    def __init__(self, table: pa.Table, others: Mapping[int, _Places]) -> None:
        """table: every field of `Label` but `others`, which is given by row where it is not
        empty."""
        self._table, self._others = table, others

    @classmethod
    def of(cls, labels: Iterable[Label]) -> Labels:
        if isinstance(labels, Labels):
            return labels
        rows = iter(labels)
        parts = [_LABELS.empty_table()]
        others: dict[int, _Places] = {}
        while some := list(islice(rows, BATCH)):
            placed = sum(part.num_rows for part in parts)
            others |= {placed + at: label.others for at, label in enumerate(some) if label.others}
            columns = [list(map(attrgetter(name), some)) for name in _LABELS.names]
            parts.append(pa.table(columns, schema=_LABELS))
        return cls(pa.concat_tables(parts), others)

    def __len__(self) -> int:
        return int(self._table.num_rows)

    def _made(self, start: int, stop: int) -> list[Label]:
        cells = self._table.slice(start, stop - start)
        columns = dict(zip(_LABELS.names, map(_cells, cells.columns), strict=True))
        columns["others"] = [self._others.get(at, ()) for at in range(start, stop)]
        return list(map(Label, *(columns[name] for name in Label._fields)))

    def column(self, name: str) -> Iterator[Any]:
        """One field of every label, without making the labels."""
        for start in range(0, len(self), BATCH):
            yield from _cells(self._table[name].slice(start, BATCH))

    def known(self, name: str) -> list[Any]:
        """What stands in a field, each value once, None left out, in the order of the labels."""
        found: list[Any] = self._table[name].drop_null().unique().to_pylist()
        return found

    def places(self) -> Iterator[_Places]:
        """(file, line) of every row that each label stands for."""
        own = zip(self.column("source"), self.column("line"), strict=True)
        for at, place in enumerate(own):
            yield (place, *self._others.get(at, ()))

    def fields(self, names: Sequence[str]) -> pa.Table:
        """These fields as they lie."""
        return self._table.select(names)

    def take(self, rows: Sequence[int] | IntArray) -> Labels:
        """The labels of these rows, in their order."""
        at = np.asarray(rows, dtype=np.int64)
        if np.array_equal(at, np.arange(len(self))):
            return self
        others = {
            place: found
            for place, row in enumerate(at.tolist() if self._others else ())
            if (found := self._others.get(row))
        }
        return Labels(self._table.take(pa.array(at)), others)

    def without(self, rows: Sequence[int]) -> Labels:
        """All labels but those of these rows."""
        return self.take(np.delete(np.arange(len(self)), rows)) if len(rows) else self

    def plus(self, *others: Labels) -> Labels:
        """These, then those."""
        placed, more = len(self), dict(self._others)
        for other in others:
            more |= {placed + at: places for at, places in other._others.items()}
            placed += len(other)
        return Labels(pa.concat_tables([self._table, *(other._table for other in others)]), more)

    def by_name(self, *, but: Sequence[int] = ()) -> Labels:
        """Sorted by clip name, as Python sorts texts, without the labels of these rows."""
        order = pc.sort_indices(self._table["clip_name"]).to_numpy()
        return self.take(order[~np.isin(order, but)] if len(but) else order)

    def telling(self, **columns: Sequence[Any]) -> Labels:
        """With these fields, a value a label."""
        table = self._table
        for name, cells in columns.items():
            at = _LABELS.get_field_index(name)
            table = table.set_column(at, _LABELS.field(at), pa.array(cells, _LABELS.field(at).type))
        return Labels(table, self._others)

    def replaced(self, labels: Mapping[int, Label]) -> Labels:
        """With these labels in place of those that stand in their rows."""
        if not labels:
            return self
        mine = self.without(list(labels)).plus(Labels.of(labels.values()))
        kept = np.delete(np.arange(len(self)), list(labels))
        order = np.argsort(np.concatenate([kept, np.fromiter(labels, np.int64)]), kind="stable")
        return mine.take(order)


NO_LABELS = Labels(_LABELS.empty_table(), {})


def _cells(column: pa.ChunkedArray) -> list[Any]:
    if column.null_count == len(column):
        return [None] * len(column)
    cells: list[Any] = column.to_pylist()
    if not pa.types.is_string(column.type) or cells[0] != cells[-1]:
        return cells
    # What may stand in every row becomes one object.
    once: dict[Any, Any] = {}
    return [once.setdefault(cell, cell) for cell in cells]
