"""What one cell says: numbers, counts, deviations and ratings, or why it says nothing."""

from __future__ import annotations

import math
import re
from functools import lru_cache

from mos_assets.tables.limits import shown

COUNT_MAX = 2**31 - 1
"""Highest number of ratings, shots or frames that is believed."""
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_CUT_SHORT = re.compile(r"[+-]?\d*\.|[+-]?\d+(?:\.\d+)?[eE][+-]?", re.ASCII)
_DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+", re.ASCII)
_PERCENT = re.compile(r"[+-]?\d*\.?\d+ ?%", re.ASCII)
_NOT_FINITE = re.compile(r"[+-]?(?:nan|inf(?:inity)?|#n/a)", re.IGNORECASE)
_UNKNOWN = frozenset({"", "na", "n/a", "nan", "null", "none", "-"})


class CellError(ValueError):
    """One cell cannot be used; the text says why, for a rejected row."""


class OutsideError(CellError):
    """A rating that is a number, and none of the declared range."""

    def __init__(self, text: str, value: float) -> None:
        super().__init__(text)
        self.value = value


def is_unknown(text: str) -> bool:
    """Whether a cell says, in one of the usual ways, that there is no value."""
    return text.casefold() in _UNKNOWN


def is_not_finite(text: str) -> bool:
    """Whether a cell spells a number that is none: infinite, or what a tool writes for it."""
    return _NOT_FINITE.fullmatch(text) is not None


def parse_number(text: str, what: str) -> float:
    """A finite number in plain decimal or exponent notation. Raises CellError naming the value."""
    if not _NUMBER.fullmatch(text):
        if not text:
            raise CellError(f"{what} is empty")
        flaw = "not finite" if is_not_finite(text) else "not a number"
        if _CUT_SHORT.fullmatch(text):
            flaw = "a number that breaks off"
        elif _DECIMAL_COMMA.fullmatch(text):
            flaw = "not a number; write decimals with a point"
        elif _PERCENT.fullmatch(text):
            flaw = "not a number; leave the percent sign out and declare the scale"
        raise CellError(f"{what} is {shown(text)!r}, which is {flaw}")
    value = float(text)
    if not math.isfinite(value):
        raise CellError(f"{what} is {shown(text)!r}, which is not finite")
    return value


def parse_deviation(text: str, what: str, limit: float) -> float | None:
    """A number in 0..limit, or None where the cell says that it is unknown. Raises CellError."""
    if is_unknown(text):
        return None
    value = parse_number(text, what)
    if not 0.0 <= value <= limit:
        raise CellError(f"{what} is {text!r}, outside 0..{limit:g}")
    return value


def parse_count(text: str, what: str) -> int | None:
    """A whole number from 1 up (`50.0` is 50), or None where unknown. Raises CellError."""
    if is_unknown(text):
        return None
    value = parse_number(text, what)
    if value < 1 or value != int(value):
        raise CellError(f"{what} is {text!r}, which is not a whole number from 1 up")
    if value > COUNT_MAX:
        raise CellError(f"{what} is {text!r}, above {COUNT_MAX}")
    return int(value)


@lru_cache(maxsize=4096)
def map_mos(text: str, worst: float, best: float, what: str = "MOS") -> float:
    """A native score, mapped linearly so that worst is 1 and best 5; either may be the larger.

    Raises CellError naming the cell, as an OutsideError where it is a number out of range. Of many
    ratings few are different cells: what they come to is kept. Whoever declares worst and best
    sees to it that their difference is finite and not 0.
    """
    value = parse_number(text, what)
    if not min(worst, best) <= value <= max(worst, best):
        raise OutsideError(
            f"{what} is {text}, outside the declared range {worst:g}..{best:g}", value
        )
    if (worst, best) == (1.0, 5.0):
        return value
    return 1.0 + 4.0 * (value - worst) / (best - worst)
