"""How far the gate's figures would move if other clips of the same kind had been rated.

What is drawn anew is the content: clips that show the same content rise and fall together, and
an interval that draws them one by one is too narrow.
From a hundred contents on they are drawn with replacement within each fold. With fewer, a fold
holds too few to draw from, and each content is left out once instead: the jackknife's variance
with Student's t holds its level from about ten contents on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from mos_assets.evaluation.metrics import Metric, Scale
from mos_assets.evaluation.weighted import Weighted, by_repeating
from mos_assets.records import SEED, FloatArray, IntArray, Reported

Method = Literal["bootstrap", "jackknife"]

LEVEL = 0.95
"""Confidence level of every interval."""
LEAST_CONTENTS = 100
"""Fewer contents than this are left out one by one instead of drawn with replacement."""
_MOST_RESAMPLES = 1000
_LEAST_RESAMPLES = 200
_CELLS = 12_000_000
"""Resamples times clips that one report may cost."""
_CHUNK = 1_000_000


Figures = Mapping[str, FloatArray]
"""Of each metric by its name, [replicates, predictors]: means over folds, NaN where a replicate
has no figure."""

_THERE: dict[Scale, Callable[[FloatArray], FloatArray]] = {
    "plain": lambda x: x,
    "correlation": lambda x: np.arctanh(np.clip(x, -1.0 + 1e-12, 1.0 - 1e-12)),
    "positive": lambda x: np.log(np.maximum(x, 1e-12)),
}
_BACK: dict[Scale, Callable[[FloatArray], FloatArray]] = {
    "plain": lambda x: x,
    "correlation": np.tanh,
    "positive": np.exp,
}

Reduction = Callable[[Figures], FloatArray]
"""One number for each replicate, [replicates], such as a mean over predictors."""


class Interval(Reported):
    """Where 95 of 100 corpora of this kind would put a figure."""

    low: float
    high: float


@dataclass(frozen=True, eq=False)
class Resampling:
    """The clips as they are, and as they could have been."""

    method: Method
    n_contents: int
    whole: Figures
    """One replicate: every clip counts once."""
    replicates: Figures
    fold_of: IntArray
    """[replicates], of the content that the jackknife left out; empty for the bootstrap."""

    @property
    def n_replicates(self) -> int:
        """How many there are; 0 where a fold holds a single content."""
        return next((len(figures) for figures in self.replicates.values()), 0)

    def interval(
        self,
        statistic: Reduction,
        *,
        scale: Scale = "plain",
        least: float = -np.inf,
        centred: bool = False,
    ) -> tuple[float, float] | None:
        """Where `LEVEL` of such corpora put this statistic; None where it cannot be told.

        scale: for the jackknife; the bootstrap needs none.
        least: what the statistic cannot fall below.
        centred: shift the draws so that their mean is the figure, for a statistic that
        resampling itself pushes to one side, such as a largest minus a smallest.
        """
        at = float(statistic(self.whole)[0])
        draws = statistic(self.replicates)
        if len(draws) == 0 or not (np.isfinite(draws).all() and np.isfinite(at)):
            return None
        if self.method == "jackknife":
            draws, middle = _THERE[scale](draws), _THERE[scale](np.array(at))
            half_width = self._student() * np.sqrt(self._variance(draws, float(middle)))
            low, high = _BACK[scale](np.array([middle - half_width, middle + half_width]))
        else:
            tail = (1.0 - LEVEL) / 2.0
            if centred:
                draws = draws - draws.mean() + at
            low, high = np.quantile(draws, [tail, 1.0 - tail])
        return float(max(low, least)), float(high)

    def _variance(self, draws: FloatArray, at: float) -> float:
        """Of a mean over folds whose contents are left out one by one, Jones (1974)."""
        total = 0.0
        for fold in np.unique(self.fold_of):
            mine = draws[self.fold_of == fold]
            total += (len(mine) - 1) / len(mine) * float(np.sum((mine - at) ** 2))
        return total

    def _student(self) -> float:
        from scipy import stats

        freedom = self.n_contents - len(np.unique(self.fold_of))
        return float(stats.t.ppf(0.5 + LEVEL / 2.0, freedom))


def resample(
    predictions: FloatArray,
    mos: FloatArray,
    folds: IntArray,
    groups: Sequence[str],
    metrics: Sequence[Metric],
) -> Resampling:
    """Metrics of `predictions` [predictors, n] against `mos` [n] on other clips of the same kind.

    Rows of fold -1 are left out. Bootstrap: 1,000 replicates up to 12,000 clips, down to 200
    beyond; the draws depend on the fold and its contents only. Jackknife: one a content, none
    where a fold holds a single content, which leaves every interval untold.
    """
    inside = folds >= 0
    content = np.unique(
        [group for group, row in zip(groups, inside, strict=True) if row], return_inverse=True
    )[1].astype(np.int64)
    x, y, fold = predictions[:, inside], mos[inside], folds[inside]
    n_contents = int(content.max()) + 1 if len(content) else 0
    fold_ids = np.unique(fold)
    figures = _figures_of(metrics)
    whole = [
        figures(np.ones((1, int(np.sum(fold == f)))), x[:, fold == f], y[fold == f])
        for f in fold_ids
    ]
    none = np.zeros((len(metrics), 1, len(x)))
    if n_contents >= LEAST_CONTENTS:
        method: Method = "bootstrap"
        replicates = _bootstrap(figures, none, x, y, fold, content)
        fold_of = np.empty(0, dtype=np.int64)
    else:
        method = "jackknife"
        replicates, fold_of = _jackknife(figures, none, x, y, fold, content, whole)
    scale = max(len(fold_ids), 1)
    together = sum(whole, none)
    names = [metric.name for metric in metrics]
    return Resampling(
        method=method,
        n_contents=n_contents,
        whole=dict(zip(names, together / scale, strict=True)),
        replicates=dict(zip(names, replicates / scale, strict=True)),
        fold_of=fold_of,
    )


def _figures_of(metrics: Sequence[Metric]) -> Weighted:
    """Of weights, predictions and ratings, all metrics: [metrics, replicates, predictors]."""
    forms = [metric.weighted or by_repeating(metric.compute) for metric in metrics]

    def figures(weights: FloatArray, x: FloatArray, y: FloatArray) -> FloatArray:
        return np.stack([form(weights, x, y) for form in forms])

    return figures


def interval_of(
    drawn: Resampling,
    statistic: Reduction,
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


def interval_of_means(
    columns: FloatArray,
    groups: Sequence[str],
    figure: Callable[[FloatArray], FloatArray],
    *,
    scale: Scale = "plain",
) -> tuple[float, float] | None:
    """The interval of one figure of the means over all clips, with no folds between them.

    columns: [n, k], one row a clip. figure: means [replicates, k] → [replicates]. None where it
    cannot be told, as with a single content.
    """
    content = np.unique(groups, return_inverse=True)[1]
    n_contents = int(content.max()) + 1 if len(content) else 0
    if n_contents < 2:
        return None
    ones = np.ones((len(columns), 1))
    sums = np.zeros((n_contents, columns.shape[1] + 1))
    np.add.at(sums, content, np.hstack([columns, ones]))

    def figures(totals: FloatArray) -> Figures:
        return {"": figure(totals[:, :-1] / totals[:, -1:])}

    if n_contents >= LEAST_CONTENTS:
        method: Method = "bootstrap"
        replicates = _drawn_sums(sums)
        fold_of = np.empty(0, dtype=np.int64)
    else:
        method = "jackknife"
        replicates, fold_of = sums.sum(axis=0) - sums, np.zeros(n_contents, dtype=np.int64)
    drawn = Resampling(
        method=method,
        n_contents=n_contents,
        whole=figures(sums.sum(axis=0, keepdims=True)),
        replicates=figures(replicates),
        fold_of=fold_of,
    )
    return drawn.interval(lambda found: found[""], scale=scale)


def _drawn_sums(sums: FloatArray) -> FloatArray:
    """Sums over contents [contents, k] drawn with replacement, [replicates, k]."""
    drawn = _draws(len(sums), _resamples(len(sums)), len(sums), [SEED, len(sums)])
    return np.vstack([counts @ sums for _, counts in drawn])


def _draws(
    n_contents: int, n_resamples: int, n_rows: int, seed: list[int]
) -> Iterator[tuple[slice, FloatArray]]:
    """How often each content is drawn, [replicates, contents], a bounded part at a time.

    n_rows: of the wider of the arrays that the caller makes of it.
    """
    rng = np.random.default_rng(seed)
    even = np.full(n_contents, 1.0 / n_contents)
    step = max(1, _CHUNK // n_rows)
    for start in range(0, n_resamples, step):
        part = slice(start, min(start + step, n_resamples))
        counts = rng.multinomial(n_contents, even, size=part.stop - start)
        yield part, counts.astype(np.float64)


def _resamples(n: int) -> int:
    return max(_LEAST_RESAMPLES, min(_MOST_RESAMPLES, _CELLS // max(n, 1)))


def _bootstrap(
    figures: Weighted,
    none: FloatArray,
    x: FloatArray,
    y: FloatArray,
    folds: IntArray,
    content: IntArray,
) -> FloatArray:
    """Sums over folds, [metrics, replicates, predictors]; `none` is that of no fold."""
    n_resamples = _resamples(len(y))
    total = np.repeat(none, n_resamples, axis=1)
    for fold in np.unique(folds):
        rows = folds == fold
        names, mine = np.unique(content[rows], return_inverse=True)
        for part, drawn in _draws(len(names), n_resamples, len(mine), [SEED, int(fold)]):
            total[:, part] += figures(drawn[:, mine], x[:, rows], y[rows])
    return total


def _jackknife(
    figures: Weighted,
    none: FloatArray,
    x: FloatArray,
    y: FloatArray,
    folds: IntArray,
    content: IntArray,
    whole: Sequence[FloatArray],
) -> tuple[FloatArray, IntArray]:
    """Sums over folds, [metrics, contents, predictors], and the fold of the content left out."""
    together = sum(whole, none)
    parts, fold_of = [none[:, :0]], []
    for fold, mine in zip(np.unique(folds), whole, strict=True):
        rows = folds == fold
        names = np.unique(content[rows])
        if len(names) < 2:
            return parts[0], np.empty(0, dtype=np.int64)
        left = (content[rows][None, :] != names[:, None]).astype(np.float64)
        parts.append(together - mine + figures(left, x[:, rows], y[rows]))
        fold_of += [int(fold)] * len(names)
    return np.concatenate(parts, axis=1), np.array(fold_of, dtype=np.int64)
