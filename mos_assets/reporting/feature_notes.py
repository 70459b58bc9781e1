"""What each built-in feature is, for the card: source and formula."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mos_assets.features import column_notes


@dataclass(frozen=True, slots=True)
class FeatureNote:
    """One input of the head in words."""

    name: str
    source: str
    formula: str


def feature_notes(order: Sequence[str], fingerprint: str) -> tuple[FeatureNote, ...]:
    """What is known of each feature, in the order of the head's input.

    fingerprint: `block=origin` joined by ` + `; a block whose origin is a table was not measured
    here, and columns that no block names are as their owner defines them.
    """
    return tuple(
        FeatureNote(column.name, column.source, column.formula)
        for column in column_notes(order, fingerprint)
    )
