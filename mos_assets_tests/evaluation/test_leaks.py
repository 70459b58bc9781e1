"""A feature that follows the label more closely than a measure can."""

import numpy as np
import pytest

from mos_assets.evaluation import leaking_features

DRAW = np.random.default_rng(1)
MOS = DRAW.uniform(1, 5, 60)


def test_copies_of_the_label_are_found_however_they_are_bent() -> None:
    measured = MOS + DRAW.normal(0, 1, 60)
    values = np.column_stack([measured, 3 - 2 * MOS, np.exp(4 * MOS), np.full(60, 2.0)])
    found = leaking_features(["measured", "turned", "bent", "flat"], values, MOS)
    assert [leak.feature for leak in found] == ["turned", "bent"]
    assert [leak.correlation for leak in found] == pytest.approx([-1.0, 1.0])


@pytest.mark.parametrize(("known", "named"), [(19, []), (20, [20])])
def test_few_rows_prove_nothing(known: int, named: list[int]) -> None:
    column = np.where(np.arange(60) < known, MOS, np.nan)
    assert [leak.rows for leak in leaking_features(["a"], column[:, None], MOS)] == named
