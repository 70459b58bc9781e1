"""The block `container-v1`: what the probe already knows, as columns."""

from __future__ import annotations

import math
from typing import ClassVar

from mos_assets.features.extractors.base import Agreement, Column, Columns, HeaderExtractor
from mos_assets.records import Probe

UNCOUNTED = "its packets were not counted; materialize raw_corpus again"
"""Said of a row that an older version made."""
BITS, HEIGHT, FPS = "log10_bits_per_pixel", "height", "fps"
_SOURCE = "container header"
RATE_FORMULA = "frames a second, by timestamps where they contradict the header"


class Container(HeaderExtractor):
    """Bits, size and rate of the pictures that are shown."""

    name = "container"
    block = "container-v1"
    columns = (
        Column(
            BITS,
            "log10 bit",
            (-math.inf, math.inf),
            "log10(coded bits/(width·height·pictures))",
            _SOURCE,
        ),
        Column(HEIGHT, "pixels", (0.0, math.inf), "picture lines as shown", _SOURCE),
        Column(FPS, "frames a second", (0.0, math.inf), RATE_FORMULA, _SOURCE),
    )

    # What is counted is equal, but for the digits that a table keeps: 23.98, or whole kbit/s.
    agreement: ClassVar = {
        BITS: Agreement(0.999, 0.005),
        HEIGHT: Agreement(None, 0.0),
        FPS: Agreement(None, 0.005),
    }

    def read(self, probe: Probe) -> Columns:
        """Bits are those of the coded video packets; sound and whatever else lies in the file do
        not count. A transport stream repeats the headers of H.264 and HEVC in these packets, which
        adds a little. Size and rate are those of `Probe`.
        """
        figures = {HEIGHT: float(probe.height), FPS: probe.fps}
        if probe.coded_bytes is None or probe.frames is None:
            return Columns(figures, f"no {BITS}: {UNCOUNTED}")
        pixels = probe.width * probe.height * probe.frames
        if pixels <= 0 or probe.coded_bytes <= 0:
            return Columns(figures, f"no {BITS}: its video stream holds no bytes")
        return Columns({BITS: math.log10(8 * probe.coded_bytes / pixels), **figures}, None)
