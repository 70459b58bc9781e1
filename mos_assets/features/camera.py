"""What two thumbnails of a clip both show when the camera's motion is taken out.

Motion is a shift by phase correlation, refined to an affine map by ECC (Evangelidis & Psarakis
2008, doi:10.1109/TPAMI.2008.113): pans, shakes, zooms and turns are explained, a cut is not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

_OVERLAP = 0.5
"""Share of the picture that both have to show; less explains nothing."""
_SOFTNESS = 0.8
"""Deviation of a Gaussian, in pixels."""
_ITERATIONS, _PRECISION = 12, 1e-3
_BLUR = 3
"""Pixels of the Gaussian before ECC."""


def compensated_change(
    before: npt.NDArray[np.uint8], after: npt.NDArray[np.uint8]
) -> tuple[float, bool]:
    """Mean absolute difference, in levels, of what two RGB pictures [lines, columns, 3] both show.

    And whether a motion brought them nearer to each other; without one it is that of the pictures
    as they lie. Both are softened.
    """
    import numpy as np

    shown = shown_by_both(before, after)
    first, second = shown or (_softened(before), _softened(after))
    return float(np.abs(first - second).mean()), shown is not None


def shown_by_both(
    before: npt.NDArray[np.uint8], after: npt.NDArray[np.uint8]
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]] | None:
    """Pixels [m, 3] of either picture [lines, columns, 3], of the same places of the scene.

    None where no motion brings them nearer to each other.
    """
    import cv2
    import numpy as np

    first, second = _softened(before), _softened(after)
    found: tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]] | None = None
    nearest = float(np.abs(first - second).mean())
    size = (before.shape[1], before.shape[0])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    whole = np.ones(before.shape[:2], dtype=np.float32)
    for motion in _motions(first.mean(axis=2), second.mean(axis=2)):
        shared = cv2.warpAffine(whole, motion, size, flags=flags) > 0.99
        if shared.mean() >= _OVERLAP:
            moved = np.asarray(cv2.warpAffine(second, motion, size, flags=flags), np.float32)
            left = float(np.abs(first[shared] - moved[shared]).mean())
            if left < nearest:
                found, nearest = (first[shared], moved[shared]), left
    return found


def _softened(picture: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Without what is too fine to be moved by parts of a pixel: that alone would dull it."""
    import cv2
    import numpy as np

    soft = cv2.GaussianBlur(picture.astype(np.float32), (0, 0), _SOFTNESS)
    return np.asarray(soft, np.float32)


def _motions(
    before: npt.NDArray[np.float32], after: npt.NDArray[np.float32]
) -> list[npt.NDArray[np.float32]]:
    """Maps [2, 3] from places of one grey picture to those of the other: shifted, and affine."""
    import cv2
    import numpy as np

    # OpenCV multiplies the window into its inputs where their size needs no padding.
    hann = cv2.createHanningWindow((before.shape[1], before.shape[0]), cv2.CV_32F)
    (right, down), _ = cv2.phaseCorrelate(before.copy(), after.copy(), hann)
    shift = np.array([[1, 0, right], [0, 1, down]], dtype=np.float32)
    stop = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, _ITERATIONS, _PRECISION)
    try:
        everywhere = np.ones(before.shape, dtype=np.uint8)
        _, affine = cv2.findTransformECC(
            before, after, shift.copy(), cv2.MOTION_AFFINE, stop, everywhere, _BLUR
        )
    except cv2.error as error:
        if error.code != cv2.Error.STS_NO_CONV:
            raise
        return [shift]
    return [shift, np.asarray(affine, np.float32)]
