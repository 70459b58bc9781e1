"""Many small networks trained at once by AdamW, in reproducible arithmetic.

The members of a job share its mini-batches and differ in their initial weights and dropped units,
so their first layers and linear paths stand side by side in one matrix. Jobs (folds, seeds, orders
of the rows) are stacked: inputs [K, B, C+1] · inner [K, C+1, members·hidden + members]. A stack is
as high as fits the processor's cache; higher ones are slower. See `exact` for why the bits hold.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from mos_assets.errors import TrainingError
from mos_assets.head.exact import (
    HIDDEN_BITS,
    HIDDEN_LIMIT,
    SLOPE_BITS,
    WEIGHT_BITS,
    WEIGHT_LIMIT,
    sigmoid,
    to_grid,
)
from mos_assets.head.experts.base import SHARE_FLOOR, Steps
from mos_assets.records import MOS_MAX, MOS_MIN, FloatArray, IntArray

_BETA1, _BETA2, _EPSILON = 0.9, 0.99, 1e-8
_RATE_START, _RATE_END = 1 / 25, 1e-4
_OUTPUT_INIT = 0.1
_SPAN = MOS_MAX - MOS_MIN
_STACK_BYTES = 1 << 20
"""Hidden activations of one stack, at most."""
_ALIKE = 0.1
"""Share by which the rows of two jobs in one stack may differ."""


@dataclass(frozen=True)
class Schedule:
    """How networks are trained. The defaults are those of small corpora."""

    hidden: int = 32
    """Rectified units of each member, beside its linear path."""
    epochs: int = 50
    """Passes over the training rows."""
    batch_rows: int = 64
    """Rows of one gradient step."""
    learning_rate: float = 0.01
    """Peak of the one-cycle schedule (Smith & Topin 2017)."""
    warmup: float = 0.25
    """Share of the steps in which the learning rate rises."""
    weight_decay: float = 0.3
    """Decoupled decay (Loshchilov & Hutter 2019), biases excepted."""
    dropout: float = 0.3
    """Share of hidden units dropped in a step."""

    def check(self) -> None:
        """Raise TrainingError for values that cannot train, by name."""
        if not 0 <= self.dropout <= 0.99:
            raise TrainingError(f"recipe: dropout is {self.dropout}; it must lie in [0, .99]")
        if not 0 <= self.weight_decay < math.inf:
            raise TrainingError(f"recipe: weight_decay is {self.weight_decay}; at least 0")
        if not 0 < self.warmup < 1:
            raise TrainingError(f"recipe: warmup is {self.warmup}; it must lie in (0, 1)")
        if not 0 < self.learning_rate < math.inf:
            raise TrainingError("recipe: learning_rate must be positive and finite")


@dataclass(frozen=True, eq=False)
class Members:
    """Weights of one group of members, float64."""

    hidden: FloatArray
    """[C+1, members·hidden]: first layers side by side; last row: biases."""
    paths: FloatArray
    """[C+1, members]: linear paths; last row: output biases."""
    outer: FloatArray
    """[members·hidden]: each member's output weights, one member after the other."""


@dataclass(frozen=True, eq=False)
class Job:
    """One group of members to be trained: they share the order of the rows."""

    inputs: FloatArray
    """[n, C] standardised, on the grid of `INPUT_BITS`."""
    mos: FloatArray
    """[n]."""
    rng: np.random.Generator
    weights: FloatArray | None = None
    """[n] of the squared errors, mean 1; None, for all jobs or none: all count the same."""


def train_networks(
    jobs: Sequence[Job], schedule: Schedule, members: int, each_step: Steps
) -> list[Members]:
    """Train every job at once, by squared error in MOS units; members a job.

    A step is one mini-batch of each job of a stack; an epoch has as many as the stack's smallest
    job has whole batches, and every job draws its rows anew when they are used up. Jobs of one
    stack differ by a tenth of their rows at most. `each_step(done, all)` is called after a step.
    """
    stacks = _stacks(jobs, schedule, members)
    steps = [schedule.epochs * (rows // batch) for _, rows, batch in stacks]
    trained: dict[int, Members] = {}
    done = 0
    for (places, _, batch), count in zip(stacks, steps, strict=True):
        trainer = _Trainer([jobs[at] for at in places], schedule, members, batch)
        for rate in learning_rates(schedule, count):
            trainer.step(rate)
            done += 1
            each_step(done, sum(steps))
        trained.update(zip(places, trainer.members(), strict=True))
    return [trained[at] for at in range(len(jobs))]


def _stacks(
    jobs: Sequence[Job], schedule: Schedule, members: int
) -> list[tuple[list[int], int, int]]:
    """(places of the jobs, rows of the smallest, batch) of each stack, of jobs alike in size."""
    stacks: list[tuple[list[int], int, int]] = []
    for at in sorted(range(len(jobs)), key=lambda at: len(jobs[at].mos)):
        rows = len(jobs[at].mos)
        if stacks:
            places, least, batch = stacks[-1]
            room = max(1, _STACK_BYTES // (8 * batch * members * schedule.hidden))
            if len(places) < room and rows <= least * (1 + _ALIKE):
                places.append(at)
                continue
        stacks.append(([at], rows, min(schedule.batch_rows, max(1, rows // 2))))
    return stacks


def learning_rates(schedule: Schedule, steps: int) -> list[float]:
    """One cycle: a cosine up to the peak, a cosine down to nearly nothing."""
    rise = max(1, round(schedule.warmup * steps))
    rates = []
    for step in range(steps):
        if step < rise:
            start, end, share = _RATE_START, 1.0, step / rise
        else:
            start, end, share = 1.0, _RATE_END, (step - rise) / max(1, steps - 1 - rise)
        relative = end + (start - end) * (1 + math.cos(math.pi * share)) / 2
        rates.append(schedule.learning_rate * _rounded(relative))
    return rates


def _rounded(value: float) -> float:
    """A number from the mathematical library, without the last bits in which libraries differ."""
    return round(value * 2.0**40) / 2.0**40


class _Rows:
    """The mini-batches of one job, without end."""

    def __init__(self, job: Job, batch: int) -> None:
        self._rng, self._batch, self._mos = job.rng, batch, job.mos
        self._weights = job.weights
        self._inputs = np.concatenate([job.inputs, np.ones((len(job.mos), 1))], axis=1)
        self._order: IntArray = np.empty(0, dtype=np.int64)
        self._at = 0

    def next(self, inputs: FloatArray, mos: FloatArray, weights: FloatArray) -> None:
        """Fill inputs [B, C+1], mos [B] and, where rows are weighed, weights [B]; rows that make
        no whole batch are passed over."""
        if self._at + self._batch > len(self._order):
            self._order, self._at = self._rng.permutation(len(self._mos)), 0
        picked = self._order[self._at : self._at + self._batch]
        self._at += self._batch
        np.take(self._inputs, picked, axis=0, out=inputs)
        np.take(self._mos, picked, out=mos)
        if self._weights is not None:
            np.take(self._weights, picked, out=weights)


class _Trainer:
    """Weights, gradients and moments of a stack of K jobs, and the buffers of one step."""

    def __init__(self, jobs: Sequence[Job], schedule: Schedule, members: int, batch: int) -> None:
        self._schedule, self._jobs, self._batch, self._steps = schedule, jobs, batch, 0
        stack, columns = len(jobs), jobs[0].inputs.shape[1]
        self._units = units = members * schedule.hidden
        width = units + members
        self._rows = [_Rows(job, batch) for job in jobs]
        self._inputs = np.empty((stack, batch, columns + 1))
        self._mos = np.empty((stack, batch))
        self._weights = np.ones((stack, batch))
        weighed = [float(job.weights.max()) for job in jobs if job.weights is not None]
        self._weighed = bool(weighed)
        # A power of two, so that nothing is lost in the division.
        self._unit_weight = 2.0 ** math.frexp(max(weighed, default=0.5))[1]
        self._inner = _Weights((stack, columns + 1, width))
        self._outer = _Weights((stack, units))
        self._unit = np.arange(units)
        self._member: IntArray = np.repeat(np.arange(members), schedule.hidden)
        self._spread = np.zeros((stack, units, members))
        self._slopes = np.empty((stack, batch, width))
        self._mask = np.empty((stack, batch, units))
        dropped = round(schedule.dropout * 256)
        self._keep = np.where(np.arange(256) < dropped, 0.0, 256 / (256 - dropped))
        for at, job in enumerate(jobs):
            self._start(at, job, columns)
        self._hold_within_bounds()

    def members(self) -> list[Members]:
        """What was trained, a group for each job."""
        hidden, paths = np.split(self._inner.values, [self._units], axis=2)
        return [
            Members(hidden[at].copy(), paths[at].copy(), self._outer.values[at].copy())
            for at in range(len(self._jobs))
        ]

    def step(self, rate: float) -> None:
        """One mini-batch of every job, and one step of AdamW."""
        for at, rows in enumerate(self._rows):
            rows.next(self._inputs[at], self._mos[at], self._weights[at])
        self._differentiate()
        decay = 1.0 - rate * self._schedule.weight_decay
        # Biases do not decay.
        self._inner.values[:, :-1] *= decay
        self._outer.values *= decay
        self._steps += 1
        for weights in (self._inner, self._outer):
            weights.step(rate, self._steps)
        self._hold_within_bounds()

    def _start(self, at: int, job: Job, columns: int) -> None:
        """Random hidden units, linear paths at zero, biases such that all predict the mean."""
        units, inner = self._units, self._inner.values[at]
        hidden = job.rng.standard_normal((columns, units))
        inner[:-1, :units] = hidden * math.sqrt(2 / columns)
        total, mos = float(len(job.mos)), job.mos
        if job.weights is not None:
            total, mos = math.fsum(job.weights.tolist()), job.weights * job.mos
        share = (math.fsum(mos.tolist()) / total - MOS_MIN) / _SPAN
        held = min(max(share, SHARE_FLOOR), 1.0 - SHARE_FLOOR)
        inner[-1, units:] = _rounded(math.log(held / (1.0 - held)))
        outer = job.rng.standard_normal(units)
        self._outer.values[at] = outer * (_OUTPUT_INIT / math.sqrt(self._schedule.hidden))

    def _hold_within_bounds(self) -> None:
        """Keep the weights where products are exact; decay keeps them far inside anyway."""
        for weights in (self._inner.values, self._outer.values):
            np.clip(weights, -WEIGHT_LIMIT, WEIGHT_LIMIT, out=weights)

    def _differentiate(self) -> None:
        """Gradient of each job's mean squared error over its mini-batch."""
        units, spread, mask = self._units, self._spread, self._mask
        spread[:, self._unit, self._member] = to_grid(self._outer.values, WEIGHT_BITS)

        reached = self._inputs @ to_grid(self._inner.values, WEIGHT_BITS)
        hidden = reached[:, :, :units]
        np.greater(hidden, 0.0, out=mask)
        if self._schedule.dropout > 0:
            for at, job in enumerate(self._jobs):
                noise = np.frombuffer(job.rng.bytes(mask[at].size), dtype=np.uint8)
                mask[at] *= self._keep[noise.reshape(mask[at].shape)]
        np.multiply(hidden, mask, out=hidden)
        np.minimum(hidden, HIDDEN_LIMIT, out=hidden)
        to_grid(hidden, HIDDEN_BITS, out=hidden)
        share = sigmoid(hidden @ spread + reached[:, :, units:])
        error = (MOS_MIN + _SPAN * share) - self._mos[:, :, None]
        steep = error * share * (1.0 - share)
        if self._weighed:
            # At most 1 on the grid of slopes, on which no digits are to spare.
            steep *= (self._weights / self._unit_weight)[:, :, None]
        slope = to_grid(steep, SLOPE_BITS)

        self._slopes[:, :, units:] = slope
        back = slope @ spread.transpose(0, 2, 1)
        np.multiply(back, mask, out=back)
        to_grid(back, SLOPE_BITS, out=self._slopes[:, :, :units])
        inner, outer = self._inner.gradient, self._outer.gradient
        np.matmul(self._inputs.transpose(0, 2, 1), self._slopes, out=inner)
        outer[:] = (hidden.transpose(0, 2, 1) @ slope)[:, self._unit, self._member]
        for gradient in (inner, outer):
            gradient *= 2 * _SPAN * self._unit_weight / self._batch


class _Weights:
    """One array of weights with its gradient and the moments of Adam."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.values, self.gradient = np.zeros(shape), np.empty(shape)
        self._mean, self._square = np.zeros(shape), np.zeros(shape)
        self._scratch = np.empty(shape)

    def step(self, rate: float, steps: int) -> None:
        """One step against the gradient, the `steps`-th; the gradient is used up."""
        gradient, mean, square, scratch = self.gradient, self._mean, self._square, self._scratch
        np.subtract(gradient, mean, out=scratch)
        scratch *= 1 - _BETA1
        mean += scratch
        np.multiply(gradient, gradient, out=gradient)
        gradient -= square
        gradient *= 1 - _BETA2
        square += gradient
        np.sqrt(square, out=scratch)
        scratch *= 1 / math.sqrt(1 - _power(_BETA2, steps))
        scratch += _EPSILON
        np.divide(mean, scratch, out=scratch)
        scratch *= rate / (1 - _power(_BETA1, steps))
        self.values -= scratch


@lru_cache(maxsize=4)
def _power(base: float, exponent: int) -> float:
    """base**exponent by multiplication, which libraries' pow only approaches."""
    result = 1.0
    for bit in f"{exponent:b}":
        result *= result
        if bit == "1":
            result *= base
    return result
