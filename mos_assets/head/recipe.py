"""The hyper-parameters of the head, and how they follow from the number of rows."""

from __future__ import annotations

import math
from dataclasses import dataclass

from mos_assets.errors import TrainingError

SMALL_ROWS = 2_000
"""Up to here the small-corpus settings hold; beyond it work per row is cut back."""
FEW_CONTENTS = 40
"""Up to so many content groups, rows say less than their number."""
LARGE_ROWS = 20_000
"""From here on regularisation against few rows is no longer needed."""
LARGE_ROW_PASSES = 2_250_000
"""Rows times epochs of a large corpus, which bounds the work."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How every head is trained; the judged heads and the shipped one share it.

    `dataclasses.asdict` of it is the `training_recipe` of the manifest. Settings that are None
    follow from the number of training rows, see `plan`.
    """

    members: int | None = None
    """Networks whose outputs are averaged before the sigmoid; None: 16, 48 where contents are
    few, fewer for large corpora."""
    batch_orders: int | None = None
    """Groups of members, each with its own order of rows, whose noise averages out; None: 2,
    6 where contents are few, 1 for large corpora."""
    hidden: int = 32
    """Rectified units of each member, beside its linear path."""
    epochs: int | None = None
    """Passes over the training rows; None: 50 for small corpora, fewer for large ones."""
    batch_rows: int | None = None
    """Rows of one gradient step; None: 64 for small corpora, more for large ones."""
    learning_rate: float = 0.01
    """Peak of the one-cycle schedule (Smith & Topin 2017)."""
    warmup: float = 0.25
    """Share of the steps in which the learning rate rises."""
    weight_decay: float | None = None
    """Decoupled decay (Loshchilov & Hutter 2019), biases excepted; None: by rows."""
    dropout: float | None = None
    """Share of hidden units dropped in a step; None: by rows."""
    softness: float = 5.0
    """Robust z-scores u enter as softness·u/(softness+|u|), which tames heavy tails."""
    centres: int | None = None
    """Centres of a kernel expert; None: 512, fewer for large corpora."""
    impute: bool = False
    """Whether rows with missing features train, with medians and flags inside the graph."""

    def __post_init__(self) -> None:
        """Refuse values that cannot train, by name."""
        for name in ("members", "batch_orders", "hidden", "epochs", "batch_rows", "centres"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise TrainingError(f"recipe: {name} is {value}; it must be at least 1")
        if self.dropout is not None and not 0 <= self.dropout <= 0.99:
            raise TrainingError(f"recipe: dropout is {self.dropout}; it must lie in [0, .99]")
        if self.weight_decay is not None and self.weight_decay < 0:
            raise TrainingError(f"recipe: weight_decay is {self.weight_decay}; at least 0")
        if not 0 < self.warmup < 1:
            raise TrainingError(f"recipe: warmup is {self.warmup}; it must lie in (0, 1)")
        for name in ("learning_rate", "softness"):
            if not 0 < getattr(self, name) < math.inf:
                raise TrainingError(f"recipe: {name} must be positive and finite")


@dataclass(frozen=True, slots=True)
class Plan:
    """A recipe with every None settled for one number of training rows."""

    members: int
    batch_orders: int
    hidden: int
    epochs: int
    batch_rows: int
    learning_rate: float
    warmup: float
    weight_decay: float
    dropout: float
    softness: float
    centres: int
    impute: bool


def plan(recipe: Recipe, rows: int, contents: int) -> Plan:
    """Settle the open settings of `recipe` for `rows` labelled rows of so many content groups.

    One plan serves all folds and the shipped head, so that what is judged is what ships.
    """
    if rows <= SMALL_ROWS:
        members, orders, epochs, batch, decay, dropout = 16, 2, 50, 64, 0.3, 0.3
        centres = 512
        if contents <= FEW_CONTENTS:
            # What is learnt from few contents hangs on chance; more networks halve the seed spread.
            members, orders = 48, 6
    elif rows < LARGE_ROWS:
        members, orders, epochs, batch, decay, dropout = 8, 2, 40, 128, 0.1, 0.05
        centres = 512
    else:
        members, orders, batch, decay, dropout = 4, 1, 256, 0.05, 0.0
        centres = 256
        epochs = min(40, max(4, LARGE_ROW_PASSES // rows))
    members = recipe.members if recipe.members is not None else members
    return Plan(
        members=members,
        batch_orders=min(members, orders if recipe.batch_orders is None else recipe.batch_orders),
        hidden=recipe.hidden,
        epochs=recipe.epochs if recipe.epochs is not None else epochs,
        batch_rows=recipe.batch_rows if recipe.batch_rows is not None else batch,
        learning_rate=recipe.learning_rate,
        warmup=recipe.warmup,
        weight_decay=recipe.weight_decay if recipe.weight_decay is not None else decay,
        dropout=recipe.dropout if recipe.dropout is not None else dropout,
        softness=recipe.softness,
        centres=recipe.centres if recipe.centres is not None else centres,
        impute=recipe.impute,
    )
