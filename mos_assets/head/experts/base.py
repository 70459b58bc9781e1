"""What an expert of the head is: it fits standardised inputs, predicts MOS and exports itself.

An expert is one file in this folder and one line of the registry in `__init__`. Tuning, blend,
training, export, manifest and card go through the registry and know no kinds.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar, Protocol, Self, runtime_checkable

import numpy as np

from mos_assets.errors import TrainingError
from mos_assets.head.graph import Graph
from mos_assets.head.standardise import Scaling
from mos_assets.records import MOS_MAX, MOS_MIN, FloatArray

FEW_CONTENTS = 40
"""Up to so many content groups, rows say less than their number."""
SMALL_ROWS = 2_000
"""Up to here the defaults for small corpora hold; beyond it work per row is cut back."""
LARGE_ROWS = 20_000
"""From here on regularisation against few rows is no longer needed."""
SHARE_FLOOR = 2.0**-12
"""The place of a MOS between 1 and 5 is held this far from both ends, so that it has a logit."""

PIECE_ROWS = 4096
"""Rows that are predicted at once: a kernel takes some ten kilobytes for each."""

Point = tuple[float, ...]
"""One value of each dimension of an expert's grid."""
Steps = Callable[[int, int], None]
"""Told (done, all) while experts are fitted."""


@dataclass(frozen=True, eq=False)
class Sample:
    """The training rows of one fit."""

    inputs: FloatArray
    """[n, C] standardised and scaled, on the grid of `exact.INPUT_BITS`."""
    mos: FloatArray
    """[n]."""
    varying: float
    """Columns that vary; where columns are scaled, the sum of their squared scales."""
    stream: tuple[int, ...]
    """Seeds whatever random numbers the fit draws."""
    weights: FloatArray | None = None
    """[n], mean 1: how much the squared error of each row counts; None: all the same."""


@dataclass(frozen=True, eq=False)
class FittedExpert(ABC):
    """A trained expert; each of its fields is a number or an array of numbers."""

    @property
    def n_parameters(self) -> int:
        """How many numbers it consists of."""
        return sum(int(np.size(getattr(self, field.name))) for field in fields(self))

    @abstractmethod
    def predict(self, inputs: FloatArray) -> FloatArray:
        """MOS [n] of standardised inputs [n, C], not yet held within 1..5.

        Only with the arithmetic of `exact`, so that the bits are the same everywhere.
        """

    def predict_many(self, inputs: FloatArray) -> FloatArray:
        """As `predict`, within the memory of some thousand rows."""
        starts = range(0, max(1, len(inputs)), PIECE_ROWS)
        return np.concatenate([self.predict(inputs[at : at + PIECE_ROWS]) for at in starts])

    @abstractmethod
    def export(self, graph: Graph, prefix: str, inputs: str) -> str:
        """Add the nodes that do what `predict` does, in float64.

        inputs: name of the standardised inputs [batch, C]; prefix: of the names of constants.
        Returns the name of the MOS [batch, 1].
        """


@runtime_checkable
class Screens(Protocol):
    """A prepared fit that can be asked quickly, and not to the last bit, what it would say."""

    def screen(self, unseen: FloatArray) -> Callable[..., FloatArray]:
        """Point of the grid → about what the fit says of unseen [m, C]; it only screens the grid
        (`tuning`), so its last bits may differ between machines."""
        ...


@dataclass(frozen=True)
class Expert(ABC):
    """A regressor that may take part in the blend. Its other fields are its hyper-parameters."""

    name: str
    """In the manifest's blend; no two experts share one."""
    scaling: Scaling
    """Which standardised inputs it takes."""

    words: ClassVar[str]
    """What it is, for the card."""
    grid: ClassVar[tuple[tuple[float, ...], ...]] = ()
    """Values of what is chosen on inner folds, a dimension each; empty: nothing is chosen."""
    seeded: ClassVar[bool] = False
    """Whether the seeds of a run move it; if not, one fit serves all of them."""

    def __init_subclass__(cls) -> None:
        """What the card needs is missed here and not after hours of training."""
        super().__init_subclass__()
        if not hasattr(cls, "words"):
            raise TypeError(f"{cls.__name__} has no words for the card")

    @property
    def params(self) -> dict[str, Any]:
        """Its hyper-parameters, as the manifest's `training_recipe` names them."""
        return {name: getattr(self, name) for name in self.param_names()}

    @classmethod
    def param_names(cls) -> tuple[str, ...]:
        """Names that `with_params` takes."""
        return tuple(field.name for field in fields(cls) if field.name not in ("name", "scaling"))

    def with_params(self, params: Mapping[str, float]) -> Self:
        """With those of `params` that it has; raises TrainingError for a value it cannot have."""
        known: dict[str, Any] = {
            name: params[name] for name in self.param_names() if name in params
        }
        return replace(self, **known)

    def for_table(self, rows: int, contents: int) -> Self:
        """With the defaults for so many training rows of so many content groups."""
        return self

    def for_tuning(self) -> Self:
        """What stands in for it on inner folds, where it is fitted many times."""
        return self

    def pull(self, contents: int) -> float:
        """How strongly shares are drawn towards it alone, in units of the best expert's error.

        The expert with the strongest pull for one content group is the whole blend of a table
        that inner folds cannot be cut from.
        """
        return 0.0

    @abstractmethod
    def prepare(self, sample: Sample) -> Callable[..., FittedExpert]:
        """The fit to these rows, still to be given a point of the grid.

        What does not depend on the point is computed once, here. It may also have a `screen`.
        """

    def fit_all(self, fits: Sequence[tuple[Sample, Point]], steps: Steps) -> list[FittedExpert]:
        """Every fit; an expert that is trained faster in one go overrides this."""
        return [self.prepare(sample)(*point) for sample, point in fits]


def at_least_one(expert: Expert, *names: str) -> None:
    """Raise TrainingError for a hyper-parameter below 1."""
    for name in names:
        if (value := getattr(expert, name)) < 1:
            raise TrainingError(f"recipe: {name} is {value}; it must be at least 1")


def within(mos: FloatArray) -> FloatArray:
    """Held within 1..5."""
    return np.clip(mos, MOS_MIN, MOS_MAX)
