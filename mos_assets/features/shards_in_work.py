"""Shards that are being measured: results in any order, each on disk at once, shards whole."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mos_assets.features.journal import Journal
from mos_assets.features.measure import Found
from mos_assets.features.task import ClipTask
from mos_assets.records import Measurement


@dataclass(frozen=True, slots=True)
class Shard:
    """Clips whose measurements are one file, and which."""

    path: Path
    tasks: tuple[ClipTask, ...]


@dataclass(slots=True)
class _InWork:
    journal: Journal
    missing: set[str]
    """Clip ids that have no result yet."""
    kept: list[Measurement] = field(default_factory=list)


class ShardsInWork:
    """Takes results as they come; a shard is written with its last one.

    Its bytes depend on its measurements, and not on the order in which they come.
    """

    def __init__(self, shards: Iterable[Shard]) -> None:
        self._of: dict[str, _InWork] = {}
        for shard in shards:
            work = _InWork(Journal(shard.path), {task.clip_id for task in shard.tasks})
            self._of.update((task.clip_id, work) for task in shard.tasks)

    def note(self, results: Sequence[tuple[ClipTask, tuple[Found, ...]]]) -> None:
        """Keep what came of clips of one shard. Raises OSError where the disk takes no more."""
        kept = [row for _, found in results for row in found if isinstance(row, Measurement)]
        work = self._of[results[0][0].clip_id]
        work.journal.note(kept)
        work.kept.extend(kept)
        for task, _ in results:
            work.missing.remove(task.clip_id)
            del self._of[task.clip_id]
        if not work.missing:
            work.journal.close(work.kept)
