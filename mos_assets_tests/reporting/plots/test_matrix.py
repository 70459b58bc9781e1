"""What corpora teach of each other, drawn."""

# mypy: disable-error-code="no-untyped-def"
from __future__ import annotations

import pytest

from mos_assets.evaluation.mixed import TestedCorpus, without_figures
from mos_assets.reporting.plots.matrix import matrix_plot


def _cells(make_table, names, figure):
    one = [TestedCorpus(name, make_table(n=5)) for name in names]
    rows = [*((name,) for name in names), tuple(names)]
    return [
        without_figures(row, column, "made so").model_copy(
            update={"plcc": figure(i, j), "rmse": figure(j, i), "clips": 5}
        )
        for i, row in enumerate(rows)
        for j, column in enumerate(one)
    ]


@pytest.mark.parametrize(
    ("names", "figure", "title"),
    [
        (("a$b$", "c" * 60), lambda i, j: 0.9 + 0.01 * (i - j), "PLCC .890 to .920, by"),
        (tuple("abcdefghijk"), lambda i, j: None if i == j else -0.1 * i, "PLCC -1.100 to .000"),
        (("a", "b"), lambda i, j: None, "What the corpora teach of each other cannot be told"),
        (("a", "b"), lambda i, j: 0.5, "PLCC .500 to .500, by"),
    ],
)
def test_whatever_the_figures_the_same_bytes(make_table, tmp_path, names, figure, title) -> None:
    cells = _cells(make_table, names, figure)
    first, second = (matrix_plot(cells, tmp_path / part / "new") for part in "ab")
    assert first == second and first.title.startswith(title)
    files = [(tmp_path / part / "new" / first.file).read_bytes() for part in "ab"]
    assert files[0] == files[1] and files[0].startswith(b"\x89PNG") and len(files[0]) < 60_000
    assert "nan" not in first.title + first.sentence


def test_without_cells_there_is_nothing_to_draw(tmp_path) -> None:
    assert matrix_plot((), tmp_path / "new") is None
    assert not (tmp_path / "new").exists()
