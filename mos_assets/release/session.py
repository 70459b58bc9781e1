"""A released head, ready to answer: what its graph promises is tried before anybody relies on it.

Everything that says whether a head is usable goes through `open_head`: the predictor, `mos status`
and the check beside the asset.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mos_assets.errors import ReleaseError
from mos_assets.records import (
    ENCODER_INPUT,
    FEATURES_INPUT,
    MOS_MAX,
    MOS_MIN,
    MOS_OUTPUT,
    FloatArray,
)
from mos_assets.release.graph import ROWS
from mos_assets.release.loading import Release, not_a_head, read_current
from mos_assets.release.manifest import Manifest

if TYPE_CHECKING:
    import onnxruntime

_FAR = 1.0e6
"""Raw features beyond all that is measured; a head answers within its range there too."""
_LARGEST = float(np.finfo(np.float32).max)
_QUIET = 4
"""Log level of onnxruntime at which what it raises is not printed as well."""


@dataclass(frozen=True, slots=True)
class OpenHead:
    """A whole release and the session that runs its graph, on one thread."""

    release: Release
    session: onnxruntime.InferenceSession


def open_head(model_folder: Path, head_id: str) -> OpenHead:
    """The head that counts now, loaded, and tried on rows that its manifest names.

    The bytes are checked before (`read_release`), which bounds what loading and answering take: a
    graph at every bound costs about a second and 500 MB. Raises ReleaseError where the release is
    not whole, or the graph does not load, or does not answer each row with one MOS in 1..5.
    """
    release = read_current(model_folder, head_id)
    session = _load(release)
    rows = _trial_rows(release)
    for batch in (rows, rows[:1]):
        slots: FloatArray = np.zeros((len(batch), len(release.manifest.encoder_vocab)), np.float32)
        slots[:, 0] = 1.0
        try:
            answers = run_head(session, batch, slots)
        except Exception as error:  # onnxruntime's errors have no common public base class
            why = f"onnxruntime cannot run it ({_first_line(error)})"
            raise not_a_head(release.files, why) from error
        flaw = flaw_of(answers, len(batch))
        if flaw is not None:
            raise not_a_head(release.files, flaw)
    return OpenHead(release, session)


def run_head(
    session: onnxruntime.InferenceSession, features: FloatArray, onehot: FloatArray
) -> FloatArray:
    """What the graph answers to features [n, F] and encoder slots [n, S], both float32."""
    (answers,) = session.run([MOS_OUTPUT], {FEATURES_INPUT: features, ENCODER_INPUT: onehot})
    return np.asarray(answers)


def bounded_float32(features: FloatArray) -> FloatArray:
    """Finite features of any size as float32: beyond its range they are brought to its bounds."""
    if features.dtype == np.float32:
        return np.ascontiguousarray(features)
    return np.clip(features, -_LARGEST, _LARGEST).astype(np.float32)


def flaw_of(answers: FloatArray, rows: int) -> str | None:
    """Why what a graph answered is not one MOS in 1..5 a row; None where it is."""
    if answers.shape != (rows,):
        return f"it does not give one number a row ({answers.shape} for {rows})"
    outside = answers[~((answers >= MOS_MIN) & (answers <= MOS_MAX))]
    if outside.size:
        return f"it answers {outside[0]:g}, outside {MOS_MIN:g}..{MOS_MAX:g}"
    return None


def _trial_rows(release: Release) -> FloatArray:
    """[ROWS, F]: around the means of the manifest, far from them, and nothing at all."""
    manifest = release.manifest
    mean, std = np.array(manifest.feature_mean), np.array(manifest.feature_std)
    width = len(manifest.feature_order)
    if len(set(manifest.feature_order)) != width:
        raise ReleaseError(
            f"{release.files.manifest} names a feature twice. Restore all three files or delete "
            "them."
        )
    if manifest.mos_range != (MOS_MIN, MOS_MAX):
        raise ReleaseError(
            f"{release.files.manifest} names the range {manifest.mos_range}, and a head answers in "
            f"{MOS_MIN:g}..{MOS_MAX:g}. Restore all three files or delete them."
        )
    if mean.shape != (width,) or std.shape != (width,):
        raise ReleaseError(
            f"{release.files.manifest} names {width} features and has {len(mean)} means and "
            f"{len(std)} deviations. Restore all three files or delete them."
        )
    far, gap = np.full(width, _FAR), np.full(width, _gap(manifest))
    rows = [mean, mean + std, mean - std, mean + 3 * std, far, -far, np.zeros(width), gap]
    tried = bounded_float32(np.array(rows))
    if len(tried) != ROWS:
        raise ValueError(f"{len(tried)} rows are tried, and sizes are computed for {ROWS}")
    return tried


def _gap(manifest: Manifest) -> float:
    return 0.0 if manifest.missing_value is None else manifest.missing_value


def _load(release: Release) -> onnxruntime.InferenceSession:
    try:
        import onnxruntime
    except ImportError as error:
        raise ReleaseError(f"onnxruntime cannot be imported ({error}).") from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = _QUIET
    try:
        return onnxruntime.InferenceSession(
            release.onnx, options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # onnxruntime's errors have no common public base class
        raise ReleaseError(
            f"{release.files.onnx} cannot be loaded by onnxruntime ({_first_line(error)})."
        ) from error


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0][:300]
