"""Many small networks, each beside a linear path, averaged before the sigmoid."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np

from mos_assets.head.exact import INPUT_BITS, product, sigmoid, to_grid
from mos_assets.head.experts.adamw import Job, Members, Schedule, train_networks
from mos_assets.head.experts.base import (
    FEW_CONTENTS,
    LARGE_ROWS,
    SMALL_ROWS,
    Expert,
    FittedExpert,
    Point,
    Sample,
    Steps,
    at_least_one,
)
from mos_assets.head.experts.projection import principal_directions
from mos_assets.head.graph import Graph
from mos_assets.head.standardise import SOFT_LIMIT
from mos_assets.records import MOS_MAX, MOS_MIN, FloatArray

_LARGE_ROW_PASSES = 2_250_000
"""Rows times epochs of a large corpus, which bounds the work."""
_TUNING_MEMBERS = 4
"""Networks that tell, on inner folds, what all of them are worth."""
_MOST_COLUMNS = 128
"""Of more columns that vary networks see the principal directions: a first layer on all of them
costs most of training, and hundreds of weak ones are too much for it."""
_DIRECTIONS = 64
_TRUSTED_FROM = 10.0
"""Shares are drawn to the networks by (_TRUSTED_FROM / contents)²: from few contents little can be
learnt of whom to trust."""


@dataclass(frozen=True)
class Networks(Schedule, Expert):
    """What bends in many ways; nothing is chosen on inner folds but its share."""

    members: int = 16
    """Networks whose outputs are averaged before the sigmoid."""
    batch_orders: int = 2
    """Groups of members, each with its own order of rows, whose noise averages out."""

    words: ClassVar[str] = "an average of small networks beside a linear path"
    seeded: ClassVar[bool] = True

    def __post_init__(self) -> None:
        at_least_one(self, "members", "batch_orders", "hidden", "epochs", "batch_rows")
        self.check()

    @property
    def params(self) -> dict[str, Any]:
        return {**super().params, "batch_orders": len(self._groups())}

    def for_table(self, rows: int, contents: int) -> Self:
        if rows <= SMALL_ROWS:
            # What is learnt from few contents hangs on chance; more orders lessen the seed spread.
            members, orders = 16, 4 if contents <= FEW_CONTENTS else 2
            epochs, batch, decay, dropout = 50, 64, 0.3, 0.3
        elif rows < LARGE_ROWS:
            members, orders, epochs, batch, decay, dropout = 8, 2, 40, 128, 0.1, 0.05
        else:
            members, orders, batch, decay, dropout = 4, 1, 256, 0.05, 0.0
            epochs = min(40, max(4, _LARGE_ROW_PASSES // rows))
        return replace(
            self,
            members=members,
            batch_orders=orders,
            epochs=epochs,
            batch_rows=batch,
            weight_decay=decay,
            dropout=dropout,
        )

    def for_tuning(self) -> Self:
        return replace(self, members=min(self.members, _TUNING_MEMBERS), batch_orders=1)

    def pull(self, contents: int) -> float:
        return (_TRUSTED_FROM / contents) ** 2

    def prepare(self, sample: Sample) -> Callable[..., FittedExpert]:
        return lambda: self.fit_all([(sample, ())], lambda _done, _all: None)[0]

    def fit_all(self, fits: Sequence[tuple[Sample, Point]], steps: Steps) -> list[FittedExpert]:
        """All networks of all fits at once, those of a group of members in one matrix."""
        groups = self._groups()
        # Columns that never vary are 0, such as flags of gaps that no clip has, and cost nothing.
        varies = [np.count_nonzero(sample.inputs.any(axis=0)) for sample, _ in fits]
        ways = [
            _way_in(sample.inputs) if max(varies) > _MOST_COLUMNS else None for sample, _ in fits
        ]
        seen = [
            sample.inputs if way is None else to_grid(product(sample.inputs, way), INPUT_BITS)
            for (sample, _), way in zip(fits, ways, strict=True)
        ]
        trained: dict[tuple[int, int], Members] = {}
        for size in sorted(set(groups)):
            places = [
                (at, group)
                for at in range(len(fits))
                for group, members in enumerate(groups)
                if members == size
            ]
            jobs = [
                Job(
                    seen[at],
                    sample.mos,
                    np.random.default_rng([*sample.stream, group]),
                    sample.weights,
                )
                for at, group in places
                for sample, _ in [fits[at]]
            ]
            found = train_networks(jobs, self, size, steps)
            trained.update(zip(places, found, strict=True))
        averages = [
            average([trained[at, group] for group in range(len(groups))]) for at in range(len(fits))
        ]
        return [
            each if way is None else each.behind(way)
            for each, way in zip(averages, ways, strict=True)
        ]

    def _groups(self) -> list[int]:
        """Members of each group, as even as can be."""
        count = min(self.members, self.batch_orders)
        return [self.members // count + (group < self.members % count) for group in range(count)]


@dataclass(frozen=True, eq=False)
class FittedNetworks(FittedExpert):
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

    def behind(self, way: FloatArray) -> FittedNetworks:
        """The same of inputs that the matrix [C, k] brings to those that it was trained on."""
        return replace(
            self,
            hidden_weight=product(way, self.hidden_weight),
            linear_weight=product(way, self.linear_weight[:, None])[:, 0],
        )

    def predict(self, inputs: FloatArray) -> FloatArray:
        hidden = np.maximum(product(inputs, self.hidden_weight) + self.hidden_bias, 0.0)
        logit = product(hidden, self.output_weight[:, None])[:, 0]
        logit += product(inputs, self.linear_weight[:, None])[:, 0] + self.bias
        return MOS_MIN + (MOS_MAX - MOS_MIN) * sigmoid(logit)

    def export(self, graph: Graph, prefix: str, inputs: str) -> str:
        add, tensor = graph.add, graph.tensor
        reached = add("MatMul", inputs, tensor(f"{prefix}hidden_weight", self.hidden_weight))
        hidden = add("Relu", add("Add", reached, tensor(f"{prefix}hidden_bias", self.hidden_bias)))
        output = tensor(f"{prefix}output_weight", self.output_weight[:, None])
        straight = tensor(f"{prefix}linear_weight", self.linear_weight[:, None])
        logit = add("Add", add("MatMul", hidden, output), add("MatMul", inputs, straight))
        share = add("Sigmoid", add("Add", logit, graph.constant(self.bias)))
        scaled = add("Mul", share, graph.constant(MOS_MAX - MOS_MIN))
        return add("Add", scaled, graph.constant(MOS_MIN))


def _way_in(inputs: FloatArray) -> FloatArray:
    """[C, k] that brings inputs [n, C] to fewer columns, within the bound of inputs."""
    directions = principal_directions(inputs, _DIRECTIONS)
    found = product(inputs, directions)
    square = math.fsum((found * found).ravel().tolist()) / found.size
    largest = float(np.abs(found).max())
    if not largest > 0:
        return directions
    return directions * min(1.0 / math.sqrt(square), SOFT_LIMIT / largest)


def average(groups: Sequence[Members]) -> FittedNetworks:
    """Average all members before the sigmoid, which one wider network does exactly."""
    hidden = np.concatenate([group.hidden for group in groups], axis=1)
    paths = np.concatenate([group.paths for group in groups], axis=1)
    outer = np.concatenate([group.outer for group in groups])
    members = paths.shape[1]
    path = np.array([math.fsum(row) / members for row in paths.tolist()])
    return FittedNetworks(hidden[:-1], hidden[-1], outer / members, path[:-1], float(path[-1]))
