"""Declared figures are held against own ones: what proves them, what refutes them, what neither."""

from __future__ import annotations

import re
from dataclasses import replace

import hypothesis
import hypothesis.strategies as st
import numpy as np
import pytest

from mos_assets.features import BLOCKS, clips_for_proof
from mos_assets.features.declared import FEWEST_CLIPS, MOST_CLIPS, prove
from mos_assets.records import Declaration, FloatArray, JoinedTable, Probe, ProofStatus
from mos_assets_tests.corpora.test_names import clip

SIX = BLOCKS["canonical-6"].column_names
THREE = BLOCKS["container-v1"].column_names
LIBVMAF = Declaration("t.toml", "libvmaf", "source", None, "2.3", {})
CONTAINER = Declaration("t.toml", "container", None, None, "1", {})
NR = Declaration("t.toml", "nr", "source", None, "1", {})


def table(
    values: FloatArray, columns: tuple[str, ...] = SIX, told: Declaration = LIBVMAF
) -> JoinedTable:
    return JoinedTable("t", columns, values, (), declaration=told)


def six(n: int) -> FloatArray:
    rng = np.random.default_rng(n)
    return np.column_stack([rng.uniform(0.3, 1, (n, 5)), rng.uniform(0, 12, n)])


def shifted(column: int, by: float) -> FloatArray:
    values = six(8)
    values[:, column] += by
    return values


def stirred(by: float) -> FloatArray:
    """The right figures on average, of the wrong clips."""
    values = six(8)
    values[:, 0] += by * np.array([1, -1] * 4)
    return values


def flat(at: FloatArray) -> FloatArray:
    at[:, 1] = 0.75
    return at


def with_gaps(n: int) -> FloatArray:
    values = six(8)
    values[n:, 2] = np.nan
    return values


def containers(fps: float, height: float = 1080.0) -> FloatArray:
    return np.column_stack([np.linspace(-3, 0, 6), np.full(6, height), np.full(6, fps)])


@pytest.mark.parametrize(
    ("theirs", "ours", "status", "reason"),
    [
        (six(8), six(8), "proved", None),
        (six(8).round(4), six(8), "proved", None),
        (shifted(0, 0.0049), six(8), "proved", None),
        (shifted(0, 0.0051), six(8), "failed", r"adm2 differs by 0\.0051 on average.*0\.005"),
        (shifted(3, -0.2), six(8), "failed", "vif_scale2 differs by 0.2"),
        (shifted(5, 0.06), six(8), "failed", "motion2 differs"),
        (stirred(0.01), six(8), "failed", "r of adm2 is"),
        (shifted(0, 1e300), six(8), "failed", r"adm2 differs by 1e\+100"),
        (flat(six(8)), flat(six(8)), "unproved", "vif_scale0 is the same on all clips"),
        (flat(six(8)), flat(shifted(0, 0.2)), "failed", "adm2 differs"),
        (with_gaps(FEWEST_CLIPS), six(8), "proved", None),
        (with_gaps(4), six(8), "unproved", "4 clips here have both figures, and 5 are needed"),
        (six(8), with_gaps(0), "unproved", "no clip here has both figures of vif_scale1"),
        (six(8), "no clip of this corpus is here", "unproved", "not checked: no clip of this"),
    ],
)
def test_libvmaf_within_its_limits(
    theirs: FloatArray, ours: FloatArray | str, status: str, reason: str | None
) -> None:
    found = prove("c", table(theirs), LIBVMAF, ours)
    assert found.status == status, found.reason
    assert (found.reason is None) == (reason is None)
    assert re.search(reason or "", found.reason or ""), found.reason


@pytest.mark.parametrize(
    ("theirs", "status"),
    [
        (containers(59.94), ProofStatus.PROVED),
        (containers(23.98), ProofStatus.FAILED),
        (containers(59.94006, 1079.0), ProofStatus.FAILED),
    ],
)
def test_container_data_is_the_same_but_for_rounding(
    theirs: FloatArray, status: ProofStatus
) -> None:
    found = prove("c", table(theirs, THREE, CONTAINER), CONTAINER, containers(60000 / 1001))
    assert found.status is status


def test_an_extractor_without_limits_proves_nothing() -> None:
    columns = BLOCKS["nr-v1"].column_names[:2]
    own = np.tile(six(8)[:, :1], len(BLOCKS["nr-v1"].column_names))
    found = prove("c", table(own[:, :2], columns, NR), NR, own)
    assert found.status is ProofStatus.UNPROVED
    assert found.reason is not None
    assert found.reason.startswith("not proved: no limits are stated for nr_mean_adm2")


@hypothesis.given(st.integers(5, 30).flatmap(lambda n: st.permutations(range(n))))
def test_the_order_of_clips_changes_no_digit(order: list[int]) -> None:
    theirs, ours = six(len(order)), six(len(order)) * 1.001
    found = prove("c", table(theirs), LIBVMAF, ours)
    assert prove("c", table(theirs[order]), LIBVMAF, ours[order]) == found


@hypothesis.given(
    st.lists(
        st.tuples(*[st.floats(allow_infinity=False) for _ in range(2)]), min_size=0, max_size=9
    )
)
def test_any_numbers_come_to_a_finite_answer(pairs: list[tuple[float, float]]) -> None:
    """The manifest holds the figures, and JSON knows neither infinity nor NaN."""
    both = np.array(pairs, dtype=np.float64).reshape(len(pairs), 2)
    found = prove("c", table(both[:, :1], SIX[:1]), LIBVMAF, np.tile(both[:, 1:], 6))
    (column,) = found.columns
    assert column.r is None or -1 - 1e-6 <= column.r <= 1
    assert column.mean_difference is None or np.isfinite(column.mean_difference)
    if found.status is ProofStatus.PROVED:
        assert np.nanmean(np.abs(both[:, 0] - both[:, 1])) <= 0.0051


def test_some_of_many_clips_are_enough_and_always_the_same() -> None:
    probe = Probe(64, 64, 25.0, 1.0, 25, None, "h264", None, 0, 1, 0, 25.0)
    clips = [clip(f"{n}.mp4")._replace(probe=probe) for n in range(3 * MOST_CLIPS)]
    values = np.tile(six(1), (len(clips), 1))
    values[:MOST_CLIPS] = np.nan
    alone = table(values, told=replace(LIBVMAF, reference="self"))
    chosen = clips_for_proof(clips, alone)
    assert len(chosen) == MOST_CLIPS
    assert not set(chosen) & set(clips[:MOST_CLIPS])
    backwards = replace(alone, values=values[::-1])
    assert clips_for_proof(clips[::-1], backwards) == chosen
    # Against sources, only those that have one.
    assert clips_for_proof(clips, table(values)) == ()
