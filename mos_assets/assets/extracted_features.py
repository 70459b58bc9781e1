"""The asset `extracted_features`: the chosen feature blocks of every clip, and its checks."""

import dagster as dg

from mos_assets.assets.clip_measurements import clip_measurements, fingerprints
from mos_assets.assets.platform import Platform
from mos_assets.assets.provenance import asset_tags
from mos_assets.assets.raw_corpus import raw_corpus
from mos_assets.assets.reporting import OWNERS, escape, preview, table_metadata, user_errors
from mos_assets.assets.setbacks import waiting_for
from mos_assets.assets.shot_metadata import shot_metadata
from mos_assets.corpora import (
    join_table,
    label_columns,
    load_feature_tables,
    measured_direction,
)
from mos_assets.evaluation import LEAK_CORRELATION, leaking_features
from mos_assets.extraction import (
    CorpusFigures,
    ReferencePolicy,
    ShotFeatures,
    assemble,
    columns_of,
    parse_blocks,
)
from mos_assets.settings import Settings
from mos_assets.store import Database, corpus_rows, feature_rows, measurement_rows, provenance


@dg.asset(
    deps=[raw_corpus, clip_measurements, shot_metadata],
    group_name="features",
    owners=OWNERS,
    kinds={"duckdb"},
    description=(
        "One row a clip with the columns of MOS_FEATURES, each measured or from a table in "
        "<corpus>/features/. A row that lacks a feature is kept, marked incomplete with the "
        "reason, and does not train. Table `extracted_features`; coverage per column in "
        "`feature_coverage`."
    ),
)
def extracted_features(
    context: dg.AssetExecutionContext, platform: Platform
) -> dg.MaterializeResult:
    settings, database = platform.settings, platform.database
    with user_errors():
        blocks = parse_blocks(settings.features)
        corpora = [gather(settings, database, name) for name in settings.corpora]
        matrix = assemble(corpora, blocks)
        feature_rows.write_features(database, matrix)
        provenance.write(database, provenance.FEATURES, settings.feature_scope)
        table = feature_rows.feature_table(database)
        coverage = feature_rows.coverage_table(database)
    complete = sum(reason is None for reason in matrix.reasons)
    context.log.info(
        f"{complete} of {len(matrix.clip_ids)} clips have all {len(matrix.feature_order)} features"
    )
    strays = {
        f"{corpus.name}/{joined.name}": len(joined.unmatched)
        for corpus in corpora
        for joined in corpus.tables
    }
    left_out = {
        f"{corpus.name}/{joined.name}": list(joined.left_out)
        for corpus in corpora
        for joined in corpus.tables
        if joined.left_out
    }
    return dg.MaterializeResult(
        tags=asset_tags(settings),
        metadata={
            **table_metadata(table),
            "complete_rows": complete,
            "incomplete_rows": len(matrix.clip_ids) - complete,
            "coverage": preview(coverage),
            "fingerprints": dg.MetadataValue.json(sorted(set(matrix.fingerprints))),
            "table_rows_without_a_clip": dg.MetadataValue.json(strays),
            "table_columns_left_out": dg.MetadataValue.json(left_out),
        },
    )


def gather(settings: Settings, database: Database, name: str) -> CorpusFigures:
    """All figures of one corpus, from the store and from its feature tables."""
    clips = corpus_rows.read_clips(database, [name])
    prints = fingerprints(settings)
    return CorpusFigures(
        name=name,
        clips=clips,
        measured={
            **waiting_for(database, prints.values()),
            **{
                (found.content, found.part): found
                for found in measurement_rows.read_measurements(database, prints.values())
            },
        },
        part_fingerprints=prints,
        policy=ReferencePolicy(settings.reference),
        shots={
            row.clip_id: ShotFeatures(columns_of(row), row.fingerprint)
            for row in measurement_rows.read_shots(database, [name])
        },
        tables=tuple(
            join_table(clips, table) for table in load_feature_tables(name, settings.corpus_folder)
        ),
    )


@dg.asset_check(
    asset=extracted_features,
    blocking=True,
    description="There are rows that train; incomplete ones are counted by reason, and train only "
    "with MOS_MISSING=impute.",
)
def features_complete(platform: Platform) -> dg.AssetCheckResult:
    with user_errors():
        counts = feature_rows.incomplete_reasons(platform.database)
        training = len(
            feature_rows.training_clip_ids(platform.database, gaps=platform.settings.imputes)
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
                "\n".join(f"- {count} × {escape(reason)}" for reason, count in counts[:20])
                or "none"
            ),
        },
    )


@dg.asset_check(
    asset=extracted_features,
    description="Every feature varies over the complete rows; a constant one carries nothing.",
)
def features_not_constant(platform: Platform) -> dg.AssetCheckResult:
    with user_errors():
        constant = feature_rows.constant_features(platform.database)
    return dg.AssetCheckResult(
        passed=not constant,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"without variance: {', '.join(constant)}" if constant else None,
        metadata={"constant": dg.MetadataValue.json(list(constant))},
    )


@dg.asset_check(
    asset=extracted_features,
    blocking=True,
    description="All complete rows carry one extractor fingerprint, so that they are comparable.",
)
def one_fingerprint(platform: Platform) -> dg.AssetCheckResult:
    with user_errors():
        prints = feature_rows.complete_fingerprints(platform.database)
    return dg.AssetCheckResult(
        passed=len(prints) <= 1, metadata={"fingerprints": dg.MetadataValue.json(list(prints))}
    )


def carried_labels(settings: Settings) -> list[str]:
    """Columns of the corpora's feature tables that are ratings by their names, a sentence each."""
    return [
        f"table {corpus}/{table.name} has a column {column!r}"
        for corpus in settings.corpora
        for table in load_feature_tables(corpus, settings.corpus_folder)
        for column in label_columns(table)
    ]


def feature_doubts(settings: Settings, database: Database) -> list[str]:
    """What may be wrong with the features, a sentence each, for report and card."""
    names, values, mos = feature_rows.features_with_labels(database)
    leaks = leaking_features(names, values, mos)
    return [*(leak.sentence for leak in leaks), *carried_labels(settings)]


@dg.asset_check(
    asset=extracted_features,
    blocking=True,
    description="Clips that are nearer to their pristine files are not rated lower: a scale that "
    "runs the other way than declared inverts the head. Asked under MOS_REFERENCE=source only.",
)
def ratings_rise_with_quality(platform: Platform) -> dg.AssetCheckResult:
    settings = platform.settings
    against: tuple[str, ...] = ()
    if settings.reference == ReferencePolicy.SOURCE:
        with user_errors():
            against = measured_direction(*feature_rows.features_with_labels(platform.database))
    return dg.AssetCheckResult(passed=not against, description="; ".join(against) or None)


@dg.asset_check(
    asset=extracted_features,
    blocking=True,
    description="No feature is the label itself, which stops the run; and a warning where one "
    "follows the label more closely than measures do, takes votes of one person for figures, or "
    "where a feature table carries columns with names of ratings: published tables with that fault "
    "exist, and a head trained on one has seen the answers.",
)
def no_leak(platform: Platform) -> dg.AssetCheckResult:
    settings = platform.settings
    with user_errors():
        names, values, mos = feature_rows.features_with_labels(platform.database)
        carried = carried_labels(settings)
    leaks = leaking_features(names, values, mos)
    certain = [leak.feature for leak in leaks if leak.is_certain]
    found = [leak.sentence for leak in leaks]
    remedy = [f"remove {', '.join(certain)} from the feature table"] if certain else []
    return dg.AssetCheckResult(
        passed=not found and not carried,
        severity=dg.AssetCheckSeverity.ERROR if certain else dg.AssetCheckSeverity.WARN,
        description="; ".join([*found, *carried, *remedy]) or None,
        metadata={
            "above": LEAK_CORRELATION,
            "features": dg.MetadataValue.json(found),
            "label_columns": dg.MetadataValue.json(carried),
        },
    )
