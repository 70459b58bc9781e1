"""How figures and lists are written for people."""

from __future__ import annotations

import math
from collections.abc import Sequence


def plain(figure: float | None, places: int = 3, *, beside: float | None = None) -> str:
    """A figure in the manner of the literature (.778), or an en dash where there is none.

    With `beside` it gets as many places as it takes to tell it from that threshold, so that a
    miss by a hair never reads as a tie.
    """
    if figure is None or not math.isfinite(figure):
        return "–"
    text = f"{figure:.{places}f}"
    while beside is not None and figure != beside and float(text) == beside and places < 17:
        places += 1
        text = f"{figure:.{places}f}"
    if float(text) == 0.0:
        text = text.removeprefix("-")
    if text.startswith("0."):
        return text[1:]
    return "-" + text[2:] if text.startswith("-0.") else text


def and_list(words: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"


def lowered(words: str) -> str:
    """As it reads within a sentence; abbreviations such as PLCC stay as they are."""
    return words if words[:2].isupper() else words[0].lower() + words[1:]


def count(n: int) -> str:
    """A count with thousands set apart by commas."""
    return f"{n:,}"


def share(part: float) -> str:
    """A fraction as whole percent."""
    return f"{100.0 * part:.0f} %"
