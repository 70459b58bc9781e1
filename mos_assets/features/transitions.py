"""Where a clip's shots change: TransNet V2 looks only as closely as each place needs.

1. Frames without a sign (`prefilter.py`) are not looked at.
2. Stretches that drift are looked at at every fourth frame. A camera that moves, however fast,
   shows nothing there.
3. Around what may be a transition in them the network sees the windows that its authors give it,
   and what it says of those stands.
4. Every jump and every blend elsewhere is looked at frame by frame, with few frames around it.
   Where that does not say clearly which frames are a transition, or says so of a blend, the network
   sees those windows too.

The frames of steps 2 and 4 are chosen so that their answers lie far from the threshold wherever
they are believed; `bench/shot_prefilter.py`, `bench/shot_blends.py` and `bench/shot_network.py`
hold the cut lists against those of whole windows.
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
SCREEN_REACH = SCREEN_STRIDE - 1
"""Frames around a suspicious one whose windows are looked at: up to the next of those seen."""

JUMP_REACH = (2, 3)
"""Frames before and after a jump that are looked at frame by frame."""
BLEND_REACH = 6
"""Frames before and after the middle of a blend that are looked at frame by frame."""
NEAR_MARGIN = 12
"""Frames around them that are looked at as well. A cut that whole windows give .91 has .7 here."""
CLEAR_BELOW, CLEAR_ABOVE = 0.25, 0.6
"""Between them the closer look is not believed: around cuts it is up to .24 off."""
NEAR_FRAMES = 75
"""Most frames of a closer look; more of them cost as much as the windows around them."""


def transition_probabilities(
    thumbnails: npt.NDArray[np.uint8], network: Look = look
) -> npt.NDArray[np.float32]:
    """[n] probabilities of thumbnails [n, 27, 48, 3], RGB 0..255, n ≥ 1.

    0 where the network has not looked frame by frame; its own in whole windows but around jumps
    of which a closer look was clear. Raises ToolError where the network or its weights are missing.
    """
    import numpy as np

    signs = find_signs(thumbnails)
    found = np.zeros(len(thumbnails), dtype=np.float32)
    whole = np.zeros(len(thumbnails), dtype=bool)
    doubtful = _screened(thumbnails, signs.drifts, network)
    _see_windows(thumbnails, doubtful, whole, found, network)
    for first, last in _near(signs, len(thumbnails)):
        place = slice(first, last + 1)
        if whole[place].all():
            continue
        if last - first + 1 > NEAR_FRAMES:
            doubtful[place] = True
            continue
        seen = network(_around(thumbnails, first, last, NEAR_MARGIN))[NEAR_MARGIN:-NEAR_MARGIN]
        found[place] = np.where(whole[place], found[place], seen)
        blends = any(first <= blend <= last for blend in signs.blends)
        doubtful[place] |= (seen >= CLEAR_BELOW) & ((seen <= CLEAR_ABOVE) | blends)
        _mark_beyond(doubtful, first, last, found)
    _see_windows(thumbnails, doubtful, whole, found, network)
    return found


def _see_windows(
    thumbnails: npt.NDArray[np.uint8],
    doubtful: npt.NDArray[np.bool_],
    whole: npt.NDArray[np.bool_],
    found: npt.NDArray[np.float32],
    network: Look,
) -> None:
    """Look at the windows of doubtful frames [n]; note what was found, and of which frames."""
    while (left := doubtful & ~whole).any():
        window = int(left.argmax()) // STEP
        first, last = window * STEP, min(len(thumbnails), (window + 1) * STEP) - 1
        seen = window_probabilities(thumbnails, window, network)
        found[first : last + 1] = seen[: last + 1 - first]
        whole[first : last + 1] = True
        _mark_beyond(doubtful, first, last, found)


def _mark_beyond(
    doubtful: npt.NDArray[np.bool_], first: int, last: int, found: npt.NDArray[np.float32]
) -> None:
    """What is a transition at the end of what was seen may go on beyond it."""
    doubtful[max(0, first - 1)] |= found[first] >= CLEAR_BELOW
    doubtful[min(len(found) - 1, last + 1)] |= found[last] >= CLEAR_BELOW


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


def _near(signs: Signs, frames: int) -> list[tuple[int, int]]:
    """First and last frames of what has to be looked at frame by frame, far enough apart."""
    import numpy as np

    marked = np.zeros(frames, dtype=bool)
    for jump in signs.jumps:
        marked[max(0, jump - JUMP_REACH[0]) : jump + JUMP_REACH[1] + 1] = True
    for blend in signs.blends:
        marked[max(0, blend - BLEND_REACH) : blend + BLEND_REACH + 1] = True
    return [
        (first + NEAR_MARGIN * (first > 0), last - NEAR_MARGIN * (last < frames - 1))
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


def _screened(
    thumbnails: npt.NDArray[np.uint8], drifts: tuple[tuple[int, int], ...], network: Look
) -> npt.NDArray[np.bool_]:
    """[n] frames of drifts that may be a transition, by a look at every fourth."""
    import numpy as np

    marked = np.zeros(len(thumbnails), dtype=bool)
    for start, end in _joined(drifts):
        for first in range(start, end + 1, SCREEN_FRAMES):
            last = min(end, first + SCREEN_FRAMES - 1)
            seen = network(_around(thumbnails, first, last, SCREEN_MARGIN, SCREEN_STRIDE))
            for place in np.flatnonzero(seen >= SCREEN_BOUND):
                frame = first - SCREEN_MARGIN + SCREEN_STRIDE * int(place)
                if first - SCREEN_STRIDE <= frame <= last + SCREEN_STRIDE:
                    marked[max(0, frame - SCREEN_REACH) : frame + SCREEN_REACH + 1] = True
    return marked


def _around(
    thumbnails: npt.NDArray[np.uint8], first: int, last: int, margin: int, stride: int = 1
) -> npt.NDArray[np.uint8]:
    """Frames `first` to `last` and a margin, the ends of the clip repeated."""
    import numpy as np

    index = np.arange(first - margin, last + margin + 1, stride)
    seen: npt.NDArray[np.uint8] = thumbnails[index.clip(0, len(thumbnails) - 1)]
    return seen
