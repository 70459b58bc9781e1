"""Which deviations ratings on a scale can have at all.

Votes between a and b of mean m deviate, as a population, by at most sqrt((m - a)(b - m)): then
all of them are a or b (Bhatia & Davis 2000, American Mathematical Monthly 107). Of a sample of n it
is sqrt(n / (n - 1)) more. What was rounded is given half a unit of its last digit.
"""

from __future__ import annotations

import math
from functools import lru_cache

from mos_assets.tables.cells import CellError


class ImpossibleError(CellError):
    """A deviation that no votes can have."""


FEWEST_VOTES = 4
"""Where the number of votes is unknown, an interval is believed to come from so many at least."""


def require_possible_std(
    std: float, mos: float, n: int | None, scale: tuple[float, float], cells: tuple[str, str]
) -> None:
    """Raise ImpossibleError where no n votes (None: unknown) of this mean deviate so much.

    std and mos are native; cells are the two as written.
    """
    most = 0.0 if n == 1 else _largest(mos, scale, cells[1]) * math.sqrt(n / (n - 1) if n else 2)
    if std - half_unit(cells[0]) > most * (1 + 1e-9):
        raise ImpossibleError(_impossible("standard deviation", cells, n, scale, most))


def require_possible_ci95(
    ci95: float, mos: float, n: int | None, scale: tuple[float, float], cells: tuple[str, str]
) -> None:
    """As `require_possible_std`, for the half-width of a 95 % interval of the mean."""
    if n == 1:
        most = 0.0
    else:
        votes = n or FEWEST_VOTES
        # Of a sample of n, divided by sqrt(n).
        most = _largest(mos, scale, cells[1]) * _student(votes) / math.sqrt(votes - 1)
    if ci95 - half_unit(cells[0]) > most * (1 + 1e-9):
        raise ImpossibleError(_impossible("95 % interval", cells, n, scale, most))


def _largest(mos: float, scale: tuple[float, float], cell: str) -> float:
    """The largest population deviation of votes whose mean was rounded to this cell."""
    low, high = min(scale), max(scale)
    half, middle = half_unit(cell), (low + high) / 2
    nearest = min(max(middle, mos - half), mos + half)
    return math.sqrt(max(0.0, (nearest - low) * (high - nearest)))


def half_unit(cell: str) -> float:
    """Half a unit of the last digit that a number shows."""
    mantissa, _, exponent = cell.lower().partition("e")
    digits = len(mantissa.partition(".")[2])
    return 0.5 * 10.0 ** (int(exponent or 0) - digits)


@lru_cache(maxsize=1024)
def _student(n: int) -> float:
    """Student's t that 2.5 % of means of n lie above."""
    from scipy.special import stdtrit

    return float(stdtrit(n - 1, 0.975))


def _impossible(
    what: str, cells: tuple[str, str], n: int | None, scale: tuple[float, float], most: float
) -> str:
    votes = "votes" if n is None else "one vote" if n == 1 else f"{n} votes"
    return (
        f"{what} is {cells[0]}, and {votes} on {scale[0]:g}..{scale[1]:g} with a mean of "
        f"{cells[1]} can have at most {most:.3g}"
    )
