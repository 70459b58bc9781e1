from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mos_assets.demo.degradations import DEGRADATIONS
from mos_assets.demo.ratings import VIEWERS, opinion, rate


@given(st.floats(0, 1), st.floats(0, 1), st.floats(-1, 1))
def test_opinion_falls_with_severity(one: float, other: float, bias: float) -> None:
    mild, harsh = sorted((one, other))
    assert opinion(mild, bias) >= opinion(harsh, bias)


@given(st.lists(st.lists(st.floats(0, 1), min_size=3, max_size=3), min_size=1, max_size=5))
def test_ratings_are_those_of_whole_votes_from_one_to_five(severities: list[list[float]]) -> None:
    for row in rate(np.array(severities)):
        for rating in row:
            assert 1 <= rating.mos <= 5
            assert abs(rating.mos * VIEWERS - round(rating.mos * VIEWERS)) < 1e-9
            assert 0 <= rating.std <= 4
            assert rating.n == VIEWERS


def test_a_scene_keeps_its_ratings_when_others_are_added() -> None:
    severities = np.linspace(0, 1, 12).reshape(4, 3)
    assert rate(severities)[:2] == rate(severities[:2])
    assert rate(severities) != rate(severities, seed=1)


def test_levels_are_ordered_from_mild_to_harsh_and_all_are_used() -> None:
    for degradation in DEGRADATIONS:
        severities = [level.severity for level in degradation.levels]
        assert severities == sorted(set(severities))
        assert {degradation.level(scene) for scene in range(20)} == {0, 1, 2}
