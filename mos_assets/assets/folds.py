"""The asset `folds`: which clip is judged in which fold, and its checks."""

from collections import Counter
from collections.abc import Sequence

import dagster as dg

from mos_assets.assets.extracted_features import extracted_features
from mos_assets.assets.platform import Platform
from mos_assets.assets.provenance import asset_tags
from mos_assets.assets.reporting import OWNERS, preview, table_metadata, user_errors
from mos_assets.errors import CorpusError
from mos_assets.evaluation import FoldRow, assign_folds
from mos_assets.records import Clip, Severity
from mos_assets.store import Database, corpus_rows, feature_rows, fold_rows, provenance

TEST_PART = ("konvid-150k", "b")
"""The part that its authors set apart for testing; it never trains."""


def _require_sound_labels(database: Database, corpora: Sequence[str]) -> None:
    """Raise CorpusError for labels that cannot be right: a run may have left the check out."""
    for corpus, finding in corpus_rows.read_findings(database, corpora):
        if finding.severity is Severity.BLOCKS:
            raise CorpusError(f"Corpus {corpus!r} is not trained on. {finding.with_examples}")


@dg.asset(
    deps=[extracted_features],
    group_name="head",
    owners=OWNERS,
    kinds={"duckdb"},
    description=(
        "Clip → fold: grouped by content and by bytes, balanced in rows and in mean MOS, and kept: "
        "a clip never changes its fold when others arrive. Tables `folds` and `fold_groups`."
    ),
)
def folds(context: dg.AssetExecutionContext, platform: Platform) -> dg.MaterializeResult:
    settings, database = platform.settings, platform.database
    scope = ",".join(settings.corpora)
    with user_errors():
        provenance.require(database, provenance.FEATURES, settings.feature_scope)
        _require_sound_labels(database, settings.corpora)
        chosen = feature_rows.training_clip_ids(database, gaps=settings.imputes)
        clips = [
            clip
            for clip in corpus_rows.read_clips(database, settings.corpora)
            if clip.clip_id in chosen
        ]
        corpus_of = {clip.clip_id: clip.corpus for clip in clips}
        assignment = assign_folds(
            [_row(clip) for clip in clips],
            settings.folds,
            fold_rows.known_fold_groups(database, scope, settings.folds),
        )
        fold_rows.write_folds(
            database,
            scope=scope,
            n_folds=settings.folds,
            group_folds=assignment.group_folds,
            rows=[
                (row.clip_id, corpus_of[row.clip_id], row.group, row.fold)
                for row in assignment.folds
            ],
        )
        provenance.write(database, provenance.SPLIT, settings.fold_scope, assignment.sha256)
        table = fold_rows.fold_table(database)
        summary = fold_rows.fold_summary(database)
    for note in assignment.notes:
        context.log.warning(note)
    return dg.MaterializeResult(
        tags=asset_tags(settings),
        metadata={
            **table_metadata(table),
            "folds": preview(summary),
            "assignment_sha256": assignment.sha256,
            "notes": "\n".join(assignment.notes) or "none",
        },
    )


def _row(clip: Clip) -> FoldRow:
    return FoldRow(
        clip_id=clip.clip_id,
        group=clip.content_group,
        mos=clip.mos,
        sha256=clip.sha256,
        trainable=(clip.corpus, clip.part) != TEST_PART,
    )


@dg.asset_check(
    asset=folds, blocking=True, description="Every clip that trains stands in exactly one fold."
)
def folds_disjoint(platform: Platform) -> dg.AssetCheckResult:
    with user_errors():
        rows = fold_rows.fold_table(platform.database)
        chosen = feature_rows.training_clip_ids(platform.database, gaps=platform.settings.imputes)
    counts = Counter(rows["clip_id"].to_pylist())
    missing = sorted(chosen - set(counts))
    twice = sorted(name for name, count in counts.items() if count > 1)
    return dg.AssetCheckResult(
        passed=not missing and not twice,
        metadata={"missing": len(missing), "twice": len(twice)},
    )


@dg.asset_check(
    asset=folds, blocking=True, description="No content, and no bytes, lie in two folds."
)
def folds_grouped(platform: Platform) -> dg.AssetCheckResult:
    with user_errors():
        torn = fold_rows.torn_contents(platform.database)
    return dg.AssetCheckResult(
        passed=not torn, metadata={"torn": len(torn), "first": ", ".join(torn[:5])}
    )
