"""What others publish on KoNViD-1k, for the card."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Comparator:
    """One published result on KoNViD-1k."""

    name: str
    plcc: float
    srocc: float


COMPARATORS = (
    Comparator("DOVER-Mobile", 0.853, 0.860),
    Comparator("FAST-VQA", 0.859, 0.851),
    Comparator("MD-VQA", 0.846, 0.835),
    Comparator("Q-Align", 0.876, 0.884),
    Comparator("VIDEVAL", 0.780, 0.783),
)
