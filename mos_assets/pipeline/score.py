"""From a clip on disk to its score: probe, measure what the head asks for, predict."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mos_assets.errors import ClipError, FeatureError
from mos_assets.extraction import (
    BLOCKS,
    FRAMES,
    SHOT_COUNT,
    SHOT_LENGTH_STD,
    SHOT_MEAN_LENGTH,
    SHOTS,
    ClipTask,
    Columns,
    ReferencePolicy,
    container_columns,
    measure_clip,
    shot_columns,
)
from mos_assets.io.hashing import hash_file
from mos_assets.media.ffmpeg import find_ffmpeg
from mos_assets.media.probe import probe
from mos_assets.predictor import MosPrediction, Predictor
from mos_assets.predictor.codec_rule import ENCODER_OF_DECODER
from mos_assets.records import Measurement, Probe, Setback, ShotFigures
from mos_assets.settings import Settings

UNKNOWN_ENCODER = "ugc-mixed"
"""What a clip whose encoder has no curve is called; a head does not need the name."""


@dataclass(frozen=True, slots=True)
class ClipScore:
    """A clip's prediction, and what the reader has to know of it."""

    prediction: MosPrediction
    comparable: bool
    """Whether the clip was measured exactly as the head's training rows were."""


def score_clip(path: Path, predictor: Predictor, settings: Settings) -> ClipScore:
    """Measure one clip and predict its opinion score.

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
    features, prints = _measure(path, header, order, settings)
    trained = predictor.manifest.extractor_fingerprint
    return ClipScore(
        predictor.predict_mos(features, codec),
        comparable=all(fingerprint in trained for fingerprint in prints),
    )


def _measure(
    path: Path, header: Probe, order: tuple[str, ...], settings: Settings
) -> tuple[dict[str, float], list[str]]:
    wanted = [block for block in BLOCKS.values() if set(block.columns) & set(order)]
    stray = [name for name in order if not any(name in block.columns for block in wanted)]
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
        parts=frozenset(block.part for block in wanted if block.part is not None),
        policy=ReferencePolicy(settings.reference),
        reference_path=None,
        reference_sha256=None,
    )
    measured = measure_clip(task, find_ffmpeg(settings.ffmpeg or None)) if task.parts else ()
    found = [*map(_columns, measured), container_columns(header)]
    features = {name: value for columns in found for name, value in columns.figures.items()}
    missing = [name for name in order if name not in features]
    if missing:
        reasons = "; ".join(columns.reason for columns in found if columns.reason is not None)
        raise ClipError(f"{path}: {missing[0]} cannot be had: {reasons}")
    return features, [measurement.fingerprint for measurement in measured]


def _columns(found: Measurement | Setback) -> Columns:
    if found.part != SHOTS or found.reason is not None:
        return Columns(found.figures, found.reason)
    return shot_columns(
        ShotFigures(
            shot_count=int(found.figures[SHOT_COUNT]),
            mean_length_s=found.figures[SHOT_MEAN_LENGTH],
            length_std_s=found.figures[SHOT_LENGTH_STD],
            frames=int(found.figures[FRAMES]),
        )
    )
