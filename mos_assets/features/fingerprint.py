"""The extractor fingerprint: what a figure depends on besides the clip, in one short string.

Each extractor has its own, so that a new OpenCV re-measures saliency and nothing else. Nothing
heavy is imported: versions come from package metadata.
"""

from __future__ import annotations

from mos_assets.features.colour_tags import COMPARED_RULE
from mos_assets.features.extractors.base import picture_extractors
from mos_assets.features.loopback import TRANSCODES
from mos_assets.features.stride import SPARSE_VERSION
from mos_assets.media.ffmpeg import Ffmpeg
from mos_assets.settings import Comparison, ReferencePolicy, Sampling

DECODE_CHECK_VERSION = 4
"""Raised whenever another clip would be refused as not sound, or another one scored."""

SCALING = "bicubic"
"""How a clip is brought to the size of its pristine reference."""

PAIRING = "on-screen-1"
"""Name of the rule by which pictures of clip and reference meet (`pairing.py`); its number is
raised whenever another pair would meet, or another shape or duration be refused."""


def fingerprint(part: str, comparison: Comparison | ReferencePolicy, ffmpeg: Ffmpeg) -> str:
    """The fingerprint of one part; how clips are compared enters only where it matters.

    A policy alone is a comparison of every picture.

    Raises ToolError where a library that the part needs is not installed.
    """
    extractor = picture_extractors().get(part)
    if extractor is None:
        raise ValueError(f"{part!r} is not a part of a measurement")
    return ":".join(
        [
            f"{part}-{extractor.version}.{DECODE_CHECK_VERSION}",
            f"ffmpeg-{ffmpeg.version}",
            *(_compared(Comparison.of(comparison)) if extractor.compares else ()),
            *(f"{library.name}-{library.version}" for library in extractor.libraries),
            *extractor.settings,
        ]
    )


def _compared(comparison: Comparison) -> tuple[str, ...]:
    sparse = comparison.sampling is Sampling.SPARSE
    # First, so that no fingerprint is the beginning of another one.
    sampling = (f"{comparison.sampling}-{SPARSE_VERSION}",) if sparse else ()
    return (*sampling, _reference(comparison))


def _reference(comparison: Comparison) -> str:
    match comparison.reference:
        case ReferencePolicy.LOOPBACK:
            return f"loopback-{TRANSCODES[comparison.loopback].name}"
        case ReferencePolicy.SOURCE:
            return f"source-{SCALING}-{PAIRING}-{COMPARED_RULE}"
        case ReferencePolicy.SELF:
            return "self"
