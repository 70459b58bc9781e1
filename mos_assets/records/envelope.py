"""Where the training rows of a head lie: means, a shrunk covariance and two limits, and no row.

`evaluation.envelope` makes it, `evaluation.applicability` measures clips by it, and the manifest
carries it.
"""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import ConfigDict, Field, model_validator

from mos_assets.records.scores import Reported

MOST_COLUMNS = 1 << 12
"""A head of more inputs has no envelope: its manifest would be too large to be read."""
MOST_JOINT = 64
"""Columns of the joint distance: those that say most beyond each other."""


class _Finite(Reported):
    model_config = ConfigDict(allow_inf_nan=False)


class EnvelopeColumn(_Finite):
    """One column of the training rows."""

    name: str
    centre: float | None
    """Mean of the middle half of the rows; None where no or so few rows had a value that it would
    show one."""
    low: Annotated[float, Field(ge=0)]
    """Distance from the centre to the mean of the lowest tenth; 0 of a constant column."""
    high: Annotated[float, Field(ge=0)]
    """The same of the highest tenth."""
    limit: Annotated[float, Field(gt=0)] = 1.0
    """Of these distances, how many the farthest rows that the rest had not seen come to, in the
    mean over them."""
    gaps: bool
    """Whether training rows had gaps here, so that one says nothing."""


class Envelope(_Finite):
    """Where the training rows lie, in plain numbers of six digits."""

    columns: Annotated[tuple[EnvelopeColumn, ...], Field(max_length=MOST_COLUMNS)]
    joint: Annotated[tuple[Annotated[int, Field(ge=0)], ...], Field(max_length=MOST_JOINT)]
    """Places of the columns that the joint distance is of."""
    precision: Annotated[tuple[float, ...], Field(max_length=MOST_JOINT * (MOST_JOINT + 1) // 2)]
    """Inverse of their covariance, its lower triangle row by row."""
    column_limit: Annotated[float, Field(gt=0)]
    """Of its own `limit`, at which a column lies outside: the same for all."""
    joint_limit: Annotated[float, Field(gt=0)]
    """Joint distance at which a row lies outside."""
    n: int
    """Rows that it was made of."""

    @model_validator(mode="after")
    def _of_one_size(self) -> Self:
        size = len(self.joint)
        if len(self.precision) != size * (size + 1) // 2:
            raise ValueError(f"precision has {len(self.precision)} figures for {size} columns")
        if any(at >= len(self.columns) for at in self.joint):
            raise ValueError(f"joint names a column beyond the {len(self.columns)} that there are")
        return self

    @property
    def feature_order(self) -> tuple[str, ...]:
        """Names of the columns."""
        return tuple(column.name for column in self.columns)
