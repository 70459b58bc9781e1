"""A difference is told where it is larger than the head's error, and never promised without one."""

from __future__ import annotations

import pytest

from mos_assets.comparing.difference import difference
from mos_assets_tests.comparing.test_bd_rate import Encode, Paired


@pytest.mark.parametrize(
    ("second", "interval", "told", "order"),
    [
        (3.0, (-0.5, 0.5), False, None),
        (3.3, (-0.2, 0.8), False, 0.89),
        (2.7, (-0.8, 0.2), False, 0.89),
        (4.0, (0.5, 1.5), True, None),
        (1.0, (-2.5, -1.5), True, None),
    ],
)
def test_the_interval_lies_around_second_minus_first(
    encode: Encode,
    paired: Paired,
    second: float,
    interval: tuple[float, float],
    told: bool,
    order: float | None,
) -> None:
    found = difference(encode(3.0), encode(second), paired())
    assert found.interval == pytest.approx(interval)
    assert (found.told_apart, found.level, found.reason) == (told, 0.9, None)
    assert (found.order and found.order.order_held) == order
    said = found.sentences("A", "B")
    assert ("cannot be promised" in said[0]) == (not told and second != 3)
    assert ("B would be rated above A" in said[0]) == (second > 3)
    assert len(said) == (2 if order else 1)


def test_no_difference_is_larger_than_the_scale(encode: Encode, paired: Paired) -> None:
    assert difference(encode(1.0), encode(5.0), paired()).interval == (3.5, 4.0)


@pytest.mark.parametrize(
    ("of", "error_sd", "said"),
    [
        ({}, None, "says nothing of pairs"),
        ({"comparable": False, "clip": "b.mp4"}, 0.1, "b.mp4 was not measured in the way"),
        ({"interval": None, "clip": "b.mp4"}, 0.1, "b.mp4 has none"),
    ],
)
def test_what_cannot_be_promised_has_a_reason(
    encode: Encode, paired: Paired, of: dict[str, object], error_sd: float | None, said: str
) -> None:
    found = difference(encode(2.0), encode(4.0, **of), paired(error_sd))
    assert (found.mos, found.interval, found.told_apart, found.order) == (2.0, None, None, None)
    assert said in (found.reason or "")
    assert found.sentences("A", "B")[0].startswith("no interval")
