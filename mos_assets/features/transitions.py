"""Where a clip's shots change: TransNet V2 looks only as closely as each place needs.

1. Frames without a sign (`prefilter.py`) are not looked at.
2. Stretches that drift are looked at at every fourth frame. A camera that moves, however fast,
   shows nothing there; what may be a transition is plain.
3. What is left of them, and every jump, is looked at frame by frame, with few frames around it.
4. Where that does not say clearly which frames are a transition, the network sees the windows
   that its authors give it, and what it says of those stands.

The frames of steps 2 and 3 are chosen so that their answers lie far from the threshold wherever
they are believed; `bench/shot_prefilter.py` and `bench/shot_network.py` hold the cut lists
against those of whole windows.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from mos_assets.features.prefilter import Signs, find_signs, stretches
from mos_assets.features.transnet import MARGIN, STEP, look

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

Look = Callable[["npt.NDArray[np.uint8]"], "npt.NDArray[np.float32]"]
"""[n] probabilities of pictures [n, 27, 48, 3], seen in one go."""

SCREEN_STRIDE = 4
SCREEN_BOUND = 0.1
"""Probability at every fourth frame below which a stretch holds no transition."""
SCREEN_MARGIN = 24
"""Frames around a stretch that are looked at as well: at its ends the network sees too little."""
SCREEN_FRAMES = 280
"""Frames of a stretch that are screened in one go; bounds the memory that takes."""
SCREEN_REACH = 6
"""Frames around a suspicious one that are looked at frame by frame."""

JUMP_REACH = (2, 3)
"""Frames before and after a jump that are looked at frame by frame."""
NEAR_MARGIN = 12
"""Frames around them that are looked at as well. A cut that whole windows give .91 has .7 here."""
CLEAR_BELOW, CLEAR_ABOVE = 0.25, 0.6
"""Between them the closer look is not believed: it is up to .24 off."""
NEAR_FRAMES = 75
"""Most frames of a closer look; more of them cost as much as the windows around them."""


def transition_probabilities(
    thumbnails: npt.NDArray[np.uint8], network: Look = look
) -> npt.NDArray[np.float32]:
    """[n] probabilities of thumbnails [n, 27, 48, 3], RGB 0..255, n ≥ 1.

    0 where the network has not looked frame by frame; its own in whole windows where a closer
    look was not clear. Raises ToolError where the network or its weights are missing.
    """
    import numpy as np

    frames = len(thumbnails)
    found = np.zeros(frames, dtype=np.float32)
    unclear = np.zeros(frames, dtype=bool)
    for first, last in suspects(thumbnails, find_signs(thumbnails), network):
        place = slice(first, last + 1)
        if last - first + 1 > NEAR_FRAMES:
            unclear[place] = True
            continue
        seen = network(_around(thumbnails, first, last, NEAR_MARGIN))
        found[place] = seen[NEAR_MARGIN:-NEAR_MARGIN]
        unclear[place] = (found[place] >= CLEAR_BELOW) & (found[place] <= CLEAR_ABOVE)
        # What is a transition at the end of what was seen may go on beyond it.
        unclear[max(0, first - 1)] |= found[first] >= CLEAR_BELOW
        unclear[min(frames - 1, last + 1)] |= found[last] >= CLEAR_BELOW
    for window in sorted({int(frame) // STEP for frame in np.flatnonzero(unclear)}):
        place = slice(window * STEP, min(frames, (window + 1) * STEP))
        seen = window_probabilities(thumbnails, window, network)
        found[place] = seen[: place.stop - place.start]
    return found


def whole_probabilities(
    thumbnails: npt.NDArray[np.uint8], network: Look = look
) -> npt.NDArray[np.float32]:
    """The same with nothing spared: every window as the network's authors have it."""
    import numpy as np

    windows = range(-(-len(thumbnails) // STEP))
    seen = [window_probabilities(thumbnails, window, network) for window in windows]
    return np.concatenate(seen)[: len(thumbnails)]


def window_probabilities(
    thumbnails: npt.NDArray[np.uint8], window: int, network: Look = look
) -> npt.NDArray[np.float32]:
    """[50] the middle of 100 frames, the first and last frame repeated around the clip."""
    seen = network(_around(thumbnails, window * STEP, window * STEP + STEP - 1, MARGIN))
    return seen[MARGIN : MARGIN + STEP]


def suspects(
    thumbnails: npt.NDArray[np.uint8], signs: Signs, network: Look = look
) -> list[tuple[int, int]]:
    """First and last frames of what has to be looked at frame by frame, far enough apart."""
    import numpy as np

    marked = np.zeros(len(thumbnails), dtype=bool)
    for jump in signs.jumps:
        marked[max(0, jump - JUMP_REACH[0]) : jump + JUMP_REACH[1] + 1] = True
    for first, last in _joined(signs.drifts):
        for begin in range(first, last + 1, SCREEN_FRAMES):
            end = min(last, begin + SCREEN_FRAMES - 1)
            for hit in _screened(thumbnails, begin, end, network):
                marked[max(0, hit - SCREEN_REACH) : hit + SCREEN_REACH + 1] = True
    return [
        (first + NEAR_MARGIN * (first > 0), last - NEAR_MARGIN * (last < len(marked) - 1))
        for first, last in stretches(marked, NEAR_MARGIN)
    ]


def _joined(drifts: tuple[tuple[int, int], ...]) -> list[tuple[int, int]]:
    """Stretches so near to each other that one look at both costs less than two."""
    joined: list[tuple[int, int]] = []
    for first, last in drifts:
        if joined and first - joined[-1][1] <= 2 * SCREEN_MARGIN:
            joined[-1] = (joined[-1][0], last)
        else:
            joined.append((first, last))
    return joined


def _screened(thumbnails: npt.NDArray[np.uint8], first: int, last: int, network: Look) -> list[int]:
    """Frames of a stretch that may be a transition, by a look at every fourth."""
    seen = network(_around(thumbnails, first, last, SCREEN_MARGIN, SCREEN_STRIDE))
    frames = [first - SCREEN_MARGIN + SCREEN_STRIDE * place for place in range(len(seen))]
    return [
        min(max(frame, 0), len(thumbnails) - 1)
        for frame, probability in zip(frames, seen, strict=True)
        if probability >= SCREEN_BOUND and first - SCREEN_STRIDE <= frame <= last + SCREEN_STRIDE
    ]


def _around(
    thumbnails: npt.NDArray[np.uint8], first: int, last: int, margin: int, stride: int = 1
) -> npt.NDArray[np.uint8]:
    """Frames `first` to `last` and a margin, the ends of the clip repeated."""
    import numpy as np

    index = np.arange(first - margin, last + margin + 1, stride)
    seen: npt.NDArray[np.uint8] = thumbnails[index.clip(0, len(thumbnails) - 1)]
    return seen
