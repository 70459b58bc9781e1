"""The trained head, and the reference implementation of the exported graph."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mos_assets.errors import FeatureError
from mos_assets.head.experts.base import PIECE_ROWS, SHARE_FLOOR, FittedExpert, within
from mos_assets.head.inputs import Inputs
from mos_assets.head.standardise import Scaling, Standardiser
from mos_assets.records import MOS_MAX, MOS_MIN, FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class BlendedExpert:
    """One expert of a blend."""

    name: str
    scaling: Scaling
    """Which standardised inputs it takes."""
    weight: float
    """Its share; the shares of a blend add up to 1."""
    fitted: FittedExpert
    scale: FloatArray | None = None
    """[C], what the standardised inputs are multiplied by first (`balance`); None: nothing."""

    def predict(self, inputs: dict[Scaling, FloatArray]) -> FloatArray:
        """MOS [n] within 1..5 of the standardised inputs of a head."""
        own = inputs[self.scaling]
        return within(self.fitted.predict(own if self.scale is None else own * self.scale))


@dataclass(frozen=True, eq=False)
class Head:
    """mos = 1 + 4·sigmoid(logit of the blend): the weighted mean of experts, each within 1..5."""

    feature_order: tuple[str, ...]
    encoder_vocab: tuple[str, ...]
    inputs: Inputs
    standardiser: Standardiser
    experts: tuple[BlendedExpert, ...]

    @property
    def feature_mean(self) -> FloatArray:
        """Mean of the training rows, [F], raw units; imputed ones count with their median."""
        return self.standardiser.mean[: len(self.feature_order)]

    @property
    def feature_std(self) -> FloatArray:
        """Population standard deviation of the training rows, [F]; 1 for a constant column."""
        return self.standardiser.std[: len(self.feature_order)]

    @property
    def n_parameters(self) -> int:
        """Numbers of the experts; the constants of the standardisation are not counted."""
        return sum(expert.fitted.n_parameters for expert in self.experts)

    @property
    def blend(self) -> dict[str, float]:
        """Share of each expert, by name."""
        return {expert.name: expert.weight for expert in self.experts}

    def predict(self, features: FloatArray, encoder: IntArray | None = None) -> FloatArray:
        """MOS [n] of raw features [n, F], the same bits everywhere.

        `encoder` holds the active slot of each row, default 0. Raises FeatureError where the
        number of columns is not F, and where a feature is NaN unless the head imputes.
        """
        features = np.asarray(features, dtype=np.float64)
        check_features(features, self.feature_order, gaps=self.inputs.medians is not None)
        slots = np.zeros(len(features), dtype=np.int64) if encoder is None else encoder
        chunks = [
            self._predict(features[rows], slots[rows])
            for start in range(0, len(features), PIECE_ROWS)
            for rows in [slice(start, start + PIECE_ROWS)]
        ]
        return np.concatenate(chunks) if chunks else np.empty(0)

    def _predict(self, features: FloatArray, slots: IntArray) -> FloatArray:
        inputs = self.standardiser.transform(self.inputs.columns(features, slots))
        blend = np.zeros(len(features))
        for expert in self.experts:
            blend += expert.weight * expert.predict(inputs)
        share = (blend - MOS_MIN) / (MOS_MAX - MOS_MIN)
        held = np.clip(share, SHARE_FLOOR, 1.0 - SHARE_FLOOR)
        # The graph takes the logit and ends in a sigmoid, which is the same number.
        return MOS_MIN + (MOS_MAX - MOS_MIN) * held


def check_features(features: FloatArray, order: tuple[str, ...], *, gaps: bool = False) -> None:
    """Raise FeatureError unless `features` is [n, F], without NaN where there may be no gaps."""
    if features.ndim != 2 or features.shape[1] != len(order):
        raise FeatureError(
            f"features have shape {features.shape}; this head takes [rows, {len(order)}]: "
            + ", ".join(order)
        )
    if gaps:
        return
    rows, columns = np.nonzero(np.isnan(features))
    if len(rows):
        raise FeatureError(f"feature {order[columns[0]]} of row {rows[0]} is NaN")
