"""The chosen feature blocks of every clip, and what may be wrong with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mos_assets.corpora import (
    join_table,
    label_columns,
    load_feature_tables,
    measured_direction,
)
from mos_assets.evaluation import leaking_features
from mos_assets.evaluation.leaks import Leak
from mos_assets.extraction import (
    CorpusFigures,
    ReferencePolicy,
    ShotFeatures,
    columns_of,
    parse_blocks,
)
from mos_assets.extraction import assemble as assemble_rows
from mos_assets.pipeline.measure import fingerprints
from mos_assets.pipeline.setbacks import waiting_for
from mos_assets.records import FeatureMatrix
from mos_assets.settings import Settings
from mos_assets.store import Database, corpus_rows, feature_rows, measurement_rows, provenance


@dataclass(frozen=True, slots=True)
class Assembled:
    """The features of all corpora, and what of their tables was not used."""

    matrix: FeatureMatrix
    strays: Mapping[str, int]
    """`corpus/table` → its rows that fit no clip."""
    left_out: Mapping[str, list[str]]
    """`corpus/table` → its columns that are no features."""

    @property
    def complete(self) -> int:
        """Rows that have every feature."""
        return sum(reason is None for reason in self.matrix.reasons)


def assemble(settings: Settings, database: Database) -> Assembled:
    """Write one row a clip with the columns of the chosen blocks.

    A row that lacks a feature is kept with the reason. Raises FeatureError and CorpusError for
    tables that cannot be used.
    """
    blocks = parse_blocks(settings.features)
    corpora = [gather(settings, database, name) for name in settings.corpora]
    matrix = assemble_rows(corpora, blocks)
    feature_rows.write_features(database, matrix)
    provenance.write(database, provenance.FEATURES, settings.feature_scope)
    joined = [
        (f"{corpus.name}/{table.name}", table) for corpus in corpora for table in corpus.tables
    ]
    return Assembled(
        matrix,
        strays={name: len(table.unmatched) for name, table in joined},
        left_out={name: list(table.left_out) for name, table in joined if table.left_out},
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


@dataclass(frozen=True, slots=True)
class LeakFindings:
    """Features that know the label."""

    leaks: tuple[Leak, ...]
    label_columns: tuple[str, ...]
    """Columns of feature tables that are ratings by their names, a sentence each."""

    @property
    def sentences(self) -> list[str]:
        return [*(leak.sentence for leak in self.leaks), *self.label_columns]


def find_leaks(settings: Settings, database: Database) -> LeakFindings:
    """What may be wrong with the features, for the check, the report and the card."""
    return LeakFindings(
        tuple(leaking_features(*feature_rows.features_with_labels(database))),
        tuple(
            f"table {corpus}/{table.name} has a column {column!r}"
            for corpus in settings.corpora
            for table in load_feature_tables(corpus, settings.corpus_folder)
            for column in label_columns(table)
        ),
    )


def falling_ratings(settings: Settings, database: Database) -> tuple[str, ...]:
    """Why the ratings seem to run the other way than declared; nothing without pristine files."""
    if settings.reference != ReferencePolicy.SOURCE:
        return ()
    return measured_direction(*feature_rows.features_with_labels(database))
