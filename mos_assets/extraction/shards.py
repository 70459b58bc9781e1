"""Shards: Parquet files of measurements, whole or not there at all.

The same measurements give the same bytes, whatever their order, so that two runs, or two
machines, can be compared with a checksum.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from mos_assets.errors import StoreError
from mos_assets.extraction.columns import FIGURES_OF_PART
from mos_assets.records import Measurement

if TYPE_CHECKING:
    import pyarrow as pa

KEYS = ("content", "part", "fingerprint", "reason")
FIGURES = tuple(name for figures in FIGURES_OF_PART.values() for name in figures)
"""Every figure column, in the order of the file; one column a figure, NULL where not measured."""
PARTIAL_SUFFIX = ".partial"


def measurement_table(measurements: Iterable[Measurement]) -> pa.Table:
    """Rows sorted by content, part and fingerprint.

    Raises ValueError for a figure that is unknown or not finite, for a measurement that
    lacks figures without a reason or has all of them and a reason, and for a key that comes twice.
    """
    import pyarrow as pa

    rows = sorted(measurements, key=_key)
    for row, following in pairwise(rows):
        if _key(row) == _key(following):
            raise ValueError(f"two measurements of {_key(row)}")
    for row in rows:
        _check(row)
    fields = [(name, pa.string()) for name in KEYS] + [(name, pa.float64()) for name in FIGURES]
    columns: dict[str, list[str | None] | list[float | None]] = {
        name: [getattr(row, name) for row in rows] for name in KEYS
    }
    columns |= {name: [row.figures.get(name) for row in rows] for name in FIGURES}
    return pa.table(columns, schema=pa.schema(fields))


def write_shard(path: Path, measurements: Iterable[Measurement]) -> None:
    """Write one shard: under another name first, forced to disk, then renamed over `path`."""
    import pyarrow.parquet as pq

    table = measurement_table(measurements)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{uuid4().hex}{PARTIAL_SUFFIX}")
    try:
        with partial.open("wb") as file:
            pq.write_table(table, file, compression="zstd", version="2.6")
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def read_shard(path: Path) -> tuple[Measurement, ...]:
    """The measurements of one shard, in the order of the file.

    Raises StoreError where the file is not a shard.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise StoreError(
            f"{path} cannot be read as a shard ({error}); delete it to measure again."
        ) from error
    missing = [name for name in KEYS if name not in table.column_names]
    if missing:
        raise StoreError(
            f"{path} is not a shard of this version: it lacks {', '.join(missing)}; "
            "delete it to measure again."
        )
    return tuple(
        Measurement(
            **{name: row[name] for name in KEYS},
            figures={
                name: value for name, value in row.items() if name not in KEYS and value is not None
            },
        )
        for row in table.to_pylist()
    )


def _key(row: Measurement) -> tuple[str, str, str]:
    return row.content, row.part, row.fingerprint


def _check(row: Measurement) -> None:
    expected = set(FIGURES_OF_PART.get(row.part, ()))
    if not expected:
        raise ValueError(f"{row.part!r} is not a part of a measurement")
    if row.reason is not None and not set(row.figures) < expected:
        raise ValueError(f"{_key(row)} has a reason and the figures {sorted(row.figures)}")
    if row.reason is None and set(row.figures) != expected:
        raise ValueError(f"{_key(row)} has the figures {sorted(row.figures)}")
    if not all(math.isfinite(value) for value in row.figures.values()):
        raise ValueError(f"{_key(row)} has a figure that is not finite")
