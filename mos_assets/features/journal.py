"""The journal of a shard: each clip's measurements on disk as soon as they are there.

A shard in the making is a folder `<shard>.clips` with a small file for each piece that came back:
a clip, or some that were measured together. When the shard is
complete it is written as one file and the folder goes. A run that was killed leaves the folder;
the next one turns what is in it into a shard, so only clips in flight are measured again.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from mos_assets.errors import StoreError
from mos_assets.features.entries import ENTRY_SUFFIX, read_entry, write_entry
from mos_assets.features.shards import (
    DamagedShardError,
    has_checksum,
    measurements_of,
    shard_bytes,
    shard_table,
    write_shard,
)
from mos_assets.features.unchecked import inspected
from mos_assets.io.hashing import hash_text
from mos_assets.io.locks import lock, open_lock, try_lock
from mos_assets.io.reading import NotAFileError
from mos_assets.io.writing import PARTIAL_SUFFIX
from mos_assets.records import Measurement

SHARD_SUFFIX = ".parquet"
JOURNAL_SUFFIX = ".clips"
LOCK = ".lock"
"""Held in common by whoever measures, and alone by whoever recovers."""


@dataclass(frozen=True, slots=True)
class Journal:
    """The journal of one shard."""

    shard: Path

    @property
    def folder(self) -> Path:
        return self.shard.with_suffix(JOURNAL_SUFFIX)

    def note(self, measurements: Sequence[Measurement]) -> None:
        """Keep measurements that came together."""
        if measurements:
            write_entry(self.folder, measurements)

    def close(self, measurements: Sequence[Measurement]) -> None:
        """Write the shard, unless nothing could be measured, and let the journal go."""
        if measurements:
            write_shard(self.shard, measurements)
        shutil.rmtree(self.folder, ignore_errors=True)


@contextmanager
def measuring(shards: Path) -> Iterator[None]:
    """Hold off `recover_journals` while this process writes journals into the folder.

    Raises StoreError where the lock is no file.
    """
    shards.mkdir(parents=True, exist_ok=True)
    with _opened_lock(shards) as file:
        lock(file, shared=True)
        yield


@dataclass(frozen=True, slots=True)
class Recovered:
    """What killed runs had left."""

    clips: int
    """That were saved."""
    damaged: tuple[str, ...]
    """What was found damaged, one sentence each."""


def recover_journals(shards: Path) -> Recovered:
    """Turn what killed runs left in this folder into shards.

    While another run is measuring into the folder its journals are its own, and stay. Raises
    StoreError where the lock is no file, or the system does not hand out a journal.
    """
    if not shards.is_dir():
        return Recovered(0, ())
    with _opened_lock(shards) as file:
        return _recover(shards) if try_lock(file) else Recovered(0, ())


def _opened_lock(shards: Path) -> IO[bytes]:
    try:
        return open_lock(shards / LOCK)
    except NotAFileError as error:
        raise StoreError(f"{shards / LOCK} {error.strerror}; delete it and run again.") from None


def _recover(shards: Path) -> Recovered:
    clips, damaged = set[str](), list[str]()
    for folder in sorted(shards.glob(f"*{JOURNAL_SUFFIX}")):
        whole: list[Path] = []
        rows: dict[tuple[str, str, str], Measurement] = {}
        old = sorted(folder.glob(f"[!.]*{SHARD_SUFFIX}"))
        believed = inspected([p for p in old if p.is_file() and not has_checksum(shard_bytes(p))])
        for path in (*sorted(folder.glob(f"[!.]*{ENTRY_SUFFIX}")), *old):
            try:
                found = (
                    read_entry(path)
                    if path.suffix == ENTRY_SUFFIX
                    # Earlier versions wrote entries as small shards.
                    else measurements_of(shard_table(shard_bytes(path), path, believed))
                )
            except DamagedShardError as error:
                damaged.append(f"{error}. It goes; its clips are measured again.")
                continue
            whole.append(path)
            clips.update(row.content.partition("+")[0] for row in found)
            rows.update({(row.content, row.part, row.fingerprint): row for row in found})
        if whole:
            # Named by what is in it, since the shard of the killed run's plan stays unfinished.
            names = "".join(path.name for path in whole)
            digest = hash_text(folder.name + names)[:16]
            write_shard(shards / f"{digest}{SHARD_SUFFIX}", rows.values(), recovered=True)
        shutil.rmtree(folder)
    for partial in shards.glob(f".*{PARTIAL_SUFFIX}"):
        partial.unlink()
    return Recovered(len(clips), tuple(damaged))
