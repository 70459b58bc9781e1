"""Features that follow the label more closely than a measure can, and those that may."""

import numpy as np
import pytest

from mos_assets.evaluation import leaking_features
from mos_assets.evaluation.leaks import Kinship
from mos_assets.records import FloatArray

DRAW = np.random.default_rng(1)
MOS = DRAW.uniform(1, 5, 60)


def noise(scale: float) -> FloatArray:
    return DRAW.normal(0, scale, 60)


def test_copies_of_the_label_are_found_however_they_are_bent() -> None:
    measured = MOS + DRAW.normal(0, 1, 60)
    values = np.column_stack([measured, 3 - 2 * MOS, np.exp(4 * MOS), np.full(60, 2.0)])
    found = leaking_features(["measured", "turned", "bent", "flat"], values, MOS)
    assert [leak.feature for leak in found] == ["turned", "bent"]
    assert [leak.correlation for leak in found] == pytest.approx([-1.0, 1.0])
    assert [leak.is_certain for leak in found] == [True, False]


@pytest.mark.parametrize(
    ("column", "kinship"),
    [
        (100 - 20 * MOS, Kinship.SAME),
        ((MOS * 25).round(), Kinship.SAME),
        (MOS.round(1), Kinship.SAME),
        (MOS.argsort().argsort(), Kinship.COPY),
        (MOS + noise(0.2), Kinship.COPY),
        (MOS + noise(0.35), Kinship.CLOSE),
        ((MOS - 3) * 20 + noise(8), Kinship.CLOSE),
        ((MOS * 10 + noise(4)).round(), Kinship.CLOSE),
        (np.clip((MOS + noise(1.0)).round(), 1, 5), Kinship.VOTES),
        (MOS + noise(0.7), None),
        (np.clip((noise(1.0) + 3).round(), 1, 5), None),
        (np.where(MOS > 3, 2160, 720), None),
    ],
)
def test_what_a_column_is_called(column: FloatArray, kinship: Kinship | None) -> None:
    found = leaking_features(["a"], np.asarray(column, float)[:, None], MOS)
    assert [leak.kinship for leak in found] == ([] if kinship is None else [kinship])


@pytest.mark.parametrize(("known", "named"), [(19, []), (20, [20])])
def test_few_rows_prove_nothing(known: int, named: list[int]) -> None:
    column = np.where(np.arange(60) < known, MOS, np.nan)
    assert [leak.rows for leak in leaking_features(["a"], column[:, None], MOS)] == named


def test_a_label_scaled_in_each_part_is_found_in_each() -> None:
    half = len(MOS) // 2
    scopes = ["c a"] * half + ["c b"] * (len(MOS) - half)
    column = np.where(np.arange(len(MOS)) < half, MOS, 40 - 7 * MOS)
    assert leaking_features(["a"], column[:, None], MOS) == ()
    (leak,) = leaking_features(["a"], column[:, None], MOS, scopes)
    assert leak.is_certain


@pytest.mark.parametrize("scale", [(1, 5, 1), (0, 100, 25), (0, 10, 1), (-3, 3, 1)])
def test_votes_of_one_person_on_any_scale(scale: tuple[int, int, int]) -> None:
    low, high, step = scale
    noise = np.random.default_rng(1).normal(0, 0.8, len(MOS))
    share = np.clip((MOS + noise - 1) / 4, 0, 1)
    votes = low + step * np.round(share * (high - low) / step)
    (leak,) = leaking_features(["a"], votes[:, None], MOS)
    assert leak.kinship is Kinship.VOTES
