"""The trained head: its weights, and the reference implementation of the exported graph."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mos_assets.errors import FeatureError
from mos_assets.head.exact import sigmoid
from mos_assets.head.standardise import Float32Array, Standardiser
from mos_assets.records import ENCODER_VOCABULARY, MOS_MAX, MOS_MIN, FloatArray, IntArray

_CHUNK_ROWS = 16_384


@dataclass(frozen=True, eq=False)
class Head:
    """mos = 1 + 4·sigmoid(relu(s·W + b)·v + s·l + onehot·e), s the standardised features.

    The members of the ensemble lie side by side in W, their average is folded into v, l and e.
    """

    feature_order: tuple[str, ...]
    standardiser: Standardiser
    hidden_weight: Float32Array
    """W, [F, members · hidden]."""
    hidden_bias: Float32Array
    """b, [members · hidden]."""
    output_weight: Float32Array
    """v, [members · hidden, 1]."""
    linear_weight: Float32Array
    """l, [F, 1]."""
    encoder_weight: Float32Array
    """e, [encoder slots, 1]: the output bias of each slot of the vocabulary."""

    @property
    def feature_mean(self) -> FloatArray:
        """Mean of the training rows, [F], raw units, as rounded to float32 in the graph."""
        return self.standardiser.mean.astype(np.float64)

    @property
    def feature_std(self) -> FloatArray:
        """Population standard deviation of the training rows, [F]; 1 for a constant column."""
        return self.standardiser.std.astype(np.float64)

    @property
    def n_parameters(self) -> int:
        """Trained numbers in the graph; the constants of the standardisation are not counted."""
        return sum(
            int(array.size)
            for array in (
                self.hidden_weight,
                self.hidden_bias,
                self.output_weight,
                self.linear_weight,
                self.encoder_weight,
            )
        )

    def predict(self, features: FloatArray, encoder: IntArray | None = None) -> FloatArray:
        """MOS [n] of raw features [n, F], in float64 arithmetic with the graph's weights.

        `encoder` holds the active slot of each row, default 0. Raises FeatureError where a
        feature is NaN or the number of columns is not F.
        """
        features = np.asarray(features, dtype=np.float64)
        check_features(features, self.feature_order)
        parts = [
            self._predict(features[start : start + _CHUNK_ROWS])
            for start in range(0, len(features), _CHUNK_ROWS)
        ]
        logits = np.concatenate(parts) if parts else np.empty(0)
        slots = np.zeros(len(features), dtype=np.int64) if encoder is None else encoder
        mos: FloatArray = MOS_MIN + (MOS_MAX - MOS_MIN) * sigmoid(
            logits + self.encoder_weight[slots, 0]
        )
        return mos

    def _predict(self, features: FloatArray) -> FloatArray:
        scores = self.standardiser.scores(features)
        hidden = np.maximum(scores @ self.hidden_weight.astype(np.float64) + self.hidden_bias, 0)
        curved: FloatArray = hidden @ self.output_weight[:, 0].astype(np.float64)
        straight: FloatArray = scores @ self.linear_weight[:, 0].astype(np.float64)
        return curved + straight


def check_features(features: FloatArray, order: tuple[str, ...]) -> None:
    """Raise FeatureError unless `features` is [n, F] without NaN; names the first bad column."""
    if features.ndim != 2 or features.shape[1] != len(order):
        raise FeatureError(
            f"features have shape {features.shape}; this head takes [rows, {len(order)}]: "
            + ", ".join(order)
        )
    rows, columns = np.nonzero(np.isnan(features))
    if len(rows):
        raise FeatureError(f"feature {order[columns[0]]} of row {rows[0]} is NaN")


def encoder_slots() -> int:
    """Length of the one-hot input."""
    return len(ENCODER_VOCABULARY)
