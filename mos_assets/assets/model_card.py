"""The asset `model_card`: the card, and the release of the candidate by the promotion rule."""

import dagster as dg

from mos_assets.assets.gate_report import REPORT_JSON, gate_report
from mos_assets.assets.platform import Platform
from mos_assets.assets.provenance import asset_tags
from mos_assets.assets.reporting import OWNERS, user_errors
from mos_assets.assets.trained_onnx import head_of
from mos_assets.errors import ReleaseError, StoreError
from mos_assets.evaluation import GateReport
from mos_assets.io.writing import write_whole
from mos_assets.release.candidate import judged, read_candidate
from mos_assets.release.card import render_card
from mos_assets.release.naming import ReleaseFiles
from mos_assets.release.promotion import promote
from mos_assets.release.session import open_head
from mos_assets.store import verdict_rows


@dg.asset(
    deps=[gate_report],
    group_name="verdict",
    owners=OWNERS,
    kinds={"markdown", "onnx"},
    description=(
        "What a person reads before using the head: status and why, inputs, data, figures, limits. "
        "Releases ONNX, manifest and card into the model folder, all three or none, unless the "
        "head in place ranks higher: Accepted, then Proposed on human labels, then on simulated."
    ),
)
def model_card(context: dg.AssetExecutionContext, platform: Platform) -> dg.MaterializeResult:
    settings, database = platform.settings, platform.database
    with user_errors():
        candidate = verdict_rows.latest_candidate(database, head_of(settings))
        verdict = verdict_rows.latest_verdict(database, candidate.head_id)
        if verdict is None or verdict.candidate_id != candidate.candidate_id:
            raise StoreError(
                f"Candidate {candidate.candidate_id} of {candidate.head_id} is not judged yet; "
                "materialize gate_report."
            )
        report = GateReport.read(verdict.folder / REPORT_JSON)
        files = ReleaseFiles(candidate.folder, candidate.head_id)
        trained, onnx = read_candidate(files)
        manifest = judged(trained, report)
        card = render_card(manifest, report, verdict.folder)
        manifest = manifest.sealed(card)
        # The candidate keeps its verdict, so that a release can be restored from it whole.
        write_whole(files.card, card.encode())
        write_whole(files.manifest, manifest.to_json().encode())
        promotion = promote(
            manifest,
            onnx,
            card,
            settings.model_folder,
            candidate.created_at,
            verdict_rows.written_before(database, candidate.candidate_id),
        )
        verdict_rows.write_release(
            database,
            verdict_rows.ReleaseRow(
                candidate_id=candidate.candidate_id,
                head_id=candidate.head_id,
                decided_at=verdict_rows.now(),
                status=str(manifest.status),
                label_origin=str(manifest.data.label_origin),
                released=promotion.released,
                reason=promotion.reason,
                head_in_place=promotion.before,
                comparison=report.comparison.sentence if report.comparison else None,
            ),
        )
    context.log.info(promotion.reason)
    return dg.MaterializeResult(
        tags=asset_tags(settings, candidate.candidate_id),
        metadata={
            "status": str(manifest.status),
            "released": promotion.released,
            "why": promotion.reason,
            "model_folder": dg.MetadataValue.path(str(settings.model_folder)),
            "card": dg.MetadataValue.md(card),
        },
    )


@dg.asset_check(
    asset=model_card,
    description=(
        "No byte of the released ONNX file, manifest or card was altered, and the graph is a head "
        "that needs nothing outside its file and answers in 1..5. Run it on its own at any time."
    ),
)
def release_unaltered(platform: Platform) -> dg.AssetCheckResult:
    settings = platform.settings
    try:
        manifest = open_head(settings.model_folder, head_of(settings)).release.manifest
    except ReleaseError as error:
        return dg.AssetCheckResult(passed=False, metadata={"why": str(error)})
    return dg.AssetCheckResult(
        passed=True,
        metadata={
            "onnx_sha256": manifest.sha256,
            "card_sha256": str(manifest.card_sha256),
            "seal": str(manifest.seal),
        },
    )
