"""A wide block does not drown the others, and tables without one are left alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mos_assets.evaluation import plcc
from mos_assets.head import PARITY_LIMIT, Recipe, export_onnx, parity, train
from mos_assets.head.balance import FLAG, WIDE, block_shares, column_scale, named_blocks
from mos_assets.records import SEED
from mos_assets_tests.head.conftest import QUICK, quiet, table_of


def test_blocks_are_told_by_the_first_word() -> None:
    names = ("deep_v1_whole_0001", "Deep_v1_crops_0", "nr_si", "mean_adm2", "0007", "vmaf")
    assert named_blocks(names) == ("deep", "deep", "nr", "mean", "", "vmaf")


@pytest.mark.parametrize(
    "sizes",
    [
        {"a": WIDE, "b": 5},
        {"a": 500},
        {"a": 60, "b": 60, "c": 60},
        {"b": 1},
        {"a": WIDE, f"{FLAG}a": WIDE, "b": 5},
    ],
    ids=["as wide as may be", "alone", "many narrow ones", "one column", "flags of gaps"],
)
def test_without_a_wide_block_beside_others_nothing_is_scaled(sizes: dict[str, int]) -> None:
    blocks = [block for block, size in sizes.items() for _ in range(size)]
    assert block_shares(blocks, np.ones(len(blocks))) is None


def test_constant_columns_do_not_make_a_block_wide() -> None:
    varies = np.array([1.0] * 10 + [0.0] * 490)
    assert block_shares(["good"] * 5 + ["wide"] * 495, varies) is None


def test_one_gives_all_blocks_the_same_sum_of_variances() -> None:
    blocks = np.array(["a"] * 4 + ["b"] * 6 + ["wide"] * 250 + ["wider"] * 640)
    shares = block_shares(blocks.tolist(), np.ones(900))
    scale = column_scale(shares, 1)
    assert scale is not None and scale.max() == 1.0
    sums = [float((scale[part] ** 2).sum()) for part in (blocks < "c", blocks == "wide")]
    assert sums == pytest.approx([10, 10])
    assert column_scale(shares, 0) is None and column_scale(None, 1) is None
    assert np.allclose(column_scale(shares, 2), scale**2)


def test_a_wide_block_of_noise_costs_little(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    good, noise = rng.standard_normal((120, 5)), rng.standard_normal((120, 100))
    mos = np.clip(3 + 0.5 * good @ rng.standard_normal(5) + rng.normal(0, 0.2, 120), 1, 5)
    folds = np.arange(120) % 5
    recipe = Recipe(experts=tuple(QUICK.experts[at] for at in (0, 2, 4)), params=QUICK.params)
    alone = train(table_of(good, mos, folds), recipe, [SEED], progress=quiet)
    table = table_of(np.hstack([good, noise]), mos, folds)
    names = [f"good_{at}" for at in range(5)] + [f"noise_{at:03d}" for at in range(100)]
    table = replace(table, feature_order=tuple(names))
    both = train(table, recipe, [SEED], progress=quiet)
    assert any(expert.scale is not None for expert in both.head.experts)
    reached = [plcc(found.out_of_fold.predictions[0], mos) for found in (alone, both)]
    assert reached[1] > reached[0] - 0.02
    path = export_onnx(both.head, tmp_path / "head.onnx").path
    assert parity(both.head, path, table.features) <= PARITY_LIMIT
