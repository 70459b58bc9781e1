"""The block `p910-2023`: spatial and temporal information of ITU-T P.910 (10/2023), clause 7.8.

Since 2022 the Recommendation takes both in the light that a display would show, made even to the
eye by PQ (SMPTE ST 2084): codes go through the display model of their transfer characteristics and
through PQ, and figures are on a scale where PQ runs from 0 to 255. `nr-v1` has the form of earlier
editions, of codes; the two put clips in different orders.

Display models are the edition's: BT.1886 with gamma 2.4, from 0.1 to 300 cd/m², for SDR; the same
range for sRGB; HLG of BT.2100 from 0.01 to 1000 cd/m²; PQ as it is. Tags say which; a clip without
tags is SDR. Frames are sampled in pairs, one a second, and pictures with a side above 1920 are
scaled down to it, where the Recommendation takes every frame whole.
"""

from __future__ import annotations

import math
from statistics import fmean
from typing import TYPE_CHECKING

from mos_assets.errors import ClipError
from mos_assets.features.colour_tags import TAGGED_PICTURE, TAGS_FILE, read_tags
from mos_assets.features.extractors.base import (
    Column,
    Columns,
    Decoded,
    Output,
    PictureExtractor,
    Tap,
)
from mos_assets.features.extractors.libvmaf import ONE_FRAME
from mos_assets.features.libraries import OPENCV
from mos_assets.features.outputs import GREY_VIDEO, grey_pictures, in_pairs

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Levels = npt.NDArray[np.int64]

LARGEST = 1920
"""Longest side in pixels of a sampled picture."""
SDR = frozenset({1, 2, 4, 5, 6, 7, 14, 15})
"""Transfer characteristics, ITU-T H.273, of standard dynamic range; 2 is none stated."""
SRGB, PQ, HLG = 13, 16, 18
_CODES = 1 << 16
_UP = (0.0, math.inf)
_PAIRS = "sampled pairs of frames, one pair a second"
_LUMA, _TAGS = "light.y4m", "light_tags.mkv"


def _column(name: str, what: str, over: str) -> Column:
    formula = f"{what} information of ITU-T P.910 (10/2023), {over} over time, PQ on 0..255"
    return Column(name, "levels", _UP, formula, _PAIRS)


class P910(PictureExtractor):
    """Spatial and temporal information of ITU-T P.910 (10/2023)."""

    name, version, block = "p910", 1, "p910-2023"
    columns = (
        _column("p910_mean_si", "spatial", "mean"),
        _column("p910_max_si", "spatial", "maximum"),
        _column("p910_mean_ti", "temporal", "mean"),
        _column("p910_max_ti", "temporal", "maximum"),
    )
    libraries, settings, compares = (OPENCV,), ("pairs-1fps",), ()

    def tap(self, step: int) -> Tap:
        """Pairs of frames in grey of 16 bits, and the clip's tags."""
        shrink = f"min(1\\,{LARGEST}/max(iw\\,ih))"
        chains = (
            "[light]split[lit][dark]",
            f"[lit]{TAGGED_PICTURE}[lighttags]",
            # Grey has no matrix: with that of a tag, FFmpeg n9 would convert the luma.
            f"[dark]select=lt(mod(n\\,{step})\\,2),setparams=colorspace=unknown,"
            f"scale=w=round(iw*{shrink}):h=round(ih*{shrink}):flags=bicubic:out_range=full,"
            "format=gray16le[bright]",
        )
        outputs = (
            Output("bright", (*GREY_VIDEO, _LUMA)),
            Output("lighttags", (*TAGS_FILE, _TAGS)),
        )
        return Tap("light", chains, outputs)

    def read(self, decoded: Decoded) -> Columns:
        """The four; one frame has no temporal information.

        Raises ClipError where the tags name a transfer that the Recommendation has no display for.
        """
        curve = pq_levels(read_tags(decoded.folder / _TAGS).transfer)
        pictures = (curve[codes] for codes in grey_pictures(decoded.folder / _LUMA))
        spatial: list[float] = []
        temporal: list[float] = []
        for picture, is_first, before in in_pairs(pictures, decoded.frames, decoded.step):
            if is_first:
                spatial.append(spatial_information(picture))
            if before is not None:
                temporal.append(_deviation(picture - before))
        names = self.column_names
        found = dict(zip(names, (fmean(spatial), max(spatial)), strict=False))
        if not temporal:
            return Columns(found, f"no {names[2]}: {ONE_FRAME}")
        return Columns(found | {names[2]: fmean(temporal), names[3]: max(temporal)}, None)


def pq_levels(transfer: int) -> Levels:
    """[65536] full-range codes of 16 bits → PQ as whole numbers, 65535 for 10,000 cd/m².

    Raises ClipError for transfer characteristics that have no display model.
    """
    import numpy as np

    signal = np.arange(_CODES) / (_CODES - 1)
    if transfer == PQ:
        return np.arange(_CODES, dtype=np.int64)
    if transfer in SDR:
        light = 0.1 + (300.0 - 0.1) * signal**2.4
    elif transfer == SRGB:
        linear = np.where(signal <= 0.04045, signal / 12.92, ((signal + 0.055) / 1.055) ** 2.4)
        light = 0.1 + (300.0 - 0.1) * linear
    elif transfer == HLG:
        # BT.2100: a, b and c of the curve; 1.2 is the system gamma at 1000 cd/m².
        a, b, c = 0.17883277, 0.28466892, 0.55991073
        scene = np.where(signal <= 0.5, signal**2 / 3, (np.exp((signal - c) / a) + b) / 12)
        light = 0.01 + (1000.0 - 0.01) * scene**1.2
    else:
        raise ClipError(
            f"its transfer characteristics are {transfer} of ITU-T H.273, for which ITU-T P.910 "
            "names no display"
        )
    powered = (light / 10_000.0) ** (2610 / 16384)
    even = ((3424 / 4096 + 2413 / 128 * powered) / (1 + 2392 / 128 * powered)) ** (2523 / 32)
    levels: Levels = np.rint(even * (_CODES - 1)).astype(np.int64)
    return levels


def spatial_information(picture: Levels) -> float:
    """Deviation of the Sobel magnitude inside the border, of whole levels up to 65535, on 0..255.

    Raises ClipError for a picture that is all border.
    """
    import cv2
    import numpy as np

    if min(picture.shape) < 3:
        raise ClipError(f"its pictures of {picture.shape[1]} by {picture.shape[0]} have no inside")
    # Whole numbers below 2^24 are exact in single precision.
    exact = picture.astype(np.float32)
    across, down = (
        cv2.Sobel(exact, cv2.CV_32F, 1 - axis, axis)[1:-1, 1:-1].astype(np.float64)
        for axis in (0, 1)
    )
    squares = across * across + down * down
    mean = float(np.sqrt(squares).mean())
    square = int(squares.astype(np.int64).sum()) / squares.size
    return math.sqrt(max(0.0, square - mean * mean)) * 255 / (_CODES - 1)


def _deviation(difference: Levels) -> float:
    size = difference.size
    total, squares = int(difference.sum()), int((difference * difference).sum())
    return math.sqrt(max(0.0, squares * size - total * total)) / size * 255 / (_CODES - 1)
