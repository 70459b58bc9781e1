"""Measuring clips: plan what is missing, spread it over workers, keep it shard by shard, merge.

Only this process writes to the store; workers, wherever they are, read clips and send figures. What
is measured is keyed by the clip's bytes and the extractor's fingerprint, and never measured twice.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from mos_assets.cluster import Engine, InProcess, Spread, Work, on_dask, spread
from mos_assets.corpora import has_external_shots
from mos_assets.errors import StoreError
from mos_assets.features import (
    SHARD_SUFFIX,
    SHOTS,
    ClipTask,
    Found,
    Shard,
    ShardsInWork,
    Tools,
    alike,
    content_key,
    cut_pieces,
    ended_workers,
    estimated_s,
    fingerprint,
    measure_piece,
    measuring,
    one_core_each,
    recover_journals,
    required_parts,
    samples_of,
    single_threaded,
    sweep_scratch,
)
from mos_assets.features.merging import merge_shards
from mos_assets.io.hashing import hash_text
from mos_assets.io.log_lines import FewWarnings
from mos_assets.media.ffmpeg import find_ffmpeg
from mos_assets.objects.fetching import MEGABYTE
from mos_assets.objects.stubs import RemoteFile, remote_file
from mos_assets.pipeline.blocks import chosen_blocks
from mos_assets.pipeline.declared import measured_in, parts_for_proof
from mos_assets.pipeline.progress import Log, Measured, Progress
from mos_assets.pipeline.setbacks import setbacks_told
from mos_assets.records import NotedSetback, Setback
from mos_assets.settings import PathSettings, ReferencePolicy, RunSettings
from mos_assets.store import Database, corpus_rows, measurement_rows, setback_rows
from mos_assets.store.guards import require_held

if TYPE_CHECKING:
    import pyarrow as pa

SMALLEST_SHARD = 64
MOST_SHARDS = 128
"""A shard is a file that every run reads, and a transaction of the merge, 60 ms of CPU: more of
them cost more than they help."""
LEAST_PIECE_S, MOST_PIECE_S = 1.0, 20.0
"""CPU seconds, as estimated, that a worker of a cluster measures at once: long beside the 4 ms
that handing them over costs, and not much to lose."""
GOOD_PIECES = 256
"""Pieces of little work, so that many workers share it."""


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
    """Wall time of measuring in this run."""
    waiting: tuple[NotedSetback, ...]
    """What the machine failed at, in this run or before."""
    spread: Spread = field(default_factory=Spread)
    """How the clips of this run went over the workers."""

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


def measure(run: RunSettings, paths: PathSettings, database: Database, log: Log) -> Merged:
    """Measure what is missing, in this process or on `run.cluster`, and bring it into the database.

    What killed runs have left is saved first. Each clip is kept as soon as its figures are here.
    Raises StoreError, ToolError and ClusterError where it cannot go on; what was measured is kept.
    """
    shards = plan_shards(run, paths, database, log)
    progress = Progress(log.info, total=sum(len(shard.tasks) for shard in shards))
    went = Spread()
    if shards:
        with measuring(shard_folder(paths)):
            went = _measure_shards(run, paths, shards, progress, log)
    progress.end()
    return merge(run, paths, database, progress.result, went, log)


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
    told = FewWarnings(log.warning)
    for sentence in damaged:
        told.warning(sentence)
    told.end("what is damaged is measured again")
    if left.clips:
        log.info(f"{left.clips} clips that a killed run had measured are kept")
    prints = fingerprints(run, paths)
    if prints:
        log.info(f"{len(tasks)} clips to measure")
    else:
        log.info(f"{run.features} needs no clip to be measured")
    size = max(SMALLEST_SHARD, -(-len(tasks) // MOST_SHARDS))
    return tuple(
        Shard(shard_folder(paths) / f"{_shard_key(some, prints)}{SHARD_SUFFIX}", some)
        for start in range(0, len(tasks), size)
        for some in (tasks[start : start + size],)
    )


def plan_tasks(run: RunSettings, paths: PathSettings, database: Database) -> tuple[ClipTask, ...]:
    """What is not measured yet, one task a clip, in the order of the clip ids."""
    prints = fingerprints(run, paths)
    if not prints:
        return ()
    done = measurement_rows.measured_keys(database, prints.values())
    external = {name for name in run.all_corpora if has_external_shots(name, paths.corpus_folder)}
    policy = run.reference
    given_up = (
        s.setback for s in setback_rows.read_setbacks(database, prints.values()) if s.given_up
    )
    planned = set(done) | {(setback.content, setback.fingerprint) for setback in given_up}
    tasks: list[ClipTask] = []

    def remote(path: Path | None) -> RemoteFile | None:
        return remote_file(path) if path is not None and paths.corpus_place.url else None

    clips = corpus_rows.read_clips(database, run.all_corpora)
    chosen = {
        name: measured_in(run, paths, name, [clip for clip in clips if clip.corpus == name])
        for name in run.all_corpora
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
                    remote=remote(clip.path),
                    remote_reference=remote(
                        clip.reference_path if policy is ReferencePolicy.SOURCE else None
                    ),
                )
            )
    return tuple(tasks)


def _shard_key(tasks: Sequence[ClipTask], prints: Mapping[str, str]) -> str:
    lines = []
    for task in tasks:
        wanted = ",".join(f"{part}={prints[part]}" for part in sorted(task.parts))
        lines.append(f"{task.sha256} {task.reference_sha256} {wanted}\n")
    return hash_text("".join(lines))[:16]


def _measure_shards(
    run: RunSettings,
    paths: PathSettings,
    shards: Sequence[Shard],
    progress: Progress,
    log: Log,
) -> Spread:
    in_work = ShardsInWork(shards)
    without, lost, refused = (FewWarnings(log.warning) for _ in range(3))
    tasks = [task for shard in shards for task in shard.tasks]
    tools = _tools(run, paths)

    def note(results: Sequence[tuple[ClipTask, tuple[Found, ...]]]) -> None:
        require_held(paths.store_folder)
        for task, found in results:
            for measurement in found:
                if measurement.reason is not None:
                    without.warning(f"{task.clip_id}: {measurement.reason}")
        in_work.note(results)
        for task, found in results:
            failed = [(task.clip_id, row) for row in found if isinstance(row, Setback)]
            progress.add(any(m.reason is not None for m in found), failed)

    # Handing a clip to a thread costs nothing.
    share = sum(map(estimated_s, tasks)) / GOOD_PIECES
    piece_s = min(MOST_PIECE_S, max(LEAST_PIECE_S, share)) if run.cluster else 0.0
    with _engine(run, tasks, tools) as engine:
        went = spread(
            [piece for shard in shards for piece in cut_pieces(shard.tasks, piece_s)],
            engine,
            done=note,
            doubtful=lambda found: any(isinstance(row, Setback) for row in found),
            ended=partial(ended_workers, tools=tools),
            log=lost,
        )
    for worker, why in sorted(went.refused.items()):
        refused.warning(f"the worker {worker} was refused: {why}")
    without.end("tables clip_measurements and setbacks say why")
    lost.end("workers_lost in the metadata counts all of them")
    refused.end("their logs say more")
    return went


@contextmanager
def _engine(
    run: RunSettings, tasks: Sequence[ClipTask], tools: Tools
) -> Iterator[Engine[ClipTask, tuple[Found, ...]]]:
    parts = frozenset[str]().union(*(task.parts for task in tasks))
    samples = samples_of(tasks)
    work = Work(
        partial(measure_piece, tools=tools),
        partial(alike, samples, tuple(sorted(parts)), run.comparison, tools=tools),
    )
    if run.cluster:
        with on_dask(work, run.cluster) as remote:
            yield remote
        return
    sweep_scratch()
    with single_threaded(parts), InProcess(work, run.workers, one_core_each()) as here:
        yield here


def _tools(run: RunSettings, paths: PathSettings) -> Tools:
    """By absolute paths, the same wherever they are used."""
    program = None
    if paths.ffmpeg:
        program = str(Path(shutil.which(paths.ffmpeg) or paths.ffmpeg).absolute())
    return Tools(
        program,
        paths.networks_folder.absolute(),
        chosen_blocks(run, paths),
        run.fetch_mb * MEGABYTE,
    )


def merge(
    run: RunSettings,
    paths: PathSettings,
    database: Database,
    done: Measured,
    went: Spread,
    log: Log,
) -> Merged:
    """Bring the finished shards into the database, and count what the machine failed at.

    Raises StoreError where a shard of this run is damaged already.
    """
    damaged = merge_shards(database, shard_folder(paths))
    prints = fingerprints(run, paths)
    found: dict[str, list[Setback]] = {}
    for clip_id, setback in done.setbacks:
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
        clips=done.clips,
        failed=done.failed,
        seconds=done.seconds,
        waiting=waiting,
        spread=went,
    )
