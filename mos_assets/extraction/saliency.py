"""Saliency figures: the spectral residual of Hou & Zhang (CVPR 2007), as OpenCV computes it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING

from mos_assets.errors import ClipError
from mos_assets.extraction.columns import SALIENCY_COLUMNS

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


def saliency_means(pictures: Iterable[npt.NDArray[np.uint8]]) -> dict[str, float]:
    """Mean over pictures [lines, columns] of the map's mean and population variance.

    The map lies in 0..1. Raises ClipError where there is no picture, or none gives a map:
    a picture of one colour has no spectral residual.
    """
    import cv2
    import numpy as np

    extractor = cv2.saliency.StaticSaliencySpectralResidual_create()  # type: ignore[attr-defined]
    means: list[float] = []
    variances: list[float] = []
    for number, picture in enumerate(pictures):
        done, values = extractor.computeSaliency(picture)
        if not done or not np.isfinite(values).all():
            raise ClipError(f"no saliency map came of sampled frame {number}")
        exact = values.astype(np.float64)
        if exact.min() < 0.0 or exact.max() > 1.0:
            raise ClipError(f"the saliency map of sampled frame {number} leaves 0..1")
        means.append(float(exact.mean()))
        variances.append(float(exact.var()))
    if not means:
        raise ClipError("no frame was sampled for saliency")
    mean_name, variance_name = SALIENCY_COLUMNS
    return {
        mean_name: math.fsum(means) / len(means),
        variance_name: math.fsum(variances) / len(variances),
    }
