"""How much of a miss lies between sessions."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mos_assets.evaluation.sessions import between_sessions


def test_offsets_of_sessions_are_the_share_between_them() -> None:
    rng = np.random.default_rng(1)
    session = np.repeat([0, 1], 2000)
    mos = rng.uniform(1, 5, 4000)
    predicted = mos + np.where(session == 0, 0.4, -0.4) + rng.normal(0, 0.3, 4000)
    found = between_sessions(predicted, mos, session)
    assert found.share == pytest.approx(0.16 / (0.16 + 0.09), abs=0.01)
    assert [s.clips for s in found.within] == [2000, 2000]
    assert [s.offset for s in found.within] == pytest.approx([0.4, -0.4], abs=0.03)
    assert min(s.plcc for s in found.within) > found.overall.plcc
    assert found.overall.session is None


def test_one_offset_of_all_is_not_between_sessions() -> None:
    mos = np.tile([1.0, 2.0, 3.0, 4.0], 2)
    found = between_sessions(mos + 0.5, mos, np.repeat([3, 7], 4))
    assert found.share == pytest.approx(0)
    assert [s.session for s in found.within] == [3, 7]


def test_what_does_not_exist_is_no_number() -> None:
    one = between_sessions(np.array([2.0]), np.array([2.0]), np.array([0]))
    assert math.isnan(one.overall.plcc)
    assert math.isnan(one.share)
    with pytest.raises(ValueError, match="need a clip"):
        between_sessions(np.empty(0), np.empty(0), np.empty(0, dtype=np.int64))
