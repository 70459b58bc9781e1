"""The asset `folds`: which clip is judged in which fold, and its checks."""

from collections import Counter

import dagster as dg

from mos_assets.assets.extracted_features import extracted_features
from mos_assets.assets.lineage import FOLD_SOURCES, column_lineage
from mos_assets.assets.naming import Group
from mos_assets.assets.platform import Platform
from mos_assets.assets.provenance import asset_tags, graph_code
from mos_assets.assets.reporting import PREVIEW_ROWS, preview, table_metadata, user_errors
from mos_assets.assets.templates import asset, check
from mos_assets.pipeline.split import split
from mos_assets.store import feature_rows, fold_rows
from mos_assets.store.schema import FOLDS


@asset(
    deps=[extracted_features],
    code_version=graph_code,
    group=Group.HEAD,
    kinds={"duckdb"},
    description=(
        "Clip → fold: grouped by content and by bytes, balanced in rows and in mean MOS, and kept: "
        "a clip never changes its fold when others arrive. Tables `folds` and `fold_groups`."
    ),
)
def folds(context: dg.AssetExecutionContext, platform: Platform) -> dg.MaterializeResult:
    run, database = platform.settings.run, platform.database
    with user_errors(), database.held():
        done = split(run, database, context.log)
        table = fold_rows.fold_table(database, PREVIEW_ROWS)
        summary = fold_rows.fold_summary(database)
    for note in done.notes:
        context.log.warning(note)
    return dg.MaterializeResult(
        data_version=dg.DataVersion(done.sha256),
        tags=asset_tags(run),
        metadata={
            **table_metadata(FOLDS, table, rows=done.clips),
            **column_lineage(platform.naming, FOLD_SOURCES),
            "folds": preview(summary),
            "assignment_sha256": done.sha256,
            "notes": "\n".join(done.notes) or "none",
        },
    )


@check(folds, blocking=True, description="Every clip that trains stands in exactly one fold.")
def folds_disjoint(platform: Platform) -> dg.AssetCheckResult:
    with user_errors(), platform.database.held():
        rows = fold_rows.fold_table(platform.database)
        chosen = feature_rows.training_clip_ids(
            platform.database, gaps=platform.settings.run.imputes
        )
    counts = Counter(rows["clip_id"].to_pylist())
    missing = sorted(chosen - set(counts))
    twice = sorted(name for name, count in counts.items() if count > 1)
    return dg.AssetCheckResult(
        passed=not missing and not twice,
        metadata={"missing": len(missing), "twice": len(twice)},
    )


@check(folds, blocking=True, description="No content, and no bytes, lie in two folds.")
def folds_grouped(platform: Platform) -> dg.AssetCheckResult:
    with user_errors(), platform.database.held():
        torn = fold_rows.torn_contents(platform.database)
    return dg.AssetCheckResult(
        passed=not torn, metadata={"torn": len(torn), "first": ", ".join(torn[:5])}
    )
