"""What training promises: honest folds, one recipe, and no dependence on order or machine."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mos_assets.errors import TrainingError
from mos_assets.head import Recipe, TrainingResult, train
from mos_assets.records import SEED, FloatArray, TrainingTable
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
import numpy as np
from dataclasses import replace
from mos_assets.head import Recipe, export_onnx, train
from mos_assets_tests.head.conftest import QUICK, make_table, quiet
table = make_table(rows=300, columns=40)
groups = tuple(f"content {row % 8}" for row in range(300))
recipe = Recipe(params={**QUICK.params, "inducing_points": 100})
result = train(replace(table, groups=groups), recipe, [7], progress=quiet)
digest = export_onnx(result.head, pathlib.Path(sys.argv[1])).sha256
predicted = hashlib.sha256(result.out_of_fold.predictions.tobytes()).hexdigest()
other = [row % 3 == 0 for row in range(300)]
rated = replace(
    table,
    clip_ids=tuple(f"{'b' if o else 'a'}/{row:06d}" for row, o in enumerate(other)),
    mos=np.where(other, 1.3 + 0.7 * table.mos, table.mos),
    mos_std=np.linspace(0.3, 1.1, 300),
    n_ratings=np.arange(300.0) % 20 + 2,
)
some = tuple(recipe.experts[i] for i in (0, 3, 4))
asked = replace(recipe, align=True, weigh=True, experts=some)
second = train(rated, asked, [7], progress=quiet)
digest += export_onnx(second.head, pathlib.Path(sys.argv[1])).sha256
predicted += hashlib.sha256(second.out_of_fold.predictions.tobytes()).hexdigest()
assert len(second.head.blend) > 1 and not second.alignment.maps[1].reason
wide = make_table(rows=60, columns=140)
named = tuple(f"{'good' if at < 8 else 'wide'}_{at}" for at in range(140))
some = tuple(recipe.experts[i] for i in (0, 2, 4))
wide = replace(wide, feature_order=named, groups=groups[:60])
third = train(wide, replace(recipe, experts=some), [7], progress=quiet)
digest += export_onnx(third.head, pathlib.Path(sys.argv[1])).sha256
predicted += hashlib.sha256(third.out_of_fold.predictions.tobytes()).hexdigest()
assert "network" in third.head.blend and any(e.scale is not None for e in third.head.experts)
print(digest, predicted, *(name.split(",")[0] for name in result.head.blend))
"""


def _dispatched() -> str:
    """Vector units that NumPy would choose here, to be switched off."""
    return " ".join(np.show_config(mode="dicts")["SIMD Extensions"].get("found", []))


def test_same_bytes_whatever_the_threads_and_the_vector_unit(tmp_path: Path) -> None:
    """Fresh processes, other BLAS kernels, other NumPy loops: one digest, weighed and aligned
    as well."""
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


@pytest.mark.parametrize("seeds", [[], [1, 1], [-1]])
def test_unusable_seeds_are_refused(table: TrainingTable, seeds: list[int]) -> None:
    with pytest.raises(TrainingError, match="seeds"):
        train(table, QUICK, seeds, progress=quiet)


@pytest.mark.parametrize(("rows", "columns"), [(20, 2), (60, 900), (2500, 3)])
def test_any_shape_of_table_trains(rows: int, columns: int) -> None:
    table = make_table(rows, columns)
    result = train(table, Recipe(params={**QUICK.params, "epochs": 2}), [SEED], progress=quiet)
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


def _synthetic() -> TrainingTable:
    """600 rows of the synthetic corpus: a linear rule and noise of 0.10."""
    rng = np.random.default_rng(SEED)
    bounds = [(0.4, 1), (0.2, 0.95), (0.3, 0.95), (0.4, 0.97), (0.5, 0.98), (0, 30), (0, 0.6)]
    bounds += [(0, 0.05), (0, 1), (0, 1), (0, 0.1)]
    columns = np.stack([rng.uniform(low, high, 600) for low, high in bounds], axis=1)
    rule = 2.5 + 1.6 * columns[:, 0] - 0.04 * columns[:, 5]
    rule += 0.6 * columns[:, 6] + 0.3 * columns[:, 4]
    mos = np.clip(rule + rng.normal(0, 0.1, 600), 1, 5)
    return table_of(columns, mos, np.arange(600) % 5)


def _bent() -> TrainingTable:
    """A rule that no straight line follows, on columns with heavy tails."""
    rng = np.random.default_rng(6)
    plain = rng.standard_normal((500, 4))
    mos = 3 + np.tanh(plain[:, 0] * plain[:, 1]) + 0.5 * np.abs(plain[:, 2])
    noisy = np.clip(mos + rng.normal(0, 0.2, 500), 1, 5)
    return table_of(np.sinh(1.5 * plain), noisy, np.arange(500) % 5)


def _mean_plcc(table: TrainingTable, predictions: FloatArray) -> float:
    folds = [table.folds == fold for fold in range(5)]
    return float(np.mean([np.corrcoef(predictions[f], table.mos[f])[0, 1] for f in folds]))


def _ridge(table: TrainingTable) -> FloatArray:
    splits = [
        (np.flatnonzero(table.folds != f), np.flatnonzero(table.folds == f)) for f in range(5)
    ]
    model = make_pipeline(StandardScaler(), Ridge(1.0))
    return np.asarray(cross_val_predict(model, table.features, table.mos, cv=splits))


def test_reaches_the_noise_ceiling_of_the_synthetic_corpus() -> None:
    """The ceiling is .977; a network must not lose to the straight line that made the rows."""
    table = _synthetic()
    found = train(table, Recipe(), [SEED, SEED + 1], progress=quiet).out_of_fold.predictions
    figures = [_mean_plcc(table, predictions) for predictions in found]
    assert min(figures) >= 0.975
    assert min(figures) >= _mean_plcc(table, _ridge(table)) - 0.003
    assert max(figures) - min(figures) <= 0.005


def test_bends_where_the_rows_do() -> None:
    table = _bent()
    (found,) = train(table, Recipe(), [SEED], progress=quiet).out_of_fold.predictions
    assert _mean_plcc(table, found) > _mean_plcc(table, _ridge(table)) + 0.2
    assert _mean_plcc(table, found) == pytest.approx(0.8, abs=0.15)
