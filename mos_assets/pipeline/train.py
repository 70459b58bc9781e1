"""Training: a candidate head in the store, with its out-of-fold predictions."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import numpy as np

from mos_assets.corpora import head_family
from mos_assets.evaluation import Shuffles
from mos_assets.features import feature_blocks_id
from mos_assets.head import (
    MISSING_VALUE,
    ExportedHead,
    Head,
    Recipe,
    check_operators,
    export_onnx,
    parity,
    plan_for,
)
from mos_assets.head import train as train_head
from mos_assets.io.hashing import hash_file
from mos_assets.pipeline.progress import Log
from mos_assets.records import (
    ENCODER_VOCABULARY,
    ENCODER_VOCABULARY_VERSION,
    SEED,
    TrainingTable,
)
from mos_assets.release.candidate import candidate_id, write_candidate_files
from mos_assets.release.manifest import (
    CorpusUsed,
    DataUsed,
    Manifest,
    training_table_sha256,
    versions,
)
from mos_assets.release.naming import ReleaseFiles, head_id
from mos_assets.settings import PathSettings, RunSettings, feature_scope, fold_scope, shaping
from mos_assets.store import (
    Database,
    corpus_rows,
    declared_rows,
    feature_rows,
    fold_rows,
    provenance,
    verdict_rows,
)


@dataclass(frozen=True, slots=True)
class Trained:
    """The candidate that was written, and what was found of its file."""

    candidate: str
    """Its id."""
    manifest: Manifest
    files: ReleaseFiles
    rows: int
    rows_with_gaps: int
    rows_excluded: int
    """Rows of features that were not trained or judged on."""
    refused_operators: tuple[str, ...]
    """Operators of the graph that no head may use."""
    difference: float
    """Largest difference in MOS on the rows between onnxruntime and the trained head."""
    checksum_holds: bool
    """Whether the manifest's sha256 is that of the file."""
    strays: tuple[str, ...]
    """Files beside it that could hold weights which the checksum does not cover."""


def head_of(run: RunSettings) -> str:
    """The id of the head that these settings train."""
    return head_id(run.corpora, head_family(run.corpora), feature_blocks_id(run.features))


def train(run: RunSettings, paths: PathSettings, database: Database, log: Log) -> Trained:
    """Train every seed on every fold and the head that ships, and write it as a candidate.

    Raises FeatureError where features or folds were made under other settings, or no rows train.
    """
    provenance.require(database, provenance.FEATURES, feature_scope(run))
    split = provenance.require(database, provenance.SPLIT, fold_scope(run))
    table, fingerprint = fold_rows.read_training_table(database, run.corpora, gaps=run.imputes)
    recipe = Recipe(
        impute=run.imputes,
        params={"epochs": run.epochs} if run.epochs else {},
    )
    seeds = [SEED + index for index in range(run.seeds)]
    shuffles = Shuffles(table, len(seeds))
    result = train_head(table, recipe, seeds, progress=log.info, watch=shuffles.watch)
    (paths.store_folder / "candidates").mkdir(parents=True, exist_ok=True)
    staged = paths.store_folder / "candidates" / f".{uuid4().hex}.onnx"
    exported = export_onnx(result.head, staged)
    manifest = _manifest(run, database, table, fingerprint, split, recipe, result.head, exported)
    identity = candidate_id(manifest)
    files = write_candidate_files(paths.store_folder, identity, manifest, staged)
    verdict_rows.write_candidate(
        database,
        verdict_rows.Candidate(
            identity, manifest.id, verdict_rows.now(), files.folder, manifest.sha256
        ),
        table,
        result.out_of_fold,
        shuffles.losses,
    )
    vouched = Manifest.read(files.manifest).sha256
    return Trained(
        candidate=identity,
        manifest=manifest,
        files=files,
        rows=len(table.clip_ids),
        rows_with_gaps=int(np.isnan(table.features).any(axis=1).sum()),
        rows_excluded=feature_rows.row_count(database) - len(table.clip_ids),
        refused_operators=tuple(check_operators(files.onnx)),
        difference=parity(result.head, files.onnx, table.features, table.encoder),
        checksum_holds=hash_file(files.onnx) == vouched,
        strays=tuple(sorted(path.name for path in _strays(files))),
    )


def _manifest(
    run: RunSettings,
    database: Database,
    table: TrainingTable,
    fingerprint: str,
    split: str,
    recipe: Recipe,
    head: Head,
    exported: ExportedHead,
) -> Manifest:
    identity = head_of(run)
    corpus_of = corpus_rows.corpus_of_clips(database, run.corpora)
    inside = table.folds >= 0
    rows = Counter(
        (corpus_of[clip_id], bool(trains))
        for clip_id, trains in zip(table.clip_ids, inside, strict=True)
    )
    return Manifest(
        id=identity,
        onnx=f"{identity}.onnx",
        sha256=exported.sha256,
        opset=exported.opset,
        operators=exported.operators,
        feature_order=table.feature_order,
        feature_mean=tuple(float(x) for x in head.feature_mean),
        feature_std=tuple(float(x) for x in head.feature_std),
        n_parameters=exported.n_parameters,
        extractor_fingerprint=fingerprint,
        declared=declared_rows.read_declared(database, run.corpora, used=True) or None,
        encoder_vocab=head.encoder_vocab,
        encoder_vocab_version=ENCODER_VOCABULARY_VERSION
        + len(head.encoder_vocab)
        - len(ENCODER_VOCABULARY),
        missing_value=MISSING_VALUE if recipe.impute else None,
        training_recipe={**plan_for(table, recipe).params, "blend": head.blend},
        data=DataUsed(
            corpora=tuple(
                CorpusUsed(
                    name=used.name,
                    version=used.version,
                    licence=used.licence,
                    label_origin=used.label_origin,
                    rows=rows[used.name, True],
                    held_out_rows=rows[used.name, False],
                )
                for used in corpus_rows.read_corpora(database, run.corpora)
            ),
            rows=int(inside.sum()),
            held_out_rows=int((~inside).sum()),
            features=run.features,
            settings=shaping(run),
            training_table_sha256=training_table_sha256(table),
            fold_assignment_sha256=split,
        ),
        versions=versions(),
    )


def _strays(files: ReleaseFiles) -> list[Path]:
    return [path for path in files.folder.iterdir() if path not in files.all]
