"""Boosted symmetric trees whose steps are ramps.

A round of gradient boosting (Friedman 2001, on a random part of the rows, 2002) adds one tree. All
nodes of one level ask for the same column and threshold (oblivious trees, as CatBoost's;
Prokhorenkova et al. 2018), the best of some drawn at random (Geurts et al. 2006). A row near a
threshold belongs to both sides in part, so that the surface is continuous.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mos_assets.head.exact import product, to_grid
from mos_assets.head.experts.base import Expert, FittedExpert, Sample, at_least_one, trust_of_few
from mos_assets.head.graph import Graph
from mos_assets.records import FloatArray, IntArray

_THRESHOLDS, _THRESHOLD_BITS = 15, 5
"""Of every column, at its quantiles; on a grid so coarse that none is the value of a clip."""
_WIDTH = 0.5
"""Of a ramp, standard deviations."""
_RATE = 0.08
"""Share of what a leaf could explain that a tree takes."""
_PENALTY = 5.0
"""Rows of no say that every leaf has beside its own."""
_CANDIDATES = 24
"""Thresholds, of all columns, that one tree chooses from."""
_MOST_ROWS = 8_192
_MEMBERSHIP_BITS, _VALUE_BITS = 14, 20
"""Sums of 8,192 products of a membership and a residual are exact so."""


@dataclass(frozen=True)
class Trees(Expert):
    """What jumps, and what depends on few columns at a time; nothing is chosen but its share."""

    trees: int = 200
    depth: int = 4

    words: ClassVar[str] = "boosted symmetric trees with ramps for steps"

    def __post_init__(self) -> None:
        at_least_one(self, "trees", "depth")

    def pull(self, contents: int) -> float:
        return trust_of_few(contents)

    def prepare(self, sample: Sample) -> Callable[..., FittedExpert]:
        thinned = slice(None, None, -(-len(sample.mos) // _MOST_ROWS))
        inputs, mos = sample.inputs[thinned], sample.mos[thinned]
        weights = np.ones(len(mos)) if sample.weights is None else sample.weights[thinned]
        return lambda: _boosted(inputs, mos, weights, self, np.random.default_rng(sample.stream))


@dataclass(frozen=True, eq=False)
class FittedTrees(FittedExpert):
    """mos = products · weight + bias, of the ramps of each tree and all their products."""

    columns: IntArray
    """[depth, trees], what each level looks at."""
    threshold: FloatArray
    """[depth, trees]."""
    weight: FloatArray
    """[(2**depth - 1) · trees], the products in the order of binary numbers, each of all trees."""
    bias: float

    def predict(self, inputs: FloatArray) -> FloatArray:
        ramps = [
            _ramps(inputs[:, column], threshold)
            for column, threshold in zip(self.columns, self.threshold, strict=True)
        ]
        found: list[FloatArray] = []
        for ramp in ramps:
            found += [ramp, *(each * ramp for each in found)]
        return product(np.concatenate(found, axis=1), self.weight[:, None])[:, 0] + self.bias

    def export(self, graph: Graph, prefix: str, inputs: str) -> str:
        add, found = graph.add, list[str]()
        for level, (column, threshold) in enumerate(zip(self.columns, self.threshold, strict=True)):
            given = add("Gather", inputs, graph.places(f"{prefix}columns{level}", column), axis=1)
            off = add("Sub", given, graph.tensor(f"{prefix}threshold{level}", threshold))
            steep = add("Div", off, graph.constant(_WIDTH))
            middle = add("Add", steep, graph.constant(0.5))
            ramp = add("Clip", middle, graph.constant(0.0), graph.constant(1.0))
            found += [ramp, *(add("Mul", each, ramp) for each in found)]
        joined = add("Concat", *found, axis=1)
        weight = graph.tensor(f"{prefix}weight", self.weight[:, None])
        return add("Add", add("MatMul", joined, weight), graph.constant(self.bias))


def _boosted(
    inputs: FloatArray,
    mos: FloatArray,
    weights: FloatArray,
    expert: Trees,
    rng: np.random.Generator,
) -> FittedTrees:
    """Every round fits a tree to what the others leave of the ratings of half of the rows."""
    rows, depth = len(mos), expert.depth
    mean = math.fsum((weights * mos).tolist()) / math.fsum(weights.tolist())
    bias = round(mean * 2.0**_VALUE_BITS) / 2.0**_VALUE_BITS
    thresholds = [_thresholds(values) for values in inputs.T]
    column = np.repeat(np.arange(len(thresholds)), [len(some) for some in thresholds])
    threshold = np.concatenate(thresholds)
    ramps = _ramps(inputs.T[column], threshold[:, None])
    to_grid(ramps, _MEMBERSHIP_BITS, out=ramps)
    left = mos - bias
    chosen = np.empty((depth, expert.trees), dtype=np.int64)
    leaves = np.empty((2**depth, expert.trees))
    for tree in range(expert.trees):
        seen = np.flatnonzero(np.frombuffer(rng.bytes(rows), dtype=np.uint8) & 1)
        picked = rng.choice(len(ramps), min(_CANDIDATES, len(ramps)), replace=False)
        # The last candidate parts nothing: its sums are those of whole leaves.
        candidates = np.ones((len(seen), len(picked) + 1))
        candidates[:, :-1] = ramps[picked[:, None], seen].T
        counted = weights[seen]
        missed = counted * left[seen]
        member = np.ones((1, len(seen)))
        for level in range(depth):
            best = _best(_sums(member, missed, counted) @ candidates)
            chosen[level, tree] = picked[best]
            member = _parted(member, candidates[:, best])
        sums, sizes = np.split(_sums(member, missed, counted) @ candidates[:, -1], 2)
        leaves[:, tree] = to_grid(_RATE * sums / (sizes + _PENALTY), _VALUE_BITS)
        member = np.ones((1, rows))
        for place in chosen[:, tree]:
            member = _parted(member, ramps[place])
        left -= leaves[:, tree] @ member
    return FittedTrees(
        column[chosen],
        threshold[chosen],
        _of_products(leaves)[1:].ravel(),
        bias + math.fsum(leaves[0].tolist()),
    )


def _thresholds(values: FloatArray) -> FloatArray:
    """Midway between a quantile of values [n] and the next value below it, each once; zero where
    all are the same."""
    ordered, different = np.sort(values), np.unique(values)
    if len(different) == 1:
        return np.zeros(1)
    at = (len(values) * np.arange(1, _THRESHOLDS + 1)) // (_THRESHOLDS + 1)
    above = np.maximum(np.searchsorted(different, ordered[at]), 1)
    return np.unique(to_grid((different[above - 1] + different[above]) / 2, _THRESHOLD_BITS))


def _ramps(values: FloatArray, thresholds: FloatArray) -> FloatArray:
    """How far beyond its threshold each value is, from 0 to 1."""
    return np.clip((values - thresholds) / _WIDTH + 0.5, 0.0, 1.0)


def _parted(member: FloatArray, ramp: FloatArray) -> FloatArray:
    """Shares of rows in leaves [leaves, rows] → in twice as many, those above the ramp last."""
    above = to_grid(member * ramp, _MEMBERSHIP_BITS)
    return np.concatenate([member - above, above])


def _sums(member: FloatArray, missed: FloatArray, counted: FloatArray) -> FloatArray:
    """What each leaf [leaves, rows] holds of what is missed and of weights, one below the other,
    on grids on which sums over rows are exact."""
    return np.concatenate(
        [to_grid(member * missed, _VALUE_BITS), to_grid(member * counted, _MEMBERSHIP_BITS)]
    )


def _best(above: FloatArray) -> int:
    """The candidate that explains most when it parts every leaf.

    above: [2 · leaves, candidates + 1] sums of what is missed and of weights beyond each.
    """
    above, whole = above[:, :-1], above[:, -1:]
    both = np.stack([above, whole - above])
    leaves = len(above) // 2
    gain = both[:, :leaves] ** 2 / (both[:, leaves:] + _PENALTY)
    return int(gain.reshape(-1, gain.shape[-1]).sum(axis=0).argmax())


def _of_products(leaves: FloatArray) -> FloatArray:
    """Values of leaves [2**depth, trees] → weights of the products of their ramps, [2**depth,
    trees]; leaf and product number b belong to the levels whose bits are set in b."""
    weights = leaves.copy()
    step = 1
    while step < len(weights):
        for start in range(0, len(weights), 2 * step):
            weights[start + step : start + 2 * step] -= weights[start : start + step]
        step *= 2
    return weights
