"""The network expert: an average of small networks, each beside a linear path."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mos_assets.head.ensemble import Members
from mos_assets.head.exact import product, sigmoid
from mos_assets.records import MOS_MAX, MOS_MIN, FloatArray


@dataclass(frozen=True, eq=False)
class Network:
    """mos = 1 + 4·sigmoid(relu(s·W + b)·v + s·l + e).

    The members lie side by side in W, their average is folded into v, l and e.
    """

    hidden_weight: FloatArray
    """W, [C, members · hidden]."""
    hidden_bias: FloatArray
    """b, [members · hidden]."""
    output_weight: FloatArray
    """v, [members · hidden]."""
    linear_weight: FloatArray
    """l, [C]."""
    bias: float
    """e."""

    @property
    def n_parameters(self) -> int:
        arrays = (self.hidden_weight, self.hidden_bias, self.output_weight, self.linear_weight)
        return sum(int(array.size) for array in arrays) + 1

    def mos(self, scores: FloatArray) -> FloatArray:
        """MOS [n] of scores [n, C]."""
        hidden = np.maximum(product(scores, self.hidden_weight) + self.hidden_bias, 0.0)
        logit = product(hidden, self.output_weight[:, None])[:, 0]
        logit += product(scores, self.linear_weight[:, None])[:, 0] + self.bias
        return MOS_MIN + (MOS_MAX - MOS_MIN) * sigmoid(logit)


def average(groups: Sequence[Members]) -> Network:
    """Average all members before the sigmoid, which one wider network does exactly."""
    hidden = np.concatenate([group.hidden for group in groups], axis=1)
    paths = np.concatenate([group.paths for group in groups], axis=1)
    outer = np.concatenate([group.outer for group in groups])
    members = paths.shape[1]
    path = np.array([math.fsum(row) / members for row in paths.tolist()])
    return Network(hidden[:-1], hidden[-1], outer / members, path[:-1], float(path[-1]))
