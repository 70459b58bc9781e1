"""All columns of `nr-v1` of one clip, from what ffmpeg left in its folder."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mos_assets.errors import ClipError, DoubtfulClipError
from mos_assets.features import outputs
from mos_assets.features.bounds import clock_rate
from mos_assets.features.columns import (
    LIBVMAF_COLUMNS,
    NR_ACTIVITY_COLUMNS,
    NR_MOVING_COLUMNS,
    NR_PICTURE_COLUMNS,
    NR_SIX_COLUMNS,
    NR_STREAM_COLUMNS,
    ONE_FRAME,
    Columns,
)
from mos_assets.features.graph import LUMA_FRAMES, sampling_step
from mos_assets.features.nr.pictures import (
    GreyFigures,
    colourfulness,
    grey_figures,
    temporal_information,
)
from mos_assets.records import Probe

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


def nr_figures(folder: Path, probed: Probe, frames: int, compared: int) -> Columns:
    """Every column of the block; `frames` were decoded, and one of them shows no change in time.

    `compared` frames met a reference: as many, or as many as a reference of another rate has.

    Raises ClipError where one of them cannot be had, with the reason.
    """
    found = {
        **six_statistics(outputs.libvmaf_values(folder, compared)),
        **_looked_at(folder, sampling_step(clock_rate(probed)), frames),
        **_stream(probed, frames),
    }
    for name, value in found.items():
        if not math.isfinite(value):
            raise ClipError(f"{name} came out as {value}")
    if frames > 1:
        return Columns(found, None)
    still = {name: value for name, value in found.items() if name not in NR_MOVING_COLUMNS}
    return Columns(still, f"no {NR_ACTIVITY_COLUMNS[-1]}: {ONE_FRAME}")


def six_statistics(values: dict[str, list[float]]) -> dict[str, float]:
    """Mean, population deviation, 10th and 90th percentile over frames, of the six."""
    import numpy as np

    statistics: list[float] = []
    columns = [np.array(values[name]) for name in LIBVMAF_COLUMNS]
    # The same sum as in `canonical-6`, so that both blocks agree to the last bit.
    statistics += [math.fsum(column.tolist()) / len(column) for column in columns]
    statistics += [float(column.std()) for column in columns]
    statistics += [float(np.percentile(column, 10)) for column in columns]
    statistics += [float(np.percentile(column, 90)) for column in columns]
    return dict(zip(NR_SIX_COLUMNS, statistics, strict=True))


def _looked_at(folder: Path, step: int, frames: int) -> dict[str, float]:
    picked = [frame for frame in range(frames) if frame % step < 2]
    firsts = [frame for frame in picked if frame % step == 0]
    single: list[GreyFigures] = []
    temporal: list[float] = []
    before: tuple[int, npt.NDArray[np.uint8]] | None = None
    seen = 0
    for frame, picture in zip(picked, outputs.grey_frames(folder, LUMA_FRAMES), strict=False):
        seen += 1
        if frame % step == 0:
            single.append(grey_figures(picture))
        if before is not None and before[0] == frame - 1:
            temporal.append(temporal_information(before[1], picture))
        before = (frame, picture)
    if seen != len(picked):
        raise DoubtfulClipError(f"{seen} frames were sampled where {len(picked)} were due")
    colours = [colourfulness(picture) for picture in outputs.colour_frames(folder)]
    banding = outputs.banding_values(folder)
    if len(colours) != len(firsts) or len(banding) != len(firsts):
        raise DoubtfulClipError(
            f"{len(colours)} colour pictures and {len(banding)} figures of banding were made "
            f"where {len(firsts)} were due"
        )
    blurs = [figures.blur for figures in single if figures.blur is not None]
    if not blurs:
        raise ClipError("every sampled frame is of one colour: there is no sharpness in it")
    spatial = [figures.spatial_information for figures in single]
    moving = (_mean(temporal), max(temporal)) if frames > 1 else ()
    activity = (_mean(spatial), max(spatial), *moving)
    of_pictures = (
        _mean(blurs),
        _mean([figures.blockiness for figures in single]),
        _mean([figures.noise for figures in single]),
        _mean([figures.contrast for figures in single]),
        _mean(colours),
        _mean([figures.entropy for figures in single]),
        _mean(banding),
    )
    return dict(zip(NR_ACTIVITY_COLUMNS, activity, strict=frames > 1)) | dict(
        zip(NR_PICTURE_COLUMNS, of_pictures, strict=True)
    )


def _stream(probed: Probe, frames: int) -> dict[str, float]:
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
    return dict(zip(NR_STREAM_COLUMNS, figures, strict=True))


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)
