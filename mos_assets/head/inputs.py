"""From what a caller gives to the columns that are standardised: gaps, flags and encoder slots.

The columns are the features, then one flag a feature where the head imputes, then the one-hot of
the encoder. Columns that never vary in training have no effect.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mos_assets.head.balance import FLAG
from mos_assets.head.experts.base import PIECE_ROWS
from mos_assets.records import FloatArray, IntArray

RAW_LIMIT = 5.0e29
"""Bound of raw inputs, so that no difference overflows float32."""
MISSING_VALUE = -1.0e30
"""What stands for a missing feature at the input of a head that imputes; below every bound."""
MISSING_BELOW = 0.9 * MISSING_VALUE
MISSING_SCALE = 20.0 / -MISSING_VALUE
"""clip((MISSING_BELOW - x) · MISSING_SCALE, 0, 1) is exactly 1 for MISSING_VALUE, exactly 0 for
every value within the bounds."""
_ENCODER = ""
"""Stands for the block of the encoder's slots."""


@dataclass(frozen=True, eq=False)
class Inputs:
    """How raw features become columns; fitted on the training rows only."""

    medians: FloatArray | None
    """[F], what stands in for a missing feature; None: the head does not impute."""
    slots: int
    """Length of the encoder's one-hot."""
    blocks: tuple[str, ...] = ()
    """[F], feature block of each feature."""

    @property
    def column_blocks(self) -> tuple[str, ...]:
        """[C], block of each column: a flag is of the block of its feature."""
        flags = () if self.medians is None else tuple(f"{FLAG}{block}" for block in self.blocks)
        return (*self.blocks, *flags, *(_ENCODER,) * self.slots)

    def columns(self, features: FloatArray, encoder: IntArray) -> FloatArray:
        """[n, C] float64 columns of raw features [n, F] and active slots [n].

        A feature beyond float32 is brought to its bound, as the float32 input of the graph does;
        NaN counts as missing where the head imputes.
        """
        raw = _bounded(features)
        onehot = (encoder[:, None] == np.arange(self.slots)).astype(np.float64)
        if self.medians is None:
            return np.concatenate([raw, onehot], axis=1)
        missing = np.isnan(raw)
        filled = np.where(missing, self.medians, raw)
        return np.concatenate([filled, missing.astype(np.float64), onehot], axis=1)


def fit_inputs(
    features: FloatArray, slots: int, *, impute: bool, blocks: Sequence[str] = ()
) -> Inputs:
    """Medians of training rows [n, F]: the lower of two middle values, 0 for an empty column.

    blocks: [F], feature block of each column; (): all are of one.
    """
    named = tuple(blocks) or (_ENCODER,) * features.shape[1]
    if not impute:
        return Inputs(None, slots, named)
    raw = _bounded(features)
    ordered = np.sort(raw, axis=0)  # NaN comes last
    present = np.count_nonzero(~np.isnan(raw), axis=0)
    middle = ordered[np.maximum(present - 1, 0) // 2, np.arange(raw.shape[1])]
    return Inputs(np.where(present > 0, middle, 0.0), slots, named)


def _bounded(features: FloatArray) -> FloatArray:
    """As the float32 input of the graph has them; NaN stays."""
    bounded: FloatArray = np.clip(features, -RAW_LIMIT, RAW_LIMIT)
    for start in range(0, len(bounded), PIECE_ROWS):
        rows = slice(start, start + PIECE_ROWS)
        bounded[rows] = bounded[rows].astype(np.float32)
    return bounded
