"""The sentences that follow from the figures."""

# mypy: disable-error-code="no-untyped-def"
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mos_assets.records import OutOfFold
from mos_assets.reporting.findings import findings


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
