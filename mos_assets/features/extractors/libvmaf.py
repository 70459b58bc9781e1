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
from mos_assets.features.outputs import COMPARISON_LOG, MOTION_LOG, libvmaf_log

MOTION = "motion2"
ONE_FRAME = "it has one frame, and nothing moves in it"
LIBVMAF_EXTRACTORS = ("adm", "vif", "motion")
"""Without a model these three give the six."""
_SOURCE = "libvmaf, mean over the frames compared"
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
        "libvmaf, mean over frames",
    ),
)
SIX_NAMES = tuple(column.name for column in SIX)


def six_values(decoded: Decoded, side: str = "") -> dict[str, list[float]]:
    """The six in the order of frames, from libvmaf's logs, whose names begin with `side`: motion of
    every pair, the others of those that were compared.

    Raises ClipError where a log does not hold exactly as many finite frames, and MachineError
    where it was not written, or in part.
    """
    logged = {name: f"integer_{name}" for name in SIX_NAMES}
    due = dict.fromkeys(SIX_NAMES, decoded.compared.chosen(decoded.pairs))
    due[MOTION] = decoded.pairs
    moved = {} if decoded.compared.is_every else {MOTION: logged.pop(MOTION)}
    values = libvmaf_log(decoded.folder / (side + COMPARISON_LOG), logged)
    if moved:
        values |= libvmaf_log(decoded.folder / (side + MOTION_LOG), moved)
    for name, column in values.items():
        if len(column) != due[name]:
            raise DoubtfulClipError(
                f"libvmaf scored {len(column)} frames where {due[name]} of {decoded.pairs} decoded "
                "ones were due"
                if due[name] != decoded.pairs
                else f"libvmaf scored {len(column)} frames where {decoded.pairs} were decoded"
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
        means = {name: math.fsum(column) / len(column) for name, column in values.items()}
        if decoded.pairs > 1:
            return Columns(means, None)
        del means[MOTION]
        return Columns(means, f"no {MOTION}: {ONE_FRAME}")
