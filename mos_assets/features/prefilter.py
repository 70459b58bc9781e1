"""What the thumbnails alone say of each window: no sign of a transition, a slow one, or a fast one.

A shot network costs as much for a still picture as for a cut. Two signs are looked for in
what the network would see of a window:

- colour: how far the sorted levels of each channel (the histogram as an earth mover's
  distance, in levels of 0..255) moved over 2, 8, 16 and 24 frames. Cuts and dissolves between
  different pictures, fades and flashes move it; camera pans, object motion, noise do not. A
  dissolve between pictures of like colours lowers contrast half way, which moves it too;
- isolated change: how far the mean absolute difference of two neighbouring frames stands out
  from that of the frames around them. Cuts between pictures of like colours stand out.

A window without a sign is passed over. Where colours jump between neighbouring frames the
network sees it all. Anything between is slow: the network first looks at every second frame,
where a zoom is still none and a transition is plain, at half the cost.

The bounds are no proof. Filmed single shots lie just below them (up to 2.0 over 2 frames, 4.2
over 8); `bench/shot_prefilter.py` joins pictures with the same levels on purpose and found
dissolves from 2.3 over 2 frames up. Raise PREFILTER_VERSION with any change here.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

PREFILTER_VERSION = 3
"""Raised whenever another window might pass."""

WINDOW = 100
STEP = 50
MARGIN = (WINDOW - STEP) // 2

SLOW_BOUNDS = ((2, 2.2), (8, 5.0), (16, 10.0), (24, 15.0))
"""(lag in frames, largest mean movement of the sorted levels) of a window without a sign."""
FAST_BOUND = (2, 4.0)
"""The same, of a window without a fast sign."""
PEAK_ABOVE_HIGHEST = 3.0
"""Largest excess, in levels, of a frame difference over the highest of its four neighbours."""
PEAK_ABOVE_MEDIAN = 4.0
"""Largest excess over the median of its four neighbours."""

_KEEP_EVERY = 8
"""Every eighth of the 1296 sorted levels describes the histogram."""
_BLOCK = 512
"""Frames in memory at a time."""


class Sign(IntEnum):
    """What a window shows of a transition."""

    NONE = 0
    SLOW = 1
    """Colours move, but hardly from one frame to the next."""
    FAST = 2


def window_signs(thumbnails: npt.NDArray[np.uint8]) -> tuple[Sign, ...]:
    """The sign in each window of thumbnails [n, 27, 48, 3], RGB 0..255."""
    frames = len(thumbnails)
    levels, changes = _describe(thumbnails)
    signs: list[Sign] = []
    for window in range(-(-frames // STEP)):
        first = max(0, window * STEP - MARGIN)
        last = min(frames, window * STEP + STEP + MARGIN)
        if not _no_peak(changes[first + 1 : last]):
            signs.append(Sign.FAST)
        else:
            signs.append(_colour_sign(levels[first:last]))
    return tuple(signs)


def _describe(
    thumbnails: npt.NDArray[np.uint8],
) -> tuple[npt.NDArray[np.int16], npt.NDArray[np.float64]]:
    """Sorted levels [n, 3, 162], and mean absolute change [n] from the frame before."""
    import numpy as np

    frames = len(thumbnails)
    by_channel = thumbnails.reshape(frames, -1, 3)
    levels = np.empty((frames, 3, -(-by_channel.shape[1] // _KEEP_EVERY)), dtype=np.int16)
    changes = np.zeros(frames)
    for first in range(0, frames, _BLOCK):
        last = min(frames, first + _BLOCK)
        block = np.asarray(by_channel[max(0, first - 1) : last])
        changes[last - len(block) + 1 : last] = np.abs(
            block[1:].astype(np.int16) - block[:-1].astype(np.int16)
        ).mean(axis=(1, 2))
        ordered = np.sort(np.asarray(by_channel[first:last]).transpose(0, 2, 1), axis=2)
        levels[first:last] = ordered[:, :, ::_KEEP_EVERY]
    return levels, changes


def _colour_sign(levels: npt.NDArray[np.int16]) -> Sign:
    import numpy as np

    def moved(lag: int, bound: float) -> bool:
        if len(levels) <= lag:
            return False
        return bool(np.abs(levels[lag:] - levels[:-lag]).mean(axis=(1, 2)).max() > bound)

    if moved(*FAST_BOUND):
        return Sign.FAST
    return Sign.SLOW if any(moved(lag, bound) for lag, bound in SLOW_BOUNDS) else Sign.NONE


def _no_peak(changes: npt.NDArray[np.float64]) -> bool:
    import numpy as np

    if not len(changes):
        return True
    padded = np.pad(changes, 2, mode="edge")
    around = np.stack([padded[:-4], padded[1:-3], padded[3:-1], padded[4:]])
    return bool(
        (changes - around.max(axis=0)).max() <= PEAK_ABOVE_HIGHEST
        and (changes - np.median(around, axis=0)).max() <= PEAK_ABOVE_MEDIAN
    )
