"""Feature columns in words, for card, docs and UI: what the extractors say of themselves."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from mos_assets.features.extractors.base import BLOCKS, Column, picture_extractors

TABLE_ORIGIN = "table:"
"""How the fingerprint of figures begins that come from an external table."""
_ANY = (-math.inf, math.inf)


def column_notes(order: Sequence[str], fingerprint: str) -> tuple[Column, ...]:
    """What is known of each feature, in the order of the head's input.

    fingerprint: `block=origin` joined by ` + `; a block whose origin is a table was not measured
    here, and columns that no block names are as their owner defines them.
    """
    known = {column.name: column for block in BLOCKS.values() for column in block.columns}
    for part in fingerprint.split(" + "):
        block, _, origin = part.partition("=")
        if origin.startswith(TABLE_ORIGIN) and block in BLOCKS:
            source = f"external table {origin.removeprefix(TABLE_ORIGIN)}"
            for column in BLOCKS[block].columns:
                known[column.name] = replace(column, source=source)
    return tuple(
        known.get(name)
        or Column(
            name, "as its owner defines it", _ANY, "as its owner defines it", "external table"
        )
        for name in order
    )


def compared_here(fingerprint: str) -> bool:
    """Whether figures of this fingerprint, as in `column_notes`, hold some that were measured by
    comparing clips."""
    comparing = {each.block: each.name for each in picture_extractors().values() if each.compares}
    parts = (part.partition("=") for part in fingerprint.split(" + "))
    return any(
        block in comparing and origin.startswith(f"{comparing[block]}-")
        for block, _, origin in parts
    )


def figure_notes() -> tuple[Column, ...]:
    """What every measured figure is, of all extractors."""
    return tuple(figure for each in picture_extractors().values() for figure in each.figures)


def column_description(column: Column) -> str:
    """One line for a reader: formula, unit, range and source."""
    low, high = column.range
    bounds = {
        (False, False): "",
        (True, False): f", at least {low:g}",
        (False, True): f", at most {high:g}",
        (True, True): f", {low:g}..{high:g}",
    }[math.isfinite(low), math.isfinite(high)]
    unit = "no unit" if column.unit == "1" else column.unit
    if unit == column.formula:
        # Of a table whose owner says neither.
        return f"{column.formula}; {column.source}"
    return f"{column.formula} ({unit}{bounds}); {column.source}"
