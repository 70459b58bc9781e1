"""The asset `extracted_features`: the chosen feature blocks of every clip, and its checks."""

from dataclasses import replace

import dagster as dg

from mos_assets.assets.clip_measurements import clip_measurements
from mos_assets.assets.files import feature_tables
from mos_assets.assets.lineage import column_lineage, feature_sources
from mos_assets.assets.naming import Group
from mos_assets.assets.platform import Platform
from mos_assets.assets.provenance import asset_tags, graph_code
from mos_assets.assets.raw_corpus import raw_corpus
from mos_assets.assets.reporting import PREVIEW_ROWS, preview, table_metadata, user_errors
from mos_assets.assets.shot_metadata import shot_metadata
from mos_assets.assets.templates import asset, check
from mos_assets.evaluation import LEAK_CORRELATION
from mos_assets.features import Column, column_notes
from mos_assets.pipeline.assemble import Assembled, assemble, falling_ratings, find_leaks
from mos_assets.records import ProofStatus
from mos_assets.reporting.markdown import cell
from mos_assets.store import declared_rows, feature_rows
from mos_assets.store.schema import EXTRACTED_FEATURES


@asset(
    deps=[raw_corpus, clip_measurements, shot_metadata, feature_tables],
    code_version=graph_code,
    group=Group.FEATURES,
    kinds={"duckdb"},
    description=(
        "One row a clip with the columns of MOS_FEATURES, each measured or from a table in "
        "`<corpus>/features/`. A row that lacks a feature is kept, marked incomplete with the "
        "reason, and does not train. Table `extracted_features`; coverage per column in "
        "`feature_coverage`."
    ),
)
def extracted_features(
    context: dg.AssetExecutionContext, platform: Platform
) -> dg.MaterializeResult:
    settings, database = platform.settings, platform.database
    with user_errors():
        done = assemble(settings.run, settings.paths, database, context.log)
    with user_errors(), database.held():
        table = feature_rows.feature_table(database, PREVIEW_ROWS)
        coverage = feature_rows.coverage_table(database)
    context.log.info(
        f"{done.complete} of {done.rows} clips have all {len(done.feature_order)} features"
    )
    return dg.MaterializeResult(
        tags=asset_tags(settings.run),
        metadata={
            **table_metadata(EXTRACTED_FEATURES, table, _notes(done), rows=done.rows),
            **column_lineage(
                platform.naming,
                feature_sources(done.feature_order, done.fingerprints),
            ),
            "complete_rows": done.complete,
            "incomplete_rows": done.rows - done.complete,
            "coverage": preview(coverage),
            "fingerprints": dg.MetadataValue.json(done.fingerprints),
            "table_rows_without_a_clip": dg.MetadataValue.json(dict(done.strays)),
            "table_columns_left_out": dg.MetadataValue.json(dict(done.left_out)),
        },
    )


def _notes(done: Assembled) -> list[Column]:
    """What each column is, by where the rows of every corpus have it from."""
    notes = [column_notes(done.feature_order, each) for each in done.fingerprints]
    return [
        replace(column, source=" / ".join(dict.fromkeys(each.source for each in (column, *others))))
        for column, *others in zip(*notes, strict=True)
    ]


@check(
    extracted_features,
    blocking=True,
    description="There are rows that train; incomplete ones are counted by reason, and train only "
    "with MOS_MISSING=impute.",
)
def features_complete(platform: Platform) -> dg.AssetCheckResult:
    with user_errors(), platform.database.held():
        counts = feature_rows.incomplete_reasons(platform.database)
        training = len(
            feature_rows.training_clip_ids(platform.database, gaps=platform.settings.run.imputes)
        )
        rows = feature_rows.row_count(platform.database)
    first = counts[0] if counts else None
    return dg.AssetCheckResult(
        passed=training > 0,
        description=None
        if first is None
        else f"{rows - training} rows do not train; most often incomplete: {first[0]}",
        metadata={
            "training": training,
            "complete": rows - sum(count for _, count in counts),
            "incomplete": dg.MetadataValue.md(
                "\n".join(f"- {count} × {cell(reason)}" for reason, count in counts[:20]) or "none"
            ),
        },
    )


@check(
    extracted_features,
    description="Every feature varies over the complete rows; a constant one carries nothing.",
)
def features_not_constant(platform: Platform) -> dg.AssetCheckResult:
    with user_errors(), platform.database.held():
        constant = feature_rows.constant_features(platform.database)
    return dg.AssetCheckResult(
        passed=not constant,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"without variance: {', '.join(constant)}" if constant else None,
        metadata={"constant": dg.MetadataValue.json(list(constant))},
    )


@check(
    extracted_features,
    blocking=True,
    description="All complete rows carry one extractor fingerprint, so that they are comparable.",
)
def one_fingerprint(platform: Platform) -> dg.AssetCheckResult:
    with user_errors(), platform.database.held():
        prints = feature_rows.complete_fingerprints(platform.database)
    return dg.AssetCheckResult(
        passed=len(prints) <= 1, metadata={"fingerprints": dg.MetadataValue.json(list(prints))}
    )


@check(
    extracted_features,
    description="Feature tables declared to come from an extractor hold what it measures in "
    "the clips that are here; one that does not is taken for a table of foreign origin. A warning, "
    "too, where features come from a declared table and there is no clip to prove it by.",
)
def declared_features_hold(platform: Platform) -> dg.AssetCheckResult:
    settings = platform.settings
    with user_errors(), platform.database.held():
        used, every = (
            declared_rows.read_declared(platform.database, settings.run.corpora, used=used)
            for used in (True, False)
        )
        table = declared_rows.declared_table(platform.database)
    failed = [each for each in every if each.status is ProofStatus.FAILED]
    unproved = [each for each in used if each.status is ProofStatus.UNPROVED]
    return dg.AssetCheckResult(
        passed=not failed and not unproved,
        severity=dg.AssetCheckSeverity.WARN,
        description="; ".join(each.sentence for each in (*failed, *unproved))
        or "; ".join(each.sentence for each in every)
        or "no feature table is declared",
        metadata={"declared": preview(table)},
    )


@check(
    extracted_features,
    blocking=True,
    description="Clips that are nearer to their pristine files are not rated lower: a scale that "
    "runs the other way than declared inverts the head. Asked under MOS_REFERENCE=source only.",
)
def ratings_rise_with_quality(platform: Platform) -> dg.AssetCheckResult:
    with user_errors():
        against = falling_ratings(platform.settings.run.reference, platform.database)
    return dg.AssetCheckResult(passed=not against, description="; ".join(against) or None)


@check(
    extracted_features,
    blocking=True,
    description="No feature is the label itself, which stops the run; and a warning where one "
    "follows the label more closely than measures do, takes votes of one person for figures, or "
    "where a feature table carries columns with names of ratings: published tables with that fault "
    "exist, and a head trained on one has seen the answers.",
)
def no_leak(platform: Platform) -> dg.AssetCheckResult:
    settings = platform.settings
    with user_errors():
        found = find_leaks(settings.run, settings.paths, platform.database)
    sentences = [leak.sentence for leak in found.leaks]
    certain = [leak.feature for leak in found.leaks if leak.is_certain]
    remedy = [f"remove {', '.join(certain)} from the feature table"] if certain else []
    return dg.AssetCheckResult(
        passed=not found.leaks and not found.label_columns,
        severity=dg.AssetCheckSeverity.ERROR if certain else dg.AssetCheckSeverity.WARN,
        description="; ".join([*sentences, *found.label_columns, *remedy]) or None,
        metadata={
            "above": LEAK_CORRELATION,
            "features": dg.MetadataValue.json(sentences),
            "label_columns": dg.MetadataValue.json(list(found.label_columns)),
        },
    )
