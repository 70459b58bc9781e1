"""Scores of folds and seeds in JSON, which has no NaN."""

from __future__ import annotations

import math
from dataclasses import fields
from typing import Any

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

from mos_assets.records import FoldScore, SeedScore


def _with_nan(value: Any) -> Any:
    """JSON has no NaN: null stands for it in the figures of a fold or a seed."""
    if isinstance(value, FoldScore | SeedScore):
        value = {name: getattr(value, name) for name in value.__slots__}
    if isinstance(value, dict):
        return {
            name: math.nan if x is None or (isinstance(x, float) and math.isnan(x)) else x
            for name, x in value.items()
        }
    return value


def _without_nan(value: FoldScore | SeedScore) -> dict[str, int | float | None]:
    figures = {name: getattr(value, name) for name in value.__slots__}
    return {name: x if math.isfinite(x) else None for name, x in figures.items()}


def _rows_of(kind: type) -> WithJsonSchema:
    """Published shape of a fold's or a seed's row: whole numbers, and figures that may be null."""
    whole = {"seed", "fold", "n_train", "n_val"}
    names = [field.name for field in fields(kind)]
    return WithJsonSchema(
        {
            "type": "object",
            "title": kind.__name__,
            "additionalProperties": False,
            "required": names,
            "properties": {
                name: {"type": "integer" if name in whole else ["number", "null"]} for name in names
            },
        }
    )


def score_json(kind: type[FoldScore] | type[SeedScore]) -> tuple[Any, ...]:
    """What pydantic needs to carry such a row in JSON: null for NaN, both ways, and its schema."""
    return (
        BeforeValidator(_with_nan),
        PlainSerializer(_without_nan, when_used="json"),
        _rows_of(kind),
    )
