"""How much bit rate one set of encodes needs more than another for the same predicted MOS.

Bjøntegaard's delta rate: log rate as a function of quality, interpolated by PCHIP as in ITU-T
HSTP-VID-WPOM (2020) and the common test conditions of JVET, averaged over the MOS that both sets
reach. The interval comes from the head's errors: they are drawn anew for every encode. An error
that all encodes of the source share, or that stretches their scale, moves both curves alike and
changes nothing.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from mos_assets.comparing.difference import promised_pairs
from mos_assets.errors import ComparisonError
from mos_assets.evaluation.text import share
from mos_assets.predictor import ClipPrediction
from mos_assets.records import MOS_MAX, MOS_MIN, SEED, FloatArray

if TYPE_CHECKING:
    from mos_assets.release.manifest import Manifest

LEAST_POINTS = 4
"""Encodes a set, as Bjøntegaard's method asks for."""
LARGE_OVERLAP = 0.75
"""Share of the range of MOS that both sets should reach (the library's own bound)."""
DRAWS = 1_000
_APART = 1e-6
"""MOS by which two drawn points differ at least, for the interpolation."""


@dataclass(frozen=True, slots=True)
class Curve:
    """One set of encodes of one source, by rate; quality rises with it."""

    clips: tuple[ClipPrediction, ...]
    kbps: tuple[float, ...]
    """Coded bits of the pictures."""

    @property
    def mos(self) -> tuple[float, ...]:
        return tuple(clip.mos for clip in self.clips)


@dataclass(frozen=True, slots=True)
class BdRate:
    """What the second set needs over the first."""

    first: Curve
    second: Curve
    percent: float
    """Of the first's rate, mean over the MOS that both reach; below 0 the second needs less."""
    interval: tuple[float, float] | None
    """Where the head's errors would put it with a probability of `level`; None where that cannot
    be said."""
    level: float | None
    overlap: float
    """Share of the range of MOS of both that both reach."""
    common: tuple[float, float]
    """MOS that both reach, from and to."""
    reason: str | None
    """Why there is no interval."""

    def sentences(self, first: str, second: str) -> tuple[str, ...]:
        """What it means, for a reader to whom the two are called so."""
        than = "less" if self.percent < 0 else "more"
        text = f"{second} needs {abs(self.percent):.1f} % {than} bit rate than {first} for the same"
        text += f" predicted MOS, mean from {self.common[0]:.2f} to {self.common[1]:.2f}"
        if self.interval is None or self.level is None:
            found = [text, f"no interval can be promised: {self.reason}"]
        else:
            low, high = self.interval
            found = [f"{text} ({share(self.level)} interval {low:+.1f} % to {high:+.1f} %)"]
            if low <= 0 <= high:
                found.append("the interval holds 0: which of them needs less cannot be told")
        if self.overlap < LARGE_OVERLAP:
            found.append(
                f"both reach only {share(self.overlap)} of their range of MOS, and the figure says "
                "nothing of the rest: choose rates so that the qualities meet"
            )
        return tuple(found)


def curve(name: str, clips: Sequence[ClipPrediction]) -> Curve:
    """A set of encodes as a curve.

    Raises ComparisonError where there are too few, one has no rate, or quality does not rise with
    the rate.
    """
    if len(clips) < LEAST_POINTS:
        raise ComparisonError(
            f"{name} holds {len(clips)} encodes; {LEAST_POINTS} of different rates are the least."
        )
    rated = []
    for clip in clips:
        rate = None if clip.measured is None else clip.measured.bit_rate
        if not rate:
            raise ComparisonError(
                f"{clip.clip}: its bit rate is not known, since it does not say how long it lasts. "
                "Leave it out, or put it into a container with time stamps, such as MP4."
            )
        rated.append((rate / 1000, clip))
    rated.sort(key=lambda each: (each[0], each[1].clip))
    for (low, worse), (high, better) in pairwise(rated):
        if better.mos <= worse.mos or high <= low:
            raise ComparisonError(
                f"{better.clip} at {high:,.0f} kbit/s scores {better.mos:.3f}, and {worse.clip} at "
                f"{low:,.0f} kbit/s {worse.mos:.3f}: along {name} the score must rise with the "
                "rate. Leave one of the two out, such as the one that costs more for no more."
            )
    return Curve(tuple(clip for _, clip in rated), tuple(rate for rate, _ in rated))


def bd_rate(first: Curve, second: Curve, manifest: Manifest) -> BdRate:
    """The second against the first, both scored by one head.

    Raises ComparisonError where they reach no quality in common.
    """
    scores = np.array(first.mos), np.array(second.mos)
    rates = np.array(first.kbps), np.array(second.kbps)
    low, high = max(row[0] for row in scores), min(row[-1] for row in scores)
    if low >= high:
        raise ComparisonError(
            f"The two sets reach no MOS in common: one scores {scores[0][0]:.2f} to "
            f"{scores[0][-1]:.2f}, the other {scores[1][0]:.2f} to {scores[1][-1]:.2f}. Choose "
            "rates so that the qualities meet."
        )
    whole = max(row[-1] for row in scores) - min(row[0] for row in scores)
    percent = _delta(rates, scores)
    promised = promised_pairs((*first.clips, *second.clips), manifest)
    interval, level, reason = None, None, None
    if isinstance(promised, str):
        reason = promised
    else:
        interval = _interval(rates, scores, promised.error_sd, promised.level)
        if interval is None:
            reason = "the head's error is as large as the range of MOS that both reach"
        else:
            level = promised.level
            # A draw that only ever falls on one side would leave out the figure itself.
            interval = min(interval[0], percent), max(interval[1], percent)
    return BdRate(
        first, second, percent, interval, level, float((high - low) / whole), (low, high), reason
    )


def _delta(rates: Sequence[FloatArray], scores: Sequence[FloatArray]) -> float:
    import bjontegaard

    with warnings.catch_warnings():
        # Overlap is looked at before, or is part of what is drawn.
        warnings.simplefilter("ignore", UserWarning)
        found = bjontegaard.bd_rate(
            *(rates[0], scores[0], rates[1], scores[1]),
            method="pchip",
            require_matching_points=False,
            min_overlap=0.0,
        )
    return float(found)


def _interval(
    rates: Sequence[FloatArray], scores: Sequence[FloatArray], error_sd: float, level: float
) -> tuple[float, float] | None:
    """Where `level` of the draws lie, each with normal errors of this deviation at every encode.

    Quality rises with the rate, so drawn scores are put in that order (Chernozhukov et al. 2009).
    None where more draws than a tail holds have no quality in common.
    """
    rng = np.random.default_rng(SEED)
    drawn = []
    for _ in range(DRAWS):
        moved = [_moved(row, rng.normal(0.0, error_sd, len(row))) for row in scores]
        apart = max(row[0] for row in moved) >= min(row[-1] for row in moved)
        drawn.append(np.nan if apart else _delta(rates, moved))
    tail = (1.0 - level) / 2
    if np.isnan(drawn).mean() > tail:
        return None
    low, high = np.nanquantile(drawn, (tail, 1.0 - tail))
    return float(low), float(high)


def _moved(mos: FloatArray, errors: FloatArray) -> FloatArray:
    inside = np.sort(np.clip(mos + errors, MOS_MIN, MOS_MAX))
    moved: FloatArray = inside + _APART * np.arange(len(inside))
    return moved
