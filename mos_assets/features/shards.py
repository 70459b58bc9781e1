"""Shards: Parquet files of measurements, whole or not there at all, with a checksum inside.

The same measurements give the same bytes, whatever their order, so that two runs, or two
machines, can be compared with a checksum.

The checksum is an entry of the Parquet footer: the sha256 of all bytes of the file, taken with
zeros in its own place. It covers figures, keys, column names and types, and its version, and is
compared before any other byte is looked at. `unchecked` reads what was written before there was
one.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from mos_assets.errors import StoreError
from mos_assets.features.extractors.base import KEYS, picture_extractors
from mos_assets.io.hashing import hash_bytes
from mos_assets.io.reading import NotAFileError, read_plain
from mos_assets.io.writing import write_whole
from mos_assets.records import Measurement

if TYPE_CHECKING:
    import pyarrow as pa

DAMAGED_SUFFIX = ".damaged"
COMPRESSION, PARQUET_VERSION = "zstd", "2.6"
_CHECKSUM_KEY = "mos_assets"
_CHECKSUM_LEAD = b"shard 1, sha256 "
"""What stands before the checksum; the number is the version of what a shard is."""
_BLANK = b"0" * 64


class DamagedShardError(StoreError):
    """The bytes are not those that were written as a shard."""


def measurement_table(measurements: Iterable[Measurement], *, recovered: bool = False) -> pa.Table:
    """Rows sorted by content, part and fingerprint.

    recovered: they were checked when they were measured, by a run that may have had networks which
    this one has not.
    Raises ValueError for a figure that is unknown or not finite, for a measurement that
    lacks figures without a reason or has all of them and a reason, and for a key that comes twice.
    """
    import pyarrow as pa

    rows = in_order(measurements, recovered=recovered)
    figures = figure_columns()
    if recovered:
        others = {name for row in rows for name in row.figures} - set(figures)
        figures += tuple(sorted(others))
    fields = [(name, pa.string()) for name in KEYS] + [(name, pa.float64()) for name in figures]
    columns: dict[str, list[str | None] | list[float | None]] = {
        name: [getattr(row, name) for row in rows] for name in KEYS
    }
    columns |= {name: [row.figures.get(name) for row in rows] for name in figures}
    return pa.table(columns, schema=pa.schema(fields))


def in_order(measurements: Iterable[Measurement], *, recovered: bool = False) -> list[Measurement]:
    """Sorted as in a shard. Raises ValueError as `measurement_table` does."""
    rows = sorted(measurements, key=_key)
    for row, following in pairwise(rows):
        if _key(row) == _key(following):
            raise ValueError(f"two measurements of {_key(row)}")
    if not recovered:
        for row in rows:
            _check(row)
    return rows


def figure_columns() -> tuple[str, ...]:
    """Every figure column, in the order of the file; one a figure, NULL where not measured."""
    return tuple(name for each in picture_extractors().values() for name in each.figure_names)


def measurements_of(table: pa.Table) -> tuple[Measurement, ...]:
    """The rows of a table of measurements, in its order."""
    return tuple(
        Measurement(
            **{name: row[name] for name in KEYS},
            figures={
                name: value for name, value in row.items() if name not in KEYS and value is not None
            },
        )
        for row in table.to_pylist()
    )


def write_shard(
    path: Path, measurements: Iterable[Measurement], *, recovered: bool = False
) -> None:
    """Write one shard: under another name first, forced to disk, then renamed over `path`."""
    write_shard_table(path, measurement_table(measurements, recovered=recovered))


def write_shard_table(path: Path, table: pa.Table) -> None:
    """As `write_shard`, of rows as `measurement_table` returns them."""
    content = _with_checksum(table)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, content, contended=True)


def read_shard(path: Path) -> tuple[Measurement, ...]:
    """The measurements of one shard, in the order of the file.

    Raises DamagedShardError where the bytes are not those of a shard, and StoreError where the
    system does not hand them out.
    """
    return measurements_of(shard_table(shard_bytes(path), path))


def shard_bytes(path: Path) -> bytes:
    """What lies there. Raises as `read_shard` does."""
    try:
        return read_plain(path)
    except NotAFileError as error:
        raise DamagedShardError(f"{path} {error.strerror}") from None
    except OSError as error:
        raise StoreError(
            f"{path} cannot be read ({error.strerror}). Mend the disk or its permissions; "
            "deleting the file measures its clips again."
        ) from error


def has_checksum(content: bytes) -> bool:
    """Whether a checksum is in these bytes; not whether it holds."""
    return content.rfind(_CHECKSUM_LEAD) >= 0


def shard_table(
    content: bytes, path: Path, believed: Mapping[str, str | None] | None = None
) -> pa.Table:
    """The rows in the bytes of a shard: KEYS and figures, sorted by key.

    believed: what is known of bytes without a checksum, as `unchecked.inspected` has it. Raises
    DamagedShardError, naming `path`, where the bytes are not as they were written.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    from mos_assets.features.unchecked import inspected, unchecked_table

    if not has_checksum(content):
        sha256 = hash_bytes(content)
        known = believed if believed and sha256 in believed else inspected([path])
        why = known.get(sha256, "it changes while it is read")
        if why is not None:
            raise DamagedShardError(f"{path} has no checksum and is no shard: {why}")
        return unchecked_table(content)
    at = content.rindex(_CHECKSUM_LEAD) + len(_CHECKSUM_LEAD)
    if content[at : at + len(_BLANK)] != _checksum(content, at):
        raise DamagedShardError(f"{path} is not as it was written: its checksum does not hold")
    table = pq.read_table(pa.BufferReader(content))
    missing = [name for name in KEYS if name not in table.column_names]
    if missing:
        raise StoreError(f"{path} lacks {', '.join(missing)}, which every shard has")
    return table


def set_aside(path: Path, error: DamagedShardError) -> str:
    """Rename what is damaged, so that it is not read again; the sentence that says so."""
    aside = path.with_name(f".{path.name}.{uuid4().hex[:8]}{DAMAGED_SUFFIX}")
    path.rename(aside)
    return (
        f"{error}. It is set aside as {aside.name}; what the database holds of it stays, the rest "
        "is measured again."
    )


def _with_checksum(table: pa.Table) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = pa.BufferOutputStream()
    with pq.ParquetWriter(
        sink, table.schema, compression=COMPRESSION, version=PARQUET_VERSION
    ) as writer:
        writer.write_table(table)
        writer.add_key_value_metadata({_CHECKSUM_KEY: (_CHECKSUM_LEAD + _BLANK).decode()})
    content: bytes = sink.getvalue().to_pybytes()
    at = content.rindex(_CHECKSUM_LEAD) + len(_CHECKSUM_LEAD)
    return content[:at] + _checksum(content, at) + content[at + len(_BLANK) :]


def _checksum(content: bytes, at: int) -> bytes:
    """sha256, in hexadecimal digits, with zeros where the digits are to stand."""
    digest = hashlib.sha256(content[:at])
    digest.update(_BLANK)
    digest.update(content[at + len(_BLANK) :])
    return digest.hexdigest().encode()


def _key(row: Measurement) -> tuple[str, str, str]:
    return row.content, row.part, row.fingerprint


def _check(row: Measurement) -> None:
    extractor = picture_extractors().get(row.part)
    if extractor is None:
        raise ValueError(f"{row.part!r} is not a part of a measurement")
    expected = set(extractor.figure_names)
    if row.reason is not None and not set(row.figures) < expected:
        raise ValueError(f"{_key(row)} has a reason and the figures {sorted(row.figures)}")
    if row.reason is None and set(row.figures) != expected:
        raise ValueError(f"{_key(row)} has the figures {sorted(row.figures)}")
    if not all(math.isfinite(value) for value in row.figures.values()):
        raise ValueError(f"{_key(row)} has a figure that is not finite")
