"""Corpora that used the scale differently, mapped onto one of them before they train together.

A corpus's ratings are taken for a line of one predictor that all corpora share: own = offset +
slope · f(features). f is ridge on plain inputs with an intercept of its own for each corpus, the
analysis of covariance (Fisher 1932), fitted to training rows alone. Slopes follow from what f says
of contents that it has not seen, and f from the slopes, until both stand. The scale of f is that of
the reference corpus, which is its own line.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mos_assets.head.exact import product, to_grid
from mos_assets.head.experts.ridge import RidgeSolver
from mos_assets.head.tuning import inner_splits
from mos_assets.ratings.alignment import STEEPEST
from mos_assets.records import MOS_MAX, MOS_MIN, CorpusMap, FloatArray, IntArray

LEAST_ROWS = 20
"""A corpus of fewer training rows is not mapped: a slope and an offset would fit their noise."""
LEAST_CONTENTS = 3
"""The same of contents: each is predicted from the others."""
LEAST_CORRELATION = 0.3
"""Where ratings follow the shared predictor less than this, no slope can be told."""
_ALPHAS = (1.0, 10.0, 100.0, 1000.0)
_MAP_BITS = 20
_ROUNDS, _SETTLED = 200, 1e-9
_FARTHEST = 2 * STEEPEST
_LEAST_VARIANCE = 1e-12
"""Of ratings; what varies less is rounding."""
_LEAST_SEEN = 2
"""Rows of a corpus in an inner fold's fit, below which it has no mean there."""


@dataclass(frozen=True, eq=False)
class Maps:
    """The line of each corpus, fitted on one split's training rows."""

    found: tuple[CorpusMap, ...]
    """The reference first."""

    def onto_reference(self, mos: FloatArray, corpora: Sequence[str]) -> tuple[FloatArray, int]:
        """Ratings [n] on the reference's scale, held within 1..5, and how many had to be."""
        offset, slope = self.lines(corpora)
        mapped = (mos - offset) / slope
        held = np.clip(mapped, MOS_MIN, MOS_MAX)
        return held, int(np.count_nonzero(held != mapped))

    def onto_own(self, mos: FloatArray, corpora: Sequence[str]) -> FloatArray:
        """MOS [n] on the reference's scale as the corpus of each row would have rated, 1..5."""
        offset, slope = self.lines(corpora)
        return np.clip(offset + slope * mos, MOS_MIN, MOS_MAX)

    def lines(self, corpora: Sequence[str]) -> tuple[FloatArray, FloatArray]:
        """Offset [n] and slope [n] of each row's corpus; none where it was not in training."""
        known = {one.corpus: one for one in self.found}
        lines = [known.get(name) for name in corpora]
        offset = np.array([0.0 if line is None else line.offset for line in lines])
        return offset, np.array([1.0 if line is None else line.slope for line in lines])


def reference_of(corpora: Sequence[str]) -> str:
    """The corpus with most rows; of equal ones the first by name."""
    return min(Counter(corpora).items(), key=lambda item: (-item[1], item[0]))[0]


def fit_maps(
    inputs: FloatArray,
    mos: FloatArray,
    corpora: Sequence[str],
    groups: Sequence[str],
    reference: str,
    stream: tuple[int, ...],
) -> Maps:
    """The map of every corpus of these training rows.

    inputs: [n, C] plain inputs; mos, corpora, groups: [n], sorted by clip; reference: named once
    for all splits of a table; stream: seeds the inner folds. A corpus that cannot be mapped keeps
    its ratings as they are, and says why.
    """
    rows = Counter(corpora)
    contents = Counter(corpus for corpus, _ in set(zip(corpora, groups, strict=True)))
    names = [reference, *sorted(set(corpora) - {reference})]
    why = {name: _too_few(rows[name], contents[name]) for name in names}
    lines: dict[str, tuple[float, float, float]] = {}
    while not why[reference]:
        used = [name for name in names if not why[name]]
        if len(used) < 2:
            break
        inside = np.array([not why[name] for name in corpora])
        of_row = np.array([used.index(name) for name in corpora if not why[name]])
        own = [group for group, one in zip(groups, inside, strict=True) if one]
        lines, refused = _lines(inputs[inside], mos[inside], of_row, own, used, stream)
        if not refused:
            break
        why.update(refused)
        lines = {}
    if why[reference]:
        for name in names[1:]:
            why[name] = why[name] or f"the reference {reference} tells no scale: {why[reference]}"
    return Maps(tuple(_map(name, rows, contents, lines, why[name]) for name in names))


def _too_few(rows: int, contents: int) -> str:
    if rows < LEAST_ROWS:
        return f"it has {rows} training rows, fewer than {LEAST_ROWS}"
    if contents < LEAST_CONTENTS:
        return f"it has {contents} contents in training, fewer than {LEAST_CONTENTS}"
    return ""


def _map(
    name: str,
    rows: Counter[str],
    contents: Counter[str],
    lines: dict[str, tuple[float, float, float]],
    why: str,
) -> CorpusMap:
    counted = {"corpus": name, "rows": rows[name], "contents": contents[name], "reason": why}
    if name not in lines:
        return CorpusMap(**counted)
    offset, slope, correlation = lines[name]
    return CorpusMap(**counted, offset=offset, slope=slope, correlation=round(correlation, 6))


def _lines(
    inputs: FloatArray,
    mos: FloatArray,
    of_row: IntArray,
    groups: Sequence[str],
    names: Sequence[str],
    stream: tuple[int, ...],
) -> tuple[dict[str, tuple[float, float, float]], dict[str, str]]:
    """(offset, slope, correlation) of each corpus, the reference first, and why some have none."""
    unseen = [
        _unseen(inputs, mos, of_row, fit, judged, len(names))
        for fit, judged in inner_splits(groups, np.random.default_rng(stream), whole=True)
    ]
    by_alpha = zip(*(part.predicted for part in unseen), strict=True)
    fits = [_settled(np.concatenate(each, axis=1), unseen, len(names)) for each in by_alpha]
    best = max(range(len(_ALPHAS)), key=lambda at: fits[at].explained)
    fit, alpha = fits[best], _ALPHAS[best]
    if (worst := _worst(fit)) is not None:
        return {}, {names[worst]: _no_line(fit, worst)}
    slopes = to_grid(np.array(fit.slopes), _MAP_BITS)
    mean_inputs, mean_mos = _means(inputs, mos, of_row, len(names))
    solver = RidgeSolver(inputs - mean_inputs[of_row], (mos - mean_mos[of_row]) / slopes[of_row])
    weight = solver.solve(alpha).weight
    apart = product(mean_inputs - mean_inputs[0], weight[:, None])[:, 0] * fit.calibration
    refused: dict[str, str] = {}
    offsets = to_grid(mean_mos - slopes * (mean_mos[0] + apart), _MAP_BITS)
    for at, name in enumerate(names):
        there = (mean_mos[at] - offsets[at]) / slopes[at]
        if not MOS_MIN <= there <= MOS_MAX:
            refused[name] = (
                f"its mean rating, {mean_mos[at]:.2f}, would come to {there:.2f} on the scale of "
                f"{names[0]}"
            )
    found = zip(offsets.tolist(), slopes.tolist(), fit.correlations, strict=True)
    return dict(zip(names, found, strict=True)), refused


def _worst(fit: _Fit) -> int | None:
    """The corpus to leave out first: what it says may have spoilt the lines of others."""
    faulty = [at for at in range(len(fit.slopes)) if _no_line(fit, at)]
    if not faulty:
        return None
    weak = [at for at in faulty if not fit.correlations[at] >= LEAST_CORRELATION]
    if weak:
        return min(weak, key=lambda at: np.nan_to_num(fit.correlations[at], nan=-2.0))
    return max(faulty, key=lambda at: (abs(math.log(fit.slopes[at])), at))


def _no_line(fit: _Fit, at: int) -> str:
    """Why a corpus has no line; '' where it has one."""
    slope, correlation = fit.slopes[at], fit.correlations[at]
    if not correlation >= LEAST_CORRELATION:
        told = "none" if math.isnan(correlation) else f"{correlation:.2f}"
        return (
            f"the correlation of its ratings with what the shared features say is {told}, below "
            f"{LEAST_CORRELATION}"
        )
    if not 1 / STEEPEST <= slope <= STEEPEST:
        return f"it would take a slope of {slope:.2f}, which is no other use of the same scale"
    return "" if fit.settled or at == 0 else "its slope does not settle"


@dataclass(frozen=True, eq=False)
class _Unseen:
    """Rows of one inner fold, about the means of their corpora in its fit."""

    of_row: IntArray
    mos: FloatArray
    """[m]."""
    predicted: list[FloatArray]
    """For each alpha [corpora, m]: what the ratings of one corpus alone say of the rows."""


def _unseen(
    inputs: FloatArray,
    mos: FloatArray,
    of_row: IntArray,
    fit: IntArray,
    judged: IntArray,
    count: int,
) -> _Unseen:
    known = np.bincount(of_row[fit], minlength=count) >= _LEAST_SEEN
    judged = judged[known[of_row[judged]]]
    mean_inputs, mean_mos = _means(inputs[fit], mos[fit], of_row[fit], count)
    centred = inputs[fit] - mean_inputs[of_row[fit]]
    wanted = inputs[judged] - mean_inputs[of_row[judged]]
    predicted = [np.zeros((count, len(judged))) for _ in _ALPHAS]
    for corpus in np.flatnonzero(known):
        own = of_row[fit] == corpus
        # Ridge is linear in the ratings: those of each corpus are fitted once, and added up in
        # whatever slopes are tried.
        solver = RidgeSolver(centred, np.where(own, mos[fit] - mean_mos[corpus], 0.0))
        for at, alpha in enumerate(_ALPHAS):
            predicted[at][corpus] = solver.solve(alpha).predict(wanted)
    return _Unseen(of_row[judged], mos[judged] - mean_mos[of_row[judged]], predicted)


def _means(
    inputs: FloatArray, mos: FloatArray, of_row: IntArray, count: int
) -> tuple[FloatArray, FloatArray]:
    """Means of each corpus, [corpora, C] and [corpora]; zeros for one without rows."""
    member = (of_row[None, :] == np.arange(count)[:, None]).astype(np.float64)
    rows = np.maximum(member.sum(axis=1), 1.0)
    of_mos = product(member, mos[:, None])[:, 0] / rows
    return product(member, inputs) / rows[:, None], of_mos


@dataclass(frozen=True, slots=True)
class _Fit:
    """Slopes that agree with the predictor which they make."""

    slopes: list[float]
    correlations: list[float]
    calibration: float
    """Slope of the reference's ratings on the predictor."""
    explained: float
    """Share of the ratings' variation within corpora, each row counting once."""
    settled: bool


def _settled(predicted: FloatArray, unseen: Sequence[_Unseen], count: int) -> _Fit:
    """predicted [corpora, m] of one alpha → the slopes at which nothing moves any more."""
    of_row = np.concatenate([part.of_row for part in unseen])
    mos = np.concatenate([part.mos for part in unseen])
    sums: list[tuple[FloatArray, FloatArray, float, int]] = []
    for corpus in range(count):
        own = np.flatnonzero(of_row == corpus)
        rows = np.concatenate([predicted[:, own], mos[None, own]])
        rows = rows - product(rows, np.ones((len(own), 1))) / max(len(own), 1)
        both = product(rows, rows.T)
        varies = float(both[-1, -1]) > _LEAST_VARIANCE * len(own)
        cross = both[:-1, -1] if varies else np.zeros(count)
        sums.append((both[:-1, :-1], cross, float(both[-1, -1]) if varies else 0.0, len(own)))
    slopes, calibration, settled = np.ones(count), math.nan, False
    for _ in range(_ROUNDS):
        raw = np.array([_slope(gram, cross, 1.0 / slopes) for gram, cross, _, _ in sums])
        calibration = float(raw[0])
        if not calibration > 0:
            break
        # One that runs against the others, or away, waits there until it is left out.
        after = np.clip(np.where(raw > 0, raw / calibration, 1.0), 1 / _FARTHEST, _FARTHEST)
        settled = bool(np.max(np.abs(after - slopes)) < _SETTLED)
        slopes = after
        if settled:
            break
    share = 1.0 / slopes
    correlations = [_correlation(gram, cross, total, share) for gram, cross, total, _ in sums]
    explained = math.fsum(
        max(0.0, 0.0 if math.isnan(r) else r) ** 2 * rows
        for r, (_, _, _, rows) in zip(correlations, sums, strict=True)
    )
    return _Fit(slopes.tolist(), correlations, calibration, explained, settled)


def _slope(gram: FloatArray, cross: FloatArray, share: FloatArray) -> float:
    square = _quadratic(gram, share)
    return math.fsum((cross * share).tolist()) / square if square > 0 else math.nan


def _correlation(gram: FloatArray, cross: FloatArray, total: float, share: FloatArray) -> float:
    square = _quadratic(gram, share)
    if not (square > 0 and total > 0):
        return math.nan
    return math.fsum((cross * share).tolist()) / math.sqrt(square * total)


def _quadratic(gram: FloatArray, share: FloatArray) -> float:
    return math.fsum((share[:, None] * gram * share).ravel().tolist())
