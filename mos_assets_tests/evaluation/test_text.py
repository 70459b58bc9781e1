"""How figures and lists are written for people."""

from __future__ import annotations

import math

import pytest

from mos_assets.evaluation.text import and_list, count, lowered, plain, share


@pytest.mark.parametrize(
    ("figure", "places", "text"),
    [
        (0.7784, 3, ".778"),
        (-0.05, 2, "-.05"),
        (-0.0001, 3, ".000"),
        (1.25, 1, "1.2"),
        (-1.5, 2, "-1.50"),
        (None, 3, "–"),
        (math.nan, 3, "–"),
        (math.inf, 3, "–"),
    ],
)
def test_a_figure_reads_as_in_the_literature(figure: float | None, places: int, text: str) -> None:
    assert plain(figure, places) == text


def test_a_miss_by_a_hair_never_reads_as_a_tie() -> None:
    assert plain(0.84999, beside=0.85) == ".84999"
    assert plain(0.85, beside=0.85) == ".850"
    assert plain(math.nextafter(0.85, 0), beside=0.85) != ".850"


def test_lists_counts_and_shares() -> None:
    assert [and_list(list("abc"[:n])) for n in range(4)] == ["", "a", "a and b", "a, b and c"]
    assert (lowered("Mean PLCC"), lowered("PLCC spread")) == ("mean PLCC", "PLCC spread")
    assert (count(1_234_567), share(0.905)) == ("1,234,567", "90 %")
