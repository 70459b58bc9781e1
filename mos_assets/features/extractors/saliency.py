"""The block `saliency`: the spectral residual of Hou & Zhang (CVPR 2007), as OpenCV computes it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING

from mos_assets.errors import ClipError
from mos_assets.features.extractors.base import (
    Column,
    Columns,
    Decoded,
    Output,
    PictureExtractor,
    Tap,
)
from mos_assets.features.libraries import OPENCV
from mos_assets.features.outputs import GREY_VIDEO, grey_pictures

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

LINES = 270
"""Height in lines at which saliency is computed."""
MEAN, VARIANCE = "saliency_mean", "saliency_var"
_PICTURES = "grey.y4m"
_SOURCE = "spectral residual saliency, one frame a second"


class Saliency(PictureExtractor):
    """How much of the picture draws the eye, and how unevenly."""

    name = "saliency"
    version = 2
    block = "saliency"
    columns = (
        Column(MEAN, "1", (0.0, 1.0), "mean of the map, 0..1", _SOURCE),
        Column(VARIANCE, "1", (0.0, 0.25), "population variance of the map", _SOURCE),
    )
    libraries = (OPENCV,)
    settings = (f"spectral-{LINES}-1fps",)
    compares = ()

    def tap(self, step: int) -> Tap:
        """One frame a second, small and grey."""
        return Tap(
            "sampled",
            (
                f"[sampled]select=not(mod(n\\,{step})),"
                f"scale=-2:{LINES}:flags=bicubic,format=gray[grey]",
            ),
            (Output("grey", (*GREY_VIDEO, _PICTURES)),),
        )

    def read(self, decoded: Decoded) -> Columns:
        """Means over the sampled frames."""
        return Columns(saliency_means(grey_pictures(decoded.folder / _PICTURES)), None)


def saliency_means(pictures: Iterable[npt.NDArray[np.uint8]]) -> dict[str, float]:
    """Mean over pictures [lines, columns] of the map's mean and population variance.

    The map lies in 0..1. Pictures of one grey level, as at the start of a fade, are left out:
    they have no spectral residual, only its rounding errors. Raises ClipError where that
    leaves none.
    """
    import cv2
    import numpy as np

    extractor = cv2.saliency.StaticSaliencySpectralResidual_create()  # type: ignore[attr-defined]
    means: list[float] = []
    variances: list[float] = []
    number = -1
    for number, picture in enumerate(pictures):
        # The map is computed on 64 by 64; what is flat there is flat to it.
        small = cv2.resize(picture, (64, 64))
        if small.min() == small.max():
            continue
        done, values = extractor.computeSaliency(picture)
        if not done or not np.isfinite(values).all():
            raise ClipError(f"no saliency map came of sampled frame {number}")
        exact = values.astype(np.float64)
        if exact.min() < 0.0 or exact.max() > 1.0:
            raise ClipError(f"the saliency map of sampled frame {number} leaves 0..1")
        means.append(float(exact.mean()))
        variances.append(float(exact.var()))
    if number < 0:
        raise ClipError("no frame was sampled for saliency")
    if not means:
        raise ClipError(f"each of its {number + 1} sampled frames is of one colour")
    return {
        MEAN: math.fsum(means) / len(means),
        VARIANCE: math.fsum(variances) / len(variances),
    }
