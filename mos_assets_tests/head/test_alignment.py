"""Corpora that used the scale differently: their lines are found, and by training rows alone."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mos_assets.evaluation import beats_shortcuts
from mos_assets.head import TrainingResult, fold_lines, train
from mos_assets.head.alignment import LEAST_ROWS, Maps, fit_maps, reference_of
from mos_assets.head.exact import INPUT_BITS, to_grid
from mos_assets.records import SEED, FloatArray, TrainingTable
from mos_assets_tests.head.conftest import QUICK, make_table, quiet

ALIGNED = replace(QUICK, align=True)
LINES = {"a": (0.0, 1.0), "b": (1.1, 0.6), "c": (-0.9, 1.3)}
"""Own = offset + slope * MOS of corpus a."""


def _made(
    lines: dict[str, tuple[float, float]], rows: int, noise: float, seed: int
) -> tuple[FloatArray, FloatArray, list[str], list[str]]:
    """Inputs, ratings, corpora and groups of corpora whose clips are unlike one another."""
    rng = np.random.default_rng(seed)
    weight = rng.standard_normal(4)
    weight *= 0.6 / np.linalg.norm(weight)
    parts = []
    for at, (name, (offset, slope)) in enumerate(lines.items()):
        count = rows // (1 + at)
        inputs = to_grid(rng.standard_normal((count, 4)) + at / 3, INPUT_BITS)
        truth = 3 + inputs @ weight + rng.normal(0, noise, count)
        groups = [f"{name}/g{row // 2}" for row in range(count)]
        parts.append((inputs, offset + slope * truth, [name] * count, groups))
    inputs, mos, names, groups = zip(*parts, strict=True)
    return np.concatenate(inputs), np.concatenate(mos), [*chain(*names)], [*chain(*groups)]


def _maps(*rows: object) -> Maps:
    inputs, mos, corpora, groups = rows
    return fit_maps(inputs, mos, corpora, groups, reference_of(corpora), (SEED, 1))  # type: ignore[arg-type]


@settings(max_examples=12, deadline=None)
@given(
    offset=st.floats(-1, 1), slope=st.floats(0.55, 1.8), seed=st.integers(0, 99), one=st.booleans()
)
def test_lines_are_recovered(offset: float, slope: float, seed: int, one: bool) -> None:
    lines = {"a": (0.0, 1.0), "b": (offset + 3 * (1 - slope), slope)}
    if not one:
        lines["c"] = LINES["c"]
    found = _maps(*_made(lines, 300, 0.2, seed)).found
    assert [one.corpus for one in found] == list(lines)
    assert (found[0].offset, found[0].slope) == (0.0, 1.0)
    for line, (a, b) in zip(found, lines.values(), strict=True):
        if line.reason:
            # What is hardly a line is none.
            assert line.reason.startswith("nothing shows that it uses the scale differently")
            assert (a + 3 * b, b) == pytest.approx((3, 1), abs=0.25)
            continue
        assert line.slope == pytest.approx(b, rel=0.2)
        # In the middle of the scale, where an error of the slope takes no part.
        assert line.offset + 3 * line.slope == pytest.approx(a + 3 * b, abs=0.25)


def test_a_corpus_is_mapped_alike_however_it_is_scaled() -> None:
    """A line of a line is a line; there is nothing to converge to but it."""
    inputs, mos, corpora, groups = _made(LINES, 240, 0.3, 1)
    other = np.where(np.array(corpora) == "b", 0.5 + 1.2 * mos, mos)
    one, two = _maps(inputs, mos, corpora, groups), _maps(inputs, other, corpora, groups)
    assert two.found[1].slope == pytest.approx(1.2 * one.found[1].slope, abs=1e-4)
    assert two.found[1].offset == pytest.approx(0.5 + 1.2 * one.found[1].offset, abs=1e-3)
    assert two.onto_reference(other, corpora)[0] == pytest.approx(
        one.onto_reference(mos, corpora)[0], abs=1e-3
    )


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        ("rows", f"it has 19 training rows, fewer than {LEAST_ROWS}"),
        ("contents", "it has 2 contents in training, fewer than 3"),
        ("slope", "it would take a slope of 2."),
        ("flat", "the correlation of its ratings with what the shared features say is none"),
        ("against", "the correlation of its ratings with what the shared features say is -0."),
        ("far", "its mean rating, "),
        ("same", "nothing shows that it uses the scale differently: on contents"),
        ("reference", "the reference a tells no scale: the correlation of its ratings"),
    ],
)
def test_a_corpus_that_cannot_be_mapped_says_why(spoil: str, says: str) -> None:
    """It keeps its ratings; the others are mapped as if it were not there."""
    inputs, mos, corpora, groups = _made(LINES, 240, 0.2, 3)
    names = np.array(corpora)
    b = names == "b"
    match spoil:
        case "rows":
            keep = np.flatnonzero(~b | (np.cumsum(b) <= 19))
            inputs, mos = inputs[keep], mos[keep]
            corpora, groups = [corpora[at] for at in keep], [groups[at] for at in keep]
        case "contents":
            groups = [
                f"b/{at % 2}" if own else group
                for at, (group, own) in enumerate(zip(groups, b, strict=True))
            ]
        case "slope":
            mos = np.where(b, 4 * mos - 5, mos)
        case "flat":
            mos = np.where(b, 3.0, mos)
        case "against":
            mos = np.where(b, 6 - mos, mos)
        case "far":
            towards = np.linalg.lstsq(inputs[~b], mos[~b] - mos[~b].mean(), rcond=None)[0]
            inputs = to_grid(np.where(b[:, None], inputs + 12 * towards, inputs), INPUT_BITS)
        case "same":
            mos = np.where(b, (mos - LINES["b"][0]) / LINES["b"][1], mos)
        case "reference":
            mos = np.where(names == "a", 3.0, mos)
    found = {one.corpus: one for one in _maps(inputs, mos, corpora, groups).found}
    assert found["b"].reason.startswith(says)
    assert (found["b"].offset, found["b"].slope) == (0.0, 1.0)
    if spoil != "reference":
        assert found["c"].reason == ""
        assert found["c"].slope == pytest.approx(1.3, rel=0.25)


def test_ratings_beyond_the_scale_are_held_and_counted() -> None:
    maps = _maps(*_made(LINES, 240, 0.2, 3))
    mapped, held = maps.onto_reference(np.array([1.0, 3.0, 5.0, 5.0]), ["b", "b", "b", "a"])
    assert (mapped[0], mapped[2], mapped[3], held) == (1.0, 5.0, 5.0, 2)
    assert maps.onto_own(np.array([1.0, 5.0]), ["c", "new"]).tolist() == [1.0, 5.0]


@pytest.fixture(scope="module")
def two() -> TrainingTable:
    """120 rows of two corpora, the second on a scale of its own."""
    table = make_table()
    other = np.arange(120) % 3 == 0
    return replace(
        table,
        clip_ids=tuple(f"{'other' if o else 'made'}/{i:06d}" for i, o in enumerate(other)),
        mos=np.where(other, 1.8 + 0.6 * table.mos, table.mos),
    )


@pytest.fixture(scope="module")
def aligned(two: TrainingTable) -> TrainingResult:
    return train(two, ALIGNED, [SEED], progress=quiet)


def test_each_row_is_predicted_as_its_corpus_rates(
    two: TrainingTable, aligned: TrainingResult
) -> None:
    assert aligned.alignment is not None
    assert aligned.alignment.reference == "made"
    (_, line) = aligned.alignment.maps
    assert (line.offset, line.slope) == pytest.approx((1.8, 0.6), abs=0.4)
    plain = train(two, QUICK, [SEED], progress=quiet)
    assert plain.alignment is None
    errors = [
        float(np.mean((found.out_of_fold.predictions[0] - two.mos) ** 2))
        for found in (aligned, plain)
    ]
    assert errors[0] < 0.7 * errors[1]
    # The head answers on the reference's scale, wherever the clip is from.
    on_reference = aligned.head.predict(two.features)
    assert np.corrcoef(on_reference, make_table().mos)[0, 1] > 0.9


def test_ratings_of_a_fold_never_move_its_own_maps(
    two: TrainingTable, aligned: TrainingResult
) -> None:
    """The maps would carry them to its predictions; the last bit stays."""
    inside = two.folds == 2
    changed = replace(two, mos=np.where(inside, 6 - two.mos, two.mos))
    again = train(changed, ALIGNED, [SEED], progress=quiet)
    before, after = (found.out_of_fold.predictions[0] for found in (aligned, again))
    assert np.array_equal(before[inside], after[inside])
    assert aligned.alignment != again.alignment


def test_the_watcher_can_ask_for_the_scale_of_each_row(two: TrainingTable) -> None:
    seen: list[float] = []

    def watch(_seed: int, fold: int, predict) -> None:  # type: ignore[no-untyped-def]
        rows = np.flatnonzero(two.folds == fold)
        given = two.features[rows], two.encoder[rows]
        own = predict(*given, [two.corpora[row] for row in rows])
        seen.append(float(np.abs(own - predict(*given)).max()))

    train(two, ALIGNED, [SEED], progress=quiet, watch=watch)
    assert min(seen) > 0.1


def test_one_corpus_is_what_it_was(table: TrainingTable, result: TrainingResult) -> None:
    found = train(table, ALIGNED, [SEED, SEED + 1], progress=quiet)
    assert found.alignment is None
    assert np.array_equal(found.out_of_fold.predictions, result.out_of_fold.predictions)


def test_a_ruler_of_two_corpora_is_still_a_ruler() -> None:
    """Shortcuts are told the line of each corpus as the head is, whatever the order of rows; fitted
    anew it is the same line."""
    rng = np.random.default_rng(1)
    n = 200
    height = rng.choice([240.0, 360.0, 480.0, 720.0, 1080.0, 2160.0], size=n)
    first = np.arange(n) < 120
    mos = 1.3 + np.log2(height / 240) / 3.2 * 2.6 + rng.normal(0, 0.12, n)
    mos = np.clip(np.where(first, mos, 1.2 + 0.55 * (mos - 1)), 1, 5)
    ids = tuple(f"{'a' if one else 'b'}/{at:03d}" for at, one in enumerate(first))
    made = TrainingTable(
        mos_std=np.full(n, np.nan),
        n_ratings=np.full(n, np.nan),
        codec=(None,) * n,
        part=(None,) * n,
        clip_ids=ids,
        groups=ids,
        feature_order=("height", "x", "y"),
        features=np.column_stack([height, rng.normal(size=(n, 2))]),
        mos=mos,
        folds=np.arange(n) % 5,
        height=height,
    ).take(rng.permutation(n))
    result = train(made, ALIGNED, [1, 2], progress=quiet)
    lines, anew = result.out_of_fold.lines, fold_lines(made, ALIGNED)
    assert lines is not None and anew is not None
    assert lines.folds == anew.folds == (0, 1, 2, 3, 4)
    assert np.array_equal(lines.offset, anew.offset) and np.array_equal(lines.slope, anew.slope)
    assert {
        name for name, slope in zip(made.corpora, lines.slope[0], strict=True) if slope == 1
    } == {"a"}
    verdict = beats_shortcuts(made, result.out_of_fold)
    size = next(row for row in verdict.rows if row.name == "size alone")
    assert not verdict.passed and size.plcc is not None and size.plcc > 0.97
    untold = beats_shortcuts(made, replace(result.out_of_fold, lines=None))
    known = next(row for row in untold.rows if row.name == "size alone")
    assert known.plcc is not None and known.plcc < 0.95
    assert fold_lines(made, QUICK) is None
