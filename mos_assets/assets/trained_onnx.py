"""The asset `trained_onnx`: a candidate head in the store, and its out-of-fold predictions."""

from collections import Counter
from pathlib import Path

import dagster as dg
import numpy as np

from mos_assets.assets.folds import folds
from mos_assets.assets.platform import Platform
from mos_assets.assets.provenance import asset_tags, git_revision, tag_run
from mos_assets.assets.reporting import OWNERS, user_errors
from mos_assets.evaluation import Shuffles
from mos_assets.extraction import feature_blocks_id
from mos_assets.head import (
    MISSING_VALUE,
    PARITY_LIMIT,
    ExportedHead,
    Head,
    Recipe,
    TrainingResult,
    check_operators,
    export_onnx,
    parity,
    plan_for,
    train,
)
from mos_assets.io.hashing import hash_file
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
from mos_assets.settings import Settings
from mos_assets.store import (
    Database,
    corpus_rows,
    feature_rows,
    fold_rows,
    provenance,
    verdict_rows,
)

OPERATORS_ALLOWED = "operators_allowed"
EQUALS_HEAD = "onnx_equals_trained_head"
CHECKSUM_COMPLETE = "checksum_covers_every_byte"


def head_of(settings: Settings) -> str:
    """The id of the head that these settings train."""
    return head_id(settings.corpora, feature_blocks_id(settings.features))


@dg.asset(
    deps=[folds],
    group_name="head",
    owners=OWNERS,
    kinds={"numpy", "onnx"},
    description=(
        "Every seed trained on every fold, and the head that ships, by one recipe; exported as a "
        "single ONNX file with its manifest. A candidate in the store, released by nobody yet. "
        "Table `predictions` holds the out-of-fold predictions."
    ),
    check_specs=[
        dg.AssetCheckSpec(
            OPERATORS_ALLOWED,
            asset="trained_onnx",
            blocking=True,
            description="The graph uses the allowed ONNX operators only.",
        ),
        dg.AssetCheckSpec(
            EQUALS_HEAD,
            asset="trained_onnx",
            blocking=True,
            description="onnxruntime and the trained head agree within 1e-5 MOS on the rows.",
        ),
        dg.AssetCheckSpec(
            CHECKSUM_COMPLETE,
            asset="trained_onnx",
            blocking=True,
            description="The manifest's sha256 is that of the one file that holds everything.",
        ),
    ],
)
def trained_onnx(context: dg.AssetExecutionContext, platform: Platform) -> dg.MaterializeResult:
    settings, database = platform.settings, platform.database
    with user_errors():
        provenance.require(database, provenance.FEATURES, settings.feature_scope)
        split = provenance.require(database, provenance.SPLIT, settings.fold_scope)
        table, fingerprint = fold_rows.read_training_table(
            database, settings.corpora, gaps=settings.imputes
        )
        recipe = Recipe(
            impute=settings.imputes,
            params={"epochs": settings.epochs} if settings.epochs else {},
        )
        seeds = [SEED + index for index in range(settings.seeds)]
        shuffles = Shuffles(table, len(seeds))
        result = train(table, recipe, seeds, progress=context.log.info, watch=shuffles.watch)
        (settings.store_folder / "candidates").mkdir(parents=True, exist_ok=True)
        staged = settings.store_folder / "candidates" / f".{context.run_id}.onnx"
        exported = export_onnx(result.head, staged)
        manifest = _manifest(
            settings, database, table, fingerprint, split, recipe, result.head, exported
        )
        identity = candidate_id(manifest)
        files = write_candidate_files(settings.store_folder, identity, manifest, staged)
        verdict_rows.write_candidate(
            database,
            verdict_rows.Candidate(
                identity, manifest.id, verdict_rows.now(), files.folder, manifest.sha256
            ),
            table,
            result.out_of_fold,
            shuffles.losses,
        )
        checks = _checks(files, result, table)
    tag_run(context.instance, context.run_id, candidate=identity)
    context.log.info(f"candidate {identity} of {manifest.id}, {manifest.n_parameters} parameters")
    return dg.MaterializeResult(
        tags=asset_tags(settings, identity),
        metadata={
            "head": manifest.id,
            "candidate": identity,
            "git_revision": git_revision(),
            "onnx": dg.MetadataValue.path(str(files.onnx)),
            "sha256": manifest.sha256,
            "n_parameters": manifest.n_parameters,
            "n_rows": len(table.clip_ids),
            "rows_with_gaps": int(np.isnan(table.features).any(axis=1).sum()),
            "rows_excluded": feature_rows.row_count(database) - len(table.clip_ids),
            "blend": dg.MetadataValue.json(result.head.blend),
            "n_features": len(table.feature_order),
            "features": dg.MetadataValue.json(list(table.feature_order)),
            "operators": ", ".join(manifest.operators),
            "recipe": dg.MetadataValue.json(dict(manifest.training_recipe)),
        },
        check_results=checks,
    )


def _manifest(
    settings: Settings,
    database: Database,
    table: TrainingTable,
    fingerprint: str,
    split: str,
    recipe: Recipe,
    head: Head,
    exported: ExportedHead,
) -> Manifest:
    identity = head_of(settings)
    corpus_of = corpus_rows.corpus_of_clips(database, settings.corpora)
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
                for used in corpus_rows.read_corpora(database, settings.corpora)
            ),
            rows=int(inside.sum()),
            held_out_rows=int((~inside).sum()),
            features=settings.features,
            settings=settings.shaping(),
            training_table_sha256=training_table_sha256(table),
            fold_assignment_sha256=split,
        ),
        versions=versions(),
    )


def _checks(
    files: ReleaseFiles, result: TrainingResult, table: TrainingTable
) -> list[dg.AssetCheckResult]:
    refused = check_operators(files.onnx)
    difference = parity(result.head, files.onnx, table.features, table.encoder)
    vouched = Manifest.read(files.manifest).sha256
    beside = sorted(path.name for path in _strays(files))
    return [
        dg.AssetCheckResult(
            check_name=OPERATORS_ALLOWED,
            passed=not refused,
            metadata={"refused": ", ".join(refused) or "none"},
        ),
        dg.AssetCheckResult(
            check_name=EQUALS_HEAD,
            passed=difference <= PARITY_LIMIT,
            metadata={"largest_difference": difference, "limit": PARITY_LIMIT},
        ),
        dg.AssetCheckResult(
            check_name=CHECKSUM_COMPLETE,
            passed=hash_file(files.onnx) == vouched and not beside,
            metadata={"sha256": vouched, "files_beside": ", ".join(beside) or "none"},
        ),
    ]


def _strays(files: ReleaseFiles) -> list[Path]:
    """Files that could hold weights outside the one that the checksum covers."""
    return [path for path in files.folder.iterdir() if path not in files.all]
