"""Entries of a journal: measurements as JSON below the sha256 of it, a tenth of what Parquet costs.

They live until their shard is written; one has the measurements of a clip, or of clips that were
measured together.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from mos_assets.features.shards import DamagedShardError, in_order, shard_bytes
from mos_assets.io.hashing import hash_bytes, hash_text
from mos_assets.io.writing import write_whole
from mos_assets.records import Measurement

ENTRY_SUFFIX = ".json"


def write_entry(folder: Path, measurements: Sequence[Measurement]) -> None:
    """Write one entry, whole; a power cut may take it back.

    Raises ValueError as `measurement_table` does.
    """
    rows = [
        [row.content, row.part, row.fingerprint, dict(row.figures), row.reason]
        for row in in_order(measurements)
    ]
    body = json.dumps(rows, allow_nan=False).encode()
    name = hash_text("".join(f"{row.content} {row.part};" for row in measurements))
    folder.mkdir(parents=True, exist_ok=True)
    content = hash_bytes(body).encode() + b"\n" + body
    write_whole(folder / f"{name}{ENTRY_SUFFIX}", content, contended=True, may_vanish=True)


def read_entry(path: Path) -> tuple[Measurement, ...]:
    """The measurements of one entry. Raises as `read_shard` does."""
    checksum, _, body = shard_bytes(path).partition(b"\n")
    if hash_bytes(body).encode() != checksum:
        raise DamagedShardError(f"{path} is not as it was written: its checksum does not hold")
    return tuple(
        Measurement(content, part, fingerprint, figures, reason)
        for content, part, fingerprint, figures, reason in json.loads(body)
    )
