"""Constants of the domain, and the words that it sorts things by."""

from __future__ import annotations

from enum import StrEnum

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
MOS_MIN = 1.0
"""Lowest opinion score, ITU-T P.910 absolute category rating."""
MOS_MAX = 5.0
"""Highest opinion score, ITU-T P.910 absolute category rating."""
SEED = 20260508
"""The seed of everything that draws random numbers."""
ENCODER_VOCABULARY: tuple[str, ...] = ("ugc-mixed",)
"""Encoder slots in the order of the one-hot input; slots are only ever appended."""
ENCODER_VOCABULARY_VERSION = 4
FEATURES_INPUT, ENCODER_INPUT, MOS_OUTPUT = "features", "encoder_onehot", "mos"
"""The inputs and the output of a head's graph."""


class LabelOrigin(StrEnum):
    """Who gave the ratings: people, or a program that stands in for them."""

    HUMAN = "human"
    SIMULATED = "simulated"


class Status(StrEnum):
    """Where a head stands; only a head that met the whole gate on human labels is accepted."""

    ACCEPTED = "Accepted"
    PROPOSED = "Proposed"


class GateKind(StrEnum):
    """Which gate judged: the real one (human labels) or the surrogate (simulated labels)."""

    REAL = "real"
    SURROGATE = "surrogate"
