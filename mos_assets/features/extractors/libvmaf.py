"""The block `canonical-6`: libvmaf's integer features of the clip against its reference."""

from __future__ import annotations

import math
from typing import ClassVar

from mos_assets.errors import ClipError, DoubtfulClipError
from mos_assets.features.extractors.base import (
    Agreement,
    Column,
    Columns,
    Decoded,
    PictureExtractor,
)
from mos_assets.features.outputs import comparison_log

MOTION = "motion2"
ONE_FRAME = "it has one frame, and nothing moves in it"
LIBVMAF_EXTRACTORS = ("adm", "vif", "motion")
"""Without a model these three give the six."""
_SOURCE = "libvmaf, mean over frames"
_UNBOUNDED = (0.0, math.inf)

SIX = (
    Column("adm2", "1", _UNBOUNDED, "detail loss measure (Li et al. 2011)", _SOURCE),
    *(
        Column(
            f"vif_scale{scale}",
            "1",
            _UNBOUNDED,
            f"visual information fidelity at {resolution} resolution",
            _SOURCE,
        )
        for scale, resolution in enumerate(("full", "1/2", "1/4", "1/8"))
    ),
    Column(
        MOTION,
        "levels",
        _UNBOUNDED,
        "luma difference of neighbouring frames, the smaller of both sides",
        _SOURCE,
    ),
)
SIX_NAMES = tuple(column.name for column in SIX)


def six_values(decoded: Decoded) -> dict[str, list[float]]:
    """The six of every pair, in the order of frames, from libvmaf's log.

    Raises ClipError where the log does not hold exactly as many finite frames, and MachineError
    where it was not written, or in part.
    """
    values = comparison_log(decoded.folder, {name: f"integer_{name}" for name in SIX_NAMES})
    for name, column in values.items():
        if len(column) != decoded.pairs:
            raise DoubtfulClipError(
                f"libvmaf scored {len(column)} frames where {decoded.pairs} were decoded"
            )
        odd = next((value for value in column if not math.isfinite(value)), None)
        if odd is not None:
            raise ClipError(f"libvmaf gave {name} = {odd}")
    return values


class Libvmaf(PictureExtractor):
    """The six of Netflix's VMAF, without its model."""

    name = "libvmaf"
    version = 1
    block = "canonical-6"
    columns = SIX
    libraries = ()
    settings = ()
    compares = LIBVMAF_EXTRACTORS
    # Other builds and rounding to four digits stay within a third of this; another scaler does not.
    agreement: ClassVar = {name: Agreement(0.999, 0.005) for name in SIX_NAMES} | {
        MOTION: Agreement(0.999, 0.05)
    }

    def read(self, decoded: Decoded) -> Columns:
        """The six means; one frame has no motion: the 0 that libvmaf gives is no measurement."""
        values = six_values(decoded)
        means = {name: math.fsum(column) / decoded.pairs for name, column in values.items()}
        if decoded.pairs > 1:
            return Columns(means, None)
        del means[MOTION]
        return Columns(means, f"no {MOTION}: {ONE_FRAME}")
