"""How well columns tell a truth: cheap regressors, whole groups held out, intervals over groups."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.spatial.distance import cdist
from scipy.stats import rankdata
from sklearn.ensemble import ExtraTreesRegressor
from sklearn.model_selection import GroupKFold

Floats = npt.NDArray[np.float64]
Names = npt.NDArray[np.str_]
OUTER, INNER, TREES, DRAWS = 10, 4, 100, 2000
ALPHAS = tuple(10.0**k for k in (-2, -1, 0, 1, 2, 3))
GAMMAS = (0.01, 0.03, 0.1, 0.3)


@dataclass(frozen=True)
class Told:
    """What regressors said of rows whose group they had not seen."""

    truth: Floats
    each: dict[str, Floats]
    """By regressor."""
    groups: Names

    @property
    def predicted(self) -> Floats:
        """The mean of the regressors."""
        return np.mean(list(self.each.values()), axis=0)

    def figures(self, rows: npt.NDArray[np.intp] | slice = slice(None)) -> Floats:
        """Pearson's r, Spearman's rho and RMSE over these rows."""
        truth, predicted = self.truth[rows], self.predicted[rows]
        r = np.corrcoef(truth, predicted)[0, 1]
        rho = np.corrcoef(rankdata(truth), rankdata(predicted))[0, 1]
        return np.array([r, rho, np.sqrt(np.mean((truth - predicted) ** 2))])

    def within(self) -> float:
        """Spearman's rho within a group, the mean over groups: the content taken away."""
        names = [self.groups == name for name in np.unique(self.groups)]
        return float(np.mean([self.figures(np.flatnonzero(rows))[1] for rows in names]))


def draws(groups: Names) -> Iterator[npt.NDArray[np.intp]]:
    """Rows where whole groups are drawn with replacement, the same draws each time."""
    draw = np.random.default_rng(1)
    rows = [np.flatnonzero(groups == name) for name in np.unique(groups)]
    for _ in range(DRAWS):
        yield np.concatenate([rows[i] for i in draw.integers(len(rows), size=len(rows))])


def told(columns: Floats, truth: Floats, groups: Names) -> Told:
    """Fit ridge on squares, a Gaussian kernel and trees, tuned on groups inside the training rows.

    `columns` is [rows, columns]; those that are constant are left out.
    """
    columns = columns[:, columns.std(axis=0) > 0]
    each = {name: np.zeros(len(truth)) for name in ("ridge", "kernel", "trees")}
    for train, test in GroupKFold(min(OUTER, len(np.unique(groups)))).split(columns, truth, groups):
        mean, spread = columns[train].mean(axis=0), columns[train].std(axis=0)
        seen, unseen = (columns[train] - mean) / spread, (columns[test] - mean) / spread
        y, low, high = truth[train], truth[train].min(), truth[train].max()
        trees = ExtraTreesRegressor(TREES, min_samples_leaf=3, random_state=1).fit(seen, y)
        said = {
            "ridge": _tuned(seen, y, groups[train], unseen, [None]),
            "kernel": _tuned(seen, y, groups[train], unseen, GAMMAS),
            "trees": trees.predict(unseen),
        }
        for name, values in said.items():
            # As a head's range bounds what it says: squares of an unlike scene know no end.
            each[name][test] = np.clip(values, low, high)
    return Told(truth, each, groups)


def _tuned(x: Floats, y: Floats, groups: Names, new: Floats, gammas: object) -> Floats:
    """Ridge in a kernel's space; gamma (None: of squares) and alpha by inner folds."""
    best = (np.inf, None, 0)
    inner = list(GroupKFold(min(INNER, len(np.unique(groups)))).split(x, y, groups))
    for gamma in gammas:  # type: ignore[attr-defined]
        lost = np.zeros(len(ALPHAS))
        for train, test in inner:
            said = _ridge(x[train], y[train], x[test], gamma)
            lost += [np.sum((np.clip(row, y.min(), y.max()) - y[test]) ** 2) for row in said]
        place = int(lost.argmin())
        best = min(best, (float(lost[place]), gamma, place), key=lambda found: found[0])
    return _ridge(x, y, new, best[1])[best[2]]


def _ridge(x: Floats, y: Floats, new: Floats, gamma: float | None) -> Floats:
    """[alphas, new rows] of kernel ridge."""
    if gamma is None:
        both = np.vstack([x, new])
        left, right = np.triu_indices(x.shape[1])
        both = np.hstack([both, both[:, left] * both[:, right]])
        mean, spread = both[: len(x)].mean(axis=0), both[: len(x)].std(axis=0)
        both = (both - mean) / np.where(spread > 0, spread, 1)
        kernel = both @ both[: len(x)].T / both.shape[1]
    else:
        kernel = np.exp(-gamma * cdist(np.vstack([x, new]), x, "sqeuclidean"))
    values, vectors = np.linalg.eigh(kernel[: len(x)])
    turned = vectors.T @ (y - y.mean())
    weights = [vectors @ (turned / (np.maximum(values, 0) + alpha)) for alpha in ALPHAS]
    return np.array([kernel[len(x) :] @ each + y.mean() for each in weights])
