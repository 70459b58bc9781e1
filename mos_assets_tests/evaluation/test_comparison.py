"""Two heads are compared where both are honest, and the answer comes with its doubt."""

# mypy: disable-error-code="no-untyped-def"
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mos_assets.evaluation import compare
from mos_assets.records import OutOfFold, PastPredictions


def _past(table, oof, rows=None) -> PastPredictions:
    rows = np.arange(len(table.mos)) if rows is None else rows
    return PastPredictions(
        candidate_id="earlier",
        clip_ids=tuple(table.clip_ids[row] for row in rows),
        folds=table.folds[rows],
        mos=table.mos[rows],
        predictions=oof.predictions[:, rows],
    )


def _noisy(table, noise: float, seed: int) -> OutOfFold:
    rng = np.random.default_rng(seed)
    return OutOfFold((1, 2), np.clip(table.mos + rng.normal(0, noise, (2, len(table.mos))), 1, 5))


@pytest.mark.parametrize(
    ("mine", "theirs", "outcome"),
    [(0.2, 0.6, "better"), (0.6, 0.2, "worse"), (0.4, 0.4, "undecided")],
)
def test_better_worse_or_undecided(make_table, mine, theirs, outcome) -> None:
    table = make_table(held_out=20)
    found = compare(table, _noisy(table, mine, 1), _past(table, _noisy(table, theirs, 2)))
    assert found.outcome == outcome
    assert found.n == 380
    assert found.plcc_interval.low <= found.plcc_margin <= found.plcc_interval.high
    assert found.rmse_interval.low <= found.rmse_margin <= found.rmse_interval.high
    assert "380 clips" in found.sentence
    assert "95 % interval" in found.sentence


def test_a_head_is_neither_better_nor_worse_than_itself(make_table) -> None:
    table = make_table()
    oof = _noisy(table, 0.4, 1)
    found = compare(table, oof, _past(table, oof))
    assert (found.outcome, found.plcc_margin) == ("undecided", 0.0)


def test_clips_that_came_later_take_no_part(make_table) -> None:
    table = make_table()
    oof = _noisy(table, 0.3, 1)
    found = compare(table, oof, _past(table, _noisy(table, 0.6, 2), np.arange(399, 99, -1)))
    assert found.outcome == "better"
    assert found.n == 300


@pytest.mark.parametrize("what", ["other clips", "afresh", "relabelled", "few", "constant"])
def test_what_cannot_be_compared_says_why(make_table, what) -> None:
    table = make_table()
    oof = _noisy(table, 0.3, 1)
    past = _past(table, _noisy(table, 0.3, 2))
    if what == "other clips":
        past = replace(past, clip_ids=tuple(f"else/{clip}" for clip in past.clip_ids))
    if what == "afresh":
        past = replace(past, folds=(past.folds + 1) % 5)
    if what == "relabelled":
        past = replace(past, mos=past.mos + 0.01)
    if what == "few":
        past = _past(table, oof, np.flatnonzero(table.folds != 0))
    if what == "constant":
        past = replace(past, predictions=np.full_like(past.predictions, 3.0))
    found = compare(table, oof, past)
    assert found.outcome == "not compared"
    assert found.plcc_margin is None
    assert found.sentence.startswith("Not compared with the released head: ")


def test_clips_that_share_a_content_are_paired_as_one(make_table) -> None:
    """A difference that one content carries alone is no difference."""
    table = make_table(n=300)
    table = replace(
        table,
        groups=tuple(f"g{i % 15}" for i in range(300)),
    )
    past = _noisy(table, 0.3, 1)
    mine = past.predictions.copy()
    lucky = np.array([group == "g7" for group in table.groups])
    mine[:, lucky] = table.mos[lucky]
    found = compare(table, OutOfFold((1, 2), mine), _past(table, past))
    assert found.plcc_margin > 0
    assert found.outcome == "undecided"
