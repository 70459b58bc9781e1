"""Folds come out even in rows and in mean MOS."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest

from mos_assets.splitting.balance import GroupLoad, balanced_folds, dealt
from mos_assets.splitting.folds import FoldAssignment, FoldRow, assign_folds


def _balance(split: FoldAssignment, rows: list[FoldRow]) -> tuple[list[int], list[float]]:
    mos = {row.clip_id: row.mos for row in rows}
    by_fold: dict[int, list[float]] = defaultdict(list)
    for entry in split.folds:
        by_fold[entry.fold].append(mos[entry.clip_id])
    return [len(v) for v in by_fold.values()], [float(np.mean(v)) for v in by_fold.values()]


@pytest.mark.parametrize("n", [50, 601, 1200])
def test_single_clips_are_balanced(n: int) -> None:
    mos = np.clip(np.random.default_rng(n).normal(3.0, 0.64, n), 1, 5)
    rows = [FoldRow(f"c{i}", f"c{i}", float(m), None) for i, m in enumerate(mos)]
    counts, means = _balance(assign_folds(rows, 5, {}), rows)
    assert max(counts) - min(counts) <= 1
    assert max(means) - min(means) <= 0.05


@pytest.mark.parametrize("seed", range(6))
def test_sixteen_contents_are_balanced(seed: int) -> None:
    """Contents of unequal size and quality: a random deal spreads several times as far."""
    rng = np.random.default_rng(seed)
    rows = [
        FoldRow(f"c{g}-{i}", f"g{g}", float(np.clip(level + rng.normal(0, 0.8), 1, 5)), None)
        for g, (size, level) in enumerate(
            zip(rng.integers(24, 64, 16), rng.uniform(2.2, 4.2, 16), strict=True)
        )
        for i in range(size)
    ]
    counts, means = _balance(assign_folds(rows, 5, {}), rows)
    assert max(counts) - min(counts) <= 0.16 * len(rows) / 5
    assert max(means) - min(means) <= 0.4


def test_no_fold_is_empty_and_more_folds_than_groups_are_an_error() -> None:
    loads = [GroupLoad(rows, 3.0 * rows, f"g{rows}") for rows in (90, 1, 2, 50, 3)]
    assert sorted(balanced_folds(loads, 5)) == [0, 1, 2, 3, 4]
    with pytest.raises(ValueError, match="5 groups cannot fill 6 folds"):
        balanced_folds(loads, 6)


def test_each_load_goes_to_the_emptiest_fold_and_of_equals_to_the_first() -> None:
    assert dealt([(2, 0.0), (1, 0.0), (1, 0.0)], [(3, 0.0), (0, 0.0), (1, 0.0)]) == [1, 2, 1]
