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
from mos_assets.head.shared_predictor import (
    ALPHAS,
    Fit,
    as_rated,
    corpus_means,
    settled_fit,
    unseen_rows,
)
from mos_assets.head.tuning import inner_splits
from mos_assets.ratings.alignment import STEEPEST
from mos_assets.records import MOS_MAX, MOS_MIN, CorpusMap, FloatArray, IntArray

LEAST_ROWS = 20
"""A corpus of fewer training rows is not mapped: a slope and an offset would fit their noise."""
LEAST_CONTENTS = 3
"""The same of contents: each is predicted from the others."""
LEAST_CORRELATION = 0.3
"""Where ratings follow the shared predictor less than this, no slope can be told."""
LEAST_GAIN = 0.05
"""Share by which a line has to lower a corpus's error on unseen contents; lines that only follow
the contents at hand cost more than they mend."""
_MAP_BITS = 20


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
    splits = inner_splits(groups, np.random.default_rng(stream), whole=True)
    unseen = [unseen_rows(inputs, mos, of_row, *split, len(names)) for split in splits]
    by_alpha = zip(*(part.predicted for part in unseen), strict=True)
    fits = [settled_fit(np.concatenate(each, axis=1), unseen, len(names)) for each in by_alpha]
    best = max(range(len(ALPHAS)), key=lambda at: fits[at].explained)
    fit, alpha = fits[best], ALPHAS[best]
    if (worst := _worst(fit)) is not None:
        return {}, {names[worst]: _no_line(fit, worst)}
    slopes = to_grid(np.array(fit.slopes), _MAP_BITS)
    mean_inputs, mean_mos = corpus_means(inputs, mos, of_row, len(names))
    solver = RidgeSolver(inputs - mean_inputs[of_row], (mos - mean_mos[of_row]) / slopes[of_row])
    weight = solver.solve(alpha).weight
    apart = product(mean_inputs - mean_inputs[0], weight[:, None])[:, 0] * fit.calibration
    offsets = to_grid(mean_mos - slopes * (mean_mos[0] + apart), _MAP_BITS)
    if far := _far(names, mean_mos, (mean_mos - offsets) / slopes):
        return {}, far
    mapped = (mos - offsets[of_row]) / slopes[of_row]
    plain = as_rated(inputs, mos, mapped, of_row, splits, unseen, len(names))
    idle = max(range(1, len(names)), key=lambda at: fit.errors[at] / plain[at])
    if not fit.errors[idle] < (1 - LEAST_GAIN) * plain[idle]:
        return {}, {
            names[idle]: "nothing shows that it uses the scale differently: on contents that were "
            f"not seen its ratings are predicted within {plain[idle]:.3f} MOS as they are, and "
            f"within {fit.errors[idle]:.3f} by a line of their own"
        }
    found = zip(offsets.tolist(), slopes.tolist(), fit.correlations, strict=True)
    return dict(zip(names, found, strict=True)), {}


def _far(names: Sequence[str], mean_mos: FloatArray, there: FloatArray) -> dict[str, str]:
    """Corpora whose mean rating has no place on the scale of the first."""
    return {
        name: f"its mean rating, {own:.2f}, would come to {mean:.2f} on the scale of {names[0]}"
        for name, own, mean in zip(names, mean_mos.tolist(), there.tolist(), strict=True)
        if not MOS_MIN <= mean <= MOS_MAX
    }


def _worst(fit: Fit) -> int | None:
    """The corpus to leave out first: what it says may have spoilt the lines of others."""
    faulty = [at for at in range(len(fit.slopes)) if _no_line(fit, at)]
    if not faulty:
        return None
    weak = [at for at in faulty if not fit.correlations[at] >= LEAST_CORRELATION]
    if weak:
        return min(weak, key=lambda at: np.nan_to_num(fit.correlations[at], nan=-2.0))
    return max(faulty, key=lambda at: (abs(math.log(fit.slopes[at])), at))


def _no_line(fit: Fit, at: int) -> str:
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
