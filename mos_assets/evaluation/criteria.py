"""The gate as a table: which figures a head is judged by, and what each of them has to reach.

Verdict, intervals, report, card, manifest, store, checks and figures are loops over it. A figure
more is a row more (CONTRIBUTING.md). The thresholds exist here and only here: no setting reaches
them, and whoever calls `Gate` can add rows and take none away.
"""

from __future__ import annotations

import inspect
import math
import re
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from mos_assets.evaluation.metrics import PLCC, RMSE, SROCC, Metric, Scale, finite_or_none, mean
from mos_assets.records import FloatArray
from mos_assets.settings import RUN_FOLDS, RUN_SEEDS

Operator = Literal[">=", "<="]

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_RESERVED = frozenset(
    {
        *("seed", "fold", "n_train", "n_val", "n", "name", "dimension", "bias", "reason"),
        *("level", "method", "unit", "resamples", "margin_plcc_interval"),
        *("passed", "kind", "fold_spread", "thresholds", "reasons", "figures"),
        *("status", "verdict", "candidate", "n_clips", "report", "folder", "head"),
    }
)
"""Keys beside which figures lie in reports, manifests and the UI."""


@dataclass(frozen=True, slots=True)
class Statistic(ABC):
    """What the seeds' means of a metric come to."""

    metric: Metric

    word: ClassVar[str]
    """What it is called in reports."""
    least: ClassVar[float] = -math.inf
    """What it cannot fall below."""
    least_seeds: ClassVar[int] = 1
    """Fewer have no interval."""
    centred: ClassVar[bool] = False
    """Whether resampling itself pushes it to one side, so that draws are shifted back."""

    @property
    def scale(self) -> Scale:
        """On which the jackknife takes it for normal."""
        return "plain"

    @abstractmethod
    def over_seeds(self, means: Sequence[float | None]) -> float | None:
        """Of the means over folds, one a seed; None where it does not exist."""

    @abstractmethod
    def of_replicates(self, means: FloatArray) -> FloatArray:
        """The same of [replicates, seeds] → [replicates]; NaN where it does not exist."""


@dataclass(frozen=True, slots=True)
class MeanOverSeeds(Statistic):
    """The mean of the seeds' means."""

    word = "mean"

    @property
    def scale(self) -> Scale:
        return self.metric.scale

    def over_seeds(self, means: Sequence[float | None]) -> float | None:
        return mean(means)

    def of_replicates(self, means: FloatArray) -> FloatArray:
        return np.asarray(means.mean(axis=1), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class SpreadOverSeeds(Statistic):
    """The largest minus the smallest of the seeds' means."""

    word = "spread"
    least = 0.0
    least_seeds = 2
    centred = True

    def over_seeds(self, means: Sequence[float | None]) -> float | None:
        present = [x for x in means if x is not None]
        if not present or len(present) < len(means):
            return None
        return finite_or_none(max(present) - min(present))

    def of_replicates(self, means: FloatArray) -> FloatArray:
        return np.asarray(np.ptp(means, axis=1), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Criterion:
    """One figure of the gate. Raises ValueError where it makes no sense."""

    name: str
    """Its key in reports, manifests and the store, and the name of its check."""
    words: str
    """What people read."""
    statistic: Statistic
    threshold: float
    comparison: Operator
    places: int
    """Decimal places in a table."""

    def __post_init__(self) -> None:
        where = f"criterion {self.name!r} of the gate"
        if not isinstance(self.statistic, Statistic):
            raise ValueError(f"{where}: {self.statistic!r} is no Statistic")
        metric = self.statistic.metric
        if not isinstance(metric, Metric):
            raise ValueError(f"{where}: {metric!r} is no Metric")
        for name in (self.name, metric.name):
            if not isinstance(name, str) or not _NAME.fullmatch(name) or name in _RESERVED:
                raise ValueError(f"{where}: {name!r} cannot be the name of a figure")
        for words in (self.words, metric.label):
            if not words.strip() or not words.isprintable() or set(words) & set("|<>`*"):
                raise ValueError(f"{where}: {words!r} cannot be read in a table")
        _takes(where, metric.compute, 2)
        if metric.weighted is not None:
            _takes(where, metric.weighted, 3)
        if not math.isfinite(self.threshold):
            raise ValueError(f"{where}: nothing reaches a threshold of {self.threshold}")
        if self.comparison not in (">=", "<="):
            raise ValueError(f"{where}: {self.comparison!r} is neither >= nor <=")
        if self.places not in range(1, 10):
            raise ValueError(f"{where}: {self.places} is no number of decimal places")

    @property
    def brief(self) -> str:
        """What people read where there is little room: a mean is called by its metric."""
        return self.statistic.metric.label if self.statistic.word == "mean" else self.words

    def met_by(self, figure: float | None) -> bool:
        """Whether it is met; what does not exist fails."""
        if figure is None or not math.isfinite(figure):
            return False
        return figure >= self.threshold if self.comparison == ">=" else figure <= self.threshold


def _takes(where: str, function: object, n: int) -> None:
    """Refuse what cannot be called with so many arrays: training would end before it shows."""
    if not callable(function):
        raise ValueError(f"{where}: {function!r} computes nothing")
    try:
        inspect.signature(function).bind(*[None] * n)
    except TypeError as error:
        raise ValueError(f"{where}: {function!r} does not take {n} arrays ({error})") from error


MEAN_PLCC = Criterion("mean_plcc", "Mean PLCC", MeanOverSeeds(PLCC), 0.85, ">=", 3)
MEAN_SROCC = Criterion("mean_srocc", "Mean SROCC", MeanOverSeeds(SROCC), 0.82, ">=", 3)
MEAN_RMSE = Criterion("mean_rmse", "Mean RMSE", MeanOverSeeds(RMSE), 0.45, "<=", 3)
PLCC_SPREAD = Criterion(
    "plcc_spread", "PLCC spread over seeds", SpreadOverSeeds(PLCC), 0.005, "<=", 4
)

CRITERIA = (MEAN_PLCC, MEAN_SROCC, MEAN_RMSE, PLCC_SPREAD)
"""What a head has to reach on human labels; never lowered."""

_SURROGATE_CRITERIA = (Criterion("mean_plcc", "Mean PLCC", MeanOverSeeds(PLCC), 0.75, ">=", 3),)
"""What a head has to reach on simulated labels, where it is Proposed at best."""


@dataclass(frozen=True, slots=True)
class Gate:
    """The rows of the table, and rows that were added to them.

    Raises ValueError where two rows have one name, or one name means two things.
    """

    added: tuple[Criterion, ...] = ()

    folds: ClassVar[int] = RUN_FOLDS
    """Exactly, for `Accepted`."""
    seeds: ClassVar[int] = RUN_SEEDS
    """At least, for `Accepted`."""

    def __post_init__(self) -> None:
        for what, named in (
            ("name", [row.name for row in self.criteria]),
            ("words", [row.words.casefold() for row in self.criteria]),
            ("metric", [metric.name for metric in self.metrics]),
            ("label", [metric.label.casefold() for metric in self.metrics]),
        ):
            twice = [name for name, times in Counter(named).items() if times > 1]
            if twice:
                raise ValueError(f"two rows of the gate have one {what}: {', '.join(twice)}")
        statistics = {row.name: row.statistic for row in self.criteria}
        for row in self.surrogate:
            if statistics.get(row.name) != row.statistic:
                raise ValueError(f"{row.name} of the surrogate gate is no figure of the gate")

    @property
    def criteria(self) -> tuple[Criterion, ...]:
        """Of the real gate."""
        return (*CRITERIA, *self.added)

    @property
    def surrogate(self) -> tuple[Criterion, ...]:
        """Of the surrogate gate, each a figure of the real one."""
        return _SURROGATE_CRITERIA

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """Each once, in the order of the rows."""
        return tuple(dict.fromkeys(row.statistic.metric for row in self.criteria))


GATE = Gate()
