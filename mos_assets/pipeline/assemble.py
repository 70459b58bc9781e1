"""The chosen feature blocks of every clip, and what may be wrong with them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from mos_assets.corpora import (
    join_table,
    label_columns,
    load_feature_tables,
    measured_direction,
    printable,
)
from mos_assets.errors import FeatureError
from mos_assets.evaluation import leaking_features
from mos_assets.evaluation.leaks import Leak
from mos_assets.features import (
    CorpusFigures,
    ShotFeatures,
    columns_of,
    proofs,
    refuted,
    require_blocks,
    supplying,
)
from mos_assets.features import assemble as assemble_rows
from mos_assets.pipeline.beside import write_beside
from mos_assets.pipeline.blocks import chosen_blocks
from mos_assets.pipeline.measure import fingerprints
from mos_assets.pipeline.progress import Log
from mos_assets.pipeline.setbacks import waiting_for
from mos_assets.pipeline.standing import Step, told_by_files
from mos_assets.processes.collector import collector_paused
from mos_assets.settings import PathSettings, ReferencePolicy, RunSettings, feature_scope
from mos_assets.store import (
    Database,
    corpus_rows,
    declared_rows,
    feature_rows,
    measurement_rows,
    provenance,
)
from mos_assets.store.schema import (
    BESIDE_COLUMNS,
    CLIP_MEASUREMENTS,
    DECLARED_FEATURES,
    EXTRACTED_FEATURES,
    FEATURE_COVERAGE,
    RAW_CORPUS,
    SETBACKS,
    SHOT_METADATA,
    TEST_FEATURES,
)

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Assembled:
    """What the table of features holds, and what of feature tables was not used."""

    feature_order: tuple[str, ...]
    rows: int
    complete: int
    """Rows that have every feature."""
    fingerprints: tuple[str, ...]
    """Where rows come from, each once; rows that differ here are not comparable."""
    strays: Mapping[str, int]
    """`corpus/table` → its rows that fit no clip."""
    left_out: Mapping[str, list[str]]
    """`corpus/table` → its columns that are no features."""


STEP = Step(
    "extracted_features",
    Assembled,
    reads=(RAW_CORPUS, CLIP_MEASUREMENTS, SETBACKS, SHOT_METADATA),
    writes=(
        EXTRACTED_FEATURES,
        TEST_FEATURES,
        FEATURE_COVERAGE,
        BESIDE_COLUMNS,
        DECLARED_FEATURES,
    ),
)


def assemble(
    run: RunSettings, paths: PathSettings, database: Database, log: Log = _LOG
) -> Assembled:
    """Write one row a clip with the columns of the chosen blocks.

    A row that lacks a feature is kept with the reason. Rows stand as they are where nothing that
    they are made of has changed. Raises FeatureError and CorpusError for tables that cannot be
    used.
    """
    blocks = chosen_blocks(run, paths)
    with collector_paused():
        return STEP.unless_it_stands(
            run,
            database,
            lambda: _assemble(run, paths, database, blocks),
            log,
            outside=lambda: told_by_files(run, paths),
            stamp=lambda _: provenance.write(database, provenance.FEATURES, feature_scope(run)),
        )


def _assemble(
    run: RunSettings, paths: PathSettings, database: Database, blocks: Sequence[str]
) -> Callable[[], Assembled]:
    gathered = [gather(run, paths, database, name) for name in run.all_corpora]
    for corpus in gathered:
        # They were there when the corpus was read.
        require_blocks(blocks, [table.name for table in corpus.tables])
    proved = {corpus.name: proofs(corpus) for corpus in gathered}
    corpora = [replace(corpus, refuted=refuted(proved[corpus.name])) for corpus in gathered]
    used = {corpus.name: supplying(corpus, blocks) for corpus in corpora}
    found = [(proof, proof.table in used[name]) for name, each in proved.items() for proof in each]
    # Together, since all have to have the same columns.
    every = assemble_rows(corpora, blocks)
    trains = np.array([name in run.corpora for name in every.corpora], dtype=bool)
    matrix = every.take(np.flatnonzero(trains))
    joined = [
        (f"{corpus.name}/{printable(table.name)}", table)
        for corpus in corpora
        for table in corpus.tables
    ]

    def write() -> Assembled:
        feature_rows.write_features(database, matrix, every.take(np.flatnonzero(~trains)))
        write_beside(corpora, every.feature_order, paths, database)
        declared_rows.write_declared(database, found)
        return Assembled(
            matrix.feature_order,
            rows=len(matrix.clip_ids),
            complete=sum(reason is None for reason in matrix.reasons),
            fingerprints=tuple(sorted(set(matrix.fingerprints))),
            strays={name: len(table.unmatched) for name, table in joined},
            left_out={
                name: list(map(printable, table.left_out))
                for name, table in joined
                if table.left_out
            },
        )

    return write


def gather(run: RunSettings, paths: PathSettings, database: Database, name: str) -> CorpusFigures:
    """All figures of one corpus, from the store and from its feature tables."""
    with database.held():
        return _gather(run, paths, database, name)


def _gather(run: RunSettings, paths: PathSettings, database: Database, name: str) -> CorpusFigures:
    clips = corpus_rows.read_clips(database, [name])
    prints = fingerprints(run, paths)
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
        policy=run.reference,
        shots={
            row.clip_id: ShotFeatures(columns_of(row), row.fingerprint)
            for row in measurement_rows.read_shots(database, [name])
        },
        tables=tuple(
            join_table(clips, table) for table in load_feature_tables(name, paths.corpus_folder)
        ),
    )


@dataclass(frozen=True, slots=True)
class LeakFindings:
    """Features that know the label."""

    leaks: tuple[Leak, ...]
    label_columns: tuple[str, ...]
    """Columns of feature tables that are ratings by their names, a sentence each."""


LEAKS = Step("no_leak", LeakFindings, reads=(RAW_CORPUS, EXTRACTED_FEATURES))


def find_leaks(run: RunSettings, paths: PathSettings, database: Database) -> LeakFindings:
    """What of the features, and of the tables that they may come from, knows the label."""
    return LEAKS.unless_it_stands(
        run,
        database,
        lambda: partial(_leaks, run, paths, database),
        _LOG,
        outside=lambda: told_by_files(run, paths),
    )


def _leaks(run: RunSettings, paths: PathSettings, database: Database) -> LeakFindings:
    carried: list[str] = []
    for corpus in run.corpora:
        for table in load_feature_tables(corpus, paths.corpus_folder):
            place = f"table {corpus}/{printable(table.name)} has a column"
            carried += [
                f"{place} {name!r}, which is what the corpus calls its own labels, and it is "
                "refused as a feature"
                for name in table.labels
            ]
            carried += [f"{place} {name!r}" for name in label_columns(table)]
    leaks = leaking_features(*feature_rows.features_with_labels(database))
    return LeakFindings(leaks, tuple(carried))


def falling_ratings(reference: ReferencePolicy, database: Database) -> tuple[str, ...]:
    """What adm2 and vif say against the direction of the ratings, a sentence each.

    Per corpus and part, since one may run the other way behind the others. Nothing is asked unless
    clips are compared with their pristine files.
    """
    if reference is not ReferencePolicy.SOURCE:
        return ()
    names, values, mos, scopes = feature_rows.features_with_labels(database)
    return tuple(
        f"{scope}: {sentence}"
        for scope in sorted(set(scopes))
        for rows in [np.array([own == scope for own in scopes])]
        for sentence in measured_direction(names, values[rows], mos[rows])
    )


def require_honest_features(reference: ReferencePolicy, database: Database) -> None:
    """Raise FeatureError where a feature is the label, or measured quality falls where ratings
    rise: a run may have left the checks out."""
    certain = [
        leak.sentence
        for leak in leaking_features(*feature_rows.features_with_labels(database))
        if leak.is_certain
    ]
    against = falling_ratings(reference, database)
    if certain or against:
        raise FeatureError(
            f"These features are not trained on. {'; '.join([*certain, *against])}. Remove the "
            "column from its table, or correct the scale."
        )
