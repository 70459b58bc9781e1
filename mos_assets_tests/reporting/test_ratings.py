"""Tests of one corpus side by side, native scales in words, and ratings that no noise explains."""

# mypy: disable-error-code="no-untyped-def"
from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from mos_assets.records import OutOfFold, RatedCorpus, SessionFacts, SessionNoise, SuspicionKind
from mos_assets.reporting.ceiling import label_ceiling
from mos_assets.reporting.markdown import render_markdown
from mos_assets.reporting.ratings import ratings_section
from mos_assets.reporting.suspicious import suspicious_page, unexplained_ratings


@pytest.mark.parametrize(
    ("scale", "differences", "says", "not_says"),
    [
        ((0.0, 100.0), False, ["one MOS here is 25 there"], ["lower is better", "DMOS"]),
        ((100.0, 0.0), False, ["There lower is better"], ["DMOS"]),
        ((100.0, 0.0), True, ["There lower is better", "DMOS", "no visible difference"], []),
        ((5.0, 1.0), False, ["There lower is better"], ["DMOS", "one MOS here"]),
        ((1.0, 5.0), True, ["DMOS"], ["lower is better"]),
        ((1.0, 5.0), False, None, []),
        (None, False, None, []),
    ],
)
def test_a_native_scale_is_told_where_it_is_another(
    scale, differences, says, not_says, make_table, predict
) -> None:
    table = make_table(n=60)
    rated = RatedCorpus("made", None, scale, differences)
    found = ratings_section([rated], table, predict(table))
    if says is None:
        assert found is None
        return
    for words in says:
        assert words in found.corpora[0].scale
    for words in not_says:
        assert words not in found.corpora[0].scale


def of_two_tests(table, offset=0.0):
    """The table with half of its rows of either test; predictions of b are `offset` too high."""
    half = np.arange(len(table.mos)) % 2 == 0
    sessions = tuple("a" if row else "b" for row in half)
    return replace(table, sessions=sessions), np.where(half, 0.0, offset)


@pytest.mark.parametrize(("offset", "low", "high"), [(0.0, 0.0, 0.05), (1.0, 0.4, 0.6)])
def test_what_lies_between_tests_is_told(offset, low, high, make_table, predict, report_on) -> None:
    table, moved = of_two_tests(make_table(), offset)
    oof = predict(table)
    report = report_on(table, OutOfFold(oof.seeds, oof.predictions + moved))
    found = report.ratings.between
    assert [(row.name, row.clips) for row in found.within] == [("a", 200), ("b", 200)]
    assert low <= found.share_between <= high
    assert found.within[1].bias - found.within[0].bias == pytest.approx(offset, abs=0.1)
    assert found.within[1].plcc > (found.overall.plcc if offset else 0)
    page = render_markdown(report)
    assert "of the squared error lies between tests" in page
    assert ("mean errors differ" in page.partition("## How the ratings")[0]) == bool(offset)


def test_rows_of_one_test_and_broken_predictions_have_no_figures_between(make_table, predict):
    table, _ = of_two_tests(make_table(n=40))
    oof = predict(table)
    assert ratings_section((), replace(table, sessions=("a",) * 40), oof) is None
    assert ratings_section((), replace(table, sessions=()), oof) is None
    assert ratings_section((), table, OutOfFold(oof.seeds, oof.predictions * math.nan)) is None
    two = replace(table, clip_ids=tuple(f"{'made' if n < 20 else 'x'}/{n}" for n in range(40)))
    found = ratings_section((), replace(two, sessions=()), oof)
    assert [row.name for row in found.between.within] == ["made", "x"]


@pytest.mark.parametrize("pooled", [False, True])
def test_a_ceiling_counts_what_lies_between_tests_once_a_test(pooled, make_table) -> None:
    table, _ = of_two_tests(make_table())
    variance = float(np.var(table.mos))
    noise = np.full(400, 0.02)
    facts = tuple(SessionFacts(name, 200, 9, 1800) for name in "ab")
    rated = RatedCorpus("made", None, None, sessions=facts, between=SessionNoise(0.06, 30, 0.94))
    table = replace(table, mos_ci95=1.959963984540054 * np.sqrt(noise))
    if pooled:
        table = replace(table, sessions=("a+b",) * 400)
    found = label_ceiling(table, [rated])
    lies = 0.03 if pooled else 0.06
    assert found.within == pytest.approx(math.sqrt(1 - 0.02 / variance), abs=1e-6)
    assert found.between == pytest.approx(math.sqrt(1 - lies / variance), abs=1e-6)
    assert found.figure == pytest.approx(math.sqrt(1 - (0.02 + lies) / variance), abs=1e-6)
    assert "What lies between tests is met first" in found.sentence
    assert "by 30 clips rated in two, which agree at a correlation of .940" in found.sentence
    calm = replace(rated, between=SessionNoise(0.001, 30, 0.99))
    assert "The noise of the votes is met first" in label_ceiling(table, [calm]).sentence
    some = replace(table, sessions=(None, *table.sessions[1:]))
    alone = label_ceiling(some, [rated])
    assert (alone.between, alone.figure) == (None, alone.within)
    assert "between tests" not in alone.sentence


def test_a_rating_that_no_noise_explains_is_named_and_no_other(make_table, predict) -> None:
    table = make_table()
    names = {clip_id: f"{clip_id.partition('/')[2]}.mkv" for clip_id in table.clip_ids}
    oof = predict(table)
    assert unexplained_ratings(table, oof, names) == ()
    mos = table.mos.copy()
    mos[7] = 1.0 if mos[7] > 3 else 5.0
    wrong = replace(table, mos=mos)
    ((corpus, found),) = unexplained_ratings(wrong, oof, names)
    assert (corpus, found.clip, found.kind) == ("made", "00007.mkv", SuspicionKind.UNEXPLAINED)
    noisy = replace(wrong, mos_ci95=np.where(np.arange(400) == 7, 3.0, 0.1))
    assert unexplained_ratings(noisy, oof, names) == ()
    outside = replace(wrong, folds=np.where(np.arange(400) == 7, -1, wrong.folds))
    assert unexplained_ratings(outside, oof, names) == ()
    broken = OutOfFold(oof.seeds, oof.predictions * math.nan)
    assert unexplained_ratings(wrong, broken, names) == ()
    assert unexplained_ratings(wrong, OutOfFold((1,), wrong.mos[None, :]), names) == ()


def test_names_of_strangers_cannot_break_the_page() -> None:
    page = suspicious_page("head", [("mine", "split votes", "a|<b>.mp4", "9 votes")])
    assert "| mine | a\\|&lt;b&gt;.mp4 | 9 votes |" in page
    assert "Nothing stands out" in suspicious_page("head", [])
