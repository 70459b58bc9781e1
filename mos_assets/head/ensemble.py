"""One ensemble of small networks, trained by AdamW in reproducible arithmetic.

The members share the mini-batches and differ in their initial weights and dropped units, so their
first layers and linear paths stand side by side in one matrix and one product serves them all:
scores [B, F+1] · inner [F+1, members·hidden + members]. See `exact` for why the bits hold.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mos_assets.head.exact import (
    HIDDEN_BITS,
    HIDDEN_LIMIT,
    INPUT_BITS,
    SLOPE_BITS,
    WEIGHT_BITS,
    WEIGHT_LIMIT,
    sigmoid,
    to_grid,
)
from mos_assets.head.recipe import Plan
from mos_assets.records import MOS_MAX, MOS_MIN, FloatArray, IntArray

_BETA1, _BETA2, _EPSILON = 0.9, 0.99, 1e-8
_RATE_START, _RATE_END = 1 / 25, 1e-4
_OUTPUT_INIT = 0.1
_SPAN = MOS_MAX - MOS_MIN


@dataclass(frozen=True, eq=False)
class Members:
    """Weights of an ensemble, float64."""

    hidden: FloatArray
    """[F+1, members·hidden]: first layers side by side; last row: biases."""
    paths: FloatArray
    """[F+1, members]: linear paths; last row: output biases."""
    outer: FloatArray
    """[members·hidden]: each member's output weights, one member after the other."""


def train_members(
    scores: FloatArray,
    mos: FloatArray,
    plan: Plan,
    rng: np.random.Generator,
    each_epoch: Callable[[], None],
) -> Members:
    """Fit members to scores [n, F] and mos [n] by squared error in MOS units.

    A batch that would be incomplete at the end of an epoch is left out; the rows are drawn anew
    in each epoch. `each_epoch` is called after every epoch.
    """
    rows = len(scores)
    inputs = np.concatenate([to_grid(scores, INPUT_BITS), np.ones((rows, 1))], axis=1)
    batch = min(plan.batch_rows, max(1, rows // 2))
    per_epoch = rows // batch
    trainer = _Trainer(plan, scores.shape[1], batch, rng)
    trainer.start(math.fsum(mos.tolist()) / rows)
    rates = iter(learning_rates(plan, per_epoch * plan.epochs))
    for _ in range(plan.epochs):
        order = rng.permutation(rows)
        for start in range(0, per_epoch * batch, batch):
            picked = order[start : start + batch]
            trainer.differentiate(inputs[picked], mos[picked])
            trainer.step(next(rates))
        trainer.hold_within_bounds()
        each_epoch()
    hidden, paths = np.split(trainer.inner, [plan.members * plan.hidden], axis=1)
    return Members(hidden=hidden, paths=paths, outer=trainer.outer)


def learning_rates(plan: Plan, steps: int) -> list[float]:
    """One cycle: a cosine up to the peak, a cosine down to nearly nothing."""
    rise = max(1, round(plan.warmup * steps))
    rates = []
    for step in range(steps):
        if step < rise:
            start, end, share = _RATE_START, 1.0, step / rise
        else:
            start, end, share = 1.0, _RATE_END, (step - rise) / max(1, steps - 1 - rise)
        relative = end + (start - end) * (1 + math.cos(math.pi * share)) / 2
        rates.append(plan.learning_rate * _rounded(relative))
    return rates


def _rounded(value: float) -> float:
    """A number from the mathematical library, without the last bits in which libraries differ."""
    return round(value * 2.0**40) / 2.0**40


class _Trainer:
    """Weights, gradients and moments of all members as three vectors, with views into them."""

    def __init__(self, plan: Plan, columns: int, batch: int, rng: np.random.Generator) -> None:
        self._plan, self._rng, self._batch = plan, rng, batch
        self._columns = columns
        self._units = plan.members * plan.hidden
        width = self._units + plan.members
        self._weights = np.zeros((columns + 1) * width + self._units)
        self.inner, self.outer = self._views(self._weights)
        self._gradient = np.empty_like(self._weights)
        self._mean, self._square = np.zeros_like(self._weights), np.zeros_like(self._weights)
        self._scratch = np.empty_like(self._weights)
        self._power1 = self._power2 = 1.0
        self._unit = np.arange(self._units)
        self._member: IntArray = np.repeat(np.arange(plan.members), plan.hidden)
        self._spread = np.zeros((self._units, plan.members))
        self._slopes = np.empty((batch, width))
        self._mask = np.empty((batch, self._units))
        dropped = round(plan.dropout * 256)
        self._keep = np.where(np.arange(256) < dropped, 0.0, 256 / (256 - dropped))

    def _views(self, vector: FloatArray) -> tuple[FloatArray, FloatArray]:
        inner, outer = np.split(vector, [len(vector) - self._units])
        return inner.reshape(self._columns + 1, -1), outer

    def start(self, mean_mos: float) -> None:
        """Random hidden units, linear paths at zero, biases such that all predict the mean."""
        hidden = self._rng.standard_normal((self._columns, self._units))
        self.inner[:-1, : self._units] = hidden * math.sqrt(2 / self._columns)
        self.inner[-1, self._units :] = _rounded(
            math.log((mean_mos - MOS_MIN) / (MOS_MAX - mean_mos))
        )
        outer = self._rng.standard_normal(self._units)
        self.outer[:] = outer * (_OUTPUT_INIT / math.sqrt(self._plan.hidden))
        self.hold_within_bounds()

    def hold_within_bounds(self) -> None:
        """Keep the weights where products are exact; decay keeps them far inside anyway."""
        np.clip(self._weights, -WEIGHT_LIMIT, WEIGHT_LIMIT, out=self._weights)

    def differentiate(self, inputs: FloatArray, mos: FloatArray) -> None:
        """Gradient of the batch's mean squared error, for inputs [B, F+1] and mos [B]."""
        units, spread, mask = self._units, self._spread, self._mask
        rounded_inner, rounded_outer = self._views(
            to_grid(self._weights, WEIGHT_BITS, out=self._scratch)
        )
        spread[self._unit, self._member] = rounded_outer

        reached = inputs @ rounded_inner
        hidden = reached[:, :units]
        np.greater(hidden, 0.0, out=mask)
        if self._plan.dropout > 0:
            noise = np.frombuffer(self._rng.bytes(mask.size), dtype=np.uint8)
            np.multiply(mask, self._keep[noise.reshape(mask.shape)], out=mask)
        np.multiply(hidden, mask, out=hidden)
        np.minimum(hidden, HIDDEN_LIMIT, out=hidden)
        to_grid(hidden, HIDDEN_BITS, out=hidden)
        share = sigmoid(hidden @ spread + reached[:, units:])
        error = (MOS_MIN + _SPAN * share) - mos[:, None]
        slope = to_grid(error * share * (1.0 - share), SLOPE_BITS)

        self._slopes[:, units:] = slope
        back = slope @ spread.T
        np.multiply(back, mask, out=back)
        to_grid(back, SLOPE_BITS, out=self._slopes[:, :units])
        inner, outer = self._views(self._gradient)
        np.matmul(inputs.T, self._slopes, out=inner)
        outer[:] = (hidden.T @ slope)[self._unit, self._member]
        self._gradient *= 2 * _SPAN / self._batch

    def step(self, rate: float) -> None:
        """One step of AdamW; biases do not decay."""
        for part in (self.inner[:-1], self.outer):
            part *= 1.0 - rate * self._plan.weight_decay
        gradient, mean, square, scratch = self._gradient, self._mean, self._square, self._scratch
        self._power1 *= _BETA1
        self._power2 *= _BETA2
        np.subtract(gradient, mean, out=scratch)
        scratch *= 1 - _BETA1
        mean += scratch
        np.multiply(gradient, gradient, out=gradient)
        gradient -= square
        gradient *= 1 - _BETA2
        square += gradient
        np.sqrt(square, out=scratch)
        scratch *= 1 / math.sqrt(1 - self._power2)
        scratch += _EPSILON
        np.divide(mean, scratch, out=scratch)
        scratch *= rate / (1 - self._power1)
        self._weights -= scratch
