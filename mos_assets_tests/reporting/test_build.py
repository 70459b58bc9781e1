"""The report: complete, the same twice, and there for a broken run as well."""

# mypy: disable-error-code="no-untyped-def"
from __future__ import annotations

import json
import math

import pytest

from mos_assets.evaluation import GATE, PLCC
from mos_assets.records import OutOfFold, Status
from mos_assets.reporting.findings import findings
from mos_assets.reporting.markdown import render_markdown


def _refuse(token: str) -> None:
    raise AssertionError(f"{token} is not JSON")


def test_a_good_head_reads_as_one(good) -> None:
    _, _, report = good
    assert report.verdict.status is Status.ACCEPTED
    text = render_markdown(report)
    assert text.splitlines()[0] == f"**{report.verdict.sentence}**"
    assert "## Why Proposed" not in text
    assert any(sentence.startswith("The head beats ridge") for sentence in findings(report))
    ridge = next(b for b in report.baselines if b.name == "ridge")
    assert ridge.margin(PLCC) is not None
    assert ridge.margin_plcc_interval is not None
    assert ridge.margin_plcc_interval.low < ridge.margin(PLCC) < ridge.margin_plcc_interval.high


def test_the_same_run_gives_the_same_report(good, report_on) -> None:
    table, oof, _ = good
    report, again = report_on(table, oof), report_on(table, oof)
    assert again.model_dump_json() == report.model_dump_json()
    assert render_markdown(again) == render_markdown(report)


def test_intervals_enclose_the_figures(good) -> None:
    report = good[2]
    for criterion in GATE.criteria[:3]:
        interval = report.intervals.of(criterion)
        assert interval.low <= report.verdict.check(criterion).figure <= interval.high


@pytest.mark.parametrize("broken", ["constant", "one nan", "all nan", "one seed", "one fold"])
def test_a_broken_run_still_gets_a_report(broken, make_table, predict, report_on) -> None:
    table = make_table(n=60, n_folds=1 if broken == "one fold" else 5, held_out=5)
    oof = predict(table, seeds=(1,) if broken == "one seed" else (1, 2, 3, 4, 5))
    predictions = oof.predictions.copy()
    if broken == "constant":
        predictions[:] = 3.0
    if broken == "one nan":
        predictions[2, 7] = math.nan
    if broken == "all nan":
        predictions[:] = math.nan
    report = report_on(table, OutOfFold(oof.seeds, predictions))
    assert report.verdict.status is Status.PROPOSED
    assert not report.verdict.passed
    json.loads(report.model_dump_json(), parse_constant=_refuse)
    text = render_markdown(report)
    assert text.startswith("**Proposed")
    assert "## Why Proposed" in text
    assert "nan" not in text.lower()
    assert "None" not in text
