"""The journal of a shard: each clip's measurements on disk as soon as they are there.

A shard in the making is a folder `<shard>.clips` with one small file a clip. When the shard is
complete it is written as one file and the folder goes. A run that was killed leaves the folder;
the next one turns what is in it into a shard, so only clips in flight are measured again.
"""

from __future__ import annotations

import fcntl
import hashlib
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mos_assets.extraction.shards import PARTIAL_SUFFIX, read_shard, write_shard
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
        """Keep the measurements of one clip."""
        if measurements:
            names = "".join(f"{row.content} {row.part};" for row in measurements)
            name = hashlib.sha256(names.encode()).hexdigest()
            write_shard(self.folder / f"{name}{SHARD_SUFFIX}", measurements)

    def close(self, measurements: Sequence[Measurement]) -> None:
        """Write the shard, unless nothing could be measured, and let the journal go."""
        if measurements:
            write_shard(self.shard, measurements)
        shutil.rmtree(self.folder, ignore_errors=True)


@contextmanager
def measuring(shards: Path) -> Iterator[None]:
    """Hold off `recover_journals` while this process writes journals into the folder."""
    shards.mkdir(parents=True, exist_ok=True)
    with (shards / LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        yield


def recover_journals(shards: Path) -> int:
    """Turn what killed runs left in this folder into shards; the number of clips that were saved.

    While another run is measuring into the folder its journals are its own, and stay.
    """
    if not shards.is_dir():
        return 0
    with (shards / LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return 0
        return _recover(shards)


def _recover(shards: Path) -> int:
    saved = 0
    for folder in sorted(shards.glob(f"*{JOURNAL_SUFFIX}")):
        files = sorted(folder.glob(f"[!.]*{SHARD_SUFFIX}"))
        if files:
            # Named by what is in it, since the shard of the killed run's plan stays unfinished.
            names = "".join(path.name for path in files)
            digest = hashlib.sha256((folder.name + names).encode()).hexdigest()[:16]
            rows = [row for path in files for row in read_shard(path)]
            write_shard(shards / f"{digest}{SHARD_SUFFIX}", rows)
            saved += len(files)
        shutil.rmtree(folder)
    for partial in shards.glob(f".*{PARTIAL_SUFFIX}"):
        partial.unlink()
    return saved
