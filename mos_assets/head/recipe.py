"""The recipe of a head: its experts, their hyper-parameters, and what follows from the table."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mos_assets.errors import TrainingError
from mos_assets.head.experts import EXPERTS, Expert


@dataclass(frozen=True)
class Plan:
    """What a recipe comes to for one table.

    One plan serves all folds and the shipped head, so that what is judged is what ships.
    """

    experts: tuple[Expert, ...]
    softness: float
    impute: bool
    weigh: bool = False
    align: bool = False

    def __post_init__(self) -> None:
        """Two experts may share a hyper-parameter, but only with one value."""
        for expert in self.experts:
            for name, value in expert.params.items():
                if self.params[name] != value:
                    raise AssertionError(f"{name} means two things, one of them to {expert.name}")

    @property
    def params(self) -> dict[str, Any]:
        """Every hyper-parameter by name: the `training_recipe` of the manifest."""
        found: dict[str, Any] = {}
        for expert in self.experts:
            found.update(expert.params)
        asked = {"weights": "precision"} if self.weigh else {}
        asked |= {"align": "corpora"} if self.align else {}
        return {**found, "softness": self.softness, "impute": self.impute, **asked}


@dataclass(frozen=True)
class Recipe:
    """How every head is trained; the judged heads and the shipped one share it.

    Raises TrainingError for values that cannot train, by name.
    """

    impute: bool = False
    """Whether rows with missing features train, with medians and flags inside the graph."""
    softness: float = 5.0
    """Robust z-scores u enter as softness·u/(softness+|u|), which tames heavy tails."""
    weigh: bool = False
    """Whether rows count by the precision of their rating, in tuning and fitting alike."""
    align: bool = False
    """Whether corpora are mapped onto one scale before they train together."""
    params: Mapping[str, float] = field(default_factory=dict)
    """Hyper-parameters of experts, in place of what follows from the number of rows."""
    experts: tuple[Expert, ...] = EXPERTS

    def __post_init__(self) -> None:
        if not 0 < self.softness < math.inf:
            raise TrainingError(f"recipe: softness is {self.softness}; positive and finite")
        known = {name for expert in self.experts for name in expert.param_names()}
        if unknown := sorted(set(self.params) - known):
            raise TrainingError(
                f"recipe: no expert has {unknown[0]}; they have {', '.join(sorted(known))}"
            )
        names = [expert.name for expert in self.experts]
        if len(set(names)) != len(names):
            raise ValueError(f"two experts have one name: {', '.join(names)}")
        self.plan(rows=1, contents=1)

    def plan(self, rows: int, contents: int) -> Plan:
        """For `rows` labelled rows of so many content groups."""
        experts = (
            expert.for_table(rows, contents).with_params(self.params) for expert in self.experts
        )
        return Plan(tuple(experts), self.softness, self.impute, self.weigh, self.align)
