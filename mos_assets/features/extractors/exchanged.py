"""The block `exchanged-v1`: what a clip added to its source, which the six do not see.

libvmaf asks how much of the source's detail a clip still has. Where the source is flat there is
none to lose, so grain, blocks and ringing on plain pictures cost nothing, and below a deviation of
about 1.4 levels a texture counts as flat. With the roles exchanged the question is how much of the
clip's detail the source has: the clip is the reference, and `exchanged_motion2` is its motion. The
noise of both sides, on the pictures that meet, tells grain that was taken from grain that was put.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from statistics import fmean

from mos_assets.errors import ClipError, DoubtfulClipError
from mos_assets.features.extractors.base import (
    Column,
    Columns,
    Decoded,
    Output,
    PairTap,
    PictureExtractor,
)
from mos_assets.features.extractors.libvmaf import (
    LIBVMAF_EXTRACTORS,
    MOTION,
    ONE_FRAME,
    SIX,
    six_values,
)
from mos_assets.features.libraries import OPENCV
from mos_assets.features.libvmaf_filters import LibvmafFilters
from mos_assets.features.outputs import GREY_VIDEO, NO_FILE, grey_pictures
from mos_assets.features.picture_figures import SMALLEST_SIDE, noise
from mos_assets.features.stride import Stride

_SIDE = "exchanged"
"""Of labels and logs of the comparison with exchanged roles."""
NOISES = ("noise_of_clip", "noise_of_source")
_PICTURES = ("noise_of_clip.y4m", "noise_of_source.y4m")
_LARGEST = 1920
"""Longest side in pixels of a picture whose noise is looked at, as in `nr-v1`."""


class Exchanged(PictureExtractor):
    """The six with the roles exchanged, the source held against the clip, and the noise of both."""

    name, version, block = "exchanged", 1, "exchanged-v1"
    columns = (
        *(
            replace(
                column, name=f"{_SIDE}_{column.name}", source=f"{column.source}, roles exchanged"
            )
            for column in SIX
        ),
        *(
            Column(
                name,
                "levels",
                (0.0, math.inf),
                f"deviation of white noise by Immerkær 1996 in {whose}",
                "mean over the pictures that meet, one a second",
            )
            for name, whose in zip(NOISES, ("the clip", "its source"), strict=True)
        ),
    )
    libraries, settings, compares = (OPENCV,), ("noise-1fps",), LIBVMAF_EXTRACTORS
    needs_source = True

    def pair_tap(self, step: int, compared: Stride) -> PairTap:
        """The pairs with their roles exchanged, and both sides in grey."""
        exchanged = LibvmafFilters.of((self,), compared, side=_SIDE)
        if exchanged is None:
            raise ValueError("it compares")
        shrink = f"min(1\\,{_LARGEST}/max(iw\\,ih))"
        grey = (
            # Far apart, whatever the clock of the output: pairs by time count microseconds.
            f"select=not(mod(n\\,{step})),settb=1,setpts=1000*N,setparams=colorspace=unknown,"
            f"scale=w=round(iw*{shrink}):h=round(ih*{shrink}):flags=bicubic,format=gray"
        )
        chains = (
            "[encoded]split[asreference][grainy]",
            "[source]split[asclip][clean]",
            *exchanged.pair("asclip", "asreference"),
            f"[grainy]{grey}[grainygrey]",
            f"[clean]{grey}[cleangrey]",
        )
        outputs = (
            *(Output(label, NO_FILE) for label in exchanged.outputs),
            Output("grainygrey", (*GREY_VIDEO, _PICTURES[0])),
            Output("cleangrey", (*GREY_VIDEO, _PICTURES[1])),
        )
        return PairTap("encoded", "source", chains, outputs)

    def read(self, decoded: Decoded) -> Columns:
        """Means; one frame has no motion."""
        values = six_values(decoded, _SIDE)
        found = {f"{_SIDE}_{name}": fmean(column) for name, column in values.items()}
        due = len(range(0, decoded.pairs, decoded.step))
        for name, file in zip(NOISES, _PICTURES, strict=True):
            each = list(_noises(decoded.folder / file))
            if len(each) != due:
                raise DoubtfulClipError(f"{len(each)} pairs were sampled where {due} were due")
            found[name] = fmean(each)
        if decoded.pairs > 1:
            return Columns(found, None)
        del found[f"{_SIDE}_{MOTION}"]
        return Columns(found, f"no {_SIDE}_{MOTION}: {ONE_FRAME}")


def _noises(path: Path) -> Iterable[float]:
    for picture in grey_pictures(path):
        if min(picture.shape) < SMALLEST_SIDE:
            raise ClipError(f"pictures of {picture.shape[1]} by {picture.shape[0]} are too small")
        yield noise(picture)
