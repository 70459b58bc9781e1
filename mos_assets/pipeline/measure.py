"""Measuring clips: plan what is missing, measure it shard by shard, merge.

Only planning and merging write to the database, so shards can be measured anywhere that sees the
store folder. What is measured is keyed by the clip's bytes and the extractor's fingerprint, and
never measured twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mos_assets.corpora import has_external_shots
from mos_assets.errors import StoreError
from mos_assets.features import (
    SHARD_SUFFIX,
    SHOTS,
    ClipTask,
    Found,
    Journal,
    content_key,
    fingerprint,
    measure_clips,
    measuring,
    recover_journals,
    required_parts,
)
from mos_assets.features.merging import merge_shards
from mos_assets.io.hashing import hash_text
from mos_assets.media.ffmpeg import find_ffmpeg
from mos_assets.pipeline.blocks import chosen_blocks
from mos_assets.pipeline.declared import measured_in, parts_for_proof
from mos_assets.pipeline.progress import Log, Measured, Progress
from mos_assets.pipeline.setbacks import setbacks_told
from mos_assets.records import Measurement, NotedSetback, Setback
from mos_assets.settings import PathSettings, RunSettings
from mos_assets.store import Database, corpus_rows, measurement_rows, setback_rows

if TYPE_CHECKING:
    import pyarrow as pa

SMALLEST_SHARD = 16
MOST_SHARDS = 256
"""A shard is one step of the run; more steps than this cost more than they help."""


@dataclass(frozen=True, slots=True)
class Shard:
    """Clips that one step measures, and where the result goes."""

    path: Path
    tasks: tuple[ClipTask, ...]
    done_before: int
    total: int

    @property
    def key(self) -> str:
        """A name that only these clips, parts and fingerprints have."""
        return self.path.stem


@dataclass(frozen=True, slots=True)
class Merged:
    """What the store holds of the corpora once all shards are in."""

    rows: pa.Table
    fingerprints: Mapping[str, str]
    clips: int
    """Measured in this run."""
    failed: int
    """Of these, the ones that came to nothing."""
    seconds: float
    """Wall time of this run's shards, one after the other."""
    waiting: tuple[NotedSetback, ...]
    """What the machine failed at, in this run or before."""

    @property
    def without_figures(self) -> int:
        return int(self.rows.num_rows - self.rows["reason"].null_count)

    @property
    def given_up(self) -> int:
        return sum(noted.given_up for noted in self.waiting)


def fingerprints(run: RunSettings, paths: PathSettings) -> dict[str, str]:
    """Fingerprint of each part that the chosen features, or the proof of declared ones, need; empty
    where none needs a clip."""
    parts = required_parts(chosen_blocks(run, paths)) | parts_for_proof(run, paths)
    if not parts:
        return {}
    ffmpeg = find_ffmpeg(paths.ffmpeg or None)
    return {part: fingerprint(part, run.comparison, ffmpeg) for part in sorted(parts)}


def shard_folder(paths: PathSettings) -> Path:
    """Where shards and their journals lie."""
    return paths.store_folder / "shards"


def waiting_measurements(
    run: RunSettings, paths: PathSettings, database: Database
) -> tuple[NotedSetback, ...]:
    """What the machine failed at under these settings, and no run has measured since."""
    return setback_rows.read_setbacks(database, fingerprints(run, paths).values())


def plan_shards(
    run: RunSettings, paths: PathSettings, database: Database, log: Log
) -> tuple[Shard, ...]:
    """What is to be measured, after what killed runs have left is saved and finished shards are in.

    Raises StoreError where the store cannot be read or written, ToolError without an ffmpeg.
    """
    chosen_blocks(run, paths)
    left = recover_journals(shard_folder(paths))
    damaged = (*left.damaged, *merge_shards(database, shard_folder(paths)))
    tasks = plan_tasks(run, paths, database)
    for sentence in damaged:
        log.warning(sentence)
    if left.clips:
        log.info(f"{left.clips} clips that a killed run had measured are kept")
    if fingerprints(run, paths):
        log.info(f"{len(tasks)} clips to measure")
    else:
        log.info(f"{run.features} needs no clip to be measured")
    prints = fingerprints(run, paths) if tasks else {}
    size = max(SMALLEST_SHARD, -(-len(tasks) // MOST_SHARDS))
    return tuple(
        Shard(
            shard_folder(paths) / f"{_shard_key(some, prints)}{SHARD_SUFFIX}",
            some,
            start,
            len(tasks),
        )
        for start in range(0, len(tasks), size)
        for some in (tasks[start : start + size],)
    )


def plan_tasks(run: RunSettings, paths: PathSettings, database: Database) -> tuple[ClipTask, ...]:
    """What is not measured yet, one task a clip, in the order of the clip ids."""
    prints = fingerprints(run, paths)
    done = measurement_rows.measured_keys(database, prints.values())
    external = {name for name in run.all_corpora if has_external_shots(name, paths.corpus_folder)}
    policy = run.reference
    given_up = (
        s.setback for s in setback_rows.read_setbacks(database, prints.values()) if s.given_up
    )
    planned = set(done) | {(setback.content, setback.fingerprint) for setback in given_up}
    tasks: list[ClipTask] = []
    clips = corpus_rows.read_clips(database, run.all_corpora)
    chosen = {
        name: measured_in(run, paths, name, [clip for clip in clips if clip.corpus == name])
        for name in run.all_corpora
        if prints
    }
    for clip in clips:
        if clip.path is None or clip.sha256 is None or clip.probe is None:
            continue
        missing = {
            part: (content_key(part, policy, clip.sha256, clip.reference_sha256), print_)
            for part, print_ in prints.items()
            if not (part == SHOTS and clip.corpus in external)
            and clip.clip_id in chosen[clip.corpus].get(part, ())
        }
        parts = frozenset(part for part, key in missing.items() if key not in planned)
        planned.update(missing.values())
        if parts:
            tasks.append(
                ClipTask(
                    clip_id=clip.clip_id,
                    path=clip.path,
                    sha256=clip.sha256,
                    probe=clip.probe,
                    parts=parts,
                    comparison=run.comparison,
                    reference_path=clip.reference_path,
                    reference_sha256=clip.reference_sha256,
                )
            )
    return tuple(tasks)


def _shard_key(tasks: Sequence[ClipTask], prints: Mapping[str, str]) -> str:
    lines = []
    for task in tasks:
        wanted = ",".join(f"{part}={prints[part]}" for part in sorted(task.parts))
        lines.append(f"{task.sha256} {task.reference_sha256} {wanted}\n")
    return hash_text("".join(lines))[:16]


def measure_shard(run: RunSettings, paths: PathSettings, shard: Shard, log: Log) -> Measured:
    """Decode and measure these clips, each kept as soon as it is measured; write the shard.

    Raises MosAssetsError where the store or the machine does not let it go on.
    """
    # This process may be another than the one that planned.
    chosen_blocks(run, paths)
    progress = Progress(log.info, done_before=shard.done_before, total=shard.total)
    journal = Journal(shard.path)
    lasting: list[Measurement] = []

    def note(task: ClipTask, found: tuple[Found, ...]) -> None:
        for measurement in found:
            if measurement.reason is not None:
                log.warning(f"{task.clip_id}: {measurement.reason}")
        kept = [row for row in found if isinstance(row, Measurement)]
        failed = [(task.clip_id, row) for row in found if isinstance(row, Setback)]
        journal.note(kept)
        lasting.extend(kept)
        progress.add(any(m.reason is not None for m in found), failed)

    with measuring(shard.path.parent):
        ffmpeg = find_ffmpeg(paths.ffmpeg or None)
        measure_clips(shard.tasks, ffmpeg, workers=run.workers, on_done=note)
        journal.close(lasting)
    progress.end()
    return progress.result


def merge(
    run: RunSettings,
    paths: PathSettings,
    database: Database,
    done: Sequence[Measured],
    log: Log,
) -> Merged:
    """Bring the finished shards into the database, and count what the machine failed at.

    Raises StoreError where a shard of this run is damaged already.
    """
    damaged = merge_shards(database, shard_folder(paths))
    prints = fingerprints(run, paths)
    found: dict[str, list[Setback]] = {}
    for shard in done:
        for clip_id, setback in shard.setbacks:
            found.setdefault(clip_id, []).append(setback)
    setback_rows.note_setbacks(database, found)
    waiting = setback_rows.read_setbacks(database, prints.values())
    if damaged:
        # Written within this run: the disk or the memory of this machine is not to be trusted.
        raise StoreError(f"{' '.join(damaged)} Check the disk, and run again.")
    if waiting:
        log.warning(setbacks_told(waiting))
    rows = measurement_rows.measurement_table(
        database, corpus_rows.known_hashes(database, run.all_corpora), prints.values()
    )
    return Merged(
        rows=rows,
        fingerprints=prints,
        clips=sum(shard.clips for shard in done),
        failed=sum(shard.failed for shard in done),
        seconds=sum(shard.seconds for shard in done),
        waiting=waiting,
    )
