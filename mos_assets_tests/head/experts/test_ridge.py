"""The straight line is ridge regression, whichever system is the smaller one."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from mos_assets.head.exact import INPUT_BITS, to_grid
from mos_assets.head.experts.ridge import RidgeSolver


@pytest.mark.parametrize("weighed", [False, True])
@pytest.mark.parametrize(("rows", "columns"), [(80, 6), (30, 120)], ids=["tall", "wide"])
def test_linear_is_ridge(rows: int, columns: int, weighed: bool) -> None:
    rng = np.random.default_rng(2)
    inputs = to_grid(rng.standard_normal((rows, columns)) + 0.3, INPUT_BITS)
    mos = rng.uniform(1, 5, rows)
    weights = rng.uniform(0.1, 3, rows) if weighed else None
    reference = Ridge(alpha=3.0).fit(inputs, mos, weights)
    found = RidgeSolver(inputs, mos, weights).solve(3.0)
    assert found.weight == pytest.approx(reference.coef_, abs=1e-9)
    assert found.predict(inputs) == pytest.approx(reference.predict(inputs), abs=1e-9)
