"""The report: complete, strict JSON, the same twice, and readable."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mos_assets.errors import StoreError
from mos_assets.evaluation import (
    GATE,
    PLCC,
    GateReport,
    draw,
    findings,
    plot_section,
    render_markdown,
    with_plots,
)
from mos_assets.evaluation.report.ceiling import label_ceiling
from mos_assets.evaluation.report.schema import schema_text
from mos_assets.records import FeatureLoss, LabelOrigin, OutOfFold, Status
from mos_assets_tests.markdown import STRANGE, live, shown

# mypy: disable-error-code="no-untyped-def"


SCHEMA = Path(__file__).parents[2] / "docs" / "gate_report.schema.json"
_KINDS: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}


def _unlike(value: Any, schema: dict[str, Any], whole: dict[str, Any], at: str = "") -> list[str]:
    """Paths that break the keywords which our schema uses; a full validator is no dependency."""
    if "$ref" in schema:
        return _unlike(value, whole["$defs"][schema["$ref"].rsplit("/", 1)[1]], whole, at)
    if "anyOf" in schema:
        tried = [_unlike(value, option, whole, at) for option in schema["anyOf"]]
        return min(tried, key=len)
    kinds = schema.get("type", [])
    allowed = [k for name in ([kinds] if isinstance(kinds, str) else kinds) for k in _KINDS[name]]
    if allowed and not (
        isinstance(value, tuple(allowed)) and (type(value) is not bool or bool in allowed)
    ):
        return [at]
    if ("enum" in schema and value not in schema["enum"]) or schema.get("const", value) != value:
        return [at]
    prefix = f"{at}." if at else ""
    found: list[str] = []
    if isinstance(value, dict):
        known = schema["properties"]
        assert schema["additionalProperties"] is False
        found += [prefix + name for name in sorted(set(schema.get("required", ())) - set(value))]
        found += [prefix + name for name in sorted(set(value) - set(known))]
        for name in sorted(set(value) & set(known)):
            found += _unlike(value[name], known[name], whole, prefix + name)
    if isinstance(value, list):
        for place, item in enumerate(value):
            found += _unlike(item, schema["items"], whole, f"{prefix}{place}")
    return sorted(found)


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


def test_json_round_trip(good) -> None:
    report = good[2]
    text = report.model_dump_json()
    json.loads(text, parse_constant=_refuse)
    assert GateReport.model_validate_json(text) == report


def test_the_published_schema_is_that_of_the_reports() -> None:
    """Else: python -c "from mos_assets.evaluation.report import schema_text as text;
    print(text(), end='')" > docs/gate_report.schema.json"""
    assert SCHEMA.read_text(encoding="utf-8") == schema_text()


def test_a_report_is_what_the_schema_says_and_nothing_else(good) -> None:
    """Every object of the report has exactly the keys that the schema requires or allows."""
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    report = json.loads(good[2].to_json())
    assert _unlike(report, schema, schema) == []
    del report["verdict"]["checks"][0]["figure"]
    report["stray"] = report["n_clips"] = "many"
    assert _unlike(report, schema, schema) == ["n_clips", "stray", "verdict.checks.0.figure"]


def test_a_report_of_another_version_is_the_users_error(good, tmp_path) -> None:
    path = tmp_path / "gate_report.json"
    with pytest.raises(StoreError, match="is missing"):
        GateReport.read(path)
    path.write_text(good[2].to_json())
    assert GateReport.read(path) == good[2]
    old = json.loads(good[2].to_json())
    del old["prediction_interval"]
    path.write_text(json.dumps(old))
    with pytest.raises(StoreError, match=r"prediction_interval.*materialize gate_report again"):
        GateReport.read(path)


@pytest.mark.parametrize("origin", list(LabelOrigin))
def test_a_report_of_schema_1_is_read_as_it_was(good, report_on, tmp_path, origin) -> None:
    """It named its checks and no more, and its surrogate gate was one check or null."""
    report = report_on(*good[:2], origin)
    old = json.loads(report.to_json())
    old["schema_name"] = "mos-assets gate report 1"
    del old["metrics"]
    verdict = old["verdict"]
    verdict["surrogate"] = verdict["surrogate"][0] if verdict["surrogate"] else None
    for check in (*verdict["checks"], *filter(None, [verdict["surrogate"]])):
        for later in ("words", "metric", "statistic", "places"):
            del check[later]
    path = tmp_path / "gate_report.json"
    path.write_text(json.dumps(old))
    assert GateReport.read(path) == report


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


def test_simulated_labels_show_the_surrogate_gate(make_table, predict, report_on) -> None:
    table = make_table(n=200)
    text = render_markdown(report_on(table, predict(table), LabelOrigin.SIMULATED))
    assert "surrogate gate is met" in text.splitlines()[0]
    assert "| Surrogate: mean PLCC |" in text


def test_the_ceiling_follows_the_formula_and_says_when_nothing_can_pass(make_table) -> None:
    table = make_table()
    assert label_ceiling(table).figure is None
    few = replace(table, mos_std=np.full(400, 1.5), n_ratings=np.full(400, 5.0))
    ceiling = label_ceiling(few)
    expected = math.sqrt(1 - 1.5**2 / 5 / float(np.var(table.mos)))
    assert ceiling.figure == pytest.approx(expected, abs=1e-6)
    assert expected < 0.85
    assert "no head can pass" in ceiling.sentence
    many = label_ceiling(replace(few, n_ratings=np.full(400, 60.0)))
    assert many.figure is not None
    assert many.figure > 0.85
    assert "can pass" in many.sentence


@pytest.mark.parametrize(
    ("rows", "known", "says"),
    [
        (400, 2, "(over the 2 of 400 clips that tell; too few to say what it means for the gate)."),
        (400, 199, "too few to say"),
        (99, 99, "too few to say"),
        (400, 200, "no head can pass"),
    ],
)
def test_a_ceiling_of_few_clips_is_no_verdict(make_table, rows, known, says) -> None:
    table = make_table(n=rows)
    told = np.arange(rows) < known
    ceiling = label_ceiling(
        replace(table, mos_std=np.where(told, 1.5, np.nan), n_ratings=np.where(told, 4.0, np.nan))
    )
    assert ceiling.figure is not None
    assert ceiling.n == known
    assert says in ceiling.sentence
    assert ("a head" in ceiling.sentence or "no head" in ceiling.sentence) == (says[0] == "n")


@pytest.mark.parametrize("contents", [400, 20])
def test_a_ceiling_whose_interval_holds_the_gate_takes_no_side(make_table, contents) -> None:
    table = make_table()
    # Noise that puts the ceiling on the gate itself, most of it in a few contents.
    noisy = np.where(np.arange(400) % 20 < 2, 3.0, 1.0)
    noise = (1.0 - 0.85**2) * float(np.var(table.mos)) / float(np.mean(noisy))
    table = replace(
        table,
        groups=tuple(f"g{i % contents}" for i in range(400)),
        mos_std=np.sqrt(noisy * noise * 10.0),
        n_ratings=np.full(400, 10.0),
    )
    ceiling = label_ceiling(table)
    assert ceiling.figure == pytest.approx(0.85, abs=1e-6)
    assert ceiling.interval is not None
    assert ceiling.interval.low < 0.85 < ceiling.interval.high
    assert "may or may not" in ceiling.sentence
    assert "95 % interval" in ceiling.sentence


def test_the_ceilings_interval_holds_its_level(make_table) -> None:
    """Over corpora of 30 contents with a known ceiling, about 95 of 100 intervals hold it."""
    rng = np.random.default_rng(4)
    table = make_table(n=150)
    held = 0
    for _ in range(200):
        mos = np.clip(3.0 + np.repeat(rng.normal(0, 0.6, 30), 5) + rng.normal(0, 0.2, 150), 1, 5)
        drawn = replace(
            table,
            mos=mos,
            groups=tuple(f"g{i // 5}" for i in range(150)),
            mos_std=np.full(150, 1.0),
            n_ratings=np.full(150, 10.0),
        )
        interval = label_ceiling(drawn).interval
        assert interval is not None
        held += interval.low <= math.sqrt(1.0 - 0.1 / 0.4) <= interval.high
    assert 180 <= held <= 198


def test_one_content_alone_leaves_the_ceilings_interval_untold(make_table) -> None:
    table = make_table()
    ceiling = label_ceiling(
        replace(table, groups=("g",) * 400, mos_std=np.full(400, 1.5), n_ratings=np.full(400, 5.0))
    )
    assert ceiling.interval is None
    assert "may or may not" in ceiling.sentence


def test_ratings_that_are_all_noise_have_a_ceiling_of_nought(make_table) -> None:
    table = replace(make_table(), mos_std=np.full(400, 4.0), n_ratings=np.full(400, 1.0))
    assert label_ceiling(table).figure == 0.0


def test_slices_cover_every_clip_once_a_dimension(make_table, predict, report_on) -> None:
    table = make_table(held_out=50)
    height = table.height.copy()
    height[:10] = math.nan
    report = report_on(replace(table, height=height), predict(table))
    for dimension in ("height", "codec", "mos"):
        assert sum(s.n for s in report.slices if s.dimension == dimension) == 350
    unknown = next(s for s in report.slices if s.name == "unknown")
    assert unknown.of(PLCC) is None
    assert unknown.reason == "10 clips are too few, 20 are needed"
    held_out = next(s for s in report.slices if s.dimension == "held out")
    assert (held_out.n, held_out.name) == (50, "part b")
    assert any("held-out clips (part b)" in sentence for sentence in findings(report))


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
    # Beside the clips, in a sentence, in the slices and among the features.
    assert shown(text).count(STRANGE) == 4
    section = plot_section(with_plots(report, figures).figures)
    assert live(section) == {"image": len(figures)}
    assert "$\\" not in section
