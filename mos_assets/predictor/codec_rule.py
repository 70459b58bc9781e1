"""The fallback of the predictor: VMAF predicted from codec, quality and bit rate, mapped to MOS.

A rule of thumb for when no head can be used. Results that come from here always say so.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from mos_assets.errors import FeatureError
from mos_assets.records import MOS_MAX, MOS_MIN


@dataclass(frozen=True, slots=True)
class CodecCurve:
    """predicted VMAF = a - b·d - c·d² + e·log10(kbps), d = quality - reference."""

    a: float
    b: float
    c: float
    e: float
    reference: int
    """Quality (CRF, CQ or QP) at which d is 0."""
    default_quality: int


def _curve(
    a: float, b: float, c: float, e: float, ref: int, default: int | None = None
) -> CodecCurve:
    return CodecCurve(a, b, c, e, ref, ref if default is None else default)


CODEC_CURVES: dict[str, CodecCurve] = {
    "libx264": _curve(95, 1.20, 0.012, 1.5, 23),
    "libx265": _curve(96, 1.10, 0.010, 1.6, 28),
    "libsvtav1": _curve(94, 0.95, 0.009, 1.4, 35),
    "libaom-av1": _curve(94, 0.90, 0.009, 1.4, 35),
    "libvvenc": _curve(95, 0.85, 0.008, 1.5, 32),
    "h264_nvenc": _curve(93, 1.30, 0.014, 1.4, 23),
    "hevc_nvenc": _curve(94, 1.20, 0.012, 1.5, 23),
    "av1_nvenc": _curve(93, 1.10, 0.011, 1.5, 23),
    "h264_amf": _curve(92, 1.40, 0.015, 1.3, 23),
    "hevc_amf": _curve(93, 1.30, 0.013, 1.3, 23),
    "av1_amf": _curve(92, 1.20, 0.012, 1.4, 23),
    "h264_qsv": _curve(93, 1.30, 0.013, 1.4, 23),
    "hevc_qsv": _curve(94, 1.20, 0.012, 1.5, 23),
    "av1_qsv": _curve(93, 1.10, 0.011, 1.5, 23),
    "libvpx-vp9": _curve(95, 1.20, 0.012, 1.5, 23, 32),
}
"""Encoder name → its curve."""

ENCODER_OF_DECODER = {
    "h264": "libx264",
    "hevc": "libx265",
    "av1": "libaom-av1",
    "vp9": "libvpx-vp9",
    "vvc": "libvvenc",
}
"""The encoder whose curve stands in for a finished clip of this decoder."""


def predict_vmaf(codec: str, bitrate_kbps: float, quality: float | None) -> float:
    """VMAF 0..100 that this encoder tends to give.

    codec: a key of CODEC_CURVES; bitrate_kbps: of a probe encode; quality: CRF, CQ or QP,
    None for the encoder's default. Raises FeatureError for an unknown codec or a number
    that is not finite.
    """
    curve = CODEC_CURVES.get(codec)
    if curve is None:
        raise FeatureError(
            f"Codec {codec!r} is not known. Known: {', '.join(sorted(CODEC_CURVES))}."
        )
    quality = curve.default_quality if quality is None else quality
    for name, value in (("probe_bitrate_kbps", bitrate_kbps), ("target_quality", quality)):
        if not math.isfinite(value):
            raise FeatureError(f"{name} is {value}; a finite number is needed.")
    d = quality - curve.reference
    vmaf = curve.a - curve.b * d - curve.c * d * d + curve.e * math.log10(max(bitrate_kbps, 1.0))
    return min(100.0, max(0.0, vmaf))


def vmaf_to_mos(vmaf: float) -> float:
    """clamp((vmaf - 30)/14, 1, 5). Raises FeatureError where vmaf is not finite."""
    if not math.isfinite(vmaf):
        raise FeatureError(f"vmaf is {vmaf}; a finite number is needed.")
    return min(MOS_MAX, max(MOS_MIN, (vmaf - 30.0) / 14.0))
