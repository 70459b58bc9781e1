"""Estimators against the reference, against simulated truths, and where votes are few."""

from __future__ import annotations

import csv
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mos_assets.errors import RatingsError
from mos_assets.ratings import compare, estimate, hold_to_scale, noise_of_votes
from mos_assets.ratings.estimators import ESTIMATORS
from mos_assets.records import ClipRatings, Estimate, Estimator, Votes
from mos_assets_tests.ratings.panels import AVT, avt, listed, made, sureal, votes_of

P913, MEAN, BT500 = Estimator.P913, Estimator.MEAN, Estimator.BT500
PROJECTION = "MaximumLikelihoodEstimationModelContentObliviousAlternativeProjection"
real = pytest.mark.skipif(not AVT.exists(), reason="the real corpus is not on this machine")


def figures(found: Estimate) -> list[bytes]:
    """Every figure of clips and raters, as bytes."""
    parts = (found.ratings, found.raters)
    return [getattr(part, name).tobytes() for part in parts for name in part.__slots__]


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning:sureal")
@pytest.mark.parametrize(
    ("clips", "raters", "missing", "good"),
    [(60, 24, 0, False), (60, 24, 0, True), (40, 15, 0.3, False), (100, 24, 0.5, True)],
)
def test_the_values_are_those_of_sureal(
    clips: int, raters: int, missing: float, good: bool
) -> None:
    matrix = made(5, clips, raters, missing=missing, good=good).matrix
    votes = votes_of(matrix)
    theirs, ours = sureal(matrix, PROJECTION), estimate(votes, P913)
    assert ours.ratings.mos == pytest.approx(np.array(theirs["quality_scores"]), abs=1e-7)
    assert ours.raters.bias == pytest.approx(np.array(theirs["observer_bias"]), abs=1e-7)
    inconsistency = np.array(theirs["observer_inconsistency"])
    assert ours.raters.inconsistency == pytest.approx(inconsistency, abs=1e-7)
    assert ours.ratings.ci95 == pytest.approx(np.array(theirs["quality_scores_ci95"][0]), abs=1e-5)

    theirs, ours = sureal(matrix, "MosModel"), estimate(votes, MEAN)
    assert ours.ratings.mos == pytest.approx(np.array(theirs["quality_scores"]), abs=1e-12)
    several = ours.ratings.n > 1
    width = np.array(theirs["quality_scores_ci95"][0])[several]
    assert ours.ratings.ci95[several] == pytest.approx(width, rel=1e-5, abs=1e-12)

    if not missing:
        theirs, ours = sureal(matrix, "SubjrejMosModel"), estimate(votes, BT500)
        assert ours.raters.rejected.tolist() == theirs["observer_rejected"]
        assert ours.ratings.mos == pytest.approx(np.array(theirs["quality_scores"]), abs=1e-12)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_matrix_that_sureal_refuses_has_a_result() -> None:
    """Which of them it refuses, about half, hangs on the last bits of a processor's sums."""
    for seed in range(20):
        matrix = made(seed, 20, 8).matrix
        try:
            sureal(matrix, "MaximumLikelihoodEstimationModel")
        except ValueError:
            break
    else:
        pytest.fail("it refuses none of twenty")
    assert np.all(np.isfinite(estimate(votes_of(matrix), P913).ratings.mos))


@settings(max_examples=10, deadline=None)
@given(
    st.integers(0, 10**6),
    st.sampled_from([(200, 24, 0.0), (200, 24, 0.4), (300, 40, 0.85), (150, 8, 0.2)]),
)
def test_simulated_truths_are_recovered_better_than_by_the_mean(
    seed: int, shape: tuple[int, int, float]
) -> None:
    clips, raters, missing = shape

    def ratio(panel: int) -> float:
        truth = made(seed + panel, clips, raters, missing=missing)
        votes = votes_of(truth.matrix)
        misses = [np.std(estimate(votes, e).ratings.mos - truth.quality) for e in (P913, MEAN)]
        return float(misses[0] / misses[1])

    ratios = [ratio(panel) for panel in range(6)]
    # Where raters happen to be alike, or few, weights gain nothing and cost a little.
    assert max(ratios) < 1.15
    assert np.mean(ratios) < 0.98


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(list(Estimator)), st.integers(0, 10**6))
def test_the_order_of_rows_and_numbers_changes_no_bit(estimator: Estimator, seed: int) -> None:
    votes = votes_of(made(seed, 12, 8, missing=0.4).matrix)
    rng = np.random.default_rng(seed)
    rows = rng.permutation(len(votes.vote))
    clips, raters = rng.permutation(len(votes.clips)), rng.permutation(len(votes.raters))
    other = Votes(
        clips=tuple(votes.clips[i] for i in np.argsort(clips)),
        raters=tuple(votes.raters[i] for i in np.argsort(raters)),
        sessions=votes.sessions,
        clip=clips[votes.clip][rows],
        rater=raters[votes.rater][rows],
        session=votes.session[rows],
        vote=votes.vote[rows],
    )
    one, two = estimate(votes, estimator), estimate(other, estimator)
    assert [votes.clips[i] for i in one.ratings.clip] == [other.clips[i] for i in two.ratings.clip]
    names = [votes.raters[i] for i in one.raters.rater]
    assert names == [other.raters[i] for i in two.raters.rater]
    # All but the numbers of clips and raters.
    numbers = {0, 6}
    pairs = enumerate(zip(figures(one), figures(two), strict=True))
    assert all(a == b for place, (a, b) in pairs if place not in numbers)


FEW: dict[str, list[tuple[str, str, str, float]]] = {
    "one vote": [("", "a", "x", 4.0)],
    "one clip": [("", "a", r, v) for r, v in zip("xyzw", (1.0, 3.0, 4.0, 5.0), strict=True)],
    "one rater": [("", c, "x", v) for c, v in zip("abcd", (1.0, 3.0, 4.0, 5.0), strict=True)],
    "one rater a clip": [("", f"c{i}", f"r{i % 3}", 1.0 + i % 5) for i in range(15)],
    "a rater with one vote": [
        *(("", c, r, 3.0 + (c > "b") + (r > "y")) for c in "abcd" for r in "xyz"),
        ("", "a", "w", 5.0),
    ],
    "everybody agrees": [("", c, r, 4.0) for c in "abc" for r in "xyz"],
    "everybody is constant": [("", c, r, 1.0 + "wxyz".index(r)) for c in "abc" for r in "wxyz"],
    "two of three agree": [("", f"c{i}", r, 1.0 + (i * k) % 5) for i in range(9) for r, k in
                           (("x", 1), ("y", 1), ("z", 2))],
    "parts that share nothing": [
        *(("", c, r, 2.0 + (r == "x")) for c in "ab" for r in "xy"),
        *(("", c, r, 3.0 + (r == "w")) for c in "cd" for r in "wz"),
    ],
    "a rater votes twice": [("", c, r, v) for c in "abc" for r in "xy" for v in (2.0, 4.0)],
}  # fmt: skip


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("estimator", list(Estimator))
@pytest.mark.parametrize("case", FEW)
def test_few_votes_have_figures_or_none(case: str, estimator: Estimator) -> None:
    votes = listed(FEW[case])
    found = estimate(votes, estimator)
    assert np.all(np.isfinite(found.ratings.mos))
    assert np.array_equal(np.isnan(found.ratings.std), found.ratings.n < 2)
    assert np.all((found.ratings.ci95 >= 0) | np.isnan(found.ratings.ci95))
    assert not found.raters.against.any()
    assert not found.raters.rejected.any()
    low, high = votes.vote.min(), votes.vote.max()
    assert np.all((found.ratings.mos > low - 2) & (found.ratings.mos < high + 2))


def test_a_single_vote_is_not_believed_more_than_others() -> None:
    votes = listed(FEW["a rater with one vote"])
    found = estimate(votes, P913)
    w = votes.raters.index("w")
    assert math.isnan(found.raters.bias[list(found.raters.rater).index(w)])
    without = estimate(listed(FEW["a rater with one vote"][:-1]), P913)
    assert abs(found.ratings.mos[0] - without.ratings.mos[0]) < 1.0


def test_two_raters_who_agree_by_chance_are_not_the_whole_panel() -> None:
    """Published projections give the whole weight to the pair; sureal's do."""
    matrix = made(9, 20, 5).matrix
    matrix[:, 1] = matrix[:, 0]
    theirs = sureal(matrix, PROJECTION)
    assert min(theirs["observer_inconsistency"]) < 1e-3
    votes = votes_of(matrix)
    assert "corrected" in estimate(votes, P913).ways[0]
    assert estimate(votes, P913).raters.inconsistency.min() > 0.1
    assert "corrected" not in estimate(votes_of(made(9, 60, 24).matrix), P913).ways[0]


@pytest.mark.parametrize("good", [False, True])
@pytest.mark.parametrize("odd", ["upside down", "always 3"])
def test_who_goes_against_the_panel_is_named_where_screening_misses_him(
    odd: str, good: bool
) -> None:
    found = [
        estimate(votes_of(made(s, 150, 24, good=good, odd=odd).matrix), P913).raters
        for s in range(20)
    ]
    assert all(f.against[0] and not f.against[1:].any() for f in found)
    screened = sum(bool(f.rejected[0]) for f in found)
    assert screened == 0 if good else screened >= 10
    if odd == "upside down":
        assert all(int(np.argmax(f.inconsistency)) == 0 for f in found)


@pytest.mark.parametrize(("clips", "good"), [(60, False), (20, True)])
def test_honest_raters_are_not_named(clips: int, good: bool) -> None:
    panels = [votes_of(made(1000 + s, clips, 24, good=good).matrix) for s in range(100)]
    named = sum(bool(estimate(votes, P913).raters.against.any()) for votes in panels)
    assert named <= 1


def test_sessions_do_not_touch_one_another() -> None:
    rows = [("1", c, r, 1.0 + (i + k) % 5) for i, c in enumerate("abcdef") for k, r in
            enumerate("xyz")]  # fmt: skip
    more = [("2", c, f"2/{r}", 5.0) for _, c, r, _ in rows]
    alone, both = estimate(listed(rows), P913), estimate(listed(rows + more), P913)
    first = both.ratings.session == 0
    assert np.array_equal(both.ratings.mos[first], alone.ratings.mos)
    assert np.all(both.ratings.mos[~first] == 5.0)


def test_raters_whom_nobody_names() -> None:
    votes = listed([("", "a", "", 2.0), ("", "a", "x", 4.0), ("", "b", "x", 3.0)])
    for estimator in (P913, BT500):
        with pytest.raises(RatingsError, match=r"1 of 3 votes name no rater.*'mean'"):
            estimate(votes, estimator)
    found = estimate(votes, MEAN)
    assert found.ratings.mos.tolist() == [3.0, 3.0]
    assert found.raters.n.tolist() == [2]
    assert compare(votes, found) == ()


@pytest.mark.parametrize(
    "spoil",
    [
        {"vote": np.array([math.nan])},
        {"vote": np.array([0.0])},
        {"clip": np.array([1])},
        {"rater": np.array([-2])},
        {"session": np.zeros(2, dtype=np.int64)},
        {"clips": ("a", "a")},
    ],
)
def test_votes_that_nobody_may_let_in_are_loud(spoil: dict[str, object]) -> None:
    votes = listed([("", "a", "x", 2.0)])
    changed = {name: spoil.get(name, getattr(votes, name)) for name in Votes.__slots__}
    with pytest.raises(ValueError, match="Votes"):
        estimate(Votes(**changed), MEAN)  # type: ignore[arg-type]


@pytest.mark.parametrize("estimator", list(Estimator))
def test_no_votes_have_no_ratings(estimator: Estimator) -> None:
    empty = np.empty(0, dtype=np.int64)
    found = estimate(Votes((), (), ("",), empty, empty, empty, np.empty(0)), estimator)
    assert len(found.ratings.mos) == len(found.raters.bias) == 0


def test_what_leaves_the_scale_is_moved_and_told() -> None:
    one = np.array([0.9, 3.0, math.nan, 5.2])
    numbers = np.arange(4)
    held = hold_to_scale(ClipRatings(numbers, numbers, one, one, numbers, one))
    assert held.moved == (0, 3)
    assert held.furthest == pytest.approx(0.2)
    assert held.ratings.mos[:2].tolist() == [1.0, 3.0]


def test_the_registry_has_every_estimator() -> None:
    assert set(ESTIMATORS) == set(Estimator)


@real
def test_the_means_of_real_votes_are_the_published_labels() -> None:
    votes = avt()
    found = estimate(votes, MEAN).ratings
    with (AVT / "labels.csv").open(newline="") as file:
        rows = {(r["test"], r["clip_name"]): r for r in csv.DictReader(file)}
    for i in range(len(found.clip)):
        row = rows[str(found.session[i] + 1), votes.clips[found.clip[i]]]
        assert found.mos[i] == pytest.approx(float(row["mos"]), abs=1e-12)
        # Theirs has 1.96 where the quantile is 1.95996.
        assert found.ci95[i] == pytest.approx(float(row["ci95"]), abs=1e-5)


@real
def test_what_p913_does_on_real_votes() -> None:
    votes = avt()
    mean, p913 = estimate(votes, MEAN), estimate(votes, P913)
    assert np.abs(p913.raters.bias).max() == pytest.approx(0.87, abs=0.01)
    assert np.abs(p913.ratings.mos - mean.ratings.mos).max() < 0.12
    ceilings = []
    for session in range(4):
        rows = mean.ratings.session == session
        narrower = 1 - p913.ratings.ci95[rows].mean() / mean.ratings.ci95[rows].mean()
        assert 0.09 < narrower < 0.175
        ceilings += [
            math.sqrt(1 - noise_of_votes(f.ratings)[rows].mean() / f.ratings.mos[rows].var())
            for f in (mean, p913)
        ]
    assert ceilings[:2] == pytest.approx([0.993, 0.9955], abs=2e-4)
    assert ceilings[-2:] == pytest.approx([0.989, 0.992], abs=3e-4)
    assert not p913.raters.against.any()
    other = compare(votes, p913)
    assert [c.other for c in other] == [MEAN, BT500]
    assert other[1].rejected == ("test_2/user15",)
