"""The table: what makes no sense is refused where it is written, and nothing can be taken away."""

# mypy: disable-error-code="no-untyped-def"
from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mos_assets.evaluation import GATE, PLCC, Criterion, Gate, MeanOverSeeds, Metric, plcc
from mos_assets.evaluation.criteria import CRITERIA, MEAN_PLCC, MEAN_RMSE, SpreadOverSeeds

OTHER = Metric("other", "Other", plcc)
ROW = Criterion("mean_other", "Mean other", MeanOverSeeds(OTHER), 0.5, ">=", 3)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"statistic": "median"}, "'median' is no Statistic"),
        ({"statistic": plcc}, "is no Statistic"),
        ({"statistic": MeanOverSeeds("plcc")}, "'plcc' is no Metric"),  # type: ignore[arg-type]
        ({"statistic": MeanOverSeeds(replace(OTHER, compute=None))}, "None computes nothing"),
        ({"statistic": MeanOverSeeds(replace(OTHER, compute=len))}, "does not take 2 arrays"),
        ({"statistic": MeanOverSeeds(replace(OTHER, weighted=plcc))}, "does not take 3 arrays"),
        ({"statistic": MeanOverSeeds(replace(OTHER, name="fold"))}, "'fold' cannot be the name"),
        ({"statistic": MeanOverSeeds(replace(OTHER, label="a|b"))}, "cannot be read in a table"),
        ({"name": "Mean Other"}, "'Mean Other' cannot be the name"),
        ({"name": "thresholds"}, "'thresholds' cannot be the name"),
        ({"name": ""}, "'' cannot be the name"),
        ({"words": " "}, "cannot be read in a table"),
        ({"threshold": math.nan}, "a threshold of nan"),
        ({"threshold": math.inf}, "a threshold of inf"),
        ({"comparison": ">"}, "neither >= nor <="),
        ({"places": 0}, "no number of decimal places"),
        ({"places": 2.5}, "no number of decimal places"),
    ],
)
def test_a_row_that_makes_no_sense_is_refused(wrong, said) -> None:
    with pytest.raises(ValueError, match=said):
        replace(ROW, **wrong)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ((MEAN_PLCC,), "one name: mean_plcc"),
        ((replace(MEAN_PLCC, threshold=0.1),), "one name: mean_plcc"),
        ((ROW, ROW), "one name: mean_other"),
        ((ROW, replace(ROW, name="again")), "one words: mean other"),
        ((replace(ROW, statistic=MeanOverSeeds(replace(OTHER, name="plcc"))),), "metric: plcc"),
        ((replace(ROW, statistic=MeanOverSeeds(replace(OTHER, label="plcc"))),), "label: plcc"),
    ],
)
def test_two_rows_of_one_name_are_refused(rows, said) -> None:
    with pytest.raises(ValueError, match=said):
        Gate(added=rows)


def test_a_gate_can_only_gain_rows() -> None:
    gate = Gate(added=(ROW,))
    assert gate.criteria == (*CRITERIA, ROW)
    assert gate.surrogate == GATE.surrogate
    assert [metric.name for metric in gate.metrics] == ["plcc", "srocc", "rmse", "other"]
    for change in ("criteria", "surrogate", "folds", "seeds"):
        with pytest.raises(TypeError):
            Gate(**{change: ()})
        # A frozen class with slots says TypeError of a name that is none of its fields.
        with pytest.raises((AttributeError, TypeError)):
            setattr(gate, change, ())


@given(st.lists(st.none() | st.floats(-1, 1), min_size=1, max_size=6), st.floats(-1, 1))
def test_what_does_not_exist_fails(means, threshold) -> None:
    for statistic in (MeanOverSeeds(PLCC), SpreadOverSeeds(PLCC)):
        figure = statistic.over_seeds(means)
        assert (figure is None) == (None in means)
        for comparison in (">=", "<="):
            row = replace(ROW, threshold=threshold, comparison=comparison)
            assert figure is not None or not row.met_by(figure)
    assert not MEAN_RMSE.met_by(math.nan)
    assert not MEAN_RMSE.met_by(-math.inf)
