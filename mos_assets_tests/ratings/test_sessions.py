"""Sessions: maps between them, pooled ratings, the ceilings that their noises leave."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mos_assets.ratings import (
    align_sessions,
    aligned,
    both_ceilings,
    estimate,
    pooled,
)
from mos_assets.ratings.alignment import LEAST_COMMON, orthogonal
from mos_assets.records import ClipRatings, Estimator
from mos_assets_tests.ratings.panels import AVT, avt

real = pytest.mark.skipif(not AVT.exists(), reason="the real corpus is not on this machine")


def ratings(*rows: tuple[int, int, float], n: int = 20, ci95: float = 0.2) -> ClipRatings:
    """Of (clip, session, mos)."""
    size = len(rows)
    return ClipRatings(
        clip=np.array([r[0] for r in rows], dtype=np.int64),
        session=np.array([r[1] for r in rows], dtype=np.int64),
        mos=np.array([r[2] for r in rows], dtype=np.float64),
        std=np.full(size, 0.5),
        n=np.full(size, n, dtype=np.int64),
        ci95=np.full(size, ci95),
    )


def line(session: int, clips: range, slope: float, offset: float) -> list[tuple[int, int, float]]:
    """Ratings of a session that sees clip i at slope * i / 4 + offset; no scale ends here."""
    return [(i, session, slope * i / 4 + offset) for i in clips]


@given(st.floats(0.8, 1.25), st.floats(-0.5, 0.5), st.floats(0.8, 1.25), st.booleans())
def test_exact_maps_are_found_through_a_chain_of_sessions(
    first: float, offset: float, second: float, turned: bool
) -> None:
    """Sessions 0 and 2 share no clip; 1 lies between them."""
    rows = [
        *line(0, range(0, 20), 1.0, 0.0),
        *line(1, range(10, 30), first, offset),
        *line(2, range(20, 40), second, 0.1),
        *line(3, range(50, 60), 1.0, 0.0),
    ]
    found = ratings(*(reversed(rows) if turned else rows))
    alignment = align_sessions(found, ("a", "b", "c", "d"))
    assert alignment.joined
    on_scale = aligned(found, alignment)
    root = alignment.maps[0].reference
    slope, start = {0: (1.0, 0.0), 1: (first, offset), 2: (second, 0.1)}[root]
    for clip, session, mos in zip(on_scale.clip, on_scale.session, on_scale.mos, strict=True):
        if session != 3:
            assert mos == pytest.approx(slope * clip / 4 + start, abs=1e-6)
    # The one that uses least of the scale is the reference, so nothing is stretched.
    assert max(m.slope for m in alignment.maps) <= 1 + 1e-9
    assert alignment.maps[3].why_apart == "it shares no clip with another"
    assert alignment.references == tuple(sorted({root, 3}))
    assert on_scale.ci95[on_scale.session == root].tolist() == pytest.approx([0.2] * 20)


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        (line(1, range(LEAST_COMMON - 1), 1, 0), "shares 4 clips, fewer than 5"),
        ([(i, 1, 3 + i / 1000) for i in range(10)], "spread over 0.00, less than 0.4"),
        (line(1, range(20), -1, 6), "a slope of -1.00"),
        (line(1, range(20), 0.4, 2), "a slope of 0.40"),
    ],
)
def test_too_little_in_common_keeps_sessions_apart(
    rows: list[tuple[int, int, float]], why: str
) -> None:
    found = ratings(*line(0, range(20), 1, 0), *rows)
    alignment = align_sessions(found, ("a", "b"))
    assert not alignment.joined
    assert all(why in m.why_apart and (m.slope, m.offset) == (1, 0) for m in alignment.maps)
    assert "with b" in alignment.maps[0].why_apart
    assert np.array_equal(aligned(found, alignment).mos, found.mos)


@given(st.floats(0.3, 3), st.integers(0, 999))
def test_the_map_back_is_the_inverse(slope: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    x = rng.uniform(1, 5, 30)
    y = 0.3 + slope * x + rng.normal(0, 0.2, 30)
    there, back = orthogonal(x, y), orthogonal(y, x)
    assert there[0] * back[0] == pytest.approx(1)
    assert back[1] == pytest.approx(-there[1] / there[0], abs=1e-9)


def test_least_squares_shrinks_where_orthogonal_regression_does_not() -> None:
    rng = np.random.default_rng(1)
    truth = rng.uniform(1, 5, 4000)
    x, y = truth + rng.normal(0, 0.6, 4000), truth + rng.normal(0, 0.6, 4000)
    assert np.polyfit(x, y, 1)[0] < 0.85
    assert orthogonal(x, y)[0] == pytest.approx(1, abs=0.03)


def test_no_line_is_no_number() -> None:
    assert math.isnan(orthogonal(np.ones(5), np.ones(5))[0])
    assert math.isnan(orthogonal(np.arange(5.0), np.ones(5))[0])
    with pytest.raises(ValueError, match="two rows in session 0"):
        align_sessions(ratings((0, 0, 1.0), (0, 0, 2.0)), ("a",))


def test_pooled_ratings_are_those_of_one_pile_of_votes() -> None:
    one, two = np.array([2.0, 3, 3, 4]), np.array([4.0, 4, 5])
    row = ClipRatings(
        clip=np.array([0, 0, 1]),
        session=np.array([0, 1, 1]),
        mos=np.array([one.mean(), two.mean(), 2.5]),
        std=np.array([one.std(ddof=1), two.std(ddof=1), math.nan]),
        n=np.array([4, 3, 1]),
        ci95=np.array([0.4, 0.3, math.nan]),
    )
    # Both on one scale, and said to be.
    same = ratings(*line(0, range(9), 1, 0), *line(1, range(9), 1, 0))
    alignment = align_sessions(same, ("a", "b"))
    found = pooled(row, alignment)
    pile = np.concatenate([one, two])
    assert found.mos.tolist() == pytest.approx([pile.mean(), 2.5])
    assert found.std[0] == pytest.approx(pile.std(ddof=1))
    assert found.ci95[0] == pytest.approx(math.hypot(4 * 0.4, 3 * 0.3) / 7)
    assert found.n.tolist() == [7, 1]
    assert math.isnan(found.std[1]) and math.isnan(found.ci95[1])
    # Apart: a row each.
    apart = pooled(row, align_sessions(row, ("a", "b")))
    assert apart.mos.tolist() == [one.mean(), two.mean(), 2.5]


def test_both_ceilings_find_the_noises_that_were_put_in() -> None:
    rng = np.random.default_rng(2)
    truth = rng.uniform(1.5, 4.5, 3000)
    votes, session = 0.2, 0.3
    rows = [
        (i, s, t + rng.normal(0, votes) + rng.normal(0, session))
        for i, t in enumerate(truth)
        for s in (0, 1)
    ]
    found = both_ceilings(ratings(*rows, ci95=1.959963984540054 * votes))
    variance = truth.var() + votes**2 + session**2
    assert found.within == pytest.approx(math.sqrt(1 - votes**2 / variance), abs=0.002)
    assert found.between == pytest.approx(math.sqrt(1 - session**2 / variance), abs=0.005)
    assert found.combined == pytest.approx(math.sqrt(truth.var() / variance), abs=0.005)
    assert found.correlation == pytest.approx(truth.var() / variance, abs=0.01)
    assert found.repeated == 3000


def test_ceilings_that_cannot_be_had() -> None:
    assert both_ceilings(ratings()).within is None
    assert both_ceilings(ratings((0, 0, 3.0), (1, 0, 3.0))).within is None
    alone = both_ceilings(ratings((0, 0, 2.0), (1, 0, 3.0)))
    assert alone.within is not None
    assert alone.between is alone.combined is alone.correlation is None
    unknown = both_ceilings(ratings((0, 0, 2.0), (1, 0, 3.0), ci95=math.nan))
    assert unknown.within is None


@real
def test_two_of_four_real_tests_share_clips() -> None:
    votes = avt()
    found = estimate(votes, Estimator.MEAN).ratings
    alignment = align_sessions(found, votes.sessions)
    assert alignment.references == (0, 1, 3)
    third = alignment.maps[2]
    assert (third.common, third.reference) == (96, 1)
    assert third.rmse_before == pytest.approx(0.342, abs=5e-4)
    assert third.rmse_after is not None and third.rmse_after < 0.316
    one = pooled(found, alignment)
    assert len(one.clip) == 660
    assert one.mos.min() >= 1 and one.mos.max() <= 5
    ceilings = both_ceilings(aligned(found, alignment))
    assert ceilings.correlation == pytest.approx(0.960, abs=5e-4)
    assert ceilings.within == pytest.approx(0.9925, abs=5e-4)
    assert ceilings.between == pytest.approx(0.985, abs=1e-3)
