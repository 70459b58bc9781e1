"""The asset `clip_measurements`: each clip decoded once, and never again under the same settings.

A graph of three steps: plan what is missing, measure it shard by shard, merge. Only the merge
writes to the database, so shards can run anywhere that sees the store folder.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import dagster as dg

from mos_assets.assets.platform import Platform
from mos_assets.assets.progress import Progress
from mos_assets.assets.reporting import OWNERS, table_metadata, user_errors
from mos_assets.corpora import has_external_shots
from mos_assets.extraction import (
    SHOTS,
    ClipTask,
    ReferencePolicy,
    fingerprint,
    is_transient,
    measure_clips,
    measurement_table,
    parse_blocks,
    read_shard,
    required_parts,
    write_shard,
)
from mos_assets.media.ffmpeg import Ffmpeg, find_ffmpeg
from mos_assets.settings import Settings
from mos_assets.store import Database, corpus_rows, measurement_rows

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
    policy = ReferencePolicy(settings.reference)
    return {part: fingerprint(part, policy, ffmpeg) for part in sorted(parts)}


def plan_tasks(settings: Settings, database: Database) -> tuple[ClipTask, ...]:
    """What is not measured yet, one task a clip, in the order of the clip ids."""
    prints = fingerprints(settings)
    done = measurement_rows.measured_keys(database, prints.values())
    external = {
        name for name in settings.corpora if has_external_shots(name, settings.corpus_folder)
    }
    tasks: dict[str, ClipTask] = {}
    for clip in corpus_rows.read_clips(database, settings.corpora):
        if clip.path is None or clip.sha256 is None or clip.probe is None:
            continue
        parts = frozenset(
            part
            for part, print_ in prints.items()
            if (clip.sha256, print_) not in done and not (part == SHOTS and clip.corpus in external)
        )
        if parts and clip.sha256 not in tasks:
            tasks[clip.sha256] = ClipTask(
                clip_id=clip.clip_id,
                path=clip.path,
                sha256=clip.sha256,
                probe=clip.probe,
                parts=parts,
                policy=ReferencePolicy(settings.reference),
                reference_path=clip.reference_path,
                reference_sha256=clip.reference_sha256,
            )
    return tuple(tasks.values())


@dg.op(ins={"raw_corpus": dg.In(dg.Nothing)}, out=dg.DynamicOut(), description="What is missing.")
def plan(context: dg.OpExecutionContext, platform: Platform) -> Iterator[dg.DynamicOutput[Shard]]:
    settings, database = platform.settings, platform.database
    with user_errors():
        merge_shards(database, settings.store_folder)
        tasks = plan_tasks(settings, database)
    if required_parts(parse_blocks(settings.features)):
        context.log.info(f"{len(tasks)} clips to measure")
    else:
        context.log.info(f"{settings.features} needs no clip to be measured")
    size = max(SMALLEST_SHARD, -(-len(tasks) // MOST_SHARDS))
    for start in range(0, len(tasks), size):
        some = tasks[start : start + size]
        key = hashlib.sha256("".join(_name(task) for task in some).encode()).hexdigest()[:16]
        path = settings.store_folder / "shards" / f"{key}.parquet"
        yield dg.DynamicOutput(Shard(path, some, start, len(tasks)), mapping_key=key)


def _name(task: ClipTask) -> str:
    return f"{task.sha256}:{','.join(sorted(task.parts))};"


@dg.op(description="Decode, measure and write one shard.")
def measure(context: dg.OpExecutionContext, platform: Platform, shard: Shard) -> int:
    settings = platform.settings
    progress = Progress(context.log.info, done_before=shard.done_before, total=shard.total)
    names = {task.sha256: task.clip_id for task in shard.tasks}
    with user_errors():
        ffmpeg: Ffmpeg = find_ffmpeg(settings.ffmpeg or None)
        found = measure_clips(
            shard.tasks,
            ffmpeg,
            workers=settings.workers,
            on_done=lambda _, parts: progress.add(any(m.reason is not None for m in parts)),
        )
        measurements = [measurement for clip in found for measurement in clip]
        progress.end()
        for measurement in measurements:
            if measurement.reason is not None:
                context.log.warning(f"{names[measurement.sha256]}: {measurement.reason}")
        # What may succeed at the next try is not kept, so that the next run tries again.
        lasting = [m for m in measurements if m.reason is None or not is_transient(m.reason)]
        write_shard(shard.path, lasting)
    return progress.failed


@dg.op(description="Bring finished shards into the database.")
def merge(context: dg.OpExecutionContext, platform: Platform, failed: list[int]) -> None:
    settings, database = platform.settings, platform.database
    with user_errors():
        merge_shards(database, settings.store_folder)
        prints = fingerprints(settings)
        rows = measurement_rows.measurement_table(
            database, corpus_rows.known_hashes(database, settings.corpora), prints.values()
        )
    broken = rows.num_rows - rows["reason"].null_count
    context.add_output_metadata(
        {
            **table_metadata(rows),
            "fingerprints": dg.MetadataValue.json(prints),
            "clips_failed_in_this_run": sum(failed),
            "measurements_without_figures": broken,
        }
    )


def merge_shards(database: Database, store: Path) -> None:
    """Add every finished shard that the database does not hold yet, and remember its name."""
    merged = measurement_rows.merged_shards(database)
    for path in measurement_rows.shard_paths(store):
        if path.name not in merged:
            measurement_rows.add_shard(database, path.name, measurement_table(read_shard(path)))


@dg.graph_asset(
    ins={"raw_corpus": dg.AssetIn(dagster_type=dg.Nothing)},
    group_name="features",
    owners=OWNERS,
    kinds={"ffmpeg", "pytorch", "parquet"},
    description=(
        "The expensive one. Each clip is decoded once; libvmaf against the configured reference, "
        "shot boundaries by TransNet V2 and saliency are measured together. Keyed by the clip's "
        "bytes and the extractor's fingerprint, so nothing is ever measured twice. Parquet shards "
        "and table `clip_measurements`."
    ),
)
def clip_measurements(raw_corpus: None) -> None:
    return merge(plan(raw_corpus).map(measure).collect())  # type: ignore[no-any-return]
