"""Shortcuts see the training folds only; a head that is one is told from a head that is more."""

# mypy: disable-error-code="no-untyped-def"
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from mos_assets.evaluation.beats import beats_shortcuts, judged_against
from mos_assets.evaluation.beyond import beyond
from mos_assets.evaluation.container_names import tells_container, tells_size
from mos_assets.evaluation.maps import monotonic, straight
from mos_assets.evaluation.shortcuts import (
    BesideColumns,
    Shortcut,
    ShortcutKind,
    best_column,
    shortcuts,
)
from mos_assets.records import OutOfFold
from mos_assets.reporting.markdown import shortcut_name


def _sized(make_table, contents=20, n=400, width_tells=True, seed=3):
    """Rows whose ratings follow their height, and a head that knows ten more columns of noise."""
    rng = np.random.default_rng(seed)
    height = rng.choice([144.0, 272.0, 480.0, 720.0, 1080.0], n)
    level = np.log2(height / 100.0)
    mos = np.clip(1.0 + (level if width_tells else 2.0) + rng.normal(0, 0.3, n), 1, 5)
    group = rng.integers(0, contents, n)
    table = replace(
        make_table(n=n),
        feature_order=(*(f"f{i}" for i in range(10)), "height"),
        features=np.column_stack([rng.normal(size=(n, 10)), height]),
        mos=mos,
        folds=group % 5,
        groups=tuple(f"g{g:02d}" for g in group),
        height=height,
    )
    return table, level, rng


def _head(table, predicted):
    return OutOfFold((1, 2), np.array([predicted, predicted + 0.001]))


def test_a_ruler_is_told(make_table) -> None:
    """The head follows the size as the shortcut does: high figures, and it does not pass."""
    table, level, rng = _sized(make_table)
    verdict = beats_shortcuts(table, _head(table, 1 + level + rng.normal(0, 0.05, len(level))))
    assert verdict.rows[0].head_plcc > 0.9
    assert not verdict.passed
    assert "height" in verdict.sentence
    assert verdict.beyond.interval.low < 0.1


def test_a_head_that_knows_more_than_size_passes(make_table) -> None:
    table, _, rng = _sized(make_table)
    verdict = beats_shortcuts(table, _head(table, table.mos + rng.normal(0, 0.1, len(table.mos))))
    assert verdict.passed
    assert verdict.beyond.partial > 0.8
    assert [row.kind for row in verdict.rows] == [ShortcutKind.COLUMN, ShortcutKind.SIZE]
    assert all(row.pooled for row in verdict.rows), "20 contents are too few to leave one out"


@pytest.mark.parametrize("contents", [20, 200])
def test_figures_and_margin_are_of_one_kind(contents, make_table) -> None:
    """Of all folds as one or means over folds, and the page says which; a narrow pass is
    called so."""
    table, level, rng = _sized(make_table, contents=contents)
    better = 1 + level + 0.07 * (table.mos - 1 - level) + rng.normal(0, 0.01, len(level))
    for predicted in (better, table.mos):
        verdict = beats_shortcuts(table, _head(table, predicted))
        for row in verdict.rows:
            assert row.pooled is (contents == 20)
            assert row.head_plcc - row.plcc == pytest.approx(row.margin_plcc, abs=2e-6)
            assert ("all folds as one (this head" in shortcut_name(row)) is row.pooled
        low = min(row.margin_plcc_interval.low for row in verdict.rows)
        assert verdict.passed
        assert ("narrow" in verdict.sentence) is (low < 0.01) is (predicted is better)
        assert ("all folds as one" in verdict.sentence) is (contents == 20)


@pytest.mark.parametrize(
    ("keep", "why"), [((10,), "only column"), ((10, 9), "container columns only"), ((0, 10), None)]
)
def test_a_head_of_one_column_or_of_the_container_cannot_pass(keep, why, make_table) -> None:
    """However good its figures are, and though it may beat the map of that column."""
    table, _, rng = _sized(make_table)
    table = replace(
        table,
        feature_order=tuple(table.feature_order[i] for i in keep),
        features=table.features[:, list(keep)],
    )
    beside = BesideColumns({"f9": rng.normal(size=len(table.mos))})
    verdict = beats_shortcuts(table, _head(table, table.mos), beside)
    assert verdict.passed is (why is None)
    assert why is None or why in verdict.sentence


@pytest.mark.parametrize(
    ("names", "size"),
    [
        (("bitrate_kbps", "frame_rate", "bpp"), False),
        (("Video Bitrate (kbps)", "avgFrameRate", "log2_bits_per_pixel"), False),
        (("crf", "qp_mean", "target_bitrate"), False),
        (("clip_duration_s", "FileSizeMB", "num_frames"), False),
        (("codec_level", "GOP size", "bit-depth"), False),
        (("video_width_px", "frameHeight", "n_pixels"), True),
        (("DisplayWidth[px]", "encoded.height", "Megapixels"), True),
    ],
)
def test_a_head_of_the_container_is_one_whatever_its_columns_are_called(
    names, size, make_table
) -> None:
    table, _, _ = _sized(make_table)
    table = replace(table, feature_order=names, features=table.features[:, [0, 1, 2]])
    verdict = beats_shortcuts(table, _head(table, table.mos))
    assert not verdict.passed and "container columns only" in verdict.sentence
    assert [tells_size(name) for name in names] == [size] * 3
    assert set(names) <= {column for row in verdict.rows for column in row.columns}


@pytest.mark.parametrize(
    "name",
    [
        *("vif_scale0", "motion2", "adm2", "saliency_mean", "shot_mean_len_norm", "noise_level"),
        *("sharpness", "blockiness", "frame_difference", "sobel_height_energy", "f0", "si_mean"),
        *(
            "shot_count_norm",
            "shot_cut_density",
            "temporal_information",
            "quality",
            "vmaf_bps_like",
        ),
    ],
)
def test_what_pictures_tell_is_no_container_column(name) -> None:
    assert not tells_container(name)


@pytest.mark.parametrize("contents", [1, 5])
def test_with_few_contents(contents, make_table) -> None:
    """A fold of one content has none to leave out, so that all are taken as one; a single content
    tells nothing."""
    table, _, rng = _sized(make_table, contents=contents, n=200)
    if contents == 1:
        table = replace(table, folds=np.arange(200) % 5)
    verdict = beats_shortcuts(table, _head(table, table.mos + rng.normal(0, 0.02, 200)))
    assert verdict.passed is (contents == 5)
    assert contents == 5 or "too few" in verdict.sentence


@pytest.mark.parametrize("flaw", [3.0, np.nan])
def test_a_head_without_a_correlation_is_no_question_of_contents(flaw, make_table) -> None:
    table, _, _ = _sized(make_table)
    verdict = beats_shortcuts(table, _head(table, np.full(len(table.mos), flaw)))
    assert not verdict.passed
    assert "constant or not finite" in verdict.sentence


def test_no_shortcut_at_all(make_table) -> None:
    table, _, _ = _sized(make_table)
    verdict = judged_against(table, _head(table, table.mos), [])
    assert (verdict.passed, verdict.nearest, verdict.beyond) == (False, None, None)
    assert "No shortcut could be computed" in verdict.sentence


def test_nothing_of_the_judged_fold_is_seen(make_table) -> None:
    """Ratings of a fold may be anything: what shortcuts say of it stays the same."""
    table, _, rng = _sized(make_table)
    beside = BesideColumns({"bits": rng.normal(size=len(table.mos))}, {"vmaf": table.mos * 20})
    mine = table.folds == 2
    other = replace(table, mos=np.where(mine, 6 - table.mos, table.mos))
    for before, after in zip(shortcuts(table, beside), shortcuts(other, beside), strict=True):
        assert np.array_equal(before.predicted[mine], after.predicted[mine])
        assert not np.array_equal(before.predicted[~mine], after.predicted[~mine])


def test_the_best_column_may_be_bent_and_have_gaps(make_table) -> None:
    table, _, rng = _sized(make_table, width_tells=False)
    features = table.features.copy()
    features[:, 4] = np.exp(-3 * table.mos)
    features[rng.choice(len(features), 40, replace=False), 4] = np.nan
    table = replace(table, features=features)
    found = best_column(table, BesideColumns())
    assert found.columns == ("f4",)
    assert np.isfinite(found.predicted).all()
    known = np.isfinite(features[:, 4])
    assert np.corrcoef(found.predicted[known], table.mos[known])[0, 1] > 0.98


def test_a_foreign_metric_is_shown_and_does_not_count(make_table) -> None:
    """It knows some clips only, falls where ratings rise, and is better than the head."""
    table, _, rng = _sized(make_table)
    lpips = np.where(np.arange(len(table.mos)) % 4 == 0, np.nan, 5 - table.mos)
    head = _head(table, table.mos + rng.normal(0, 0.1, len(table.mos)))
    metrics = {
        "lpips": lpips,
        "flat": np.full(len(lpips), 2.0),
        "none": np.full(len(lpips), np.nan),
    }
    verdict = beats_shortcuts(table, head, BesideColumns({}, metrics))
    rows = {row.name: row for row in verdict.rows}
    assert verdict.passed and not rows["lpips"].counts
    assert rows["lpips"].n == 300
    assert rows["lpips"].raw_plcc == rows["lpips"].raw_plcc_all == -1.0
    assert rows["lpips"].plcc > 0.99 and not rows["lpips"].beaten
    assert rows["flat"].reason == "it does not vary"
    assert rows["none"].reason == "it is known of no clip in the folds"


def test_a_shortcut_that_is_constant_in_a_fold_is_judged_over_all(make_table) -> None:
    table, level, _ = _sized(make_table, contents=200, n=600)
    flat = np.where(table.folds == 1, 3.0, 1 + level)
    shortcut = Shortcut(ShortcutKind.SIZE, "size alone", ("height",), flat)
    row = judged_against(table, _head(table, table.mos), [shortcut]).rows[0]
    assert row.pooled and row.plcc is not None and row.beaten


@given(seed=st.integers(0, 10_000), n=st.integers(5, 80))
def test_the_partial_correlation_is_that_of_residuals(seed, n, make_table) -> None:
    """Against its definition: what lines through the shortcut leave of both."""
    rng = np.random.default_rng(seed)
    shortcut = rng.normal(size=n)
    table = replace(make_table(n=n, n_folds=1), mos=shortcut + rng.normal(size=n))
    head = table.mos + shortcut + rng.normal(size=n)
    rest = [y - np.polyval(np.polyfit(shortcut, y, 1), shortcut) for y in (head, table.mos)]
    found = beyond(table, OutOfFold((1,), head[None, :]), "it", shortcut)
    assert found.partial == pytest.approx(stats.pearsonr(*rest).statistic, abs=2e-6)
    assert found.interval is None or -1 <= found.interval.low <= found.partial
    assert beyond(table, OutOfFold((1,), 2 * shortcut[None, :] + 1), "it", shortcut).partial is None


@given(
    x=st.lists(st.floats(-1e6, 1e6) | st.just(float("nan")), min_size=1, max_size=30),
    falls=st.booleans(),
)
def test_maps_stay_within_ratings_and_rise_or_fall(x, falls) -> None:
    values = np.array(x)
    mos = np.clip(np.linspace(1, 5, len(x))[:: -1 if falls else 1], 1, 5)
    for fit in (straight, monotonic):
        order = np.sort(values[np.isfinite(values)])
        mapped = fit(values, mos)(np.append(order, np.nan))
        assert (mapped >= 1).all() and (mapped <= 5).all()
        steps = np.diff(mapped[:-1])
        assert (steps >= -1e-9).all() or (steps <= 1e-9).all()
        assert mapped[-1] == pytest.approx(mos.mean())
