"""What the thumbnails alone say of a clip: where pictures jump, and where they drift.

A shot network costs as much for a still picture as for a cut. Two signs are looked for:

- jumps: the mean absolute difference of two neighbouring frames stands out from that of the
  frames around them, also when the camera's motion is taken out (`camera.py`). Cuts and flashes
  jump; shakes, pans and turns do not;
- drifts: the sorted levels of each channel (the histogram as an earth mover's distance, in levels
  of 0..255) move over 2, 8, 16 or 24 frames that hold no jump, also in what both pictures show of
  the scene. Dissolves between different pictures and fades move them; a dissolve between pictures
  of like colours lowers contrast half way, which moves them too. Jumps that hardly stand out from
  pictures that move count as drifts;
- blends: inside drifts, what changes over 6 frames and is not the camera's motion stands out from
  what changes before and after. A dissolve of few frames between like pictures or under a pan does,
  which every fourth frame does not show.

Frames without a sign are passed over; `transitions.py` says how closely the network looks at the
others. The bounds are no proof. Filmed single shots lie just below them (up to 2.0 over 2 frames,
4.2 over 8); `bench/shot_prefilter.py` joins pictures with the same levels on purpose and found
dissolves from 2.3 over 2 frames up. Raise PREFILTER_VERSION with any change here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mos_assets.features.camera import compensated_change, shown_by_both

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

PREFILTER_VERSION = 5
"""Raised whenever another frame might pass unseen, here or in `transitions.py`."""

DRIFT_BOUNDS = ((2, 2.2), (8, 5.0), (16, 10.0), (24, 15.0))
"""(lag in frames, largest mean movement of the sorted levels) of frames that do not drift."""
DRIFT_REACH = 12
"""Frames on both sides of a drift's middle that drift with it."""
STILL_BOUND, NEXT_STILL_BOUND = 3.0, 2.2
"""The same, over 8 frames and more and over 2, of what both pictures show when the camera's motion
is taken out; filmed and rendered motion alone has up to 1.9."""
LONGEST_STEP = 8
"""Frames over which a fast pan still shows enough of a scene twice."""
PEAK_ABOVE_HIGHEST = 3.0
"""Largest excess, in levels, of a frame difference over the highest of its four neighbours."""
PEAK_ABOVE_MEDIAN = 4.0
"""Largest excess over the median of its four neighbours."""
MOVING_SHARE = 0.5
"""Largest excess of a frame difference without the camera's motion, as a share of the neighbours':
what motion does not explain, such as pictures too fine for thumbnails, is in them too."""

BLEND_FRAMES = 6
"""Frames over which a blend is sought; dissolves of 4 to 16 stand out."""
BLEND_ABOVE, BLEND_SHARE = 4.0, 0.5
"""Least excess of a blend over the same before and after, in levels, and as a share of it. Drifts
without a transition have up to 3.6, or a share of .24; six dissolves that every fourth frame did
not show have from 6.1, and .77, up."""
BLEND_STEP = 3
"""Frames from one place where a blend is sought to the next."""

_NEIGHBOURS = 2
_TOGETHER = 4
"""Neighbouring frames for one of which the camera's motion is sought."""
_KEEP_EVERY = 8
"""Every eighth of the 1296 sorted levels describes the histogram."""
_BLOCK = 512
"""Frames in memory at a time."""


@dataclass(frozen=True, slots=True)
class Signs:
    """Frames of a clip that a network has to look at."""

    jumps: tuple[int, ...]
    """Last frames before a jump."""
    drifts: tuple[tuple[int, int], ...]
    """First and last frames of each stretch that drifts."""
    blends: tuple[int, ...] = ()
    """Frames in the middle of changes over a few frames, inside of drifts."""


def find_signs(thumbnails: npt.NDArray[np.uint8]) -> Signs:
    """Jumps, drifts and blends of thumbnails [n, 27, 48, 3], RGB 0..255, n ≥ 1."""
    import numpy as np

    levels, changes = _describe(thumbnails)
    jumps, doubtful = _jumps(thumbnails, changes)
    drifting = np.zeros(len(thumbnails), dtype=bool)
    drifting[doubtful] = True
    camera = _Camera(thumbnails)
    for lag, bound in reversed(DRIFT_BOUNDS):
        moved = np.abs(levels[lag:] - levels[:-lag]).mean(axis=(1, 2)) > bound
        for jump in jumps:
            moved[max(0, jump - lag + 1) : jump + 1] = False
        moved &= ~drifting[lag // 2 : lag // 2 + len(moved)]
        for begin in range(0, len(moved), _TOGETHER):
            alike = begin + np.flatnonzero(moved[begin : begin + _TOGETHER])
            if len(alike) and not camera.explains(int(alike[len(alike) // 2]), lag):
                drifting[alike + lag // 2] = True
    drifts = stretches(drifting, DRIFT_REACH)
    blends = [blend for drift in drifts for blend in _blends(thumbnails, drift, jumps)]
    return Signs(tuple(int(jump) for jump in jumps), drifts, tuple(blends))


def _blends(
    thumbnails: npt.NDArray[np.uint8], drift: tuple[int, int], jumps: npt.NDArray[np.intp]
) -> list[int]:
    """Middles of changes over BLEND_FRAMES that stand out, but for those that hold a jump."""
    import numpy as np

    away = -(-BLEND_FRAMES // BLEND_STEP) + 1
    first = max(0, drift[0] - away * BLEND_STEP)
    last = min(len(thumbnails) - 1, drift[1] + away * BLEND_STEP) - BLEND_FRAMES
    begins = np.arange(first, last + 1, BLEND_STEP)
    if not len(begins):
        return []
    changes = np.array([_left_over(thumbnails[at], thumbnails[at + BLEND_FRAMES]) for at in begins])
    padded = np.pad(changes, away, mode="edge")
    around = np.maximum(padded[: len(begins)], padded[2 * away :])
    above = changes - around
    found = begins[(above > BLEND_ABOVE) & (above > BLEND_SHARE * around)]
    jumped = [bool(((jumps >= at) & (jumps < at + BLEND_FRAMES)).any()) for at in found]
    return [
        int(at) + BLEND_FRAMES // 2
        for at, is_jump in zip(found, jumped, strict=True)
        if not is_jump
    ]


def _left_over(before: npt.NDArray[np.uint8], after: npt.NDArray[np.uint8]) -> float:
    """What the camera's motion leaves of a change, in levels; where it is small as it is, that."""
    import numpy as np

    change = float(np.abs(after.astype(np.int16) - before).mean())
    return change if change <= BLEND_ABOVE else compensated_change(before, after)[0]


class _Camera:
    """Whether the camera's motion explains how colours move in a clip."""

    def __init__(self, thumbnails: npt.NDArray[np.uint8]) -> None:
        self._thumbnails = thumbnails
        self._known: dict[tuple[int, int], bool] = {}

    def explains(self, frame: int, lag: int) -> bool:
        """Whether colours stay from a frame to one `lag` later in what both show of the scene.

        Where that is too little, in what frames in between show.
        """
        if (frame, lag) not in self._known:
            stays = self._stays(frame, lag)
            if not stays and lag > LONGEST_STEP:
                steps = range(frame, frame + lag, LONGEST_STEP)
                stays = all(self.explains(step, LONGEST_STEP) for step in steps)
            self._known[frame, lag] = stays
        return self._known[frame, lag]

    def _stays(self, frame: int, lag: int) -> bool:
        import numpy as np

        shown = shown_by_both(self._thumbnails[frame], self._thumbnails[frame + lag])
        if shown is None:
            return False
        before, after = shown
        moved = float(np.abs(np.sort(before, axis=0) - np.sort(after, axis=0)).mean())
        return moved <= (STILL_BOUND if lag >= LONGEST_STEP else NEXT_STILL_BOUND)


def stretches(marked: npt.NDArray[np.bool_], reach: int) -> tuple[tuple[int, int], ...]:
    """First and last frames of the runs of marked frames [n], `reach` frames added at both ends."""
    found: list[tuple[int, int]] = []
    for frame in marked.nonzero()[0]:
        first, last = max(0, int(frame) - reach), min(len(marked) - 1, int(frame) + reach)
        if found and first <= found[-1][1] + 1:
            found[-1] = (found[-1][0], last)
        else:
            found.append((first, last))
    return tuple(found)


def _describe(
    thumbnails: npt.NDArray[np.uint8],
) -> tuple[npt.NDArray[np.int16], npt.NDArray[np.float64]]:
    """Sorted levels [n, 3, 162], and mean absolute change [n - 1] to the next frame."""
    import numpy as np

    frames = len(thumbnails)
    by_channel = thumbnails.reshape(frames, -1, 3)
    levels = np.empty((frames, 3, -(-by_channel.shape[1] // _KEEP_EVERY)), dtype=np.int16)
    changes = np.zeros(frames - 1)
    for first in range(0, frames, _BLOCK):
        last = min(frames, first + _BLOCK)
        block = np.asarray(by_channel[first : last + 1]).astype(np.int16)
        changes[first : first + len(block) - 1] = np.abs(block[1:] - block[:-1]).mean(axis=(1, 2))
        ordered = np.sort(np.asarray(by_channel[first:last]).transpose(0, 2, 1), axis=2)
        levels[first:last] = ordered[:, :, ::_KEEP_EVERY]
    return levels, changes


def _jumps(
    thumbnails: npt.NDArray[np.uint8], changes: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Frames before a change that stands out: with the camera held still too, and doubtful."""
    import numpy as np

    stands_out = _peaks(changes)
    still, moved = changes.copy(), np.zeros(len(changes), dtype=bool)
    around = np.unique(stands_out[:, None] + np.arange(-_NEIGHBOURS, _NEIGHBOURS + 1))
    for frame in around[(around >= 0) & (around < len(changes))]:
        still[frame], moved[frame] = compensated_change(thumbnails[frame], thumbnails[frame + 1])
    jumps = np.intersect1d(stands_out, _peaks(still, MOVING_SHARE))
    explained = np.setdiff1d(np.flatnonzero(moved), _peaks(still))
    return jumps, np.setdiff1d(stands_out, np.union1d(jumps, explained))


def _peaks(changes: npt.NDArray[np.float64], share: float = 0.0) -> npt.NDArray[np.intp]:
    """Where a change [n - 1] stands out from the two on both sides, by a share of them at least."""
    import numpy as np

    if not len(changes):
        return np.zeros(0, dtype=np.intp)
    padded = np.pad(changes, _NEIGHBOURS, mode="edge")
    around = np.stack([padded[:-4], padded[1:-3], padded[3:-1], padded[4:]])
    highest, median = around.max(axis=0), np.median(around, axis=0)
    return np.flatnonzero(
        (changes - highest > np.maximum(PEAK_ABOVE_HIGHEST, share * highest))
        | (changes - median > np.maximum(PEAK_ABOVE_MEDIAN, share * median))
    )
