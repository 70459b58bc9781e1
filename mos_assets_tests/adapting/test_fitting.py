"""What a layer learns from few clips: nothing from none, a shift that is there, little harm."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mos_assets.adapting import LEAST_CLIPS, RatedRows
from mos_assets.adapting.fitting import NONE, fit
from mos_assets.adapting.judging import judge, left_out_scores
from mos_assets.adapting.rows import standardised

WIDTH = 4
WORSE = 0.02
"""MOS by which a layer may raise the RMSE on contents of its own kind, on average."""


def made(
    seed: int,
    clips: int = 40,
    contents: int = 8,
    shift: float = 0.0,
    slope: float = 0.0,
    weight: float = 0.0,
) -> RatedRows:
    """Clips of contents that raters like more or less than the head can know, by .3 MOS."""
    rng = np.random.default_rng(seed)
    content = np.arange(clips) % contents
    features = rng.normal(size=(clips, WIDTH))
    scores = np.clip(3.0 + 0.9 * rng.normal(size=clips), 1.0, 5.0)
    mos = scores + shift + slope * (scores - 3.0) + weight * features[:, 0]
    mos += 0.3 * rng.normal(size=contents)[content] + 0.35 * rng.normal(size=clips)
    return RatedRows(scores, features, np.clip(mos, 1.0, 5.0), content.astype(np.int64))


def rmse(scores: "np.ndarray[tuple[int], np.dtype[np.float64]]", rows: RatedRows) -> float:
    return float(np.sqrt(np.mean((scores - rows.mos) ** 2)))


def gain(rows: RatedRows) -> float:
    return rmse(left_out_scores(rows), rows) - rmse(rows.scores, rows)


@given(st.lists(st.floats(1.0, 5.0), min_size=1, max_size=20), st.integers(0, 99))
def test_no_clip_changes_nothing(scores: list[float], seed: int) -> None:
    none = made(0).without(0)
    for content in range(1, 8):
        none = none.without(content)
    features = np.random.default_rng(seed).normal(size=(len(scores), WIDTH))
    assert fit(none).corrected(np.array(scores), features).tolist() == scores


@given(st.integers(0, 9_999), st.sampled_from([-0.9, -0.7, 0.7, 0.9]))
@settings(max_examples=20)
def test_a_shift_is_found(seed: int, shift: float) -> None:
    found = fit(made(seed, shift=shift))
    assert np.sign(found.offset) == np.sign(shift)
    assert abs(found.offset - shift) < 0.45


def test_what_is_there_is_gained_and_what_is_not_costs_little() -> None:
    def average(**kind: float) -> float:
        return float(np.mean([gain(made(seed, **kind)) for seed in range(12)]))  # type: ignore[arg-type]

    assert average(shift=0.6) < -0.2
    assert average(slope=-0.5, shift=0.3) < -0.05
    assert average(weight=0.5) < -0.05
    for clips, contents in ((12, 6), (20, 5), (40, 8), (60, 60)):
        assert average(clips=clips, contents=contents) < WORSE


def test_few_clips_move_the_offset_alone() -> None:
    for rows in (made(1, LEAST_CLIPS - 1, 8, shift=0.6), made(1, 40, 4, shift=0.6)):
        found = fit(rows)
        assert found.offset > 0.2
        assert (found.slope, found.penalties[1:]) == (0.0, (NONE, NONE))
        assert not found.weights.any()


@given(st.permutations(range(24)))
@settings(max_examples=10)
def test_the_closed_form_leaves_contents_out(order: list[int]) -> None:
    """Against fitting without them, in any order of rows."""
    from mos_assets.adapting import fitting

    whole = made(3, 24, 6, shift=0.5)
    rows = RatedRows(
        whole.scores[order], whole.features[order], whole.mos[order], whole.contents[order]
    )
    penalties = (2.0, 16.0, 64.0)
    slow = []
    for content in range(6):
        others, mine = rows.without(content), rows.contents == content
        design = fitting._design(others)
        found = np.linalg.solve(
            fitting._penalised(design, penalties), design.T @ (others.mos - others.scores)
        )
        left = (rows.mos - rows.scores - fitting._design(rows) @ found)[mine]
        slow.append(float(left @ left) * 6 / 24)
    assert sorted(fitting._errors_left_out(rows, penalties)) == pytest.approx(sorted(slow))


def test_a_judgement_says_whether_it_is_better() -> None:
    better = judge(made(1, shift=0.8))
    assert ": better (difference -" in better.sentence
    same = judge(made(2))
    assert ": better" not in same.sentence
    for figure in (*better.figures, *same.figures):
        assert figure.before is not None and figure.before_interval is not None
        assert figure.before_interval[0] <= figure.before <= figure.before_interval[1]
    assert "too few" in judge(made(1, 4, 2)).sentence or judge(made(1, 4, 2)).figures


def test_gaps_and_constant_columns_add_nothing() -> None:
    raw = np.array([[np.nan, 3.0, 2.0], [1.0, np.inf, 9.0]])
    assert standardised(raw, (0.0, 1.0, 2.0), (1.0, 2.0, 0.0)).tolist() == [[0, 1, 0], [1, 0, 0]]
