"""What training promises: honest folds, one recipe, and no dependence on order or machine."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from mos_assets.errors import TrainingError
from mos_assets.head import Recipe, TrainingResult, train
from mos_assets.head.recipe import plan
from mos_assets.records import SEED, TrainingTable
from mos_assets_tests.head.conftest import QUICK, make_table, quiet, table_of


def test_learns_what_is_there(table: TrainingTable, result: TrainingResult) -> None:
    trained = table.folds >= 0
    for predictions in result.out_of_fold.predictions:
        assert np.corrcoef(predictions[trained], table.mos[trained])[0, 1] > 0.85


def test_predicts_every_labelled_row_of_every_seed_once(
    table: TrainingTable, result: TrainingResult
) -> None:
    """Rows of fold -1, which no head saw, get the shipped head's prediction under every seed."""
    predictions = result.out_of_fold.predictions
    assert result.out_of_fold.seeds == (SEED, SEED + 1)
    assert predictions.shape == (2, len(table.mos))
    assert ((predictions >= 1) & (predictions <= 5)).all()
    held_out = table.folds == -1
    shipped = result.head.predict(table.features[held_out])
    assert np.allclose(predictions[:, held_out], shipped, atol=1e-6)


def test_seeds_differ_by_their_networks() -> None:
    """The closed forms have no randomness; few contents draw the blend to the network."""
    table = make_table()
    groups = tuple(f"made/content{fold}" for fold in table.folds)
    result = train(replace(table, groups=groups), QUICK, [SEED, SEED + 1], progress=quiet)
    first, second = result.out_of_fold.predictions
    assert not np.array_equal(first, second)


@pytest.mark.parametrize("fold", [0, 3])
def test_a_fold_is_judged_by_heads_that_never_saw_it(
    table: TrainingTable, result: TrainingResult, fold: int
) -> None:
    """New labels in a fold leave its own predictions alone to the last bit, and move others."""
    inside = table.folds == fold
    changed = replace(table, mos=np.where(inside, 6.0 - table.mos, table.mos))
    again = train(changed, QUICK, [SEED, SEED + 1], progress=quiet).out_of_fold.predictions
    before = result.out_of_fold.predictions
    assert np.array_equal(again[:, inside], before[:, inside])
    outside = (table.folds >= 0) & ~inside
    assert not np.array_equal(again[:, outside], before[:, outside])


def test_a_row_of_the_fold_does_not_move_its_neighbours(
    table: TrainingTable, result: TrainingResult
) -> None:
    """Standardisation is fitted without the fold: other features in one row stay in that row."""
    inside = np.flatnonzero(table.folds == 2)
    features = table.features.copy()
    features[inside[0]] = 1e6
    changed = replace(table, features=features)
    again = train(changed, QUICK, [SEED, SEED + 1], progress=quiet).out_of_fold.predictions
    before = result.out_of_fold.predictions
    assert np.array_equal(again[:, inside[1:]], before[:, inside[1:]])


def test_held_out_rows_never_train(table: TrainingTable, result: TrainingResult) -> None:
    outside = table.folds == -1
    changed = replace(
        table,
        mos=np.where(outside, 1.0, table.mos),
        features=np.where(outside[:, None], -5.0, table.features),
    )
    again = train(changed, QUICK, [SEED, SEED + 1], progress=quiet)
    assert np.array_equal(
        again.out_of_fold.predictions[:, ~outside], result.out_of_fold.predictions[:, ~outside]
    )
    assert np.array_equal(again.head.predict(table.features), result.head.predict(table.features))


def test_the_judged_heads_are_made_as_the_shipped_one() -> None:
    """What the gate judges ships.

    With a fold that holds no information of its own (each of its rows is a held-out copy), the
    judged head of that fold is trained on exactly the rows of a table without the fold; only the
    random stream differs, so the two must agree closely.
    """
    table = make_table(rows=100, seed=5)
    inside = table.folds == 4
    judged = train(table, Recipe(), [SEED], progress=quiet).out_of_fold.predictions[0, inside]
    without = replace(table, folds=np.where(inside, -1, table.folds))
    shipped = train(without, Recipe(), [SEED], progress=quiet).head
    assert np.abs(shipped.predict(table.features[inside]) - judged).mean() < 0.08


def test_row_order_does_not_matter(table: TrainingTable, result: TrainingResult) -> None:
    order = np.random.default_rng(3).permutation(len(table.mos))
    shuffled = train(table.take(order), QUICK, [SEED, SEED + 1], progress=quiet)
    assert np.array_equal(
        shuffled.out_of_fold.predictions,
        result.out_of_fold.predictions[:, order],
        equal_nan=True,
    )
    assert np.array_equal(
        shuffled.head.predict(table.features), result.head.predict(table.features)
    )


def test_random_state_of_the_process_is_left_alone(table: TrainingTable) -> None:
    np.random.seed(7)
    expected = np.random.random()
    np.random.seed(7)
    train(table, QUICK, [SEED], progress=quiet)
    assert np.random.random() == expected


_PRINT_DIGEST = """
import hashlib, pathlib, sys
from dataclasses import replace
from mos_assets.head import export_onnx, train
from mos_assets_tests.head.conftest import QUICK, make_table, quiet
table = make_table(rows=300, columns=40)
groups = tuple(f"content {row % 8}" for row in range(300))
recipe = replace(QUICK, centres=100)
result = train(replace(table, groups=groups), recipe, [7], progress=quiet)
digest = export_onnx(result.head, pathlib.Path(sys.argv[1])).sha256
predicted = hashlib.sha256(result.out_of_fold.predictions.tobytes()).hexdigest()
print(digest, predicted, *(name.split(",")[0] for name in result.head.blend))
"""


def _dispatched() -> str:
    """Vector units that NumPy would choose here, to be switched off."""
    return " ".join(np.show_config(mode="dicts")["SIMD Extensions"].get("found", []))


def test_same_bytes_whatever_the_threads_and_the_vector_unit(tmp_path: Path) -> None:
    """Fresh processes, other BLAS kernels, other NumPy loops: one digest."""
    variants: list[dict[str, str]] = [
        {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
        {"OPENBLAS_NUM_THREADS": "2", "OMP_NUM_THREADS": "2"},
        {"OPENBLAS_CORETYPE": "Prescott", "ATEN_CPU_CAPABILITY": "default"},
        {"OPENBLAS_CORETYPE": "Sandybridge"},
        {"OPENBLAS_CORETYPE": "Prescott", "NPY_DISABLE_CPU_FEATURES": _dispatched()},
    ]
    root = Path(__file__).parents[2]
    digests = {
        subprocess.run(
            [sys.executable, "-c", _PRINT_DIGEST, str(tmp_path / "head.onnx")],
            env={**os.environ, **variant},
            cwd=root,
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for variant in variants
    }
    assert len(digests) == 1, digests
    _, _, *blend = digests.pop().split()
    assert set(blend) == {"linear", "kernel", "network"}, "every kind of expert is put to the test"


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_feature_that_is_not_finite_is_named(table: TrainingTable, value: float) -> None:
    features = table.features.copy()
    features[3, 1] = value
    with pytest.raises(TrainingError, match=r"made/000003.*column1"):
        train(replace(table, features=features), QUICK, [SEED], progress=quiet)


@pytest.mark.parametrize("value", [np.nan, np.inf, 0.99, 5.01])
def test_a_label_out_of_range_is_named(table: TrainingTable, value: float) -> None:
    mos = table.mos.copy()
    mos[4] = value
    with pytest.raises(TrainingError, match=r"made/000004.*mos"):
        train(replace(table, mos=mos), QUICK, [SEED], progress=quiet)


def test_labels_without_variance_are_refused(table: TrainingTable) -> None:
    with pytest.raises(TrainingError, match="without variance"):
        train(replace(table, mos=np.full(120, 3.0)), QUICK, [SEED], progress=quiet)


def test_labels_without_variance_outside_one_fold_are_refused(table: TrainingTable) -> None:
    """The head of that fold would have nothing to learn from, though the corpus varies."""
    mos = np.where(table.folds == 1, table.mos, 3.0)
    with pytest.raises(TrainingError, match="outside fold 1"):
        train(replace(table, mos=mos), QUICK, [SEED], progress=quiet)


def test_features_without_variance_are_refused(table: TrainingTable) -> None:
    with pytest.raises(TrainingError, match="no feature varies"):
        train(replace(table, features=np.ones((120, 5))), QUICK, [SEED], progress=quiet)


@pytest.mark.parametrize(
    "values",
    [1e12 + 1e-3 * np.arange(120.0), 1e-50 * np.arange(120.0)],
    ids=["beyond float32's digits", "below float32's range"],
)
def test_variance_that_float32_cannot_hold_is_none(
    table: TrainingTable, values: np.ndarray
) -> None:
    features = np.column_stack([values, np.full(120, 7.0)])
    order = ("column0", "column1")
    with pytest.raises(TrainingError, match=r"no feature varies.*column0, column1"):
        train(replace(table, features=features, feature_order=order), QUICK, [SEED], progress=quiet)


@pytest.mark.parametrize("level", [1.0, 5.0])
def test_contents_at_the_end_of_the_scale_train(level: float) -> None:
    """An inner fold may hold ratings of one end only."""
    table = make_table(rows=80, columns=3)
    content = np.arange(80) % 4
    mos = np.where(content < 2, level, table.mos)
    groups = tuple(f"content {c}" for c in content)
    ends = replace(table, mos=mos, groups=groups, folds=content)
    found = train(ends, QUICK, [SEED], progress=quiet)
    assert np.isfinite(found.out_of_fold.predictions).all()


def test_a_dominant_content_does_not_starve_the_shipped_head() -> None:
    """Each head trains as long as its own rows ask for, whatever other folds hold."""
    table = make_table(rows=200, columns=3)
    folds = np.where(np.arange(200) < 180, 0, np.arange(200) % 4 + 1)
    groups = tuple("big" if fold == 0 else f"small{row}" for row, fold in enumerate(folds))
    skewed = train(replace(table, folds=folds, groups=groups), QUICK, [SEED], progress=quiet).head
    fresh = make_table(rows=400, columns=3, seed=1)
    plain = train(table, QUICK, [SEED], progress=quiet).head
    figures = [
        np.corrcoef(head.predict(fresh.features[200:]), fresh.mos[200:])[0, 1]
        for head in (skewed, plain)
    ]
    assert figures[0] > figures[1] - 0.02


def test_gaps_train_where_the_head_imputes() -> None:
    """Medians are those of the training rows, flags tell that there was a gap."""
    table = make_table(rows=200, columns=4)
    rng = np.random.default_rng(1)
    gaps = rng.random((200, 4)) < 0.1
    gaps[:, 1] = np.arange(200) % 3 == 0
    mos = np.where(gaps[:, 1], np.minimum(5.0, table.mos + 1.0), table.mos)
    holed = replace(table, features=np.where(gaps, np.nan, table.features), mos=mos)
    with pytest.raises(TrainingError, match="nan"):
        train(holed, QUICK, [SEED], progress=quiet)
    result = train(holed, replace(QUICK, impute=True), [SEED], progress=quiet)
    correlation = np.corrcoef(result.out_of_fold.predictions[0], mos)[0, 1]
    assert correlation > 0.7
    medians = result.head.inputs.medians
    assert medians is not None
    expected = np.nanpercentile(holed.features, 50, axis=0, method="lower")
    assert medians == pytest.approx(expected, rel=1e-6)


def test_a_fold_with_a_gap_does_not_move_its_own_medians() -> None:
    table = make_table(rows=100, columns=3)
    features = table.features.copy()
    features[table.folds == 2, 0] = np.nan
    recipe = replace(QUICK, impute=True)
    first = train(replace(table, features=features), recipe, [SEED], progress=quiet)
    features[np.flatnonzero(table.folds == 2)[0], 0] = 1e5
    second = train(replace(table, features=features), recipe, [SEED], progress=quiet)
    others = np.flatnonzero(table.folds == 2)[1:]
    before, after = (r.out_of_fold.predictions[0, others] for r in (first, second))
    assert np.array_equal(before, after)


def test_one_fold_is_refused(table: TrainingTable) -> None:
    with pytest.raises(TrainingError, match="fewer than two folds"):
        train(replace(table, folds=np.zeros(120, np.int64)), QUICK, [SEED], progress=quiet)


@pytest.mark.parametrize("seeds", [[], [1, 1], [-1]])
def test_unusable_seeds_are_refused(table: TrainingTable, seeds: list[int]) -> None:
    with pytest.raises(TrainingError, match="seeds"):
        train(table, QUICK, seeds, progress=quiet)


def test_a_repeated_clip_is_refused(table: TrainingTable) -> None:
    clips = (table.clip_ids[0], table.clip_ids[0], *table.clip_ids[2:])
    with pytest.raises(TrainingError, match="twice"):
        train(replace(table, clip_ids=clips), QUICK, [SEED], progress=quiet)


@pytest.mark.parametrize(("rows", "columns"), [(20, 2), (60, 900), (2500, 3)])
def test_any_shape_of_table_trains(rows: int, columns: int) -> None:
    table = make_table(rows, columns)
    result = train(table, replace(QUICK, epochs=2), [SEED], progress=quiet)
    assert np.isfinite(result.out_of_fold.predictions).all()
    assert np.isfinite(result.head.predict(table.features)).all()


def test_wild_columns_train() -> None:
    """Constant, nearly constant, binary, huge and heavy-tailed columns end in finite heads."""
    rng = np.random.default_rng(2)
    rows = 100
    good = rng.standard_normal(rows)
    columns = [
        good,
        np.zeros(rows),
        np.full(rows, 1e12) + rng.standard_normal(rows) * 1e-3,
        (np.arange(rows) == 7).astype(float),
        rng.standard_cauchy(rows) ** 9,
        np.where(np.arange(rows) == 3, 1e300, 0.0),
        rng.standard_normal(rows) * 1e-30,
    ]
    table = table_of(np.stack(columns, axis=1), np.clip(3 + good, 1, 5), np.arange(rows) % 5)
    result = train(table, QUICK, [SEED], progress=quiet)
    assert np.corrcoef(result.out_of_fold.predictions[0], table.mos)[0, 1] > 0.7


def test_progress_is_reported_but_not_at_every_step(table: TrainingTable) -> None:
    lines: list[str] = []
    train(table, QUICK, [SEED], progress=lines.append)
    assert len(lines) <= 3


def test_epochs_of_the_user_win() -> None:
    for rows in (100, 5_000, 150_000):
        assert plan(Recipe(epochs=3), rows, rows).epochs == 3


def test_large_corpora_get_fewer_members_and_epochs() -> None:
    small, large = plan(Recipe(), 1_000, 1_000), plan(Recipe(), 150_000, 150_000)
    assert small.members > large.members
    assert small.epochs > large.epochs


def test_recipe_is_plain_data() -> None:
    import json

    assert Recipe(**json.loads(json.dumps(asdict(QUICK)))) == QUICK


@pytest.mark.parametrize(
    "bad",
    [
        {"epochs": 0},
        {"members": 0},
        {"dropout": 1.0},
        {"learning_rate": np.inf},
        {"weight_decay": -1.0},
        {"warmup": 0.0},
    ],
)
def test_recipes_that_cannot_train_are_refused(bad: dict[str, float]) -> None:
    with pytest.raises(TrainingError, match=next(iter(bad))):
        Recipe(**bad)  # type: ignore[arg-type]
