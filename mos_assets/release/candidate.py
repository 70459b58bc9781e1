"""Candidates: the files that training leaves in the store, and the verdict written into them."""

from __future__ import annotations

import shutil
from pathlib import Path

from mos_assets.errors import ReleaseError
from mos_assets.evaluation.conformal import PredictionInterval
from mos_assets.evaluation.gate import Verdict
from mos_assets.evaluation.paired import PairedInterval
from mos_assets.io.hashing import hash_text
from mos_assets.io.reading import read_plain
from mos_assets.records import Status
from mos_assets.release.manifest import (
    Manifest,
    ManifestGate,
    ManifestInterval,
    ManifestPairBand,
    ManifestPairedInterval,
    ManifestThreshold,
)
from mos_assets.release.naming import ReleaseFiles


def candidate_id(manifest: Manifest) -> str:
    """Twelve hexadecimal digits that name these weights, data and recipe, judged or not."""
    return hash_text(manifest.unjudged().to_json())[:12]


def candidate_files(store: Path, head_id: str, identity: str) -> ReleaseFiles:
    """Where the files of a candidate lie."""
    return ReleaseFiles(store / "candidates" / head_id / identity, head_id)


def write_candidate_files(
    store: Path, identity: str, manifest: Manifest, staged_onnx: Path
) -> ReleaseFiles:
    """Move a freshly exported ONNX file and its manifest into the candidate's own folder."""
    files = candidate_files(store, manifest.id, identity)
    arriving = files.folder.with_name(f".{identity}.part")
    shutil.rmtree(arriving, ignore_errors=True)
    arriving.mkdir(parents=True)
    staged = ReleaseFiles(arriving, manifest.id)
    staged_onnx.replace(staged.onnx)
    staged.manifest.write_text(manifest.to_json(), encoding="utf-8")
    # The same candidate again has the same bytes: what is there gives way.
    shutil.rmtree(files.folder, ignore_errors=True)
    arriving.rename(files.folder)
    return files


def read_candidate(files: ReleaseFiles) -> tuple[Manifest, bytes]:
    """Manifest and ONNX bytes of a candidate; raises ReleaseError with the remedy."""
    try:
        return Manifest.read(files.manifest), read_plain(files.onnx)
    except OSError as error:
        why = f"{files.onnx} cannot be read ({error.strerror})."
    except ReleaseError as error:
        why = str(error)
    raise ReleaseError(f"{why} Materialize trained_onnx again.")


def judged(
    manifest: Manifest,
    verdict: Verdict,
    interval: PredictionInterval,
    *,
    shortcuts: str | None = None,
    paired: PairedInterval | None = None,
    correlated: tuple[tuple[str, ...], ...] = (),
) -> Manifest:
    """The manifest with this verdict and these promises in it.

    shortcuts: what the head has over them, in a sentence. correlated: families of features that
    rank the clips nearly alike. Raises ValueError for an Accepted head that does not beat them.
    """
    if verdict.status is Status.ACCEPTED and not verdict.beats_shortcuts:
        raise ValueError("an Accepted head beats every shortcut")
    return manifest.model_copy(
        update={
            "status": verdict.status,
            "folds": verdict.folds,
            "seeds": verdict.seeds,
            "gate": ManifestGate(
                passed=verdict.passed,
                kind=verdict.kind,
                figures={check.name: check.figure for check in verdict.checks},
                fold_spread=verdict.fold_spread,
                thresholds=tuple(
                    ManifestThreshold(
                        name=check.name, comparison=check.comparison, value=check.threshold
                    )
                    for check in verdict.checks
                ),
                reasons=verdict.reasons,
                beats_shortcuts=verdict.beats_shortcuts,
                shortcuts=shortcuts,
            ),
            "interval": None
            if interval.half_width is None
            else ManifestInterval(
                level=interval.level,
                half_width=interval.half_width,
                n=interval.n,
                n_contents=interval.n_contents,
                coverage=interval.coverage,
            ),
            "paired_interval": None
            if paired is None or paired.half_width is None or paired.error_sd is None
            else ManifestPairedInterval(
                level=paired.level,
                half_width=paired.half_width,
                n_pairs=paired.n_pairs,
                n_contents=paired.n_contents,
                coverage=paired.coverage,
                error_sd=paired.error_sd,
                bands=tuple(ManifestPairBand(**band.model_dump()) for band in paired.bands),
            ),
            "correlated": correlated,
        }
    )
