"""Figures of single grey or colour pictures.

Crété-Roffet et al., SPIE 6492 (2007): blur, the share of the neighbour differences that survive a
9-tap mean. Wang, Bovik & Evans (ICIP 2000): blockiness. Immerkær, CVIU 64(2) (1996): noise.
Hasler & Süsstrunk, SPIE 5007 (2003): colourfulness. ITU-T P.910: spatial and temporal information.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mos_assets.errors import ClipError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Picture = npt.NDArray[np.uint8]

GRID = 8
"""Side in pixels of the coding blocks whose borders blockiness looks for."""
BLUR_TAPS = 9
SMALLEST_SIDE = GRID + 2
"""Pixels; below it there is no border of the grid to look at."""


@dataclass(frozen=True, slots=True)
class GreyFigures:
    """What one grey picture shows."""

    spatial_information: float
    blur: float | None
    """None where no two neighbours differ: such a picture is neither sharp nor blurred."""
    blockiness: float
    noise: float
    contrast: float
    entropy: float


def grey_figures(picture: Picture) -> GreyFigures:
    """Figures of one picture [lines, columns], 0..255.

    Raises ClipError where a side has fewer than SMALLEST_SIDE pixels.
    """
    import cv2

    if min(picture.shape) < SMALLEST_SIDE:
        raise ClipError(
            f"its pictures of {picture.shape[1]} by {picture.shape[0]} pixels are too small for "
            "figures without reference"
        )
    _, contrast = cv2.meanStdDev(picture)
    return GreyFigures(
        spatial_information=spatial_information(picture),
        blur=blur(picture),
        blockiness=blockiness(picture),
        noise=noise(picture),
        contrast=float(contrast[0, 0]),
        entropy=entropy(picture),
    )


def spatial_information(picture: Picture) -> float:
    """Deviation of the Sobel magnitude, without the border that has no neighbours."""
    import cv2
    import numpy as np

    # Whole numbers up to the root: OpenCV's own root rounds by where a picture lies in memory.
    across, down = (
        cv2.Sobel(picture, cv2.CV_16S, 1 - axis, axis)[1:-1, 1:-1].astype(np.int32)
        for axis in (0, 1)
    )
    squares = across * across + down * down
    mean = float(np.sqrt(squares.astype(np.float64)).mean())
    return math.sqrt(max(0.0, int(squares.sum(dtype=np.int64)) / squares.size - mean * mean))


def temporal_information(before: Picture, after: Picture) -> float:
    """Deviation of the difference of two neighbouring pictures."""
    import cv2

    _, deviation = cv2.meanStdDev(cv2.subtract(after, before, dtype=cv2.CV_16S))
    return float(deviation[0, 0])


def blur(picture: Picture) -> float | None:
    """The larger of both directions; None where no neighbours differ."""
    import cv2

    shares = []
    for axis in (0, 1):
        taps = (1, BLUR_TAPS) if axis == 0 else (BLUR_TAPS, 1)
        sharp = _differences(picture, axis)
        smoothed = _differences(cv2.blur(picture, taps), axis)  # type: ignore[arg-type]
        total = cv2.sumElems(sharp)[0]
        if total > 0:
            lost = cv2.sumElems(cv2.subtract(sharp, smoothed))[0]
            shares.append((total - lost) / total)
    return max(shares) if shares else None


def blockiness(picture: Picture) -> float:
    """Contrast between differences across the grid and off it; 0 where nothing differs."""
    import cv2
    import numpy as np

    across = off = 0.0
    for axis in (0, 1):
        # One mean a border: the differences along an axis, averaged over the other.
        borders = cv2.reduce(
            _differences(picture, axis), 1 - axis, cv2.REDUCE_AVG, dtype=cv2.CV_64F
        ).ravel()
        on_grid = np.arange(1, len(borders) + 1) % GRID == 0
        across += float(borders[on_grid].mean())
        off += float(borders[~on_grid].mean())
    return (across - off) / (across + off) if across + off > 0 else 0.0


def noise(picture: Picture) -> float:
    """Deviation of white noise that would give the picture's mean response to a Laplacian pair."""
    import cv2
    import numpy as np

    kernel = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], dtype=np.float32)
    response = cv2.filter2D(picture, cv2.CV_16S, kernel)[1:-1, 1:-1]
    return math.sqrt(math.pi / 2) / 6 * float(cv2.norm(response, cv2.NORM_L1)) / response.size


def entropy(picture: Picture) -> float:
    """Bits a pixel of the histogram of 256 levels."""
    import numpy as np

    share = np.bincount(picture.ravel(), minlength=256) / picture.size
    return max(0.0, -math.fsum(value * math.log2(value) for value in share.tolist() if value > 0))


def colourfulness(picture: Picture) -> float:
    """Spread and distance from grey in the opponent axes of an sRGB picture [lines, columns, 3]."""
    import cv2
    import numpy as np

    axes = np.array([[1.0, -1.0, 0.0], [0.5, 0.5, -1.0]], dtype=np.float32)
    means, deviations = cv2.meanStdDev(cv2.transform(picture.astype(np.float32), axes))
    return math.hypot(*deviations.ravel().tolist()) + 0.3 * math.hypot(*means.ravel().tolist())


def _differences(picture: Picture, axis: int) -> Picture:
    import cv2

    if axis == 0:
        return cv2.absdiff(picture[1:], picture[:-1])  # type: ignore[return-value]
    return cv2.absdiff(picture[:, 1:], picture[:, :-1])  # type: ignore[return-value]
