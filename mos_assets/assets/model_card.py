"""The asset `model_card`: the card, and the release of the candidate by the promotion rule."""

import dagster as dg

from mos_assets.assets.gate_report import gate_report
from mos_assets.assets.naming import Group
from mos_assets.assets.platform import Platform
from mos_assets.assets.provenance import asset_tags, graph_code
from mos_assets.assets.reporting import user_errors
from mos_assets.assets.templates import asset, check
from mos_assets.assets.transfer_report import transfer_report
from mos_assets.errors import ReleaseError
from mos_assets.pipeline.release import check_release, release
from mos_assets.reporting.front_matter import without_front_matter


@asset(
    deps=[gate_report, transfer_report],
    code_version=graph_code,
    group=Group.VERDICT,
    kinds={"markdown", "onnx"},
    description=(
        "What a person reads before using the head: status and why, inputs, data, figures, limits. "
        "Releases ONNX, manifest and card into the model folder, all three or none, unless the "
        "head in place ranks higher: Accepted, then Proposed on human labels, then on simulated."
    ),
)
def model_card(context: dg.AssetExecutionContext, platform: Platform) -> dg.MaterializeResult:
    settings = platform.settings
    with user_errors():
        done = release(settings.run, settings.paths, platform.database)
    manifest, promotion = done.manifest, done.promotion
    context.log.info(promotion.reason)
    return dg.MaterializeResult(
        tags=asset_tags(settings.run, done.candidate),
        metadata={
            "status": str(manifest.status),
            "released": promotion.released,
            "why": promotion.reason,
            "model_folder": dg.MetadataValue.path(str(settings.paths.model_folder)),
            "card": dg.MetadataValue.md(without_front_matter(done.card)),
        },
    )


@check(
    model_card,
    description=(
        "No byte of the released ONNX file, manifest or card was altered, and the graph is a head "
        "that needs nothing outside its file and answers in 1..5. Run it on its own at any time."
    ),
)
def release_unaltered(platform: Platform) -> dg.AssetCheckResult:
    settings = platform.settings
    try:
        manifest = check_release(settings.run, settings.paths)
    except ReleaseError as error:
        return dg.AssetCheckResult(passed=False, metadata={"why": str(error)})
    return dg.AssetCheckResult(
        passed=True,
        metadata={
            "onnx_sha256": manifest.sha256,
            "card_sha256": str(manifest.card_sha256),
            "manifest_checksum": str(manifest.checksum),
        },
    )
