"""The asset `clip_measurements`: each clip decoded once, never again under the same settings."""

from collections.abc import Sequence

import dagster as dg
import pyarrow as pa

from mos_assets.assets.lineage import column_lineage, measurement_sources
from mos_assets.assets.naming import Group
from mos_assets.assets.platform import Platform
from mos_assets.assets.provenance import asset_tags
from mos_assets.assets.raw_corpus import raw_corpus
from mos_assets.assets.reporting import (
    PREVIEW_ROWS,
    known,
    preview,
    table_metadata,
    user_errors,
)
from mos_assets.assets.templates import asset, check
from mos_assets.cluster import Spread
from mos_assets.features import DECODE_CHECK_VERSION, figure_notes, picture_extractors
from mos_assets.pipeline import measure as pipeline
from mos_assets.pipeline.setbacks import setbacks_told
from mos_assets.records import NotedSetback
from mos_assets.store.schema import CLIP_MEASUREMENTS


def _extractors() -> str:
    """The extractors that come with the package, each with the version of its figures, and that of
    what refuses a clip."""
    versions = [f"{name}-{each.version}" for name, each in picture_extractors().items()]
    return ",".join([*versions, f"decode-check-{DECODE_CHECK_VERSION}"])


@asset(
    deps=[raw_corpus],
    code_version=_extractors,
    group=Group.FEATURES,
    kinds={"ffmpeg", "pytorch", "parquet"},
    description=(
        "The expensive one. Each clip is decoded once for every extractor that the chosen features "
        "need, and libvmaf compares it with the configured reference; by this process, or by the "
        "workers of MOS_CLUSTER. Keyed by the clip's bytes and the extractor's fingerprint, so "
        "nothing is ever measured twice. Parquet files in shards/ of MOS_STORE, and table "
        "`clip_measurements`."
    ),
)
def clip_measurements(
    context: dg.AssetExecutionContext, platform: Platform
) -> dg.MaterializeResult:
    settings = platform.settings
    with user_errors():
        merged = pipeline.measure(settings.run, settings.paths, platform.database, context.log)
    spread = merged.spread
    return dg.MaterializeResult(
        tags=asset_tags(settings.run),
        metadata={
            **table_metadata(CLIP_MEASUREMENTS, merged.rows, figure_notes()),
            **column_lineage(platform.naming, measurement_sources()),
            "fingerprints": dg.MetadataValue.json(dict(merged.fingerprints)),
            "clips_measured_in_this_run": merged.clips,
            "clips_failed_in_this_run": merged.failed,
            **known(
                seconds_a_clip=round(merged.seconds / merged.clips, 2) if merged.clips else None
            ),
            "measurements_without_figures": merged.without_figures,
            "measurements_to_try_again": len(merged.waiting) - merged.given_up,
            "measurements_given_up_for_now": merged.given_up,
            "setbacks": preview(_setback_table(merged.waiting)),
            "workers": preview(_worker_table(spread)),
            "pieces": spread.pieces,
            "pieces_tried_again": spread.again,
            "workers_lost": spread.lost,
            "clips_that_end_workers": spread.set_aside,
        },
    )


@check(
    clip_measurements,
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


def _worker_table(spread: Spread) -> pa.Table:
    """The busiest workers, and those that were refused, as a table to show."""
    busy = sorted(spread.workers.items(), key=lambda pair: (-pair[1], pair[0]))
    rows = [(name, clips, "") for name, clips in busy]
    refused = [
        (name, spread.workers.get(name, 0), why) for name, why in sorted(spread.refused.items())
    ]
    shown = [*refused[:PREVIEW_ROWS], *rows[:PREVIEW_ROWS]]
    return pa.table(
        {
            "worker": [name for name, _, _ in shown],
            "clips": [clips for _, clips, _ in shown],
            "refused": [why for _, _, why in shown],
        }
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
