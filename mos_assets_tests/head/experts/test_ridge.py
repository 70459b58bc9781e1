"""The straight line is ridge regression, whichever system is the smaller one."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from mos_assets.head.exact import INPUT_BITS, to_grid
from mos_assets.head.experts.ridge import RidgeSolver


@pytest.mark.parametrize(("rows", "columns"), [(80, 6), (30, 120)], ids=["tall", "wide"])
def test_linear_is_ridge(rows: int, columns: int) -> None:
    rng = np.random.default_rng(2)
    inputs = to_grid(rng.standard_normal((rows, columns)) + 0.3, INPUT_BITS)
    mos = rng.uniform(1, 5, rows)
    reference = Ridge(alpha=3.0).fit(inputs, mos)
    found = RidgeSolver(inputs, mos).solve(3.0)
    assert found.weight == pytest.approx(reference.coef_, abs=1e-9)
    assert found.predict(inputs) == pytest.approx(reference.predict(inputs), abs=1e-9)
