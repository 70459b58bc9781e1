"""An interval of a figure, as reports carry it."""

from __future__ import annotations

from mos_assets.evaluation.metrics import Scale
from mos_assets.evaluation.resampling import Resampling, Statistic
from mos_assets.records import Reported


class Interval(Reported):
    """Where 95 of 100 corpora of this kind would put a figure."""

    low: float
    high: float


def interval_of(
    drawn: Resampling,
    statistic: Statistic,
    *,
    scale: Scale = "plain",
    least: float = float("-inf"),
    centred: bool = False,
) -> Interval | None:
    """The interval of a statistic, rounded to six places; None where it cannot be told."""
    found = drawn.interval(statistic, scale=scale, least=least, centred=centred)
    if found is None:
        return None
    return Interval(low=round(found[0], 6), high=round(found[1], 6))
