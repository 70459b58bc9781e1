"""The envelope holds the rows it knows, names what lies outside, and shows no row."""

# mypy: disable-error-code="no-untyped-def"
from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.covariance import ledoit_wolf

from mos_assets.evaluation.applicability import (
    distance,
    measured,
    outside,
    reaches,
    softened,
)
from mos_assets.evaluation.envelope import LEAST_ROWS, fit_envelope
from mos_assets.records import Envelope

NAMES = ("a", "b", "c")


def _rows(n=500, seed=5):
    rng = np.random.default_rng(seed)
    a = rng.normal(size=n)
    return np.column_stack([a, 10 + 3 * a + 0.3 * rng.normal(size=n), np.exp(rng.normal(size=n))])


def share_outside(envelope, rows):
    return np.mean(distance(envelope, rows) > 1.0)


def _fitted(rows, names=NAMES, contents=100):
    group = np.arange(len(rows)) % contents
    return fit_envelope(names, rows, group % 5, tuple(f"g{g:03d}" for g in group))


def test_one_in_a_hundred_new_rows_lies_outside() -> None:
    """Rows of the same kind that the envelope has never seen."""
    found = share_outside(_fitted(_rows(2000)), _rows(20_000, seed=6))
    assert found == pytest.approx(0.01, abs=0.006)
    assert distance(_fitted(_rows()), np.empty((0, 3))).shape == (0,)


@pytest.mark.parametrize(
    ("row", "columns", "told"),
    [
        ((0.0, 10.0, 1.0), (), "inside the training rows"),
        ((0.0, 100.0, 1.0), ("b",), "b is 100, above"),
        ((-50.0, 100.0, 1.0), ("a", "b"), "a is -50, below"),
        ((2.0, 4.0, 1.0), (), "no column alone, but their combination"),
        ((np.nan, 10.0, 1.0), ("a",), "a is missing, which it was in no training row"),
        ((np.inf, 10.0, 1.0), ("a",), "a is inf, above"),
    ],
)
def test_what_lies_outside_is_named(row, columns, told) -> None:
    envelope = _fitted(_rows())
    (found,) = outside(envelope, np.array([row]))
    assert {column.name for column in found.columns} == set(columns)
    assert told in found.sentence
    assert found.inside is (told == "inside the training rows")
    assert found.inside is bool(distance(envelope, np.array([row]))[0] <= 1.0)


def test_gaps_and_constants() -> None:
    """A gap where training rows had some says nothing; a constant admits its one value, as any
    other rounding or rate of its kind has it."""
    rows = np.column_stack([_rows()[:, 0], np.full(500, 59.94), np.full(500, np.nan)])
    rows[::7, 0] = np.nan
    envelope = _fitted(rows)
    rates = [59.94, 60000 / 1001, 59.9401, 60.0]
    fine = np.array([[np.nan, rate, np.nan] for rate in rates] + [[0.0, 59.94, np.nan]])
    assert share_outside(envelope, fine) == 0.0
    other, gone = outside(envelope, np.array([[0.0, 60.5, np.nan], [0.0, np.nan, np.nan]]))
    assert "b is 60.5 and was 59.94 in every training row" in other.sentence
    assert "b is missing" in gone.sentence
    assert not np.isnan(distance(envelope, fine)).any()
    assert _fitted(np.full((40, 3), 2.0)).joint == ()


def test_a_rate_in_two_roundings_is_one_rate() -> None:
    rows = _rows()
    rows[:, 1] = np.where(np.arange(500) % 3, 59.94, 60000 / 1001)
    assert share_outside(_fitted(rows), np.array([[0.0, 60.0, 1.0], [0.0, 59.9401, 1.0]])) == 0.0


def _with(column, values, where):
    rows = np.random.default_rng(0).normal(size=(120, 3))
    rows[where, column] = values
    return rows


_CONTENT = np.arange(120) // 12


@pytest.mark.parametrize(
    "rows",
    [
        _with(2, np.where(_CONTENT == 3, 25.0, 30.0), slice(None)),
        _with(2, np.where(_CONTENT == 3, np.nan, 1.0), slice(None)),
        _with(1, np.nan, _CONTENT % 5 == 0),
        _with(1, 1.0, _CONTENT % 5 != 2),
        _with(1, 1.0, _CONTENT != 7),
        _with(1, np.nan, _CONTENT != 7),
        _with(1, np.nan, slice(1, None)),
        _with(1, np.nan, slice(None)),
        _with(1, np.inf, slice(5)),
        _with(1, 1e308, slice(60)),
        _with(1, 1e-308, slice(60)),
        _with(slice(None), 1.0, slice(None)),
        _with(slice(None), np.nan, slice(None)),
        _with(slice(None), np.nan, slice(0, None, 2)),
        np.tile(np.where(np.arange(120) % 2, 1.0, -1.0)[:, None], 3),
    ],
)
def test_an_envelope_is_finite_whatever_folds_lack(rows) -> None:
    """A column that is constant, or without gaps, or unknown, in the other folds."""
    envelope = fit_envelope(NAMES, rows, _CONTENT % 5, [f"g{c}" for c in _CONTENT])
    assert Envelope.model_validate_json(envelope.model_dump_json()) == envelope
    known = np.isfinite(rows).all(axis=1)
    found = distance(envelope, rows[known])
    assert not np.isnan(found).any()
    assert known.sum() < 2 or np.mean(found > 1.0) <= 0.1


@given(seed=st.integers(0, 2**32 - 1))
def test_envelopes_of_torn_tables_are_finite(seed) -> None:
    rng = np.random.default_rng(seed)
    shape = (int(rng.integers(LEAST_ROWS, 60)), 3)
    rows = rng.choice([np.nan, 0.0, 1.0, 30.0, -1e38, 1e-30, np.inf], size=shape)
    content = rng.integers(0, int(rng.integers(1, 12)), size=len(rows))
    envelope = fit_envelope(NAMES, rows, content % 5, [f"g{c}" for c in content])
    assert Envelope.model_validate_json(envelope.model_dump_json()) == envelope
    assert not np.isnan(distance(envelope, rows)).any()
    assert all(standing.sentence for standing in outside(envelope, rows))


def test_too_few_values_are_not_shown() -> None:
    """A column that four rows have a value of has no centre; a value of it was hardly ever seen."""
    rows = _rows(100)
    rows[4:, 1] = np.nan
    envelope = _fitted(rows)
    assert envelope.columns[1].centre is None
    gap, value = outside(envelope, np.array([[0.0, np.nan, 1.0], [0.0, rows[0, 1], 1.0]]))
    assert gap.inside
    assert "hardly a training row had a value" in value.sentence


def test_a_column_that_strays_in_one_content_widens_no_other() -> None:
    """Each column has a limit of its own; clips far from any row lie outside."""
    rng = np.random.default_rng(2)
    content = np.arange(480) // 30
    height = rng.choice([360.0, 720.0, 1080.0, 2160.0], size=480)
    rate = rng.choice([15.0, 24.0, 30.0, 60.0, 60.0, 60.0], size=480)
    stray = np.where(content == 5, 40.0, 1.0) * np.exp(0.1 * rng.normal(size=480))
    envelope = _fitted_by(np.column_stack([height, rate, stray]), content)
    far = np.array([[20.0, 60.0, 1.0], [1080.0, 1.0, 1.0], [4320.0, 60.0, 1.0]])
    near = np.array([[360.0, 15.0, 1.0], [2160.0, 60.0, 1.0], [540.0, 50.0, 1.1]])
    assert (distance(envelope, far) > 1.0).all()
    assert (distance(envelope, near) <= 1.0).all()


def _fitted_by(rows, content):
    return fit_envelope(NAMES, rows, content % 5, [f"g{c:03d}" for c in content])


def test_it_is_plain_json_of_aggregates() -> None:
    """What is read is what was written; no number is one of the rows, shown in any place."""
    rows = _rows(60)
    envelope = _fitted(rows)
    text = envelope.model_dump_json()
    assert Envelope.model_validate_json(text) == envelope
    numbers = [
        number
        for column in json.loads(text)["columns"]
        for number in (
            column["centre"],
            column["centre"] - column["low"],
            column["centre"] + column["high"],
        )
    ]
    assert np.min(np.abs(np.array(numbers)[:, None] - rows.ravel())) > 1e-5
    assert _fitted(rows[::-1]).columns == envelope.columns
    assert (
        fit_envelope(NAMES, rows[: LEAST_ROWS - 1], np.zeros(LEAST_ROWS - 1), ("g",) * 19) is None
    )


def test_the_joint_distance_is_that_of_scikit_learn() -> None:
    """Mahalanobis with Ledoit and Wolf's covariance of softened reaches, to six digits."""
    rows = _rows()
    envelope = _fitted(rows)
    soft = softened(
        np.column_stack([reaches(c, v) for c, v in zip(envelope.columns, rows.T, strict=True)])
    )
    inverse = np.linalg.inv(ledoit_wolf(soft, assume_centered=True)[0])
    expected = np.sqrt(np.einsum("ni,ij,nj->n", soft, inverse, soft))
    assert measured(envelope, rows)[1] == pytest.approx(expected, rel=1e-4)


def test_many_columns_keep_those_that_say_most() -> None:
    """A copy of a column is not among them while others are left."""
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(300, 70))
    rows[:, 69] = rows[:, 0]
    envelope = _fitted(rows, tuple(f"f{i}" for i in range(70)))
    assert len(envelope.joint) == 64
    assert not {0, 69} <= set(envelope.joint)


@given(seed=st.integers(0, 1000), scale=st.floats(1e-3, 1e3), shift=st.floats(-100, 100))
def test_units_do_not_matter(seed, scale, shift) -> None:
    """As far as a column moves by more than its tolerance."""
    rows = _rows(80, seed=seed)
    new = _rows(20, seed=seed + 1)
    plain = distance(_fitted(rows), new)
    assert distance(_fitted((rows + shift) * scale), (new + shift) * scale) == pytest.approx(
        plain, rel=1e-3, abs=1e-3
    )


def test_other_columns_are_refused() -> None:
    with pytest.raises(ValueError, match="rows are"):
        distance(_fitted(_rows()), np.zeros((1, 2)))
