"""Nothing of the day and of the user enters a plot."""

# mypy: disable-error-code="no-untyped-def"
from __future__ import annotations

from mos_assets.reporting.plots import draw


def test_no_date_and_no_program_enter_the_file(drawn) -> None:
    folder, plots = drawn
    for plot in plots:
        data = (folder / plot.file).read_bytes()
        assert b"tEXt" not in data
        assert b"tIME" not in data


def test_a_users_matplotlib_style_does_not_reach_the_plots(good, drawn, tmp_path) -> None:
    import matplotlib as mpl

    folder, (first, *_) = drawn
    with mpl.rc_context({"font.size": 30.0, "axes.facecolor": "black"}):
        draw(*good, tmp_path)
        assert mpl.rcParams["font.size"] == 30.0
    assert (tmp_path / first.file).read_bytes() == (folder / first.file).read_bytes()
