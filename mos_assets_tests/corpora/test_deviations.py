"""Deviations and intervals that no votes can have."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mos_assets.corpora.deviations import require_possible_ci95, require_possible_std
from mos_assets.records import Severity
from mos_assets_tests.corpora.making import FIVE, found, load, own

BLOCKS, WARNS = Severity.BLOCKS, Severity.WARNS


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("a,1.5,3.5,", "votes on 1..5 with a mean of 1.5 can have at most 1.95"),
        ("a,1.05,0.9,20", "20 votes on 1..5 with a mean of 1.05 can have at most"),
        ("a,3,1,1", "one vote on 1..5 with a mean of 3 can have at most 0"),
        ("a,1.00,0,20", None),
        ("a,3,2.05,20", None),
        ("a,4.75,0.85,4", None),
        ("a,2.5,2.1,2", None),
        ("a,3,NA,", None),
    ],
)
def test_deviations_that_no_votes_can_have(tmp_path: Path, row: str, reason: str | None) -> None:
    corpus = load(own(tmp_path, [row, "b,3,1,20"], columns="std,n"))
    told = [row.reason for row in corpus.rejected]
    assert len(told) == (reason is not None)
    assert all(reason is not None and reason in each for each in told)


def test_many_impossible_deviations_are_another_column(tmp_path: Path) -> None:
    rows = [f"w{at:02d},{mos:g},{(3.9, 0.5)[at % 2]}" for at, mos in enumerate(FIVE)]
    said = found(own(tmp_path, rows, columns="std"))[BLOCKS]
    assert "deviations are larger than any votes on 1..5 can have" in said


@given(st.lists(st.integers(1, 5), min_size=2, max_size=30), st.integers(0, 6))
def test_deviations_of_real_votes_are_possible(votes: list[int], digits: int) -> None:
    """Rounded to any digit, as a sample or as a population, and as intervals of Student's t."""
    n, mean = len(votes), float(np.mean(votes))
    sample = float(np.std(votes, ddof=1))
    for std in (sample, float(np.std(votes))):
        cells = (f"{std:.{digits}f}", f"{mean:.{digits}f}")
        for known in (n, None):
            require_possible_std(float(cells[0]), float(cells[1]), known, (1, 5), cells)
    from scipy.stats import t

    half = float(t.ppf(0.975, n - 1)) * sample / math.sqrt(n)
    cells = (f"{half:.{digits}f}", f"{mean:.{digits}f}")
    require_possible_ci95(float(cells[0]), float(cells[1]), n, (5, 1), cells)
