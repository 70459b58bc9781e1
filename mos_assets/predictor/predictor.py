"""Predictions by a released head.

Without a usable head the answer comes from `codec_rule`, and says so; a missing or non-finite
feature is always an error and never a zero.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np

from mos_assets.errors import FeatureError, ReleaseError, SettingsError
from mos_assets.predictor.codec_rule import CODEC_CURVES, predict_vmaf, vmaf_to_mos
from mos_assets.predictor.results import ClipPrediction, MosPrediction, Source
from mos_assets.records import ENCODER_VOCABULARY, MOS_MAX, MOS_MIN, GateKind
from mos_assets.release.manifest import Manifest
from mos_assets.release.naming import KONVID_HEAD, ReleaseFiles
from mos_assets.release.session import flaw_of, open_head, run_head
from mos_assets.settings import local_folder
from mos_assets.settings.paths import OWN_MODEL_FOLDER

if TYPE_CHECKING:
    import onnxruntime


class Predictor:
    """Predicts MOS with the released head of one id.

    model_folder: the release folder, a local path or a file:// URL, by default the heads that came
    with this package.
    head_id: by default `konvid_mos_head_v1`.
    The head is checked, loaded and tried once, here: a file that is missing, damaged, altered or
    no head that is complete in itself leaves a predictor that answers by the fallback and says why.
    Raises SettingsError where the folder is not on this machine.
    """

    def __init__(self, model_folder: Path | str | None = None, head_id: str = KONVID_HEAD) -> None:
        self.head_id = head_id
        self.manifest: Manifest | None = None
        self.fallback_reason: str | None = None
        """Why the fallback answers; None where the head does."""
        self._session: onnxruntime.InferenceSession | None = None
        folder = OWN_MODEL_FOLDER if model_folder is None else _folder(model_folder)
        ReleaseFiles(folder, head_id)  # an id that can name no head is an error, not a fallback
        try:
            head = open_head(folder, head_id)
            self._session, self.manifest = head.session, head.release.manifest
        except ReleaseError as error:
            self.fallback_reason = str(error)

    @classmethod
    def by_rule(cls, why: str) -> Self:
        """A predictor without a head, of which the codec rule answers; `why` is its reason."""
        made = cls.__new__(cls)
        made.head_id, made.manifest, made._session = "none", None, None
        made.fallback_reason = why
        return made

    def predict_mos(
        self,
        features: Mapping[str, float | None],
        codec: str,
        *,
        target_quality: float | None = None,
        encoder_onehot: Sequence[float] | None = None,
    ) -> MosPrediction:
        """The opinion score of one clip.

        features: name → value in raw units; with a head, all of its `feature_order`. None marks a
        gap where the head imputes (`missing_value` in its manifest). For the fallback, `vmaf`
        (0..100, measured) or `probe_bitrate_kbps`.
        codec: the encoder, such as `libx264`, which the fallback needs, or a slot of the head's
        encoder vocabulary; an unknown one is refused.
        target_quality: CRF, CQ or QP for the fallback; None is the encoder's default.
        encoder_onehot: slots of the encoder vocabulary; by default the one that `codec` names, or
        the first, which is the clip of unknown origin.
        Raises FeatureError naming the feature, codec or slot that cannot be used, and ReleaseError
        where the head answers with no MOS in 1..5.
        """
        if self._session is None or self.manifest is None:
            return self._fall_back(features, codec, target_quality)
        vocab, gap = self.manifest.encoder_vocab, self.manifest.missing_value
        if codec not in CODEC_CURVES and codec not in vocab:
            raise _unknown_codec(codec)
        row = [
            gap
            if gap is not None and features.get(name, 0.0) is None
            else _finite(features, name, f"{self.head_id} needs it")
            for name in self.manifest.feature_order
        ]
        onehot = self._known_slots(vocab, encoder_onehot, codec)
        answers = run_head(
            self._session,
            np.array([row], dtype=np.float32),
            np.array([onehot], dtype=np.float32),
        )
        flaw = flaw_of(answers, 1)
        if flaw is not None:
            raise ReleaseError(
                f"{self.head_id} cannot be used: {flaw}. Train and release it again."
            )
        mos = float(np.asarray(answers)[0])
        return MosPrediction(
            mos,
            Source.HEAD,
            self.head_id,
            str(self.manifest.status),
            _verdict_text(self.manifest),
            _interval(self.manifest, mos),
        )

    def predict_clip(
        self, path: Path | str, reference: Path | str | None = None, *, ffmpeg: str = ""
    ) -> ClipPrediction:
        """Measure one clip and predict its opinion score.

        reference: the pristine file that the clip was made from, for a head trained with
        MOS_REFERENCE=source; other heads leave it unused, and the answer's `reference` is None.
        ffmpeg: the program; empty: the bundled build.
        Without a head the codec rule answers, from the bit rate that the container states.
        Raises ClipError where clip or reference cannot be measured or do not belong together,
        FeatureError where the head needs a reference or features that no extractor here makes,
        MachineError where the machine failed, and ToolError without an ffmpeg.
        """
        from mos_assets.predictor.clips import score_clip

        beside = None if reference is None else Path(reference)
        return score_clip(self, Path(path), beside, ffmpeg)

    def require_manifest(self) -> Manifest:
        """The head's. Raises ReleaseError saying why there is no head."""
        if self.manifest is None:
            raise ReleaseError(str(self.fallback_reason))
        return self.manifest

    def _fall_back(
        self, features: Mapping[str, float | None], codec: str, target_quality: float | None
    ) -> MosPrediction:
        if codec not in CODEC_CURVES:
            raise _unknown_codec(codec)
        if "vmaf" in features:
            vmaf = _finite(features, "vmaf", "it replaces the predicted VMAF")
        else:
            bitrate = _finite(
                features, "probe_bitrate_kbps", "the fallback needs it where vmaf is not given"
            )
            vmaf = predict_vmaf(codec, bitrate, target_quality)
        return MosPrediction(
            vmaf_to_mos(vmaf),
            Source.FALLBACK,
            self.head_id,
            None,
            f"No head was used: {self.fallback_reason}",
        )

    def _known_slots(
        self, vocab: Sequence[str], onehot: Sequence[float] | None, codec: str
    ) -> list[float]:
        slots = len(vocab)
        if onehot is None:
            active = vocab.index(codec) if codec in vocab else 0
            return [float(slot == active) for slot in range(slots)]
        if len(onehot) < slots or sorted(onehot) != [0.0] * (len(onehot) - 1) + [1.0]:
            raise FeatureError(
                f"encoder_onehot {list(onehot)} must hold a single 1 and at least {slots} slots."
            )
        active = list(onehot).index(1.0)
        if active >= slots:
            name = ENCODER_VOCABULARY[active] if active < len(ENCODER_VOCABULARY) else "unnamed"
            raise FeatureError(
                f"encoder_onehot slot {active} ({name}) is not known to {self.head_id}, which "
                f"knows {', '.join(vocab)}; train a head with that slot."
            )
        return list(onehot[:slots])


def _folder(given: Path | str) -> Path:
    if isinstance(given, Path):
        return given
    try:
        return local_folder(given)
    except ValueError as error:
        raise SettingsError(f"model_folder={given!r}: {error}.") from error


def _unknown_codec(codec: str) -> FeatureError:
    known = ", ".join(sorted(CODEC_CURVES))
    return FeatureError(f"Codec {codec!r} is not known. Known: {known}.")


def _finite(features: Mapping[str, float | None], name: str, why: str) -> float:
    if name not in features:
        raise FeatureError(f"Feature {name!r} is missing; {why}.")
    given = features[name]
    try:
        value = float(given)  # type: ignore[arg-type]  # callers pass what they like
    except (TypeError, ValueError) as error:
        raise FeatureError(f"Feature {name!r} is {given!r}, no number; {why}.") from error
    if not math.isfinite(value):
        raise FeatureError(f"Feature {name!r} is {value}; {why}, as a finite number.")
    return value


def _interval(manifest: Manifest, mos: float) -> tuple[float, float] | None:
    if manifest.interval is None:
        return None
    half_width = manifest.interval.half_width
    return max(MOS_MIN, mos - half_width), min(MOS_MAX, mos + half_width)


def _verdict_text(manifest: Manifest) -> str:
    if manifest.gate is None:
        return "not judged"
    gate = "gate" if manifest.gate.kind is GateKind.REAL else "surrogate gate"
    labels = f"{manifest.data.rows} {manifest.data.label_origin} labels"
    return f"{gate} {'met' if manifest.gate.passed else 'missed'} on {labels}"
