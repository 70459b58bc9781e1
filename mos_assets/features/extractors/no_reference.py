"""The block `nr-v1`: a clip described without a pristine file, for corpora that have none.

Frames are sampled in neighbouring pairs, one pair a second; figures of single pictures are means
over the first of each pair unless the name says otherwise. Grey levels are luma spread over
0..255; pictures with a side above 1920 pixels are scaled down to it first. Spatial and temporal
information are deviations of the Sobel magnitude inside the border and of the difference of the
two frames of a pair, as the editions of P.910 before 2022 have them, which take the maximum over
time.

Complete by itself: the means of libvmaf's six are in it, under names that do not clash with
`canonical-6`, and no name ends in `_mean`, which feature tables read as another column. Bits, size
and rate are those of the probe, as in `container-v1`. A clip of one frame lacks the columns of
motion and of temporal information, and has all others.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import fmean

from mos_assets.errors import ClipError, DoubtfulClipError
from mos_assets.features.extractors.base import (
    Column,
    Columns,
    Decoded,
    Output,
    PictureExtractor,
    Tap,
)
from mos_assets.features.extractors.container import RATE_FORMULA
from mos_assets.features.extractors.libvmaf import (
    LIBVMAF_EXTRACTORS,
    MOTION,
    ONE_FRAME,
    SIX,
    SIX_NAMES,
    six_values,
)
from mos_assets.features.libraries import OPENCV
from mos_assets.features.outputs import (
    GREY_VIDEO,
    NO_FILE,
    colour_pictures,
    grey_pictures,
    in_pairs,
    libvmaf_log,
)
from mos_assets.features.picture_figures import (
    GreyFigures,
    colourfulness,
    grey_figures,
    temporal_information,
)
from mos_assets.records import Probe

LARGEST_LUMA = 1920
"""Longest side in pixels of a sampled grey picture; larger ones are scaled down."""
COLOUR_LINES = 270
SMALLEST_BANDING = 216
"""cambi refuses pictures with both sides below; those are enlarged without new levels."""
_LUMA, _COLOUR, _BANDING = "luma.y4m", "colour.ppm", "banding.json"
_CAMBI = "cambi"

_PAIRS = "sampled pairs of frames, one pair a second"
_PICTURES = "mean over pictures, one a second"
_STREAM = "coded stream"
_HEADER = "container header"
_UP = (0.0, math.inf)
STATISTICS = {
    "mean": "mean",
    "std": "population deviation",
    "p10": "10th percentile",
    "p90": "90th percentile",
}
"""Over frames; percentiles by linear interpolation."""

SIX_STATISTICS = tuple(
    Column(
        f"nr_{short}_{column.name}",
        column.unit,
        column.range,
        column.formula,
        f"libvmaf, {long} over {'frames' if column.name == MOTION else 'the frames compared'}",
    )
    for short, long in STATISTICS.items()
    for column in SIX
)
_P910 = "information of ITU-T P.910 before 2022"
ACTIVITY = (
    Column("nr_mean_si", "levels", _UP, f"spatial {_P910}, mean over time, levels", _PAIRS),
    Column("nr_max_si", "levels", _UP, f"spatial {_P910}, maximum over time, levels", _PAIRS),
    Column("nr_mean_ti", "levels", _UP, f"temporal {_P910}, mean over time, levels", _PAIRS),
    Column("nr_max_ti", "levels", _UP, f"temporal {_P910}, maximum over time, levels", _PAIRS),
)
OF_PICTURES = (
    Column("nr_blur", "1", (0.0, 1.0), "blur of Crété-Roffet et al. 2007, 0 sharp..1", _PICTURES),
    Column(
        "nr_blockiness",
        "1",
        (-1.0, 1.0),
        "differences across against off the 8x8 grid, -1..1",
        _PICTURES,
    ),
    Column(
        "nr_noise", "levels", _UP, "deviation of white noise by Immerkær 1996, levels", _PICTURES
    ),
    Column(
        "nr_contrast", "levels", (0.0, 127.5), "deviation of the grey levels, 0..127.5", _PICTURES
    ),
    Column(
        "nr_colourfulness",
        "levels",
        _UP,
        "Hasler & Süsstrunk 2003, sRGB levels; untagged: BT.601",
        _PICTURES,
    ),
    Column(
        "nr_entropy",
        "bits",
        (0.0, 8.0),
        "Shannon entropy of the grey levels, 0..8 bits",
        _PICTURES,
    ),
    Column("nr_banding", "1", _UP, "cambi of libvmaf, 0 none..about 24", _PICTURES),
)
OF_STREAM = (
    Column(
        "nr_log10_bits_per_pixel",
        "log10 bit",
        (-math.inf, math.inf),
        "log10(coded bits/(width·height·frames))",
        _STREAM,
    ),
    Column("nr_long_side", "pixels", _UP, "longer side of the picture in pixels", _HEADER),
    Column("nr_short_side", "pixels", _UP, "shorter side of the picture in pixels", _HEADER),
    Column("nr_fps", "frames a second", _UP, RATE_FORMULA, _STREAM),
)
MOVING = frozenset({*(f"nr_{short}_{MOTION}" for short in STATISTICS), "nr_mean_ti", "nr_max_ti"})
"""Those that compare frames with the ones before."""


class NoReference(PictureExtractor):
    """Figures of sampled pictures, and what libvmaf says under MOS_REFERENCE."""

    name = "nr"
    version = 1
    block = "nr-v1"
    columns = (*SIX_STATISTICS, *ACTIVITY, *OF_PICTURES, *OF_STREAM)
    libraries = (OPENCV,)
    settings = ("pairs-1fps",)
    compares = LIBVMAF_EXTRACTORS

    def tap(self, step: int) -> Tap:
        """Pairs of frames in grey, the first of each in colour and through cambi."""
        shrink = f"min(1\\,{LARGEST_LUMA}/max(iw\\,ih))"
        enlarge = f"max(1\\,{SMALLEST_BANDING}/max(iw\\,ih))"
        chains = (
            f"[looked]select=lt(mod(n\\,{step})\\,2),split[pairs][both]",
            f"[pairs]scale=w=round(iw*{shrink}):h=round(ih*{shrink}):flags=bicubic,"
            "format=gray[luma]",
            f"[both]select=not(mod(n\\,{min(step, 2)})),split[coloured][stepped]",
            f"[coloured]scale=-2:{COLOUR_LINES}:flags=bicubic,format=rgb24[colour]",
            f"[stepped]scale=w=ceil(iw*{enlarge}):h=ceil(ih*{enlarge}):flags=neighbor,"
            "split[banded][again]",
            "[banded][again]libvmaf=model=:feature=name=cambi"
            f":log_fmt=json:log_path={_BANDING}:n_threads=0[banding]",
        )
        outputs = (
            Output("luma", (*GREY_VIDEO, _LUMA)),
            Output("colour", ("-c:v", "ppm", "-f", "image2pipe", _COLOUR)),
            Output("banding", NO_FILE),
        )
        return Tap("looked", chains, outputs)

    def read(self, decoded: Decoded) -> Columns:
        """Every column; one frame shows no change in time, and has all others.

        Raises ClipError where one of them cannot be had, with the reason.
        """
        found = {
            **six_statistics(six_values(decoded)),
            **_of_pictures(decoded),
            **_of_stream(decoded.probe, decoded.frames),
        }
        for name, value in found.items():
            if not math.isfinite(value):
                raise ClipError(f"{name} came out as {value}")
        if decoded.frames > 1:
            return Columns(found, None)
        still = {name: value for name, value in found.items() if name not in MOVING}
        return Columns(still, f"no {ACTIVITY[-1].name}: {ONE_FRAME}")


def six_statistics(values: dict[str, list[float]]) -> dict[str, float]:
    """Mean, population deviation, 10th and 90th percentile over frames, of the six."""
    import numpy as np

    statistics: list[float] = []
    columns = [np.array(values[name]) for name in SIX_NAMES]
    # The same sum as in `canonical-6`, so that both blocks agree to the last bit.
    statistics += [math.fsum(column.tolist()) / len(column) for column in columns]
    statistics += [float(column.std()) for column in columns]
    statistics += [float(np.percentile(column, 10)) for column in columns]
    statistics += [float(np.percentile(column, 90)) for column in columns]
    return dict(zip(_names(SIX_STATISTICS), statistics, strict=True))


def _of_pictures(decoded: Decoded) -> dict[str, float]:
    folder, step, frames = decoded.folder, decoded.step, decoded.frames
    single: list[GreyFigures] = []
    temporal: list[float] = []
    for picture, is_first, before in in_pairs(grey_pictures(folder / _LUMA), frames, step):
        if is_first:
            single.append(grey_figures(picture))
        if before is not None:
            temporal.append(temporal_information(before, picture))
    colours = [colourfulness(picture) for picture in colour_pictures(folder / _COLOUR)]
    banding = libvmaf_log(folder / _BANDING, {_CAMBI: _CAMBI})[_CAMBI]
    if not len(colours) == len(banding) == len(single):
        raise DoubtfulClipError(
            f"{len(colours)} colour pictures and {len(banding)} figures of banding were made "
            f"where {len(single)} were due"
        )
    blurs = [figures.blur for figures in single if figures.blur is not None]
    if not blurs:
        raise ClipError("every sampled frame is of one colour: there is no sharpness in it")
    spatial = [figures.spatial_information for figures in single]
    moving = (fmean(temporal), max(temporal)) if frames > 1 else ()
    activity = (fmean(spatial), max(spatial), *moving)
    of_pictures = (
        fmean(blurs),
        fmean([figures.blockiness for figures in single]),
        fmean([figures.noise for figures in single]),
        fmean([figures.contrast for figures in single]),
        fmean(colours),
        fmean([figures.entropy for figures in single]),
        fmean(banding),
    )
    return dict(zip(_names(ACTIVITY), activity, strict=frames > 1)) | dict(
        zip(_names(OF_PICTURES), of_pictures, strict=True)
    )


def _of_stream(probed: Probe, frames: int) -> dict[str, float]:
    if not probed.coded_bytes:
        raise ClipError("its video stream holds no bytes")
    bits = 8 * probed.coded_bytes
    sides = probed.width, probed.height
    figures = (
        math.log10(bits / (probed.width * probed.height * frames)),
        float(max(sides)),
        float(min(sides)),
        probed.fps,
    )
    return dict(zip(_names(OF_STREAM), figures, strict=True))


def _names(columns: Sequence[Column]) -> tuple[str, ...]:
    return tuple(column.name for column in columns)
