"""How many clips would decide it: against what such a corpus then does."""

# mypy: disable-error-code="no-untyped-def"
from __future__ import annotations

import pytest

from mos_assets.evaluation.criteria import MEAN_RMSE
from mos_assets.evaluation.gate import GateCheck
from mos_assets.evaluation.resampling import Interval
from mos_assets.evaluation.sample_size import decision
from mos_assets.records import LabelOrigin
from mos_assets.reporting.findings import findings


def _check(figure: float | None, comparison=">=", threshold=0.85) -> GateCheck:
    passed = figure is not None and (
        figure >= threshold if comparison == ">=" else figure <= threshold
    )
    return GateCheck(
        name="mean_plcc",
        words="Mean PLCC",
        metric="plcc",
        statistic="mean",
        places=3,
        figure=figure,
        threshold=threshold,
        comparison=comparison,
        passed=passed,
    )


def test_an_interval_on_one_side_is_decided() -> None:
    for figure, low, high in ((0.80, 0.78, 0.82), (0.90, 0.88, 0.92)):
        interval = Interval(low=low, high=high)
        found = decision(_check(figure), interval, n_clips=1000, n_contents=1000)
        assert found.decided
        assert found.clips_needed is None


@pytest.mark.parametrize(("figure", "low", "high"), [(0.84, 0.80, 0.87), (0.86, 0.83, 0.88)])
def test_half_the_distance_needs_four_times_the_clips(figure, low, high) -> None:
    """A miss by .01 with .03 above it, a pass by .01 with .03 below: nine times as many."""
    found = decision(_check(figure), Interval(low=low, high=high), n_clips=640, n_contents=16)
    assert not found.decided
    assert found.clips_needed == pytest.approx(9 * 640, abs=1)
    assert found.contents_needed == pytest.approx(9 * 16, abs=1)


def test_on_the_threshold_no_corpus_decides() -> None:
    found = decision(_check(0.85), Interval(low=0.82, high=0.88), n_clips=1000, n_contents=1000)
    assert not found.decided
    assert found.clips_needed is None


def test_a_figure_that_does_not_exist_has_no_decision() -> None:
    with pytest.raises(ValueError, match="mean_plcc does not exist"):
        decision(_check(None), Interval(low=0.1, high=0.2), n_clips=10, n_contents=10)


def test_the_forecast_comes_true(make_table, predict, report_on) -> None:
    """A narrow miss on 200 clips; with as many clips as it asks for the interval about clears."""
    table = make_table(n=200)
    report = report_on(table, predict(table, noise=0.55))
    rmse = next(found for found in report.decisions if found.name == "mean_rmse")
    assert not rmse.decided
    assert rmse.clips_needed is not None
    assert any("clips would decide it" in sentence for sentence in findings(report))
    threshold = MEAN_RMSE.threshold
    larger = make_table(n=rmse.clips_needed)
    again = report_on(larger, predict(larger, noise=0.55), LabelOrigin.HUMAN)
    interval = again.intervals.of(MEAN_RMSE)
    reach = (interval.high - interval.low) / 2
    gap = abs(report.verdict.check(MEAN_RMSE).figure - threshold)
    assert reach == pytest.approx(gap, rel=0.35)
