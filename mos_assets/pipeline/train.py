"""Training: a candidate head in the store, with its out-of-fold predictions."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np

from mos_assets.corpora import head_family
from mos_assets.evaluation import Shuffles, aligned_figures, fit_envelope
from mos_assets.features import column_notes, compared_here, feature_blocks_id
from mos_assets.head import (
    MISSING_VALUE,
    ExportedHead,
    Head,
    Predict,
    Recipe,
    TrainingResult,
    check_operators,
    export_onnx,
    parity,
    plan_for,
)
from mos_assets.head import train as train_head
from mos_assets.io.hashing import hash_file
from mos_assets.pipeline.progress import Log
from mos_assets.pipeline.tested import tested_rows
from mos_assets.records import (
    ENCODER_VOCABULARY,
    ENCODER_VOCABULARY_VERSION,
    SEED,
    CorpusAlignment,
    RatedCorpus,
    TrainingTable,
)
from mos_assets.release.candidate import candidate_id, write_candidate_files
from mos_assets.release.interface import graph_interface, graph_metadata
from mos_assets.release.manifest import (
    CorpusUsed,
    DataUsed,
    Manifest,
    ManifestComparison,
    SessionAlignment,
    training_table_sha256,
    versions,
)
from mos_assets.release.naming import ReleaseFiles, head_id
from mos_assets.settings import (
    Align,
    PathSettings,
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
    feature_rows,
    fold_rows,
    provenance,
    rating_rows,
    transfer_rows,
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
        weigh=run.weights is Weights.PRECISION,
        align=run.align is Align.CORPORA,
        params={"epochs": run.epochs} if run.epochs else {},
    )
    seeds = [SEED + index for index in range(run.seeds)]
    shuffles = Shuffles(table, len(seeds))
    tested = tested_rows(run, database, table, seeds)

    def watch(seed: int, fold: int, predict: Predict) -> None:
        shuffles.watch(seed, fold, predict)
        tested.watch(seed, fold, predict)

    result = train_head(table, recipe, seeds, progress=log.info, watch=watch)
    alignment = _alignment(table, recipe, result, log)
    (paths.store_folder / "candidates").mkdir(parents=True, exist_ok=True)
    staged = paths.store_folder / "candidates" / f".{uuid4().hex}.onnx"
    units = [note.unit for note in column_notes(table.feature_order, fingerprint)]
    gap = MISSING_VALUE if recipe.impute else None
    vocab = result.head.encoder_vocab
    interface = graph_interface(units, len(vocab), gap)
    metadata = graph_metadata(interface, table.feature_order, vocab, gap)
    exported = export_onnx(result.head, staged, metadata)
    manifest = _manifest(run, database, table, fingerprint, split, recipe, result.head, exported)
    manifest = manifest.model_copy(
        update={
            "interface": interface,
            "missing_value": gap,
            "alignment": alignment,
            "weighed": result.weighed,
        }
    )
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
    transfer_rows.write_shown(database, identity, tested.shown(result.head))
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


def _alignment(
    table: TrainingTable, recipe: Recipe, result: TrainingResult, log: Log
) -> CorpusAlignment | None:
    """The maps with what they are worth: the first seed is trained without them as well."""
    if result.alignment is None:
        if recipe.align:
            log.info("one corpus trains: there is nothing to align")
        return None
    seeds = result.out_of_fold.seeds[:1]
    log.info("training once more without alignment, for comparison")
    without = train_head(table, replace(recipe, align=False), seeds, progress=log.info)
    figures = aligned_figures(
        table,
        result.out_of_fold.predictions[0],
        without.out_of_fold.predictions[0],
        [one.corpus for one in result.alignment.maps],
    )
    return result.alignment.model_copy(update={"figures": figures})


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
    rated = {each.corpus: each for each in rating_rows.read_rated(database, run.corpora)}
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
        comparison=ManifestComparison(
            reference=run.comparison.reference,
            sampling=run.comparison.sampling,
            loopback=run.loopback if run.reference is ReferencePolicy.LOOPBACK else None,
        )
        if compared_here(fingerprint)
        else None,
        declared=declared_rows.read_declared(database, run.corpora, used=True) or None,
        encoder_vocab=head.encoder_vocab,
        encoder_vocab_version=ENCODER_VOCABULARY_VERSION
        + len(head.encoder_vocab)
        - len(ENCODER_VOCABULARY),
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
        ),
        versions=versions(),
        applicability=fit_envelope(table.feature_order, table.features, table.folds, table.groups),
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


def _strays(files: ReleaseFiles) -> list[Path]:
    return [path for path in files.folder.iterdir() if path not in files.all]
