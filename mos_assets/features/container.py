"""The `container-v1` block: what the probe already knows, as columns."""

from __future__ import annotations

import math

from mos_assets.features.columns import CONTAINER_COLUMNS, Columns
from mos_assets.records import Probe

UNCOUNTED = "its packets were not counted; materialize raw_corpus again"
"""Said of a row that an older version made."""


def container_columns(probe: Probe) -> Columns:
    """log10 of bits per pixel, height in lines, frames a second, of the pictures that are shown.

    Bits per pixel are the bits of the coded video packets / (width · height · pictures); sound
    and whatever else lies in the file do not count. Size and rate are those of `Probe`.
    """
    bits_name, height_name, fps_name = CONTAINER_COLUMNS
    figures: dict[str, float] = {height_name: float(probe.height), fps_name: probe.fps}
    if probe.coded_bytes is None or probe.frames is None:
        return Columns(figures, f"no {bits_name}: {UNCOUNTED}")
    pixels = probe.width * probe.height * probe.frames
    if pixels <= 0 or probe.coded_bytes <= 0:
        return Columns(figures, f"no {bits_name}: its video stream holds no bytes")
    return Columns({bits_name: math.log10(8 * probe.coded_bytes / pixels), **figures}, None)
