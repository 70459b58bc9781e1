"""The verdict: what passes, what never can, and what a missing figure does."""

# mypy: disable-error-code="no-untyped-def"
from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from mos_assets.evaluation import GATE, ShortcutVerdict, judge
from mos_assets.evaluation.criteria import MEAN_PLCC, MEAN_RMSE, MEAN_SROCC, PLCC_SPREAD
from mos_assets.evaluation.gate import Verdict, judge_scores
from mos_assets.records import FoldScore, GateKind, LabelOrigin, OutOfFold, Status


def _rows(
    plcc: float = 0.9, srocc: float = 0.88, rmse: float = 0.3, folds: int = 5, seeds: int = 5
) -> list[FoldScore]:
    figures = {"plcc": plcc, "srocc": srocc, "rmse": rmse}
    return [
        FoldScore(seed=s, fold=f, n_train=80, n_val=20, figures=figures)
        for s in range(seeds)
        for f in range(folds)
    ]


def _with(row: FoldScore, **figures: float) -> FoldScore:
    return FoldScore(
        seed=row.seed,
        fold=row.fold,
        n_train=row.n_train,
        n_val=row.n_val,
        figures={**row.figures, **figures},
    )


def _figure(row: FoldScore, name: str) -> float:
    found = row.figures[name]
    assert found is not None
    return found


def _judged(rows: list[FoldScore], origin: LabelOrigin = LabelOrigin.HUMAN) -> Verdict:
    return judge_scores(rows, label_origin=origin, full_size=True)


@pytest.mark.parametrize(
    ("passed", "plcc", "status", "told"),
    [
        (True, 0.9, Status.ACCEPTED, "and every shortcut is beaten"),
        (False, 0.9, Status.PROPOSED, "not shown that it is more than a shortcut"),
        (False, 0.8, Status.PROPOSED, "misses its threshold"),
    ],
)
def test_a_ruler_is_never_accepted(passed: bool, plcc: float, status: Status, told: str) -> None:
    """Whatever its figures: the gate itself may be met all the same."""
    shortcuts = ShortcutVerdict(
        passed=passed, nearest=None, rows=(), beyond=None, sentence="It is a ruler."
    )
    verdict = judge_scores(
        _rows(plcc), label_origin=LabelOrigin.HUMAN, full_size=True, shortcuts=shortcuts
    )
    assert (verdict.status, verdict.beats_shortcuts) == (status, passed)
    assert verdict.passed is (plcc > 0.85)
    assert told in verdict.sentence
    assert ("It is a ruler." in verdict.reasons) is not passed


def test_the_gate_is_that_of_the_contract() -> None:
    assert [(row.name, row.comparison, row.threshold) for row in GATE.criteria] == [
        ("mean_plcc", ">=", 0.85),
        ("mean_srocc", ">=", 0.82),
        ("mean_rmse", "<=", 0.45),
        ("plcc_spread", "<=", 0.005),
    ]
    assert [(row.name, row.comparison, row.threshold) for row in GATE.surrogate] == [
        ("mean_plcc", ">=", 0.75)
    ]
    assert (GATE.folds, GATE.seeds) == (5, 5)
    for change in ({"threshold": 0.5}, {"comparison": "<="}):
        with pytest.raises(AttributeError):
            setattr(MEAN_PLCC, *change.popitem())


def test_a_head_that_meets_everything_is_accepted() -> None:
    verdict = _judged(_rows())
    assert verdict.status is Status.ACCEPTED
    assert verdict.passed
    assert verdict.reasons == ()
    assert verdict.sentence.startswith("Accepted")


@pytest.mark.parametrize(
    ("name", "worse"),
    [
        ("mean_plcc", {"plcc": 0.8499}),
        ("mean_srocc", {"srocc": 0.8199}),
        ("mean_rmse", {"rmse": 0.4501}),
    ],
)
def test_each_figure_alone_can_fail(name: str, worse: dict[str, float]) -> None:
    verdict = _judged(_rows(**worse))  # type: ignore[arg-type]
    assert [check.name for check in verdict.checks if not check.passed] == [name]
    assert verdict.status is Status.PROPOSED
    assert not verdict.passed
    assert len(verdict.reasons) == 1


def test_thresholds_themselves_pass() -> None:
    rows = _rows(plcc=0.85, srocc=0.82, rmse=0.45)
    # Sums of equal figures may round; one row a seed and fold keeps them exact enough to say so.
    assert all(check.passed for check in _judged(rows).checks)


def test_the_spread_is_over_seeds_and_not_over_folds() -> None:
    wide_folds = [_with(row, plcc=0.86 + 0.02 * row.fold) for row in _rows()]
    verdict = _judged(wide_folds)
    assert verdict.check(PLCC_SPREAD).figure == pytest.approx(0.0)
    assert verdict.fold_spread == pytest.approx(0.08)
    assert verdict.passed
    wide_seeds = [_with(row, plcc=0.9 + 0.002 * row.seed) for row in _rows()]
    verdict = _judged(wide_seeds)
    assert verdict.check(PLCC_SPREAD).figure == pytest.approx(0.008)
    assert not verdict.passed
    assert verdict.fold_spread == pytest.approx(0.0)


@given(
    st.lists(st.floats(0.7, 1.0), min_size=25, max_size=25),
    st.lists(st.floats(0.3, 0.6), min_size=25, max_size=25),
    st.floats(0.0, 0.3),
)
def test_a_worse_head_never_passes_where_a_better_one_fails(
    correlations: list[float], errors: list[float], loss: float
) -> None:
    rows = [
        _with(row, plcc=r, srocc=r, rmse=e)
        for row, r, e in zip(_rows(), correlations, errors, strict=True)
    ]
    worse = [
        _with(
            row,
            plcc=_figure(row, "plcc") - loss,
            srocc=_figure(row, "srocc") - loss,
            rmse=_figure(row, "rmse") + loss,
        )
        for row in rows
    ]
    before, after = _judged(rows), _judged(worse)
    for name in (MEAN_PLCC, MEAN_SROCC, MEAN_RMSE):
        assert before.check(name).passed or not after.check(name).passed
    if before.check(PLCC_SPREAD).figure == after.check(PLCC_SPREAD).figure:
        assert before.passed or not after.passed


@pytest.mark.parametrize("field", ["plcc", "srocc", "rmse"])
@pytest.mark.parametrize("origin", list(LabelOrigin))
def test_one_nan_anywhere_fails_and_stays_visible(field: str, origin: LabelOrigin) -> None:
    rows = _rows()
    rows[7] = _with(rows[7], **{field: math.nan})
    verdict = _judged(rows, origin)
    assert verdict.status is Status.PROPOSED
    assert not verdict.passed
    (check,) = (check for check in verdict.checks if check.name == f"mean_{field}")
    assert check.figure is None
    assert any("Fold 2 has no" in reason and "seed 1" in reason for reason in verdict.reasons)
    text = verdict.model_dump_json()
    assert "NaN" not in text
    assert json.loads(text)["folds"][7][field] is None
    assert Verdict.model_validate_json(text) == verdict


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True), min_size=4, max_size=4))
def test_json_is_strict_whatever_the_figures(figures: list[float]) -> None:
    rows = [_with(row, plcc=x) for row, x in zip(_rows(folds=2, seeds=2), figures, strict=True)]
    verdict = _judged(rows)

    def refuse(token: str) -> None:
        raise AssertionError(f"{token} is not JSON")

    json.loads(verdict.model_dump_json(), parse_constant=refuse)


@pytest.mark.parametrize(("folds", "seeds"), [(1, 5), (5, 1), (1, 1), (0, 0)])
def test_fewer_than_two_folds_or_seeds_is_no_verdict(folds: int, seeds: int) -> None:
    verdict = _judged(_rows(folds=folds, seeds=seeds))
    assert all(check.figure is None and not check.passed for check in verdict.checks)
    assert verdict.status is Status.PROPOSED
    assert "two folds and two seeds" in verdict.reasons[0]


@pytest.mark.parametrize(("folds", "seeds"), [(4, 5), (5, 4), (2, 2), (50, 5)])
def test_a_quick_look_can_only_be_proposed(folds: int, seeds: int) -> None:
    verdict = _judged(_rows(folds=folds, seeds=seeds))
    assert verdict.passed
    assert verdict.status is Status.PROPOSED
    assert verdict.reasons


def test_a_shrunken_run_can_only_be_proposed() -> None:
    verdict = judge_scores(_rows(), label_origin=LabelOrigin.HUMAN, full_size=False)
    assert verdict.passed
    assert verdict.status is Status.PROPOSED


@pytest.mark.parametrize(("plcc", "met"), [(0.99, True), (0.76, True), (0.74, False)])
def test_simulated_labels_are_never_accepted(plcc: float, met: bool) -> None:
    verdict = _judged(_rows(plcc=plcc), LabelOrigin.SIMULATED)
    assert verdict.kind is GateKind.SURROGATE
    assert verdict.status is Status.PROPOSED
    assert verdict.passed is met
    (surrogate,) = verdict.surrogate
    assert surrogate.passed is met
    assert verdict.check(MEAN_PLCC).passed is (plcc >= 0.85)
    assert len(verdict.checks) == 4


def test_a_near_miss_never_reads_as_a_tie() -> None:
    (reason,) = _judged(_rows(plcc=0.84999)).reasons
    assert ".84999" in reason


def test_a_fold_too_small_to_correlate_says_so(make_table, predict) -> None:
    table = make_table(n=50)
    folds = np.where(np.arange(50) < 2, 4, np.arange(50) % 4)
    table = replace(table, folds=folds)
    verdict = judge(table, predict(table), label_origin=LabelOrigin.HUMAN, full_size=True)
    assert not verdict.passed
    assert any("too few clips (2)" in reason for reason in verdict.reasons)


def test_constant_predictions_fail(make_table) -> None:
    table = make_table(n=50)
    oof = OutOfFold((1, 2, 3, 4, 5), np.full((5, 50), 3.0))
    verdict = judge(table, oof, label_origin=LabelOrigin.HUMAN, full_size=True)
    assert verdict.check(MEAN_PLCC).figure is None
    assert verdict.check(MEAN_RMSE).figure is not None
    assert any("constant" in reason for reason in verdict.reasons)


def test_a_verdict_cannot_be_altered() -> None:
    verdict = _judged(_rows(plcc=0.5))
    with pytest.raises(ValidationError):
        verdict.status = Status.ACCEPTED  # type: ignore[misc]


def test_a_score_that_is_missing_is_not_overlooked() -> None:
    with pytest.raises(ValueError, match="every seed is scored once on every fold"):
        _judged(_rows()[1:])
