"""The report as people read it, whatever the names in it hold."""

# mypy: disable-error-code="no-untyped-def"
from __future__ import annotations

from dataclasses import replace

import numpy as np

from mos_assets.records import FeatureLoss, LabelOrigin, OutOfFold
from mos_assets.reporting.markdown import plot_section, render_markdown
from mos_assets.reporting.plots import draw
from mos_assets_tests.markdown import STRANGE, live, shown


def test_simulated_labels_show_the_surrogate_gate(make_table, predict, report_on) -> None:
    table = make_table(n=200)
    text = render_markdown(report_on(table, predict(table), LabelOrigin.SIMULATED))
    assert "surrogate gate is met" in text.splitlines()[0]
    assert "| Surrogate: mean PLCC |" in text


def test_names_from_files_cannot_break_a_table(make_table, predict, report_on) -> None:
    table = make_table()
    table = replace(table, codec=tuple("a|b" if i % 2 else "c\n<b>d" for i in range(400)))
    text = render_markdown(report_on(table, predict(table)))
    assert "| a\\|b |" in text
    assert "| c &lt;b&gt;d |" in text


def test_names_from_strangers_are_shown_and_not_obeyed(good, report_on, tmp_path) -> None:
    table, oof, _ = good
    losses = [
        FeatureLoss(1, fold, (name,), 0.3) for fold in range(5) for name in (STRANGE, "noise")
    ]
    strange = replace(
        table,
        feature_order=(STRANGE, "noise"),
        codec=tuple(STRANGE if i % 2 else "vp9" for i in range(400)),
    )
    shifted = OutOfFold(oof.seeds, oof.predictions + 0.8 * (np.arange(400) % 2))
    report = report_on(strange, shifted, losses=losses).model_copy(update={"corpora": (STRANGE,)})
    figures = draw(strange, shifted, report, tmp_path)
    assert any("![a]" in figure.title for figure in figures)
    text = render_markdown(report)
    before = live(render_markdown(report_on(table, shifted)))
    assert live(text) == before
    # Beside the clips, in a sentence, in the slices and among the features; as a shortcut, in two
    # sentences and among the baselines.
    assert shown(text).count(STRANGE) == 7
    section = plot_section(figures)
    assert live(section) == {"image": len(figures)}
    assert "$\\" not in section
