"""What a report tells the person who decides follows from its figures."""

# mypy: disable-error-code="no-untyped-def"
from __future__ import annotations

import pytest

from mos_assets.evaluation.sample_size import MOST_TIMES
from mos_assets.evaluation.slices import telling_slices
from mos_assets.records import LabelOrigin
from mos_assets.reporting.advice import main_fact, next_steps
from mos_assets.reporting.findings import findings
from mos_assets.reporting.plots.verdict import slices_plot


@pytest.mark.parametrize(
    ("noise", "fact", "first"),
    [
        (0.55, "less than giving every clip the average rating", "Rate more clips: about"),
        (1.4, "The head knows hardly more than the average rating: RMSE", "Try other features"),
    ],
)
def test_the_main_fact_is_said_first(noise, fact, first, make_table, predict, report_on) -> None:
    table = make_table(n=200)
    report = report_on(table, predict(table, noise=noise))
    assert fact in main_fact(report)
    assert next_steps(report)[0].title.startswith(first)
    assert (findings(report)[0] == main_fact(report)) == (noise > 1)


def test_simulated_ratings_are_the_first_thing_to_change(good, report_on) -> None:
    table, oof, _ = good
    report = report_on(table, oof, LabelOrigin.SIMULATED)
    assert next_steps(report)[0].title == "Have people rate the clips"


def test_clips_that_nobody_would_rate_are_not_asked_for(good) -> None:
    report = good[2]
    plcc = report.verdict.checks[0]
    for times, told in ((MOST_TIMES, True), (MOST_TIMES + 1, False)):
        undecided = report.decisions[0].model_copy(
            update={"decided": False, "clips_needed": 400 * times, "contents_needed": 400 * times}
        )
        changed = report.model_copy(
            update={
                "decisions": (undecided,),
                "verdict": report.verdict.model_copy(update={"status": "Proposed"}),
            }
        )
        (said,) = [each for each in findings(changed) if each.startswith(plcc.words)]
        assert ("would decide it" in said and "within reason" not in said) == told
        titles = " ".join(step.title for step in next_steps(changed))
        assert ("about 4,000 clips in all" in titles) == told
        assert ("Do not wait for more clips" in titles) != told


def test_a_part_is_shown_beside_another_one_only(good, tmp_path) -> None:
    slices = good[2].slices
    one = next(part for part in slices if part.dimension == "codec")
    few = one.model_copy(update={"name": "few", "n": 3, "figures": dict.fromkeys(one.figures)})
    assert telling_slices((one, few)) == ()
    assert telling_slices(slices) == tuple(part for part in slices if part.dimension != "part")
    assert slices_plot(good[2].model_copy(update={"slices": (one, few)}), tmp_path) is None
