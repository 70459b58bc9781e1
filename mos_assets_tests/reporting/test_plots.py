"""The figures: files that are small, the same twice, and give no single clip away."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mos_assets.records import FeatureLoss, OutOfFold
from mos_assets.reporting.markdown import render_markdown
from mos_assets.reporting.plots import draw

# mypy: disable-error-code="no-untyped-def"


@pytest.fixture(scope="module")
def drawn(good, tmp_path_factory):
    table, oof, report = good
    return draw(table, oof, report, tmp_path_factory.mktemp("figures") / "new")


def test_every_figure_says_what_it_shows(drawn) -> None:
    assert [figure.name for figure in drawn] == [
        "folds_and_seeds",
        "predicted_against_rated",
        "residuals",
        "calibration",
        "prediction_interval",
        "importance",
        "slices",
    ]
    for figure in drawn:
        assert figure.path.read_bytes().startswith(b"\x89PNG")
        assert figure.path.stat().st_size < 40_000
        assert figure.sentence.endswith(".")
        assert any(c.isdigit() for c in figure.title)


def test_the_same_predictions_give_the_same_bytes(good, drawn, tmp_path) -> None:
    table, oof, report = good
    for before, after in zip(drawn, draw(table, oof, report, tmp_path), strict=True):
        assert before.path.read_bytes() == after.path.read_bytes()


def test_no_date_and_no_program_enter_the_file(drawn) -> None:
    for figure in drawn:
        data = figure.path.read_bytes()
        assert b"tEXt" not in data
        assert b"tIME" not in data


def test_a_users_matplotlib_style_does_not_reach_the_figures(good, drawn, tmp_path) -> None:
    import matplotlib as mpl

    table, oof, report = good
    with mpl.rc_context({"font.size": 30.0, "axes.facecolor": "black"}):
        again = draw(table, oof, report, tmp_path)
        assert mpl.rcParams["font.size"] == 30.0
    assert again[0].path.read_bytes() == drawn[0].path.read_bytes()


def _density(monkeypatch, *run):
    """The density, and the clips in each cell that it shows: its last hexagons."""
    from matplotlib.axes import Axes

    hexbin, cells = Axes.hexbin, []

    def watched(axes, *args, **kwargs):
        cells.append(hexbin(axes, *args, **kwargs))
        return cells[-1]

    monkeypatch.setattr(Axes, "hexbin", watched)
    (figure,) = [f for f in draw(*run) if f.name == "predicted_against_rated"]
    return figure, [int(n) for n in cells[-1].get_array()]


@pytest.mark.parametrize("rows", [5, 60])
def test_no_cell_gives_a_rating_away(
    rows, make_table, predict, report_on, monkeypatch, tmp_path
) -> None:
    table = make_table(n=rows)
    oof = predict(table)
    figure, cells = _density(monkeypatch, table, oof, report_on(table, oof), tmp_path)
    assert all(n >= 3 for n in cells)
    left_out = rows - sum(cells)
    assert left_out <= rows // 5 or rows < 60
    if not cells:
        assert "No cell is shown" in figure.sentence
    else:
        assert (f": {left_out} clip" in figure.sentence) == (left_out > 0)


def test_a_feature_ranks_by_its_family_where_alone_it_misleads(good, report_on, tmp_path) -> None:
    table, oof, _ = good
    table = replace(
        table,
        feature_order=("signal", "noise", "copy"),
        features=np.column_stack([table.features, table.features[:, 0]]),
    )
    lost = {("copy",): 0.9, ("copy", "signal"): 0.3, ("signal",): 0.2, ("noise",): 0.5}
    losses = [FeatureLoss(1, fold, names, x) for fold in range(5) for names, x in lost.items()]
    report = report_on(table, oof, losses=losses)
    assert [row.feature for row in report.importance] == ["noise", "copy", "signal"]
    warning = "Shuffled alone, copy costs more than with correlated features, because"
    assert warning in render_markdown(report)

    lost[("noise",)] = 0.25
    losses = [FeatureLoss(1, fold, names, x) for fold in range(5) for names, x in lost.items()]
    report = report_on(table, oof, losses=losses)
    (figure,) = [f for f in draw(table, oof, report, tmp_path) if f.name == "importance"]
    assert figure.title == "copy and what it correlates with matter most: they cost .300 PLCC"
    assert warning in figure.sentence

    lost[("copy",)] = 0.2
    losses = [FeatureLoss(1, fold, names, x) for fold in range(5) for names, x in lost.items()]
    assert "cannot exist" not in render_markdown(report_on(table, oof, losses=losses))


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
