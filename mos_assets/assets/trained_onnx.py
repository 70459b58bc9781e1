"""The asset `trained_onnx`: a candidate head in the store, and its out-of-fold predictions."""

import dagster as dg

from mos_assets.assets.folds import folds
from mos_assets.assets.naming import Group
from mos_assets.assets.platform import Platform
from mos_assets.assets.provenance import asset_tags, git_revision, graph_code, tag_run
from mos_assets.assets.reporting import user_errors
from mos_assets.assets.templates import OwnCheck, asset
from mos_assets.head import PARITY_LIMIT
from mos_assets.pipeline.train import train

OPERATORS_ALLOWED = "operators_allowed"
EQUALS_HEAD = "onnx_equals_trained_head"
CHECKSUM_COMPLETE = "checksum_covers_every_byte"


@asset(
    deps=[folds],
    code_version=graph_code,
    group=Group.HEAD,
    kinds={"numpy", "onnx"},
    description=(
        "Every seed trained on every fold, and the head that ships, by one recipe; exported as a "
        "single ONNX file with its manifest. A candidate in the store, released by nobody yet. "
        "Where rows, folds, settings, code and libraries are those that a candidate was trained "
        "with before, nothing is trained, and `trained` is false; MOS_RETRAIN asks for it anew. "
        "Table `predictions` holds the out-of-fold predictions."
    ),
    own_checks=[
        OwnCheck(
            OPERATORS_ALLOWED,
            blocking=True,
            description="The graph uses the allowed ONNX operators only.",
        ),
        OwnCheck(
            EQUALS_HEAD,
            blocking=True,
            description="onnxruntime and the trained head agree within 1e-5 MOS on the rows.",
        ),
        OwnCheck(
            CHECKSUM_COMPLETE,
            blocking=True,
            description="The manifest's sha256 is that of the one file that holds everything.",
        ),
    ],
)
def trained_onnx(context: dg.AssetExecutionContext, platform: Platform) -> dg.MaterializeResult:
    settings = platform.settings
    with user_errors():
        done = train(settings.run, settings.paths, platform.database, context.log)
    manifest = done.manifest
    tag_run(context.instance, context.run_id, platform.naming, candidate=done.candidate)
    context.log.info(
        f"candidate {done.candidate} of {manifest.id}, {manifest.n_parameters} parameters"
    )
    return dg.MaterializeResult(
        data_version=dg.DataVersion(done.candidate),
        tags=asset_tags(settings.run, done.candidate),
        metadata={
            "head": manifest.id,
            "candidate": done.candidate,
            # False: nothing had changed since, and the candidate was not trained again.
            "trained": done.anew,
            "git_revision": git_revision(),
            "onnx": dg.MetadataValue.path(str(done.files.onnx)),
            "sha256": manifest.sha256,
            "n_parameters": manifest.n_parameters,
            "n_rows": done.rows,
            "rows_with_gaps": done.rows_with_gaps,
            "rows_excluded": done.rows_excluded,
            "blend": dg.MetadataValue.json(manifest.training_recipe["blend"]),
            "n_features": len(manifest.feature_order),
            "features": dg.MetadataValue.json(list(manifest.feature_order)),
            "operators": ", ".join(manifest.operators),
            "recipe": dg.MetadataValue.json(dict(manifest.training_recipe)),
        },
        check_results=[
            dg.AssetCheckResult(
                check_name=OPERATORS_ALLOWED,
                passed=not done.refused_operators,
                metadata={"refused": ", ".join(done.refused_operators) or "none"},
            ),
            dg.AssetCheckResult(
                check_name=EQUALS_HEAD,
                passed=done.equals_head,
                metadata={
                    "largest_difference": "compared when it was trained"
                    if done.difference is None
                    else done.difference,
                    "limit": PARITY_LIMIT,
                },
            ),
            dg.AssetCheckResult(
                check_name=CHECKSUM_COMPLETE,
                passed=done.checksum_holds and not done.strays,
                metadata={
                    "sha256": manifest.sha256,
                    "files_beside": ", ".join(done.strays) or "none",
                },
            ),
        ],
    )
