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
    share_outside,
    softened,
)
from mos_assets.evaluation.envelope import LEAST_ROWS, fit_envelope
from mos_assets.records import Envelope

NAMES = ("a", "b", "c")


def _rows(n=500, seed=5):
    rng = np.random.default_rng(seed)
    a = rng.normal(size=n)
    return np.column_stack([a, 10 + 3 * a + 0.3 * rng.normal(size=n), np.exp(rng.normal(size=n))])


def _fitted(rows, names=NAMES, contents=100):
    group = np.arange(len(rows)) % contents
    return fit_envelope(names, rows, group % 5, tuple(f"g{g:03d}" for g in group))


def test_one_in_a_hundred_new_rows_lies_outside() -> None:
    """Rows of the same kind that the envelope has never seen."""
    found = share_outside(_fitted(_rows(2000)), _rows(20_000, seed=6))
    assert found == pytest.approx(0.01, abs=0.006)
    assert share_outside(_fitted(_rows()), np.empty((0, 3))) is None


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
    """A gap where training rows had some says nothing; a constant admits its one value."""
    rows = np.column_stack([_rows()[:, 0], np.full(500, 59.94), np.full(500, np.nan)])
    rows[::7, 0] = np.nan
    envelope = _fitted(rows)
    fine = np.array([[np.nan, 59.94, np.nan], [0.0, 59.94, np.nan]])
    assert share_outside(envelope, fine) == 0.0
    other, gone = outside(envelope, np.array([[0.0, 60.0, np.nan], [0.0, np.nan, np.nan]]))
    assert "b is 60 and was 59.94 in every training row" in other.sentence
    assert "b is missing" in gone.sentence
    assert not np.isnan(distance(envelope, fine)).any()
    assert _fitted(np.full((40, 3), 2.0)).joint == ()


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


@given(seed=st.integers(0, 1000), scale=st.floats(1e-3, 1e3), shift=st.floats(-1e3, 1e3))
def test_units_do_not_matter(seed, scale, shift) -> None:
    rows = _rows(80, seed=seed)
    new = _rows(20, seed=seed + 1)
    plain = distance(_fitted(rows), new)
    assert distance(_fitted(rows * scale + shift), new * scale + shift) == pytest.approx(
        plain, rel=1e-3, abs=1e-3
    )


def test_other_columns_are_refused() -> None:
    with pytest.raises(ValueError, match="rows are"):
        distance(_fitted(_rows()), np.zeros((1, 2)))
