"""Figures by name, and rows of them, as verdicts, reports and manifests carry them.

In memory a row has its figures in one mapping; in JSON they lie flat beside its other keys, and
null stands for a figure that does not exist. This is the one place that knows of the two shapes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    GetJsonSchemaHandler,
    SerializerFunctionWrapHandler,
    field_validator,
    model_serializer,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

F = TypeVar("F")

_FIGURES = "figures"


class Named(Protocol):
    """Whatever has figures under its name: a metric, or a criterion of the gate."""

    @property
    def name(self) -> str: ...


class Reported(BaseModel):
    """What reports carry: nothing changes it, and no key is in it that it does not name."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class FigureRow(Reported, Generic[F]):
    """Fields of its own, and figures by name."""

    figures: Mapping[str, F | None]
    """None where a figure does not exist."""

    prefix: ClassVar[str] = ""
    """Of the figures' names in JSON."""

    def of(self, figure: Named) -> F | None:
        """The figure of that name; None where it does not exist, or where it was not asked for."""
        return self.figures.get(figure.name)

    @model_validator(mode="before")
    @classmethod
    def _gathered(cls, data: Any) -> Any:
        if not isinstance(data, Mapping) or isinstance(data.get(_FIGURES), Mapping):
            return data
        own = {name: value for name, value in data.items() if name in cls.model_fields}
        rest = {
            name.removeprefix(cls.prefix): value
            for name, value in data.items()
            if name not in cls.model_fields
        }
        return {**own, _FIGURES: rest}

    @field_validator(_FIGURES, mode="after")
    @classmethod
    def _told_apart(cls, figures: Mapping[str, F | None]) -> Mapping[str, F | None]:
        taken = sorted(set(figures) & set(cls.model_fields))
        if taken:
            raise ValueError(f"{', '.join(taken)}: a figure has the name of another key")
        return {
            name: None if isinstance(figure, float) and not math.isfinite(figure) else figure
            for name, figure in figures.items()
        }

    @model_serializer(mode="wrap")
    def _flat(self, handler: SerializerFunctionWrapHandler) -> Any:
        row = handler(self)
        figures = row.pop(_FIGURES)
        return {**row, **{f"{self.prefix}{name}": figure for name, figure in figures.items()}}

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """The shape in memory: whoever publishes a schema knows the figures' names, and this
        class does not."""
        return handler(_without_serialiser(core_schema))


def _without_serialiser(core_schema: Any) -> Any:
    rest = {name: value for name, value in core_schema.items() if name != "serialization"}
    if rest["type"] in ("function-before", "function-wrap", "function-after"):
        rest["schema"] = _without_serialiser(rest["schema"])
    return rest


class FoldScore(FigureRow[float]):
    """Figures of one seed on one fold."""

    seed: int
    fold: int
    n_train: int
    n_val: int


class SeedScore(FigureRow[float]):
    """Means over folds of one seed, in JSON under the names of the metrics after `mean_`."""

    seed: int

    prefix: ClassVar[str] = "mean_"
