"""Rows of `beside_columns`: what is known of clips beside the features that were chosen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from mos_assets.records import FloatArray
from mos_assets.store.database import Database
from mos_assets.store.schema import BESIDE_COLUMNS, SCHEMAS

CONTAINER, METRIC = "container", "metric"
"""Kinds: what a container tells, and a metric of others."""


@dataclass(frozen=True, eq=False)
class BesideColumn:
    """One column of one corpus."""

    corpus: str
    kind: str
    name: str
    clip_ids: tuple[str, ...]
    values: FloatArray
    """[clips], NaN where unknown."""


def write_beside(database: Database, columns: Sequence[BesideColumn]) -> None:
    """Replace the table; figures that are unknown have no row."""
    parts = [SCHEMAS[BESIDE_COLUMNS].empty_table()]
    for column in columns:
        known = np.isfinite(column.values)
        n = int(known.sum())
        cells = {
            "clip_id": np.array(column.clip_ids, dtype=object)[known],
            **{key: [getattr(column, key)] * n for key in ("corpus", "kind", "name")},
            "value": column.values[known],
        }
        parts.append(pa.table(cells, schema=SCHEMAS[BESIDE_COLUMNS]))
    database.replace(BESIDE_COLUMNS, pa.concat_tables(parts))


def read_beside(database: Database, kind: str, clip_ids: Sequence[str]) -> dict[str, FloatArray]:
    """Columns of this kind along these clips, by name; NaN where unknown."""
    rows = database.fetch(
        f"SELECT clip_id, name, value FROM {BESIDE_COLUMNS} "
        "WHERE kind = ? AND list_contains(?, corpus) ORDER BY name, corpus, clip_id",
        [kind, sorted({clip_id.partition("/")[0] for clip_id in clip_ids})],
    )
    place = {clip_id: at for at, clip_id in enumerate(clip_ids)}
    found: dict[str, FloatArray] = {}
    cells = (rows[name].to_pylist() for name in ("clip_id", "name", "value"))
    for clip_id, name, value in zip(*cells, strict=True):
        if clip_id in place:
            found.setdefault(name, np.full(len(clip_ids), np.nan))[place[clip_id]] = value
    return found
