"""The sentences that follow from the figures."""

# mypy: disable-error-code="no-untyped-def"
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mos_assets.evaluation.splits import SplitRange, SplitRanges
from mos_assets.records import OutOfFold
from mos_assets.reporting.findings import findings
from mos_assets.reporting.markdown import render_markdown


def test_a_bias_is_found_and_said(make_table, predict, report_on) -> None:
    table = make_table()
    oof = predict(table)
    shifted = oof.predictions + np.where(table.height == 1080.0, 0.5, 0.0)
    report = report_on(table, OutOfFold(oof.seeds, shifted))
    tall = next(s for s in report.slices if s.name == "1080")
    assert tall.bias == pytest.approx(0.5, abs=0.1)
    assert any("height 1080" in s and "too high" in s for s in findings(report))


def test_unstable_training_is_named(make_table, predict, report_on) -> None:
    table = make_table()
    oof = predict(table)
    predictions = oof.predictions.copy()
    predictions[0] += np.random.default_rng(3).normal(0, 0.4, 400)
    report = report_on(table, OutOfFold(oof.seeds, predictions))
    assert any("unstable" in sentence for sentence in findings(report))


def test_few_contents_are_a_caution(make_table, predict, report_on) -> None:
    table = make_table()
    table = replace(table, groups=tuple(f"g{i % 20}" for i in range(400)))
    report = report_on(table, predict(table))
    assert any("400 clips share 20 contents" in sentence for sentence in findings(report))


def test_a_ruler_is_said_first_and_a_head_that_is_none_later(
    make_table, predict, report_on
) -> None:
    """Two sizes and a head that says no more than they do; then one that does."""
    table = make_table()
    ruler = replace(table, feature_order=("height", "noise"))
    found = report_on(ruler, OutOfFold((1, 2), np.tile(table.features[:, 0], (2, 1))))
    assert not found.shortcuts.passed and not found.verdict.beats_shortcuts
    assert findings(found)[0] == found.shortcuts.sentence
    good = report_on(table, predict(table))
    assert good.shortcuts.passed
    assert findings(good).index(good.shortcuts.sentence) > 0


@pytest.mark.parametrize(
    ("here", "told"), [(0.95, "above every one"), (0.92, ""), (0.89, "below every one")]
)
def test_folds_that_lie_beyond_every_further_cut_are_named(good, here, told) -> None:
    row = SplitRange(metric="plcc", here=here, low=0.9, high=0.94, mean=0.92, std=0.01)
    splits = SplitRanges(cuts=10, n=400, n_contents=400, predictor="it", ranges=(row,))
    report = good[2].model_copy(update={"splits": splits})
    said = [sentence for sentence in findings(report) if "further cuts" in sentence]
    assert len(said) == bool(told)
    assert not said or (told in said[0] and "balanced in mean rating" in said[0])
    assert "| PLCC | " + f"{here:.3f}"[1:] in render_markdown(report)
