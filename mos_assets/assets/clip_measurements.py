"""The asset `clip_measurements`: each clip decoded once, and never again under the same settings.

A graph of three steps: plan what is missing, measure it shard by shard, merge. Only the merge
writes to the database, so shards can run anywhere that sees the store folder.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import dagster as dg

from mos_assets.assets.platform import Platform
from mos_assets.assets.progress import Measured, Progress
from mos_assets.assets.reporting import OWNERS, preview, table_metadata, user_errors
from mos_assets.assets.setbacks import setback_table, setbacks_told
from mos_assets.corpora import has_external_shots
from mos_assets.errors import StoreError
from mos_assets.features import (
    SHARD_SUFFIX,
    SHOTS,
    ClipTask,
    Found,
    Journal,
    content_key,
    figure_notes,
    fingerprint,
    measure_clips,
    measuring,
    parse_blocks,
    recover_journals,
    required_parts,
)
from mos_assets.features.merging import merge_shards
from mos_assets.media.ffmpeg import find_ffmpeg
from mos_assets.records import Measurement, NotedSetback, Setback
from mos_assets.settings import Settings
from mos_assets.store import Database, corpus_rows, measurement_rows, setback_rows

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


def fingerprints(settings: Settings) -> dict[str, str]:
    """Fingerprint of each part that the chosen features need; empty where none needs a clip."""
    parts = required_parts(parse_blocks(settings.features))
    if not parts:
        return {}
    ffmpeg = find_ffmpeg(settings.ffmpeg or None)
    policy = settings.reference
    return {part: fingerprint(part, policy, ffmpeg) for part in sorted(parts)}


def plan_tasks(settings: Settings, database: Database) -> tuple[ClipTask, ...]:
    """What is not measured yet, one task a clip, in the order of the clip ids."""
    prints = fingerprints(settings)
    done = measurement_rows.measured_keys(database, prints.values())
    external = {
        name for name in settings.corpora if has_external_shots(name, settings.corpus_folder)
    }
    policy = settings.reference
    given_up = (
        s.setback for s in setback_rows.read_setbacks(database, prints.values()) if s.given_up
    )
    planned = set(done) | {(setback.content, setback.fingerprint) for setback in given_up}
    tasks: list[ClipTask] = []
    for clip in corpus_rows.read_clips(database, settings.corpora):
        if clip.path is None or clip.sha256 is None or clip.probe is None:
            continue
        missing = {
            part: (content_key(part, policy, clip.sha256, clip.reference_sha256), print_)
            for part, print_ in prints.items()
            if not (part == SHOTS and clip.corpus in external)
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
                    policy=policy,
                    reference_path=clip.reference_path,
                    reference_sha256=clip.reference_sha256,
                )
            )
    return tuple(tasks)


@dg.op(ins={"raw_corpus": dg.In(dg.Nothing)}, out=dg.DynamicOut(), description="What is missing.")
def plan(context: dg.OpExecutionContext, platform: Platform) -> Iterator[dg.DynamicOutput[Shard]]:
    settings, database = platform.settings, platform.database
    with user_errors():
        left = recover_journals(shard_folder(settings))
        damaged = (*left.damaged, *merge_shards(database, shard_folder(settings)))
        tasks = plan_tasks(settings, database)
    for sentence in damaged:
        context.log.warning(sentence)
    if left.clips:
        context.log.info(f"{left.clips} clips that a killed run had measured are kept")
    if required_parts(parse_blocks(settings.features)):
        context.log.info(f"{len(tasks)} clips to measure")
    else:
        context.log.info(f"{settings.features} needs no clip to be measured")
    prints = fingerprints(settings) if tasks else {}
    size = max(SMALLEST_SHARD, -(-len(tasks) // MOST_SHARDS))
    for start in range(0, len(tasks), size):
        some = tasks[start : start + size]
        key = _shard_key(some, prints)
        path = shard_folder(settings) / f"{key}{SHARD_SUFFIX}"
        yield dg.DynamicOutput(Shard(path, some, start, len(tasks)), mapping_key=key)


def _shard_key(tasks: Sequence[ClipTask], prints: Mapping[str, str]) -> str:
    """A name that only these clips, parts and fingerprints have."""
    digest = hashlib.sha256()
    for task in tasks:
        wanted = ",".join(f"{part}={prints[part]}" for part in sorted(task.parts))
        digest.update(f"{task.sha256} {task.reference_sha256} {wanted}\n".encode())
    return digest.hexdigest()[:16]


def shard_folder(settings: Settings) -> Path:
    """Where shards and their journals lie."""
    return settings.store_folder / "shards"


@dg.op(description="Decode, measure and write one shard.")
def measure(context: dg.OpExecutionContext, platform: Platform, shard: Shard) -> Measured:
    settings = platform.settings
    progress = Progress(context.log.info, done_before=shard.done_before, total=shard.total)
    journal = Journal(shard.path)
    lasting: list[Measurement] = []

    def note(task: ClipTask, found: tuple[Found, ...]) -> None:
        for measurement in found:
            if measurement.reason is not None:
                context.log.warning(f"{task.clip_id}: {measurement.reason}")
        kept = [row for row in found if isinstance(row, Measurement)]
        failed = [(task.clip_id, row) for row in found if isinstance(row, Setback)]
        journal.note(kept)
        lasting.extend(kept)
        progress.add(any(m.reason is not None for m in found), failed)

    with user_errors(), measuring(shard.path.parent):
        ffmpeg = find_ffmpeg(settings.ffmpeg or None)
        measure_clips(shard.tasks, ffmpeg, workers=settings.workers, on_done=note)
        journal.close(lasting)
    progress.end()
    return progress.result


@dg.op(description="Bring finished shards into the database.")
def merge(context: dg.OpExecutionContext, platform: Platform, done: list[Measured]) -> None:
    settings, database = platform.settings, platform.database
    with user_errors():
        damaged = merge_shards(database, shard_folder(settings))
        prints = fingerprints(settings)
        waiting = _note_setbacks(database, done, prints)
        if damaged:
            # Written within this run: the disk or the memory of this machine is not to be trusted.
            raise StoreError(f"{' '.join(damaged)} Check the disk, and run again.")
        rows = measurement_rows.measurement_table(
            database, corpus_rows.known_hashes(database, settings.corpora), prints.values()
        )
    given_up = [noted for noted in waiting if noted.given_up]
    if waiting:
        context.log.warning(setbacks_told(waiting))
    broken = rows.num_rows - rows["reason"].null_count
    clips, seconds = sum(shard.clips for shard in done), sum(shard.seconds for shard in done)
    context.add_output_metadata(
        {
            **table_metadata(rows, figure_notes()),
            "fingerprints": dg.MetadataValue.json(prints),
            "clips_measured_in_this_run": clips,
            "clips_failed_in_this_run": sum(shard.failed for shard in done),
            "seconds_a_clip": round(seconds / clips, 2) if clips else None,
            "measurements_without_figures": broken,
            "measurements_to_try_again": len(waiting) - len(given_up),
            "measurements_given_up_for_now": len(given_up),
            "setbacks": preview(setback_table(waiting)),
        }
    )


def _note_setbacks(
    database: Database, done: Sequence[Measured], prints: Mapping[str, str]
) -> tuple[NotedSetback, ...]:
    """Count what the machine failed at in this run; what still waits for a measurement."""
    found: dict[str, list[Setback]] = {}
    for shard in done:
        for clip_id, setback in shard.setbacks:
            found.setdefault(clip_id, []).append(setback)
    setback_rows.note_setbacks(database, found)
    return setback_rows.read_setbacks(database, prints.values())


@dg.graph_asset(
    ins={"raw_corpus": dg.AssetIn(dagster_type=dg.Nothing)},
    group_name="features",
    owners=OWNERS,
    kinds={"ffmpeg", "pytorch", "parquet"},
    description=(
        "The expensive one. Each clip is decoded once for every extractor that the chosen features "
        "need, and libvmaf compares it with the configured reference. Keyed by the clip's bytes "
        "and the extractor's fingerprint, so nothing is ever measured twice. Parquet files "
        "in shards/ of MOS_STORE, and table `clip_measurements`."
    ),
)
def clip_measurements(raw_corpus: None) -> None:
    return merge(plan(raw_corpus).map(measure).collect())  # type: ignore[no-any-return]


@dg.asset_check(
    asset=dg.AssetKey("clip_measurements"),
    description="No clip waits for a measurement that the machine failed at; such clips have no "
    "figures in this run, for no fault of theirs.",
)
def machine_did_not_fail(platform: Platform) -> dg.AssetCheckResult:
    settings, database = platform.settings, platform.database
    with user_errors():
        waiting = setback_rows.read_setbacks(database, fingerprints(settings).values())
    return dg.AssetCheckResult(
        passed=not waiting,
        severity=dg.AssetCheckSeverity.WARN,
        description=setbacks_told(waiting) if waiting else None,
        metadata={"setbacks": preview(setback_table(waiting))},
    )
