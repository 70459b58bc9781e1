"""How well columns tell a truth: cheap regressors, whole groups held out, intervals over groups."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata
from sklearn.ensemble import ExtraTreesRegressor
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

Floats = npt.NDArray[np.float64]
OUTER, INNER, TREES = 10, 5, 150
DRAWS = 2000
ALPHAS = [10.0**k for k in (-2, -1, 0, 1, 2)]
GAMMAS = [0.01, 0.03, 0.1, 0.3]


@dataclass(frozen=True)
class Told:
    """What regressors said of rows whose group they had not seen."""

    truth: Floats
    predicted: Floats
    """The mean of the three regressors."""
    each: dict[str, Floats]
    groups: npt.NDArray[np.str_]

    @property
    def figures(self) -> tuple[float, float, float]:
        """Pearson's r, Spearman's rho and RMSE over all rows."""
        return _figures(self.truth, self.predicted)

    def drawn(self, seed: int = 1) -> Floats:
        """[draws, 3] the figures where whole groups are drawn with replacement."""
        draw = np.random.default_rng(seed)
        rows = [np.flatnonzero(self.groups == name) for name in np.unique(self.groups)]
        found = []
        for _ in range(DRAWS):
            picked = np.concatenate([rows[i] for i in draw.integers(len(rows), size=len(rows))])
            found.append(_figures(self.truth[picked], self.predicted[picked]))
        return np.array(found)


def told(columns: Floats, truth: Floats, groups: npt.NDArray[np.str_]) -> Told:
    """Fit ridge on squares, a Gaussian kernel and trees, tuned on groups inside the training rows.

    `columns` is [rows, columns]; those that are constant are left out.
    """
    columns = columns[:, columns.std(axis=0) > 0]
    count = len(np.unique(groups))
    names = ("ridge", "kernel", "trees")
    each = {name: np.zeros(len(truth)) for name in names}
    for train, test in GroupKFold(min(OUTER, count)).split(columns, truth, groups):
        inner = GroupKFold(min(INNER, len(np.unique(groups[train]))))
        centre = truth[train].mean()
        for name, model, grid in _learners():
            fitted = model
            if grid:
                fitted = GridSearchCV(model, grid, cv=inner, scoring="neg_mean_squared_error")
                fitted.fit(columns[train], truth[train] - centre, groups=groups[train])
            else:
                fitted.fit(columns[train], truth[train] - centre)
            each[name][test] = fitted.predict(columns[test]) + centre
    mean = np.mean(list(each.values()), axis=0)
    return Told(truth, mean, each, groups)


def _learners():  # type: ignore[no-untyped-def]
    squares = PolynomialFeatures(2, include_bias=False)
    ridge = make_pipeline(StandardScaler(), squares, StandardScaler(), Ridge())
    kernel = make_pipeline(StandardScaler(), KernelRidge(kernel="rbf"))
    trees = ExtraTreesRegressor(TREES, min_samples_leaf=3, random_state=1, n_jobs=1)
    return (
        ("ridge", ridge, {"ridge__alpha": [10 * a for a in ALPHAS]}),
        ("kernel", kernel, {"kernelridge__alpha": ALPHAS[:4], "kernelridge__gamma": GAMMAS}),
        ("trees", trees, {}),
    )


def _figures(truth: Floats, predicted: Floats) -> tuple[float, float, float]:
    r = np.corrcoef(truth, predicted)[0, 1]
    rho = np.corrcoef(rankdata(truth), rankdata(predicted))[0, 1]
    return float(r), float(rho), float(np.sqrt(np.mean((truth - predicted) ** 2)))
