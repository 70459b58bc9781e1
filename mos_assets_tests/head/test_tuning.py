"""Inner folds hold contents apart."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mos_assets.head.tuning import inner_splits


@given(st.integers(2, 60), st.integers(60, 200), st.integers(0, 9))
def test_inner_folds_hold_groups_apart(groups: int, rows: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    names = [f"group {rng.integers(groups)}" for _ in range(rows)]
    splits = inner_splits(names, np.random.default_rng(seed))
    judged = np.concatenate([unseen for _, unseen in splits])
    assert sorted(judged.tolist()) == list(range(rows))
    for seen, unseen in splits:
        assert not {names[i] for i in seen} & {names[i] for i in unseen}
        assert len(seen) + len(unseen) == rows


def test_a_single_group_cannot_be_split() -> None:
    assert inner_splits(["one"] * 20, np.random.default_rng(0)) == []


def test_large_tables_are_judged_on_one_inner_fold() -> None:
    splits = inner_splits([f"g{i}" for i in range(6000)], np.random.default_rng(0))
    assert [len(unseen) for _, unseen in splits] == [1200]
