"""What is named to be looked at, and what weights precision gives."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mos_assets.ratings import (
    estimate,
    precision_weights,
    suspicious_ratings,
    unexplained_residuals,
)
from mos_assets.records import Estimator, SuspicionKind
from mos_assets_tests.ratings.panels import AVT, avt, listed, made, votes_of

real = pytest.mark.skipif(not AVT.exists(), reason="the real corpus is not on this machine")


def test_a_panel_without_anything_wrong_has_nothing_to_look_at() -> None:
    votes = [votes_of(made(s, 60, 24).matrix) for s in range(20)]
    found = [suspicious_ratings(v, estimate(v, Estimator.P913)) for v in votes]
    assert sum(map(bool, found)) <= 1


def test_split_votes_and_a_rater_against_the_panel_are_named() -> None:
    matrix = made(3, 80, 24, odd="upside down").matrix
    matrix[7] = np.where(np.arange(24) % 2, 1.0, 5.0)
    votes = votes_of(matrix)
    found = suspicious_ratings(votes, estimate(votes, Estimator.P913))
    assert [(s.kind, s.clip) for s in found] == [
        (SuspicionKind.SPLIT_VOTES, "clip00007"),
        (SuspicionKind.RATER_AGAINST, ""),
    ]
    assert found[1].what.startswith("rater00000 correlates -0.")
    assert "80 votes" in found[1].what


def test_repeats_whose_intervals_do_not_meet_are_named() -> None:
    rows = [
        (s, c, f"{s}/{r}", v + (r % 2))
        for s, c, v in [("1", "a", 1.0), ("2", "a", 4.0), ("1", "b", 2.0), ("2", "b", 2.0)]
        for r in range(8)
    ]
    votes = listed(rows)
    found = suspicious_ratings(votes, estimate(votes, Estimator.MEAN))
    assert [(s.clip, s.figure) for s in found] == [("a", 3.0)]
    assert found[0].what == "1.50 ± 0.37 in 1 and 4.50 ± 0.37 in 2"


def test_votes_of_nobody_have_no_suspects() -> None:
    votes = listed([("", "a", "", float(v)) for v in (1, 1, 1, 1, 5, 5, 5, 5, 5)])
    assert suspicious_ratings(votes, estimate(votes, Estimator.MEAN)) == ()


def test_a_residual_that_no_noise_explains_is_named() -> None:
    rng = np.random.default_rng(4)
    mos = rng.uniform(1, 5, 1000)
    predicted = mos + rng.normal(0, 0.3, 1000)
    predicted[17] = mos[17] - 2.0
    predicted[18] = mos[18] + 2.0
    noise = np.full(1000, 0.04)
    noise[18], noise[3] = 1.0, math.nan
    clips = tuple(f"clip{i}" for i in range(1000))
    found = unexplained_residuals(clips, mos, predicted, noise, 0.3)
    assert [(s.clip, s.kind) for s in found] == [("clip17", SuspicionKind.UNEXPLAINED)]
    assert found[0].figure == pytest.approx(2.0)
    with pytest.raises(ValueError, match="aligned"):
        unexplained_residuals(clips[1:], mos, predicted, noise, 0.3)
    with pytest.raises(ValueError, match="positive"):
        unexplained_residuals(clips, mos, predicted, noise, 0.0)


@given(
    st.lists(st.tuples(st.floats(0, 2), st.integers(1, 50)), min_size=2, max_size=30),
    st.floats(0.05, 1),
)
def test_weights_by_precision(rows: list[tuple[float, int]], rest: float) -> None:
    std = np.array([s if n > 1 else math.nan for s, n in rows])
    n = np.array([float(n) for _, n in rows])
    weights = precision_weights(std, n, rest)
    assert np.all(np.isfinite(weights) & (weights > 0))
    assert weights.mean() == pytest.approx(1)
    # No weight runs away: none is above that of a rating without any noise.
    assert weights.max() / weights.min() <= (4 * 1.01 + rest**2) / rest**2


def test_weights_where_little_is_known() -> None:
    nothing = np.array([math.nan, math.nan])
    assert precision_weights(nothing, nothing, 0.3).tolist() == [1, 1]
    assert precision_weights(nothing, np.array([3.0, 9.0]), 0.3).tolist() == [1, 1]
    some = precision_weights(np.array([0.5, math.nan, 0.5]), np.array([5.0, 40.0, math.nan]), 0.3)
    assert some[1] > some[0]
    assert some[2] == 1
    # Three votes that happen to agree do not count more than thirty that nearly do.
    lucky = precision_weights(np.array([0.0, 0.4, 0.8]), np.array([3.0, 30.0, 30.0]), 0.3)
    assert lucky[0] < lucky[1]
    with pytest.raises(ValueError, match="positive"):
        precision_weights(nothing, nothing, 0.0)
    with pytest.raises(ValueError, match="at least one"):
        precision_weights(nothing, np.array([0.0, 1.0]), 0.3)


@real
def test_one_real_clip_differs_most_between_two_tests() -> None:
    votes = avt()
    found = suspicious_ratings(votes, estimate(votes, Estimator.MEAN))
    repeats = [s for s in found if s.kind is SuspicionKind.REPEATS_DISAGREE]
    assert repeats[0].figure == pytest.approx(1.69, abs=0.005)
    assert "in test_2" in repeats[0].what and "in test_3" in repeats[0].what
    assert not [s for s in found if s.kind is SuspicionKind.RATER_AGAINST]
