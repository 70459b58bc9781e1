"""The `container-v1` block: what the probe already knows, as columns."""

from __future__ import annotations

import math

from mos_assets.extraction.columns import CONTAINER_COLUMNS, Columns
from mos_assets.records import Probe


def container_columns(probe: Probe) -> Columns:
    """log10 of bits per pixel, height in lines, frames a second.

    Bits per pixel are bit_rate/(width·height·fps). A container that does not state a bit
    rate gives a reason instead of that column; height and rate stay.
    """
    bits_name, height_name, fps_name = CONTAINER_COLUMNS
    figures: dict[str, float] = {height_name: float(probe.height), fps_name: probe.fps}
    pixels = probe.width * probe.height * probe.fps
    if not probe.bit_rate or probe.bit_rate <= 0:
        return Columns(figures, f"no {bits_name}: the container states no bit rate")
    if not (math.isfinite(pixels) and pixels > 0):
        return Columns({}, "no picture size or frame rate in the container")
    return Columns({bits_name: math.log10(probe.bit_rate / pixels), **figures}, None)
