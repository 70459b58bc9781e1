"""The asset `clip_scores`: a MOS for each clip that came in, and its checks."""

import dagster as dg

from mos_assets.assets.incoming_clips import incoming_clips
from mos_assets.assets.model_card import model_card
from mos_assets.assets.naming import Group
from mos_assets.assets.platform import Platform, lock_timeout
from mos_assets.assets.provenance import package_version
from mos_assets.assets.reporting import known, table_metadata, user_errors
from mos_assets.assets.templates import asset, check
from mos_assets.pipeline.incoming import NO_FOLDER
from mos_assets.pipeline.incoming_scores import score_incoming, week_of_scores
from mos_assets.scoring.drift import FALSE_ALARM_RATE, LEAST_DIFFERENCE, OUTSIDE_SHARE
from mos_assets.store.schema import CLIP_SCORES

NOT_SET = dg.AssetCheckResult(passed=True, description=NO_FOLDER)


@asset(
    deps=[incoming_clips, model_card],
    code_version=package_version,
    group=Group.SCORING,
    kinds={"ffmpeg", "onnx", "duckdb", "parquet"},
    description=(
        "The score of each clip in MOS_INCOMING by the released head, MOS_INCOMING_HEAD or the "
        "best in MOS_MODEL_DIR, or why it has none. A clip is scored once, and again when its "
        "bytes, its reference or the released head change. Works beside a retrain: the store is "
        "held only while rows are written. Table `clip_scores`, and the same as "
        "clip_scores.parquet in MOS_STORE. Without MOS_INCOMING nothing is read or written."
    ),
)
def clip_scores(context: dg.AssetExecutionContext, platform: Platform) -> dg.MaterializeResult:
    settings = platform.settings
    with user_errors():
        done = score_incoming(settings.run, settings.paths, context.log, lock_timeout())
    if done is None:
        return dg.MaterializeResult(metadata={"why": NO_FOLDER})
    # To load it with the definitions would cost every run a quarter of a second.
    import pyarrow.compute as pc

    return dg.MaterializeResult(
        metadata={
            **table_metadata(CLIP_SCORES, done.table),
            "head": done.head_id or "none",
            "why_no_head": done.why or "",
            "scored_in_this_run": done.scored,
            "without_a_score_in_this_run": done.unscored,
            "scored_before": done.known,
            "clips_being_written": done.changing,
            **known(mean_mos=pc.mean(done.table["mos"]).as_py()),
            "file": dg.MetadataValue.path(str(done.file)),
        }
    )


@check(
    clip_scores,
    description=f"Of the scored clips that arrived within seven days, at most {OUTSIDE_SHARE:.0%} "
    "lie outside the head's range: measured in another way than its training rows, or unlike them.",
)
def clips_in_range(platform: Platform) -> dg.AssetCheckResult:
    with user_errors():
        week = week_of_scores(platform.settings.paths, lock_timeout())
    if week is None:
        return NOT_SET
    found, _ = week
    return dg.AssetCheckResult(
        passed=found.share is None or found.share <= OUTSIDE_SHARE,
        severity=dg.AssetCheckSeverity.WARN,
        description="no clip of this week has a score"
        if found.share is None
        else f"{found.outside} of {found.scored} clips lie outside the head's range",
        metadata={
            **known(share=found.share),
            "limit": OUTSIDE_SHARE,
            "scored": found.scored,
            "outside": found.outside,
        },
    )


@check(
    clip_scores,
    description="Every clip that arrived within seven days has a score; a warning where a clip, a "
    "reference or the head is at fault. The column `reason` says what to do.",
)
def clips_scored(platform: Platform) -> dg.AssetCheckResult:
    with user_errors():
        week = week_of_scores(platform.settings.paths, lock_timeout())
    if week is None:
        return NOT_SET
    found, _ = week
    return dg.AssetCheckResult(
        passed=not found.unscored,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{found.unscored} of {found.unscored + found.scored} clips have no score"
        if found.unscored
        else None,
        metadata={"scored": found.scored, "without_a_score": found.unscored},
    )


@check(
    clip_scores,
    description="The mean score of the clips of the last seven days is that of the seven days "
    f"before: Welch's t, p below {FALSE_ALARM_RATE:g}, and {LEAST_DIFFERENCE:g} MOS apart at "
    "least, is drift. Scores by one head only.",
)
def no_drift(platform: Platform) -> dg.AssetCheckResult:
    with user_errors():
        week = week_of_scores(platform.settings.paths, lock_timeout())
    if week is None:
        return NOT_SET
    _, drift = week
    told = drift.reason
    if drift.drifted and drift.difference is not None:
        told = f"the mean score moved by {drift.difference:+.2f} MOS against last week"
    return dg.AssetCheckResult(
        passed=not drift.drifted,
        severity=dg.AssetCheckSeverity.WARN,
        description=told,
        metadata={
            **known(difference=drift.difference, p=drift.p),
            "this_week": drift.this_week,
            "last_week": drift.last_week,
        },
    )
