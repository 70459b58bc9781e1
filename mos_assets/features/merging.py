"""Finished shards into the database, and damaged ones out of the way.

What is damaged is renamed, so that nobody reads it again, and named once. What the database holds
of it is written as a new shard; what it does not hold is measured again.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import pyarrow as pa

from mos_assets.features.extractors.base import KEYS
from mos_assets.features.journal import SHARD_SUFFIX
from mos_assets.features.shards import (
    DamagedShardError,
    has_checksum,
    set_aside,
    shard_bytes,
    shard_table,
    write_shard_table,
)
from mos_assets.features.unchecked import inspected
from mos_assets.io.hashing import hash_bytes
from mos_assets.store import Database, measurement_rows

_TOGETHER = 16
"""Shards that go into the database in one transaction: to open and to close it costs as much as
the rows of two."""
_KEY = [name for name in KEYS if name != "reason"]


def merge_shards(database: Database, shards: Path) -> tuple[str, ...]:
    """Add every finished shard that the database does not hold yet, and remember its bytes.

    Returns what was found damaged, one sentence each. Raises StoreError where the system does not
    hand out a file.
    """
    merged = measurement_rows.merged_shards(database)
    names = frozenset(name for name, _ in merged)
    believed = inspected(_without_checksum(shards, names))
    paths = _shards(shards)
    damaged: list[str] = []
    for start in range(0, len(paths), _TOGETHER):
        with database.held():
            for path in paths[start : start + _TOGETHER]:
                try:
                    _merge(database, path, merged, believed)
                except DamagedShardError as error:
                    damaged.append(set_aside(path, error))
                    measurement_rows.forget_shard(database, path.name)
    if damaged:
        _write_what_no_shard_holds(database, shards)
    return tuple(damaged)


def _merge(
    database: Database,
    path: Path,
    merged: frozenset[tuple[str, str]],
    believed: dict[str, str | None],
) -> None:
    """merged: name and bytes of shards that are in the database. Raises DamagedShardError."""
    content = shard_bytes(path)
    sha256 = hash_bytes(content)
    known = (path.name, sha256) in merged
    if known and has_checksum(content):
        return
    if known:
        believed[sha256] = None
    elif path.name in {name for name, _ in merged} and not has_checksum(content):
        raise DamagedShardError(f"{path} has other bytes than the database remembers")
    rows = shard_table(content, path, believed)
    if not has_checksum(content):
        # Bytes that were vouched for get a checksum of their own.
        write_shard_table(path, rows)
        sha256 = hash_bytes(shard_bytes(path))
    measurement_rows.add_shard(database, path.name, sha256, rows)


def _shards(folder: Path) -> list[Path]:
    return sorted(folder.glob(f"[!.]*{SHARD_SUFFIX}"))


def _without_checksum(folder: Path, names: frozenset[str]) -> list[Path]:
    """Shards without a checksum that the database does not know by name."""
    return [
        path
        for path in _shards(folder)
        if path.name not in names and path.is_file() and not has_checksum(shard_bytes(path))
    ]


def _write_what_no_shard_holds(database: Database, shards: Path) -> None:
    held = [shard_table(shard_bytes(path), path).select(_KEY) for path in _shards(shards)]
    rows = measurement_rows.rows_beside(database, pa.concat_tables(held) if held else None)
    if rows.num_rows == 0:
        return
    digest = hashlib.sha256()
    for row in rows.select(_KEY).to_pylist():
        digest.update(repr(row).encode())
    path = shards / f"{digest.hexdigest()[:16]}{SHARD_SUFFIX}"
    write_shard_table(path, rows)
    sha256 = hash_bytes(shard_bytes(path))
    measurement_rows.add_shard(database, path.name, sha256, rows)
