"""How far a rating may lie from its prediction."""

# mypy: disable-error-code="no-untyped-def"
from __future__ import annotations

from mos_assets.reporting.plots.prediction_interval import interval_plot


def test_the_title_says_what_was_promised_and_what_held(good, tmp_path) -> None:
    plot = interval_plot(good[2], tmp_path)
    assert plot.title.startswith("± .")
    assert plot.title.endswith("of unseen ratings, 90 % promised")


def test_without_a_promise_there_is_no_plot(make_table, predict, report_on, tmp_path) -> None:
    """Eight contents cannot promise 90 %."""
    table = make_table(n=8, n_folds=2)
    assert interval_plot(report_on(table, predict(table)), tmp_path) is None
