"""What the noise of the ratings leaves to be explained."""

# mypy: disable-error-code="no-untyped-def"
from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from mos_assets.reporting.ceiling import label_ceiling


def test_the_ceiling_follows_the_formula_and_says_when_nothing_can_pass(make_table) -> None:
    table = make_table()
    assert label_ceiling(table).figure is None
    few = replace(table, mos_std=np.full(400, 1.5), n_ratings=np.full(400, 5.0))
    ceiling = label_ceiling(few)
    expected = math.sqrt(1 - 1.5**2 / 5 / float(np.var(table.mos)))
    assert ceiling.figure == pytest.approx(expected, abs=1e-6)
    assert expected < 0.85
    assert "no head can pass" in ceiling.sentence
    many = label_ceiling(replace(few, n_ratings=np.full(400, 60.0)))
    assert many.figure is not None
    assert many.figure > 0.85
    assert "can pass" in many.sentence


@pytest.mark.parametrize(
    ("rows", "known", "says"),
    [
        (400, 2, "(over the 2 of 400 clips that tell; too few to say what it means for the gate)."),
        (400, 199, "too few to say"),
        (99, 99, "too few to say"),
        (400, 200, "no head can pass"),
    ],
)
def test_a_ceiling_of_few_clips_is_no_verdict(make_table, rows, known, says) -> None:
    table = make_table(n=rows)
    told = np.arange(rows) < known
    ceiling = label_ceiling(
        replace(table, mos_std=np.where(told, 1.5, np.nan), n_ratings=np.where(told, 4.0, np.nan))
    )
    assert ceiling.figure is not None
    assert ceiling.n == known
    assert says in ceiling.sentence
    assert ("a head" in ceiling.sentence or "no head" in ceiling.sentence) == (says[0] == "n")


@pytest.mark.parametrize("contents", [400, 20])
def test_a_ceiling_whose_interval_holds_the_gate_takes_no_side(make_table, contents) -> None:
    table = make_table()
    # Noise that puts the ceiling on the gate itself, most of it in a few contents.
    noisy = np.where(np.arange(400) % 20 < 2, 3.0, 1.0)
    noise = (1.0 - 0.85**2) * float(np.var(table.mos)) / float(np.mean(noisy))
    table = replace(
        table,
        groups=tuple(f"g{i % contents}" for i in range(400)),
        mos_std=np.sqrt(noisy * noise * 10.0),
        n_ratings=np.full(400, 10.0),
    )
    ceiling = label_ceiling(table)
    assert ceiling.figure == pytest.approx(0.85, abs=1e-6)
    assert ceiling.interval is not None
    assert ceiling.interval.low < 0.85 < ceiling.interval.high
    assert "may or may not" in ceiling.sentence
    assert "95 % interval" in ceiling.sentence


def test_the_ceilings_interval_holds_its_level(make_table) -> None:
    """Over corpora of 30 contents with a known ceiling, about 95 of 100 intervals hold it."""
    rng = np.random.default_rng(4)
    table = make_table(n=150)
    held = 0
    for _ in range(200):
        mos = np.clip(3.0 + np.repeat(rng.normal(0, 0.6, 30), 5) + rng.normal(0, 0.2, 150), 1, 5)
        drawn = replace(
            table,
            mos=mos,
            groups=tuple(f"g{i // 5}" for i in range(150)),
            mos_std=np.full(150, 1.0),
            n_ratings=np.full(150, 10.0),
        )
        interval = label_ceiling(drawn).interval
        assert interval is not None
        held += interval.low <= math.sqrt(1.0 - 0.1 / 0.4) <= interval.high
    assert 180 <= held <= 198


def test_one_content_alone_leaves_the_ceilings_interval_untold(make_table) -> None:
    table = make_table()
    ceiling = label_ceiling(
        replace(table, groups=("g",) * 400, mos_std=np.full(400, 1.5), n_ratings=np.full(400, 5.0))
    )
    assert ceiling.interval is None
    assert "may or may not" in ceiling.sentence


def test_ratings_that_are_all_noise_have_a_ceiling_of_nought(make_table) -> None:
    table = replace(make_table(), mos_std=np.full(400, 4.0), n_ratings=np.full(400, 1.0))
    assert label_ceiling(table).figure == 0.0
