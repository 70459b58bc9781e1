"""What a head is made of: everything that training takes, and nothing that it does not."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from mos_assets.corpora import head_family
from mos_assets.features import (
    column_notes,
    compared_here,
    feature_blocks_id,
    loaded_network,
    networks_in,
)
from mos_assets.head import Recipe
from mos_assets.pipeline.tested import shown_rows
from mos_assets.pipeline.trained_before import TRAINED
from mos_assets.pipeline.unchanged import inputs_digest
from mos_assets.records import SEED, DeclaredFeatures, ProofStatus, RatedCorpus, TrainingTable
from mos_assets.release.manifest import (
    CorpusUsed,
    DataUsed,
    ManifestComparison,
    NetworkUsed,
    SessionAlignment,
    training_table_sha256,
)
from mos_assets.release.naming import head_id
from mos_assets.settings import (
    Align,
    ReferencePolicy,
    RunSettings,
    Weights,
    feature_scope,
    fold_scope,
    shaping,
)
from mos_assets.store import (
    Database,
    corpus_rows,
    declared_rows,
    fold_rows,
    provenance,
    rating_rows,
)
from mos_assets.store.transfer_rows import TestRows


@dataclass(frozen=True, slots=True)
class Materials:
    """A head of the same materials, code and libraries has the same bytes."""

    head_id: str
    table: TrainingTable
    fingerprint: str
    """Of the table's features."""
    units: tuple[str, ...]
    """Of the table's features, which the graph says in its metadata."""
    recipe: Recipe
    seeds: tuple[int, ...]
    tested: tuple[TestRows, ...]
    """Rows of corpora that only test, which the heads are shown."""
    data: DataUsed
    declared: tuple[DeclaredFeatures, ...]
    networks: tuple[NetworkUsed, ...]
    comparison: ManifestComparison | None

    @property
    def digest(self) -> str:
        """Of all of it, with code and libraries."""
        return inputs_digest(TRAINED, materials=self)


def materials(run: RunSettings, database: Database) -> Materials:
    """What a head under these settings is made of, as the store has it now.

    The networks of the run's blocks are loaded already.
    Raises FeatureError where features or folds were made under other settings, or no rows train.
    """
    with database.held():
        return _materials(run, database)


def _materials(run: RunSettings, database: Database) -> Materials:
    provenance.require(database, provenance.FEATURES, feature_scope(run))
    split = provenance.require(database, provenance.SPLIT, fold_scope(run))
    declared = declared_rows.read_declared(database, run.corpora, used=True)
    table, fingerprint = fold_rows.read_training_table(database, run.corpora, gaps=run.imputes)
    recipe = Recipe(
        impute=run.imputes,
        weigh=run.weights is Weights.PRECISION,
        align=run.align is Align.CORPORA,
        params={"epochs": run.epochs} if run.epochs else {},
    )
    return Materials(
        head_of(run),
        table,
        fingerprint,
        tuple(note.unit for note in column_notes(table.feature_order, fingerprint)),
        recipe,
        tuple(SEED + index for index in range(run.seeds)),
        shown_rows(run, database, table),
        _data_used(run, database, table, split),
        declared,
        _networks_used(fingerprint),
        ManifestComparison(
            reference=run.comparison.reference,
            sampling=run.comparison.sampling,
            loopback=run.loopback if run.reference is ReferencePolicy.LOOPBACK else None,
        )
        # A declared table names its policy alone; what proved it was compared as the run compares.
        if compared_here(fingerprint) or any(map(_proved_by_comparing, declared))
        else None,
    )


def _proved_by_comparing(declared: DeclaredFeatures) -> bool:
    return declared.reference is not None and declared.status is ProofStatus.PROVED


def head_of(run: RunSettings) -> str:
    """The id of the head that these settings train."""
    return head_id(run.corpora, head_family(run.corpora), feature_blocks_id(run.features))


def _data_used(run: RunSettings, database: Database, table: TrainingTable, split: str) -> DataUsed:
    rated = {each.corpus: each for each in rating_rows.read_rated(database, run.corpora)}
    inside = table.folds >= 0
    rows = Counter(zip(table.corpora, inside.tolist(), strict=True))
    return DataUsed(
        corpora=tuple(
            CorpusUsed(
                name=used.name,
                version=used.version,
                licence=used.licence,
                label_origin=used.label_origin,
                rows=rows[used.name, True],
                held_out_rows=rows[used.name, False],
                **_how_rated(rated[used.name]),
            )
            for used in corpus_rows.read_corpora(database, run.corpora)
        ),
        rows=int(inside.sum()),
        held_out_rows=int((~inside).sum()),
        features=run.features,
        settings=shaping(run),
        training_table_sha256=training_table_sha256(table),
        fold_assignment_sha256=split,
    )


def _networks_used(fingerprint: str) -> tuple[NetworkUsed, ...]:
    """Whose columns are in rows of this fingerprint."""
    found = ((block, loaded_network(block)) for block in networks_in(fingerprint))
    return tuple(
        NetworkUsed(
            block=block,
            sha256=network.sha256,
            licence=network.declaration.licence,
            source=network.declaration.source,
        )
        for block, network in found
        if network is not None
    )


def _how_rated(rated: RatedCorpus) -> dict[str, Any]:
    """What the manifest says of a corpus with votes or tests; nothing of another."""
    told = [each for each in rated.sessions if each.name]
    mapped = [each for each in told if each.aligned is not None]
    return {
        "estimator": None if rated.estimator is None else str(rated.estimator),
        "sessions": len(told) or None,
        "alignment": tuple(
            SessionAlignment(
                session=each.name,
                aligned=each.aligned or each.name,
                offset=round(each.offset, 6),
                slope=round(each.slope, 6),
            )
            for each in mapped
        )
        or None,
    }
