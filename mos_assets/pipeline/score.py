"""From a clip on disk to its score: probe, measure what the head asks for, predict."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mos_assets.errors import ClipError, FeatureError
from mos_assets.features import (
    BLOCKS,
    ClipTask,
    header_extractors,
    measure_clip,
    picture_extractors,
    required_parts,
)
from mos_assets.io.hashing import hash_file
from mos_assets.media.ffmpeg import find_ffmpeg
from mos_assets.media.probe import probe
from mos_assets.predictor import MosPrediction, Predictor
from mos_assets.predictor.codec_rule import ENCODER_OF_DECODER
from mos_assets.records import Probe
from mos_assets.settings import ReferencePolicy

UNKNOWN_ENCODER = "ugc-mixed"
"""What a clip whose encoder has no curve is called; a head does not need the name."""


@dataclass(frozen=True, slots=True)
class ClipScore:
    """A clip's prediction, and what the reader has to know of it."""

    prediction: MosPrediction
    comparable: bool
    """Whether the clip was measured exactly as the head's training rows were."""


def score_clip(path: Path, predictor: Predictor, policy: ReferencePolicy, ffmpeg: str) -> ClipScore:
    """Measure one clip and predict its opinion score.

    ffmpeg: the program; empty: the bundled build.

    Raises ClipError where the clip cannot be measured, and FeatureError where the head needs
    features that no extractor here makes.
    """
    if not path.is_file():
        raise ClipError(f"{path}: there is no such file")
    try:
        header = probe(path)
    except ClipError as error:
        raise ClipError(f"{path}: {error}") from error
    except OSError as error:
        raise ClipError(f"{path}: it cannot be read ({error.strerror or error})") from error
    codec = ENCODER_OF_DECODER.get(header.codec, UNKNOWN_ENCODER)
    if predictor.manifest is None:
        if header.bit_rate is None:
            raise ClipError(f"{path}: its container states no bit rate, which the fallback needs")
        rate = {"probe_bitrate_kbps": header.bit_rate / 1000}
        return ClipScore(predictor.predict_mos(rate, codec), comparable=False)
    order = predictor.manifest.feature_order
    features, prints = _measure(path, header, order, policy, ffmpeg)
    trained = predictor.manifest.extractor_fingerprint
    return ClipScore(
        predictor.predict_mos(features, codec),
        comparable=all(fingerprint in trained for fingerprint in prints),
    )


def _measure(
    path: Path, header: Probe, order: tuple[str, ...], policy: ReferencePolicy, ffmpeg: str
) -> tuple[dict[str, float], list[str]]:
    wanted = {
        name: columns
        for name, block in BLOCKS.items()
        if set(columns := block.column_names) & set(order)
    }
    stray = [name for name in order if not any(name in columns for columns in wanted.values())]
    if stray:
        raise FeatureError(
            f"The head needs {stray[0]!r}, which comes from an external table and cannot be "
            "measured from a clip; use Predictor.predict_mos with your own features."
        )
    task = ClipTask(
        clip_id=path.name,
        path=path.absolute(),
        sha256=hash_file(path),
        probe=header,
        parts=required_parts(tuple(wanted)),
        policy=policy,
        reference_path=None,
        reference_sha256=None,
    )
    measured = measure_clip(task, find_ffmpeg(ffmpeg or None)) if task.parts else ()
    found = [
        *(
            picture_extractors()[each.part].columns_of(each.figures, each.reason)
            for each in measured
        ),
        *(extractor.read(header) for extractor in header_extractors()),
    ]
    features = {name: value for columns in found for name, value in columns.figures.items()}
    missing = [name for name in order if name not in features]
    if missing:
        reasons = "; ".join(columns.reason for columns in found if columns.reason is not None)
        raise ClipError(f"{path}: {missing[0]} cannot be had: {reasons}")
    return features, [measurement.fingerprint for measurement in measured]
