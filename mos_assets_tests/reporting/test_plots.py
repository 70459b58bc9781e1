"""The plots of a report: small files, the same twice, whatever the run was."""

# mypy: disable-error-code="no-untyped-def"
from __future__ import annotations

import numpy as np

from mos_assets.records import OutOfFold
from mos_assets.reporting.plots import draw


def test_every_plot_says_what_it_shows(drawn) -> None:
    folder, plots = drawn
    assert [plot.file for plot in plots] == [
        "folds_and_seeds.png",
        "predicted_against_rated.png",
        "residuals.png",
        "calibration.png",
        "prediction_interval.png",
        "importance.png",
        "slices.png",
    ]
    for plot in plots:
        assert (folder / plot.file).read_bytes().startswith(b"\x89PNG")
        assert (folder / plot.file).stat().st_size < 40_000
        assert plot.sentence.endswith(".")
        assert any(c.isdigit() for c in plot.title)


def test_the_same_predictions_give_the_same_bytes(good, drawn, tmp_path) -> None:
    folder, plots = drawn
    assert draw(*good, tmp_path) == plots
    for plot in plots:
        assert (folder / plot.file).read_bytes() == (tmp_path / plot.file).read_bytes()


def test_without_finite_predictions_there_is_nothing_to_draw(
    make_table, report_on, tmp_path
) -> None:
    table = make_table(n=50)
    oof = OutOfFold((1, 2), np.full((2, 50), np.nan))
    assert draw(table, oof, report_on(table, oof), tmp_path) == ()


def test_tiny_and_constant_runs_are_drawn(make_table, report_on, tmp_path) -> None:
    """Bins that are empty, and figures that do not exist, must not stop a report."""
    table = make_table(n=20)
    oof = OutOfFold((1, 2), np.full((2, 20), 3.0))
    figures = draw(table, oof, report_on(table, oof), tmp_path)
    assert len(figures) >= 4
    assert "nan" not in " ".join(f.title + f.sentence for f in figures).lower()
