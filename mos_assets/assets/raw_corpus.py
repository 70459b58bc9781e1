"""The asset `raw_corpus`: label files and clips as they lie on disk, one row a clip."""

import dagster as dg

from mos_assets.assets.files import clips, label_files
from mos_assets.assets.lineage import CORPUS_SOURCES, column_lineage
from mos_assets.assets.naming import Group
from mos_assets.assets.platform import Platform
from mos_assets.assets.provenance import asset_tags, graph_code
from mos_assets.assets.reporting import (
    PREVIEW_ROWS,
    preview,
    table_metadata,
    user_errors,
)
from mos_assets.assets.templates import asset, check
from mos_assets.corpora import UNUSABLE_CLIP
from mos_assets.pipeline.ingest import ingest, needs_clips
from mos_assets.records import MOS_MAX, MOS_MIN, Severity
from mos_assets.store import (
    Database,
    corpus_rows,
    corpus_states,
    download_rows,
    rating_rows,
)
from mos_assets.store.corpus_states import CorpusState
from mos_assets.store.schema import RAW_CORPUS

REJECTED_SHOWN = 5
"""Rejected rows of a corpus that the log names one by one."""
REJECTED_PREVIEW = 20
RATERS_PREVIEW = 50
ATTRITION_WARNING = 0.10
"""Warn where more than this share of the labels has no usable clip."""


@asset(
    deps=[label_files, clips],
    code_version=graph_code,
    group=Group.CORPUS,
    kinds={"duckdb", "csv"},
    description=(
        "The corpora of MOS_CORPUS and MOS_TEST_CORPUS: one row a rated clip, with its label "
        "mapped to 1..5, its file and what the container says of it. Rows that could not be used "
        "are in `rejected_rows`, with the reason; tests and raters, where there are votes, in "
        "`rating_sessions` and `raters`. Table `raw_corpus` of mos_assets.duckdb in MOS_STORE."
    ),
)
def raw_corpus(context: dg.AssetExecutionContext, platform: Platform) -> dg.MaterializeResult:
    settings, database = platform.settings, platform.database
    with user_errors():
        done = ingest(settings.run, settings.paths, database, context.log.info)
    with user_errors(), database.held():
        states = corpus_states.corpus_states(database, settings.run.all_corpora, UNUSABLE_CLIP)
        for state in states:
            context.log.info(_headline(state))
            _warn_of_rejected(context, database, state)
        for corpus, finding in corpus_rows.read_findings(database, settings.run.all_corpora):
            context.log.warning(f"{corpus}: {finding.with_examples}")
        rows = corpus_rows.first_rows(database, settings.run.all_corpora, PREVIEW_ROWS)
        rejected = corpus_rows.rejected_table(database, settings.run.all_corpora, REJECTED_PREVIEW)
        failed = download_rows.failed_downloads(database, settings.run.all_corpora).values()
        sessions = rating_rows.session_table(database, settings.run.all_corpora)
        raters = rating_rows.rater_table(database, settings.run.all_corpora, RATERS_PREVIEW)
    return dg.MaterializeResult(
        tags=asset_tags(settings.run),
        metadata={
            **table_metadata(RAW_CORPUS, rows, rows=sum(state.clips for state in states)),
            **column_lineage(platform.naming, CORPUS_SOURCES),
            "corpora": ", ".join(settings.run.all_corpora),
            "unchanged_corpora": ", ".join(done.unchanged) or "none",
            "label_origin": ", ".join(sorted({str(state.label_origin) for state in states})),
            "clips_with_video": sum(state.filmed for state in states),
            "downloaded": done.downloaded,
            "downloads_failed": sum(passing for passing, _ in failed),
            "downloads_failed_permanently": sum(permanent for _, permanent in failed),
            "clips_opened": done.opened,
            "rejected_rows": sum(state.rejected for state in states),
            "rejected_preview": preview(rejected),
            "rating_sessions": preview(sessions),
            "raters": preview(raters),
        },
    )


def _headline(state: CorpusState) -> str:
    return (
        f"{state.name} {state.version}: {state.clips} rated clips, {state.filmed} with video, "
        f"{state.label_origin} labels, {state.rejected} rows rejected"
    )


def _warn_of_rejected(
    context: dg.AssetExecutionContext, database: Database, state: CorpusState
) -> None:
    for row in corpus_rows.rejected_table(database, [state.name], REJECTED_SHOWN).to_pylist():
        place = row["source"] if row["line"] is None else f"{row['source']}, line {row['line']}"
        context.log.warning(f"{state.name}: {place}: {row['clip_name'] or ''}: {row['reason']}")
    if state.rejected > REJECTED_SHOWN:
        context.log.warning(
            f"{state.name}: {state.rejected - REJECTED_SHOWN} more in the table rejected_rows and "
            "in the asset's metadata"
        )


@check(raw_corpus, blocking=True, description="Every MOS lies in 1..5 and there is at least one.")
def labels_in_range(platform: Platform) -> dg.AssetCheckResult:
    with user_errors(), platform.database.held():
        names, database = platform.settings.run.all_corpora, platform.database
        states = corpus_states.corpus_states(database, names, UNUSABLE_CLIP)
        outside = corpus_states.labels_outside(database, names, MOS_MIN, MOS_MAX)
    labels = sum(state.clips for state in states)
    return dg.AssetCheckResult(
        passed=labels > 0 and not outside,
        metadata={
            "labels": labels,
            "outside": len(outside),
            "first": ", ".join(outside[:5]),
        },
    )


@check(
    raw_corpus,
    blocking=True,
    description="Ratings, groups and names can be what their corpus declares. What cannot be right "
    "stops the run before anything is measured; what may be right is a warning, and stands in "
    "report and card.",
)
def labels_as_declared(platform: Platform) -> dg.AssetCheckResult:
    with user_errors(), platform.database.held():
        found = corpus_rows.read_findings(platform.database, platform.settings.run.all_corpora)
    blocking = [each for _, each in found if each.severity is Severity.BLOCKS]
    sentences = [f"{corpus}: {finding.with_examples}" for corpus, finding in found]
    return dg.AssetCheckResult(
        passed=not found,
        severity=dg.AssetCheckSeverity.ERROR if blocking else dg.AssetCheckSeverity.WARN,
        description=" ".join(sentences) or None,
        metadata={"blocking": len(blocking), "warnings": len(found) - len(blocking)},
    )


@check(
    raw_corpus,
    blocking=True,
    description="Every row of every label file stands behind a clip or is a rejected row.",
)
def rows_add_up(platform: Platform) -> dg.AssetCheckResult:
    with user_errors(), platform.database.held():
        accounts = corpus_rows.account_table(platform.database, platform.settings.run.all_corpora)
    open_accounts = [
        f"{row['corpus']}/{row['source']}: {row['rows']} rows, {row['used']} used, "
        f"{row['rejected']} rejected"
        for row in accounts.to_pylist()
        if row["rows"] != row["used"] + row["rejected"]
    ]
    return dg.AssetCheckResult(
        passed=accounts.num_rows > 0 and not open_accounts,
        metadata={
            "accounts": preview(accounts.slice(0, REJECTED_PREVIEW)),
            "open": ", ".join(open_accounts[:REJECTED_PREVIEW]) or "none",
        },
    )


@check(raw_corpus, blocking=True, description="No clip id and no file stands in the table twice.")
def clips_unique(platform: Platform) -> dg.AssetCheckResult:
    with user_errors(), platform.database.held():
        twice = corpus_states.standing_twice(platform.database, platform.settings.run.all_corpora)
    return dg.AssetCheckResult(
        passed=not twice, metadata={"twice": len(twice), "first": ", ".join(twice[:5])}
    )


@check(
    raw_corpus,
    description="No rater goes against the panel: uses the scale upside down, always says the "
    "same, or votes without looking. A warning, since p913 gives such votes little weight.",
)
def raters_agree(platform: Platform) -> dg.AssetCheckResult:
    names, database = platform.settings.run.corpora, platform.database
    with user_errors(), platform.database.held():
        judged = rating_rows.rater_count(database, names)
        against = rating_rows.raters_against(database, names)
    return dg.AssetCheckResult(
        passed=not against,
        severity=dg.AssetCheckSeverity.WARN,
        description="; ".join(
            f"{corpus}: {rater.rater} "
            + (
                "always voted the same"
                if rater.agreement is None
                else f"correlates {rater.agreement:.2f} with the others"
            )
            + f", over {rater.n} votes"
            for corpus, rater in against[:REJECTED_SHOWN]
        )
        or None,
        metadata={"raters": judged, "against": len(against)},
    )


@check(
    raw_corpus,
    description="At most a tenth of the labels of each corpus lacks a usable clip; a warning, and "
    "normal where the features come from tables.",
)
def clips_present(platform: Platform) -> dg.AssetCheckResult:
    settings = platform.settings
    with user_errors(), platform.database.held():
        needed = needs_clips(settings.run.features)
        states = corpus_states.corpus_states(
            platform.database, settings.run.all_corpora, UNUSABLE_CLIP
        )
        failed = download_rows.failed_downloads(platform.database, settings.run.all_corpora)
    # No clip at all is a corpus without clips, unless they were asked for and did not come.
    # A large corpus must not hide what a small one lacks.
    short = [
        state
        for state in states
        if needed
        and state.share > ATTRITION_WARNING
        and (state.missing < state.labels or any(failed[state.name]))
    ]
    return dg.AssetCheckResult(
        passed=not short,
        severity=dg.AssetCheckSeverity.WARN,
        description="; ".join(
            f"{state.name}: {state.missing} of {state.labels} labels have no usable clip"
            for state in short
        )
        or None,
        metadata={
            "labels": sum(state.labels for state in states),
            "without_usable_clip": sum(state.missing for state in states),
            "share": dg.MetadataValue.json({s.name: round(s.share, 4) for s in states}),
            "downloads_failed": sum(map(sum, failed.values())),
        },
    )
