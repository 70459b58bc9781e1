"""Predictions beside ratings, without a single clip."""

# mypy: disable-error-code="no-untyped-def"
from __future__ import annotations

import pytest

from mos_assets.reporting.plots import draw


def _density(monkeypatch, *run):
    """The density, and the clips in each cell that it shows: its last hexagons."""
    from matplotlib.axes import Axes

    hexbin, cells = Axes.hexbin, []

    def watched(axes, *args, **kwargs):
        cells.append(hexbin(axes, *args, **kwargs))
        return cells[-1]

    monkeypatch.setattr(Axes, "hexbin", watched)
    (figure,) = [f for f in draw(*run) if f.file == "predicted_against_rated.png"]
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
