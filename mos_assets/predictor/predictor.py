"""Predictions by a released head.

Without a usable head the answer comes from `codec_rule`, and says so; a missing or non-finite
feature is always an error and never a zero.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from mos_assets.errors import FeatureError, ReleaseError, SettingsError
from mos_assets.predictor.batch import MosPredictions, OnMissing, interval_of, predict_rows
from mos_assets.predictor.codec_rule import CODEC_CURVES, predict_vmaf, vmaf_to_mos
from mos_assets.predictor.encoders import EncoderSlots, unknown_codec
from mos_assets.predictor.one_row import OneRow
from mos_assets.predictor.results import ClipPrediction, MosPrediction, Source
from mos_assets.records import MOS_MAX, MOS_MIN, GateKind
from mos_assets.release.naming import KONVID_HEAD, ReleaseFiles

if TYPE_CHECKING:
    from mos_assets.adapting.layer import Adaptation
    from mos_assets.evaluation.applicability import Standing
    from mos_assets.release.manifest import Manifest
    from mos_assets.release.session import OpenHead


class Predictor:
    """Predicts MOS with the released head of one id.

    model_folder: the release folder, a local path or a file:// URL, by default the heads that came
    with this package.
    head_id: by default `konvid_mos_head_v1`.
    The head is checked, loaded and tried once, here: a file that is missing, damaged, altered or
    no head that is complete in itself leaves a predictor that answers by the fallback and says why.
    adaptation: a file that `mos adapt` has written for this head; its scores are then the adapted
    ones, of status `Adapted` and without an interval.
    Raises SettingsError where the folder is not on this machine, and ReleaseError where the
    adaptation is altered or belongs to another head than the one there.
    """

    def __init__(
        self,
        model_folder: Path | str | None = None,
        head_id: str = KONVID_HEAD,
        adaptation: Path | str | None = None,
    ) -> None:
        self.head_id = head_id
        self.manifest: Manifest | None = None
        self.fallback_reason: str | None = None
        """Why the fallback answers; None where the head does."""
        self.adaptation: Adaptation | None = None
        self._head: OpenHead | None = None
        folder = _own_folder() if model_folder is None else _folder(model_folder)
        ReleaseFiles(folder, head_id)  # an id that can name no head is an error, not a fallback
        # What reads a release (pydantic, onnxruntime) is loaded by whoever opens one.
        from mos_assets.release.session import open_head

        try:
            self._head = open_head(folder, head_id)
        except ReleaseError as error:
            self.fallback_reason = str(error)
            if adaptation is None:
                return
            raise
        self.manifest = self._head.release.manifest
        self._slots = EncoderSlots(head_id, self.manifest.encoder_vocab)
        self._one_row = OneRow(self._head)
        self._verdict = _verdict_text(self.manifest)
        self._status = str(self.manifest.status)
        interval = self.manifest.interval
        self._half_width = None if interval is None else interval.half_width
        self._envelope = self.manifest.applicability
        if adaptation is not None:
            self.adaptation = _belonging(Path(adaptation), self.require_manifest())

    @classmethod
    def by_rule(cls, why: str) -> Self:
        """A predictor without a head, of which the codec rule answers; `why` is its reason."""
        made = cls.__new__(cls)
        made.head_id, made.manifest, made._head = "none", None, None
        made.fallback_reason, made.adaptation = why, None
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
        if self._head is None:
            return self._fall_back(features, codec, target_quality)
        slot = self._slots.of_clip(codec, encoder_onehot)
        mos = self._one_row.answer(features, slot)
        if mos is None:
            mos = self._answer(self._head, features, slot)
        if self.adaptation is not None:
            from mos_assets.adapting.layer import ADAPTED

            seen = [features.get(name) for name in self._head.release.manifest.feature_order]
            mos = self.adaptation.adapted(mos, seen)
            return MosPrediction(mos, Source.HEAD, self.head_id, ADAPTED, self.adaptation.reason)
        return MosPrediction(
            mos,
            Source.HEAD,
            self.head_id,
            self._status,
            self._verdict,
            self._interval(mos),
            None if self._envelope is None else partial(self._standing, dict(features)),
        )

    def predict_many(
        self,
        rows: Any,
        codec: Any = None,
        *,
        encoder_onehot: Any = None,
        on_missing: OnMissing | str = OnMissing.ERROR,
    ) -> MosPredictions:
        """The opinion scores of many clips; the same numbers as of `predict_mos`, one by one.

        rows: an array [n, F] in the order of `manifest.feature_order`, or a mapping of columns, a
        DataFrame (pandas, polars) or an Arrow table, whose columns are found by name and whose
        others are left alone; raw units.
        codec: the encoder of all rows, or one a row, as in `predict_mos`; None is the clip of
        unknown origin.
        encoder_onehot: [n, slots] in place of `codec`.
        on_missing: what becomes of rows that lack a feature (None, NA, NaN): `error`, `null`
        (no score, and a reason), or `impute` of a head that was trained to.
        Raises FeatureError naming row and column, and ReleaseError where no head can be used:
        the codec rule answers for one clip only.
        """
        if self._head is None:
            raise ReleaseError(
                f"{self.fallback_reason} predict_many needs a head; predict_mos answers by the "
                "codec rule."
            )
        if self.adaptation is not None:
            raise FeatureError(
                "predict_many scores by the head alone; predict_mos and predict_clip apply the "
                "adaptation."
            )
        mos, outside, reasons = predict_rows(
            self._head, self._slots, rows, codec, encoder_onehot, on_missing
        )
        low, high = interval_of(mos, outside, self._head.release.manifest)
        return MosPredictions(
            mos, low, high, outside, reasons, self.head_id, self._status, self._verdict
        )

    def _answer(self, head: OpenHead, features: Mapping[str, float | None], slot: int) -> float:
        from mos_assets.release.session import bounded_float32, flaw_of, run_head

        manifest = head.release.manifest
        gap = manifest.missing_value
        row = [
            gap
            if gap is not None and features.get(name, 0.0) is None
            else _finite(features, name, f"{self.head_id} needs it")
            for name in manifest.feature_order
        ]
        answers = run_head(
            head.session,
            bounded_float32(np.array([row], dtype=np.float64)),
            self._slots.onehot(np.array([slot])),
        )
        flaw = flaw_of(answers, 1)
        if flaw is not None:
            raise ReleaseError(
                f"{self.head_id} cannot be used: {flaw}. Train and release it again."
            )
        return float(np.asarray(answers)[0])

    def _interval(self, mos: float) -> tuple[float, float] | None:
        half_width = self._half_width
        if half_width is None:
            return None
        return max(MOS_MIN, mos - half_width), min(MOS_MAX, mos + half_width)

    def predict_clip(
        self, path: Path | str, reference: Path | str | None = None, *, ffmpeg: str = ""
    ) -> ClipPrediction:
        """Measure one clip and predict its opinion score.

        reference: the pristine file that the clip was made from, for a head trained with
        MOS_REFERENCE=source; other heads leave it unused, and the answer's `reference` is None.
        ffmpeg: the program; empty: the bundled build.
        Without a head the codec rule answers, from the bit rate that the container states. It
        cannot use a reference: where one is given, having no head raises ReleaseError.
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

    def _standing(self, features: Mapping[str, float | None]) -> Standing:
        """Where the clip lies beside the training rows; of a head that says where those lay."""
        # It loads much that a caller who never asks need not wait for.
        from mos_assets.evaluation.applicability import outside

        manifest = self.require_manifest()
        envelope, gap = manifest.applicability, manifest.missing_value
        if envelope is None:
            raise ValueError("a head without an envelope was asked where a clip lies")
        given = [features[name] for name in envelope.feature_order]
        row = [math.nan if value is None or value == gap else float(value) for value in given]
        (found,) = outside(envelope, np.array([row], dtype=np.float64))
        return found

    def _fall_back(
        self, features: Mapping[str, float | None], codec: str, target_quality: float | None
    ) -> MosPrediction:
        if codec not in CODEC_CURVES:
            raise unknown_codec(codec)
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


def _own_folder() -> Path:
    from mos_assets.settings.paths import OWN_MODEL_FOLDER

    return OWN_MODEL_FOLDER


def _belonging(path: Path, manifest: Manifest) -> Adaptation:
    """The layer in this file. Raises ReleaseError where it is not of this very head."""
    from mos_assets.adapting.layer import read_adaptation

    found = read_adaptation(path)
    if (found.head_id, found.head_sha256) != (manifest.id, manifest.sha256) or (
        found.feature_order != manifest.feature_order
    ):
        same = found.head_id == manifest.id
        other = "another release of it" if same else found.head_id
        raise ReleaseError(
            f"{path} does not belong to {manifest.id} as it is there: it was made for {other}. "
            "Make it anew with mos adapt, or name the head that it was made for."
        )
    return found


def _folder(given: Path | str) -> Path:
    if isinstance(given, Path):
        return given
    from mos_assets.settings import local_folder

    try:
        return local_folder(given)
    except ValueError as error:
        raise SettingsError(f"model_folder={given!r}: {error}.") from error


def _finite(features: Mapping[str, float | None], name: str, why: str) -> float:
    if name not in features:
        raise FeatureError(f"Feature {name!r} is missing; {why}.")
    given = features[name]
    try:
        value = float(given)  # type: ignore[arg-type]  # callers pass what they like
    except (TypeError, ValueError, OverflowError) as error:
        raise FeatureError(f"Feature {name!r} is {given!r}, no number; {why}.") from error
    if not math.isfinite(value):
        raise FeatureError(f"Feature {name!r} is {value}; {why}, as a finite number.")
    return value


def _verdict_text(manifest: Manifest) -> str:
    from mos_assets.release.manifest import NOT_ASKED

    if manifest.gate is None:
        return "not judged"
    told = {False: ", not shown to be more than a shortcut", None: f", {NOT_ASKED}", True: ""}
    gate = "gate" if manifest.gate.kind is GateKind.REAL else "surrogate gate"
    labels = f"{manifest.data.rows} {manifest.data.label_origin} labels"
    met = "met" if manifest.gate.passed else "missed"
    return f"{gate} {met} on {labels}{told[manifest.beats_shortcuts]}"
