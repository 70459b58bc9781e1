"""Shards from before they carried a checksum: believed only where everything about them fits.

One whose sha256 the database remembers needs none of this. Of one that the database does not know
(it was lost, or a run was killed) nobody knows the bytes that were written; what can be known is
whether keys, types and statistics are those that were written then, and whether writing the same
rows gives the same bytes.
"""

from __future__ import annotations

import json
import re
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from mos_assets.errors import StoreError
from mos_assets.features import shards
from mos_assets.io.hashing import hash_bytes

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

_MAGIC = b"PAR1"
_SCHEMA_KEY = b"ARROW:schema"
_CONTENT = re.compile(r"[0-9a-f]{64}(\+[0-9a-f]{64})?")
_SMALLEST = 12
_MEMORY, _SECONDS = 4 << 30, 60
"""Bytes that a reader may ask for, and seconds of CPU a file."""


def inspected(paths: Sequence[Path]) -> dict[str, str | None]:
    """sha256 of each of these files → why its rows are not to be believed, None where they are.

    Raises StoreError where the machine ended the check.

    Another process does it, since there are bytes on which pyarrow ends the process that reads
    them (26.0.1: `terminate called after throwing an instance of 'parquet::ParquetException'`).
    """
    found: dict[str, str | None] = {}
    left = [str(path) for path in paths]
    while left:
        run = subprocess.run(
            [sys.executable, "-m", __name__],
            input="\0".join(left),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            check=False,
        )
        answers = [json.loads(line) for line in run.stdout.splitlines()]
        found.update(answers)
        left = left[len(answers) :]
        if left and run.returncode in (-signal.SIGKILL, -signal.SIGTERM):
            raise StoreError(
                f"The program that checks {left[0]} was ended from outside: memory ran out, or the "
                "machine is shutting down. Run again; nothing was changed."
            )
        if left:
            # It ended on this one.
            found[_sha256(Path(left.pop(0)))] = "it cannot be read as Parquet"
    return found


def unchecked_table(content: bytes) -> pa.Table:
    """The rows of bytes that `inspected` believes, or that the database remembers."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    return pq.read_table(pa.BufferReader(content))


def main() -> None:
    """Answer for the files named on standard input, one line each."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for path in sys.stdin.read().split("\0"):
        content = Path(path).read_bytes()
        resource.setrlimit(resource.RLIMIT_CPU, (int(time.process_time()) + _SECONDS, -1))
        answer = hash_bytes(content), _why_not(content)
        print(json.dumps(answer), flush=True)  # noqa: T201


def _sha256(path: Path) -> str:
    return hash_bytes(shards.shard_bytes(path))


def _why_not(content: bytes) -> str | None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    footer = int.from_bytes(content[-8:-4], "little")
    whole = len(content) > _SMALLEST and footer <= len(content) - _SMALLEST
    if not (whole and content.startswith(_MAGIC) and content.endswith(_MAGIC)):
        return "it is no Parquet file"
    try:
        file = pq.ParquetFile(pa.BufferReader(content))
        if set(file.metadata.metadata or {}) != {_SCHEMA_KEY}:
            return "its footer has other entries than were written"
        table = file.read()
        _require_written(table, file.metadata)
        _require_same_bytes(table, file.metadata, content)
    # What pyarrow raises on damaged files is documented nowhere; each of these was seen.
    except (pa.ArrowException, OSError, ValueError, TypeError, LookupError, MemoryError) as error:
        return str(error).partition("\n")[0] or type(error).__name__
    return None


def _require_written(table: pa.Table, metadata: pq.FileMetaData) -> None:
    """Raise ValueError unless these are rows that `measurement_table` made, with the smallest and
    largest values that the footer promises."""
    rows = shards.measurements_of(table)
    if not shards.measurement_table(rows).select(table.column_names).equals(table):
        raise ValueError("its rows are not those of a shard")
    for row in rows:
        if not _CONTENT.fullmatch(row.content) or not row.fingerprint.startswith(f"{row.part}-"):
            raise ValueError(f"its keys are not those of a shard: {row.content[:80]!r}")
        if row.reason is not None and not (row.reason and row.reason.isprintable()):
            raise ValueError("a reason in it is no text")
    for before, after in pairwise(rows):
        if (before.content, before.part) > (after.content, after.part):
            raise ValueError("its rows are not in order")
    if metadata.num_row_groups > 1:
        raise ValueError("it has more than one row group")
    for group in range(metadata.num_row_groups):
        for at in range(metadata.num_columns):
            chunk = metadata.row_group(group).column(at)
            cells = table[chunk.path_in_schema].drop_null().to_pylist()
            found = chunk.statistics
            if found is None or found.null_count != table.num_rows - len(cells):
                raise ValueError(
                    f"{chunk.path_in_schema} has another number of cells than promised"
                )
            if cells and found.has_min_max and (found.min, found.max) != (min(cells), max(cells)):
                raise ValueError(f"{chunk.path_in_schema} is outside of its promised range")


def _require_same_bytes(table: pa.Table, metadata: pq.FileMetaData, content: bytes) -> None:
    """Raise ValueError where the pyarrow that wrote it is this one and would write other bytes."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression=shards.COMPRESSION, version=shards.PARQUET_VERSION)
    again = sink.getvalue().to_pybytes()
    written_by = pq.read_metadata(pa.BufferReader(again)).created_by
    if metadata.created_by == written_by and again != content:
        raise ValueError("its rows, written again, are other bytes")


if __name__ == "__main__":
    main()
