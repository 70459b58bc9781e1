"""The asset `clip_measurements`: each clip decoded once, never again under the same settings."""

from collections.abc import Iterator, Sequence

import dagster as dg
import pyarrow as pa

from mos_assets.assets.platform import Platform
from mos_assets.assets.reporting import (
    OWNERS,
    PREVIEW_ROWS,
    preview,
    table_metadata,
    user_errors,
)
from mos_assets.features import figure_notes
from mos_assets.pipeline import measure as pipeline
from mos_assets.pipeline.measure import Shard
from mos_assets.pipeline.progress import Measured
from mos_assets.pipeline.setbacks import setbacks_told
from mos_assets.records import NotedSetback


@dg.op(ins={"raw_corpus": dg.In(dg.Nothing)}, out=dg.DynamicOut(), description="What is missing.")
def plan(context: dg.OpExecutionContext, platform: Platform) -> Iterator[dg.DynamicOutput[Shard]]:
    settings = platform.settings
    with user_errors():
        shards = pipeline.plan_shards(settings.run, settings.paths, platform.database, context.log)
    for shard in shards:
        yield dg.DynamicOutput(shard, mapping_key=shard.key)


@dg.op(description="Decode, measure and write one shard.")
def measure(context: dg.OpExecutionContext, platform: Platform, shard: Shard) -> Measured:
    settings = platform.settings
    with user_errors():
        return pipeline.measure_shard(settings.run, settings.paths, shard, context.log)


@dg.op(description="Bring finished shards into the database.")
def merge(context: dg.OpExecutionContext, platform: Platform, done: list[Measured]) -> None:
    settings = platform.settings
    with user_errors():
        merged = pipeline.merge(settings.run, settings.paths, platform.database, done, context.log)
    context.add_output_metadata(
        {
            **table_metadata(merged.rows, figure_notes()),
            "fingerprints": dg.MetadataValue.json(dict(merged.fingerprints)),
            "clips_measured_in_this_run": merged.clips,
            "clips_failed_in_this_run": merged.failed,
            "seconds_a_clip": round(merged.seconds / merged.clips, 2) if merged.clips else None,
            "measurements_without_figures": merged.without_figures,
            "measurements_to_try_again": len(merged.waiting) - merged.given_up,
            "measurements_given_up_for_now": merged.given_up,
            "setbacks": preview(_setback_table(merged.waiting)),
        }
    )


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
    settings = platform.settings
    with user_errors():
        waiting = pipeline.waiting_measurements(settings.run, settings.paths, platform.database)
    return dg.AssetCheckResult(
        passed=not waiting,
        severity=dg.AssetCheckSeverity.WARN,
        description=setbacks_told(waiting) if waiting else None,
        metadata={"setbacks": preview(_setback_table(waiting))},
    )


def _setback_table(waiting: Sequence[NotedSetback]) -> pa.Table:
    """The first of them as a table to show."""
    shown = waiting[:PREVIEW_ROWS]
    return pa.table(
        {
            "clip": [noted.clip_id for noted in shown],
            "part": [noted.setback.part for noted in shown],
            "attempts": [noted.attempts for noted in shown],
            "given up": [str(noted.given_up) for noted in shown],
            "last reason": [noted.setback.reason for noted in shown],
        }
    )
