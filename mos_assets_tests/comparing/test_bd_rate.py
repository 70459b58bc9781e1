"""BD-rate on predicted MOS: what it is, what it is not moved by, and what is refused."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mos_assets.comparing.bd_rate import BdRate, bd_rate, curve
from mos_assets.errors import ComparisonError
from mos_assets.predictor import ClipPrediction
from mos_assets.release.manifest import Manifest
from mos_assets_tests.conftest import Release

RATES = (500.0, 1000.0, 2000.0, 4000.0, 8000.0)
SCORES = (1.9, 2.7, 3.4, 3.9, 4.2)
Paired = Callable[..., Manifest]
Encode = Callable[..., ClipPrediction]


def _curve(
    encode: Encode, rates: Sequence[float], scores: Sequence[float], **of: object
) -> list[ClipPrediction]:
    pairs = zip(rates, scores, strict=True)
    return [encode(mos, kbps=rate, clip=f"{rate:g}.mp4", **of) for rate, mos in pairs]


def _found(
    encode: Encode, manifest: Manifest, second: tuple[Sequence[float], Sequence[float]]
) -> BdRate:
    first = curve("A", _curve(encode, RATES, SCORES))
    return bd_rate(first, curve("B", _curve(encode, *second)), manifest)


@pytest.mark.parametrize("factor", [0.5, 0.8, 1.0, 1.25])
def test_a_set_that_needs_a_share_of_the_rate_is_told_by_it(
    encode: Encode, paired: Paired, factor: float
) -> None:
    found = _found(encode, paired(error_sd=0.02), ([rate * factor for rate in RATES], SCORES))
    assert found.percent == pytest.approx(100 * (factor - 1), abs=1e-9)
    assert found.interval is not None
    low, high = found.interval
    assert low <= found.percent <= high
    assert (low > 0, high < 0) == (factor > 1, factor < 1)
    assert (found.level, found.overlap) == (0.9, 1.0)
    said = " ".join(found.sentences("A", "B"))
    assert ("cannot be told" in said) == (factor == 1.0)


def test_the_interval_is_the_same_again_and_grows_with_the_error(
    encode: Encode, paired: Paired
) -> None:
    second = [rate * 0.8 for rate in RATES], SCORES
    found, again, wider = (_found(encode, paired(error_sd=sd), second) for sd in (0.02, 0.02, 0.2))
    assert found.interval == again.interval
    assert found.interval is not None
    assert wider.interval is not None
    assert wider.interval[0] < found.interval[0] < found.interval[1] < wider.interval[1]


def test_it_is_that_of_the_literature(encode: Encode, paired: Paired, release: Release) -> None:
    """The example of the library, by PCHIP, as the sheet of JVET gives it; PSNR laid into 1..5."""
    anchor = [9487.76, 4593.60, 2486.44, 1358.24], [40.037, 38.615, 36.845, 34.851]
    test = [9787.80, 4469.00, 2451.52, 1356.24], [40.121, 38.651, 36.970, 34.987]
    first, second = (
        curve("A", _curve(encode, rates, [(db - 30) / 2.7 for db in psnr]))
        for rates, psnr in (anchor, test)
    )
    # Independent: the integral of both interpolants, over 100,000 steps.
    from scipy.interpolate import PchipInterpolator

    low = max(first.mos[0], second.mos[0])
    at = np.linspace(low, min(first.mos[-1], second.mos[-1]), 100_001)
    logs = [PchipInterpolator(one.mos, np.log10(one.kbps))(at) for one in (first, second)]
    expected = 100 * (10 ** np.trapezoid(logs[1] - logs[0], at / (at[-1] - at[0])) - 1)
    assert bd_rate(first, second, paired()).percent == pytest.approx(expected, abs=1e-3)
    assert bd_rate(first, second, paired()).percent == pytest.approx(-4.1, abs=1.0)


@given(st.floats(-0.5, 0.5), st.floats(0.6, 1.1), st.integers(0, 99))
def test_errors_that_the_source_shares_change_nothing(
    encode: Encode, paired: Paired, shift: float, stretch: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    rates = np.sort(rng.uniform(300, 9000, 5))
    scores = np.sort(rng.uniform(1.5, 4.3, 5)) + np.arange(5) * 0.01
    manifest = paired(error_sd=None)
    plain = _found(encode, manifest, (rates, scores))
    moved = [3 + stretch * (np.array(row) - 3) + shift for row in (SCORES, scores)]
    first = curve("A", _curve(encode, RATES, moved[0]))
    second = curve("B", _curve(encode, rates, moved[1]))
    assert bd_rate(first, second, manifest).percent == pytest.approx(plain.percent, rel=1e-6)


@pytest.mark.parametrize(
    ("second", "said"),
    [
        ((RATES[:3], SCORES[:3]), "B holds 3 encodes"),
        ((RATES, (1.9, 2.7, 2.6, 3.9, 4.2)), "2000.mp4 at 2,000 kbit/s scores 2.600"),
        ((RATES, (1.9, 2.7, 2.7, 3.9, 4.2)), "must rise with the rate"),
        (((500.0, 500.0, 2000.0, 4000.0), SCORES[:4]), "must rise with the rate"),
        ((RATES, (4.3, 4.4, 4.5, 4.6, 4.7)), "reach no MOS in common"),
        ((RATES, (1.1, 1.2, 1.3, 1.4, 1.9)), "reach no MOS in common"),
        (((0.0, *RATES[1:]), SCORES), "its bit rate is not known"),
    ],
)
def test_what_makes_no_two_curves_is_refused(
    encode: Encode, paired: Paired, second: tuple[Sequence[float], Sequence[float]], said: str
) -> None:
    with pytest.raises(ComparisonError, match=said):
        _found(encode, paired(), second)


@pytest.mark.parametrize(
    ("error_sd", "of", "said"),
    [
        (None, {}, "says nothing of pairs"),
        (0.1, {"comparable": False}, "was not measured in the way"),
        (0.1, {"interval": None}, "has none"),
        (0.4, {}, "as large as the range of MOS"),
    ],
)
def test_without_a_promise_there_is_a_figure_and_no_interval(
    encode: Encode, paired: Paired, error_sd: float | None, of: dict[str, object], said: str
) -> None:
    first = curve("A", _curve(encode, RATES, SCORES))
    second = curve("B", _curve(encode, RATES, (4.1, 4.2, 4.3, 4.4, 4.5), **of))
    found = bd_rate(first, second, paired(error_sd=error_sd))
    assert found.percent < 0
    assert (found.interval, found.level) == (None, None)
    assert said in " ".join(found.sentences("A", "B"))


def test_a_small_overlap_is_named(encode: Encode, paired: Paired) -> None:
    found = _found(
        encode, paired(error_sd=0.05), (RATES, [mos + 1.2 for mos in SCORES[:3]] + [4.8, 5])
    )
    assert found.overlap < 0.5
    assert "says nothing of the rest" in found.sentences("A", "B")[-1]
