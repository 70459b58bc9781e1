"""Releasing: the card of the judged candidate, and its release by the promotion rule."""

from __future__ import annotations

from dataclasses import dataclass

from mos_assets.errors import StoreError
from mos_assets.evaluation.importance import families
from mos_assets.io.writing import write_whole
from mos_assets.pipeline.judge import REPORT_JSON
from mos_assets.pipeline.train import head_of
from mos_assets.pipeline.transfer import read_transfer
from mos_assets.release.candidate import judged, read_candidate
from mos_assets.release.manifest import Manifest
from mos_assets.release.naming import ReleaseFiles
from mos_assets.release.promotion import Promotion, promote
from mos_assets.release.session import open_head
from mos_assets.reporting.card import render_card
from mos_assets.reporting.report import GateReport
from mos_assets.settings import PathSettings, RunSettings
from mos_assets.store import Database, verdict_rows


@dataclass(frozen=True, slots=True)
class Released:
    """What became of the candidate."""

    candidate: str
    """Its id."""
    manifest: Manifest
    card: str
    """Markdown."""
    promotion: Promotion


def release(run: RunSettings, paths: PathSettings, database: Database) -> Released:
    """Write the card, and release the newest candidate unless the head in place ranks higher.

    Raises StoreError where it is not judged yet, ReleaseError where it or the head in place is
    damaged.
    """
    with database.held():
        candidate = verdict_rows.latest_candidate(database, head_of(run))
        verdict = verdict_rows.latest_verdict(database, candidate.head_id)
    if verdict is None or verdict.candidate_id != candidate.candidate_id:
        raise StoreError(
            f"Candidate {candidate.candidate_id} of {candidate.head_id} is not judged yet; "
            "materialize gate_report."
        )
    report = GateReport.read(verdict.folder / REPORT_JSON)
    files = ReleaseFiles(candidate.folder, candidate.head_id)
    trained, onnx = read_candidate(files)
    if report.shortcuts is None:
        raise StoreError(
            f"Candidate {candidate.candidate_id} was judged by an earlier version, which did not "
            "ask whether it is more than a shortcut; materialize gate_report again."
        )
    manifest = judged(
        trained,
        report.verdict,
        report.prediction_interval,
        shortcuts=report.shortcuts.sentence,
        paired=report.paired_interval,
        correlated=families(report.importance),
    )
    transfer = read_transfer(run, verdict.folder, candidate.candidate_id)
    card = render_card(manifest, report, verdict.folder, transfer=transfer)
    manifest = manifest.with_checksums(card)
    # The candidate keeps its verdict, so that a release can be restored from it whole.
    write_whole(files.card, card.encode())
    write_whole(files.manifest, manifest.to_json().encode())
    promotion = promote(
        manifest,
        onnx,
        card,
        paths.model_folder,
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
    return Released(candidate.candidate_id, manifest, card, promotion)


def check_release(run: RunSettings, paths: PathSettings) -> Manifest:
    """The manifest of the released head, every byte of which is as it was released.

    Raises ReleaseError where a file was altered, or the graph is no head that answers in 1..5.
    """
    return open_head(paths.model_folder, head_of(run)).release.manifest
