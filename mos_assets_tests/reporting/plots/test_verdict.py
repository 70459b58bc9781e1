"""What the gate saw, in the words of its plots."""

# mypy: disable-error-code="no-untyped-def"
from __future__ import annotations

from mos_assets.reporting.plots.verdict import folds_and_seeds, slices_plot


def test_the_title_counts_what_is_met(good, make_table, predict, report_on, tmp_path) -> None:
    assert folds_and_seeds(good[2], tmp_path).title.startswith("4 of 4 gate figures met; seeds ")
    table = make_table(n=100)
    alone = folds_and_seeds(report_on(table, predict(table, seeds=(1,))), tmp_path)
    assert alone.title == "0 of 4 gate figures met; seeds differ by – PLCC"
    assert "one of 1 seed;" in alone.sentence


def test_the_slice_of_the_largest_error_is_named(good, tmp_path) -> None:
    report = good[2]
    worst = max((s for s in report.slices if s.figures["rmse"]), key=lambda s: s.figures["rmse"])
    plot = slices_plot(report, tmp_path)
    assert worst.name in plot.title
    none = report.model_copy(update={"slices": ()})
    assert slices_plot(none, tmp_path) is None
