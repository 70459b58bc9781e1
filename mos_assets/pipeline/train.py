"""Training: a candidate head in the store, with its out-of-fold predictions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from uuid import uuid4

import numpy as np

from mos_assets.evaluation import Shuffles, aligned_figures, fit_envelope
from mos_assets.head import (
    MISSING_VALUE,
    PARITY_LIMIT,
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
from mos_assets.pipeline.blocks import chosen_blocks
from mos_assets.pipeline.materials import Materials, materials
from mos_assets.pipeline.materials import head_of as head_of
from mos_assets.pipeline.progress import Log
from mos_assets.pipeline.tested import Tested
from mos_assets.pipeline.trained_before import Kept, remember_trained, trained_before
from mos_assets.records import (
    ENCODER_VOCABULARY,
    ENCODER_VOCABULARY_VERSION,
    CorpusAlignment,
    TrainingTable,
)
from mos_assets.release.candidate import candidate_id, write_candidate_files
from mos_assets.release.interface import graph_interface, graph_metadata
from mos_assets.release.manifest import (
    Manifest,
    versions,
)
from mos_assets.release.naming import ReleaseFiles
from mos_assets.settings import (
    PathSettings,
    RunSettings,
)
from mos_assets.store import (
    Database,
    feature_rows,
    transfer_rows,
    verdict_rows,
)
from mos_assets.store.instance import close_idle


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
    difference: float | None
    """Largest difference in MOS on the rows between onnxruntime and the trained head; None where
    the file is one that was compared when it was trained."""
    checksum_holds: bool
    """Whether the manifest's sha256 is that of the file."""
    strays: tuple[str, ...]
    """Files beside it that could hold weights which the checksum does not cover."""
    anew: bool = True
    """False where nothing had changed since it was trained, and it was not trained again."""

    @property
    def equals_head(self) -> bool:
        """Whether onnxruntime answers as the trained head does."""
        return self.difference is None or self.difference <= PARITY_LIMIT

    @property
    def sound(self) -> bool:
        """Whether it passes every check."""
        return (
            self.equals_head
            and self.checksum_holds
            and not self.refused_operators
            and not self.strays
        )


def train(run: RunSettings, paths: PathSettings, database: Database, log: Log) -> Trained:
    """Train every seed on every fold and the head that ships, and write it as a candidate.

    Where it was trained before of the same rows, folds, settings, code and libraries, and is still
    whole, it becomes the newest candidate as it is, unless the run asks for training anew.
    Raises FeatureError where features or folds were made under other settings, or no rows train.
    """
    # Another process may have measured.
    chosen_blocks(run, paths)
    made_of = materials(run, database)
    inputs = made_of.digest
    kept = None
    if not run.retrain:
        with database.held():
            kept = trained_before(database, paths, made_of.head_id, inputs, log)
    table, recipe, seeds = made_of.table, made_of.recipe, made_of.seeds
    if kept is not None:
        return _as_before(kept, database, table)
    shuffles = Shuffles(table, len(seeds))
    tested = Tested(made_of.tested, seeds)

    def watch(seed: int, fold: int, predict: Predict) -> None:
        shuffles.watch(seed, fold, predict)
        tested.watch(seed, fold, predict)

    close_idle()
    result = train_head(table, recipe, seeds, progress=log.info, watch=watch)
    alignment = _alignment(table, recipe, result, log)
    (paths.store_folder / "candidates").mkdir(parents=True, exist_ok=True)
    staged = paths.store_folder / "candidates" / f".{uuid4().hex}.onnx"
    gap = MISSING_VALUE if recipe.impute else None
    vocab = result.head.encoder_vocab
    interface = graph_interface(made_of.units, len(vocab), gap)
    metadata = graph_metadata(interface, table.feature_order, vocab, gap)
    exported = export_onnx(result.head, staged, metadata)
    manifest = _manifest(made_of, result.head, exported)
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
    difference = parity(result.head, files.onnx, table.features, table.encoder)
    rows, gaps, excluded = _counted(database, table)
    done = Trained(
        candidate=identity,
        manifest=manifest,
        files=files,
        rows=rows,
        rows_with_gaps=gaps,
        rows_excluded=excluded,
        refused_operators=tuple(check_operators(files.onnx)),
        difference=difference,
        checksum_holds=hash_file(files.onnx) == vouched,
        strays=tuple(sorted(path.name for path in _strays(files))),
    )
    if done.sound:
        remember_trained(database, files, identity, inputs)
    return done


def _as_before(kept: Kept, database: Database, table: TrainingTable) -> Trained:
    """A candidate that is as it was, and passed every check then."""
    rows, gaps, excluded = _counted(database, table)
    return Trained(
        candidate=kept.candidate,
        manifest=kept.manifest.as_trained(),
        files=kept.files,
        rows=rows,
        rows_with_gaps=gaps,
        rows_excluded=excluded,
        refused_operators=(),
        difference=None,
        checksum_holds=True,
        strays=(),
        anew=False,
    )


def _counted(database: Database, table: TrainingTable) -> tuple[int, int, int]:
    """Rows that train or are judged on, those of them with gaps, and those that are neither."""
    n = len(table.clip_ids)
    gaps = int(np.isnan(table.features).any(axis=1).sum())
    return n, gaps, feature_rows.row_count(database) - n


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


def _manifest(made_of: Materials, head: Head, exported: ExportedHead) -> Manifest:
    table = made_of.table
    return Manifest(
        id=made_of.head_id,
        onnx=f"{made_of.head_id}.onnx",
        sha256=exported.sha256,
        opset=exported.opset,
        operators=exported.operators,
        feature_order=table.feature_order,
        feature_mean=tuple(float(x) for x in head.feature_mean),
        feature_std=tuple(float(x) for x in head.feature_std),
        n_parameters=exported.n_parameters,
        extractor_fingerprint=made_of.fingerprint,
        networks=made_of.networks,
        comparison=made_of.comparison,
        declared=made_of.declared or None,
        encoder_vocab=head.encoder_vocab,
        encoder_vocab_version=ENCODER_VOCABULARY_VERSION
        + len(head.encoder_vocab)
        - len(ENCODER_VOCABULARY),
        training_recipe={**plan_for(table, made_of.recipe).params, "blend": head.blend},
        data=made_of.data,
        versions=versions(),
        applicability=fit_envelope(table.feature_order, table.features, table.folds, table.groups),
    )


def _strays(files: ReleaseFiles) -> list[Path]:
    return [path for path in files.folder.iterdir() if path not in files.all]
