"""What a report tells the person who decides: the main fact, and what to do next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mos_assets.evaluation.criteria import PLCC_SPREAD
from mos_assets.evaluation.metrics import PLCC, RMSE
from mos_assets.evaluation.sample_size import Decision, needed_within_reason
from mos_assets.evaluation.text import and_list, count, lowered, plain, share
from mos_assets.records import LabelOrigin, Status
from mos_assets.reporting.report import GateReport

LIKE_THE_MEAN = 0.95
"""Of the RMSE of predicting the mean; a head that errs more than this share of it has learnt next
to nothing."""
_FEW_CLIPS = 200
"""Fewer clips than this are worth saying what more of them would narrow."""


@dataclass(frozen=True, slots=True)
class Step:
    """Something to do, and why."""

    title: str
    why: str


def no_better_than_the_mean(report: GateReport) -> str | None:
    """A sentence where the head errs about as much as the average rating would; else None."""
    head, mean = _errors(report)
    if head is None or not mean or head < LIKE_THE_MEAN * mean:
        return None
    of = f"RMSE {plain(head)} MOS, where giving every clip the average rating has {plain(mean)}"
    if head > mean:
        return f"The head is worse than no head: {of}."
    return f"The head knows hardly more than the average rating: {of}."


def main_fact(report: GateReport) -> str:
    """What the figures come to, in one or two sentences."""
    nothing_learnt = no_better_than_the_mean(report)
    if nothing_learnt is not None:
        return nothing_learnt
    head, mean = _errors(report)
    if head is None or not mean:
        return "There are no figures to judge it by."
    text = (
        f"It is off by {plain(head, 2)} MOS (RMSE), {share(1.0 - head / mean)} less than giving "
        f"every clip the average rating ({plain(mean, 2)}), and follows the ratings with a PLCC of "
        f"{plain(report.verdict.means.of(PLCC))}."
    )
    if report.shortcuts is not None and _ruled(report):
        text += f" {report.shortcuts.sentence}"
    return text


def next_steps(report: GateReport) -> tuple[Step, ...]:
    """What would change the verdict, the likeliest first."""
    verdict = report.verdict
    if verdict.status is Status.ACCEPTED:
        return (
            Step(
                "Use it, for clips like these",
                "It met every figure of the gate on ratings of people. On clips of another kind "
                "rate a few of your own first.",
            ),
        )
    if not report.decisions:
        return (*_people(report), Step("Rate more clips", f"{verdict.sentence}"))
    features = Step("Try other features", _why_features(report))
    missed = any(check.statistic == "mean" and not check.passed for check in verdict.checks)
    nothing_learnt = no_better_than_the_mean(report) is not None
    return (
        *_people(report),
        *([features] if nothing_learnt else []),
        *_more_clips(report),
        *_steadier(report),
        *_more_votes(report),
        *([features] if not nothing_learnt and (missed or _ruled(report)) else []),
    )


def _ruled(report: GateReport) -> bool:
    """Whether a shortcut may be all that the head knows."""
    return report.shortcuts is not None and not report.shortcuts.passed


def _people(report: GateReport) -> list[Step]:
    if report.label_origin is LabelOrigin.HUMAN:
        return []
    return [
        Step(
            "Have people rate the clips",
            "These ratings are simulated, and no head of such ratings is ever Accepted.",
        )
    ]


def _more_clips(report: GateReport) -> list[Step]:
    decisions = {found.name: found for found in report.decisions}
    near: list[tuple[str, Decision, int]] = []
    words: dict[str, list[str]] = {"far": [], "decided": []}
    for check in report.verdict.checks:
        found = decisions.get(check.name)
        if found is None or check.statistic != "mean":
            continue
        if found.decided:
            if not check.passed:
                words["decided"].append(lowered(check.words))
            continue
        needed = needed_within_reason(found, report.n_clips)
        if needed is None:
            words["far"].append(lowered(check.words))
        else:
            near.append((lowered(check.words), found, needed))
    if words["decided"]:
        # All of the gate has to be met, so that nothing hangs on what the others would come to.
        return [
            Step(
                f"Do not rate more clips of this kind to lift {and_list(words['decided'])}",
                "The whole interval misses the bound, so it is not bad luck with the clips. What "
                "the head is given would have to say more of what people see.",
            ),
            *_loose(report),
        ]
    steps: list[Step] = []
    if near:
        most = max(needed for _, _, needed in near)
        contents = max(found.contents_needed or 0 for _, found, _ in near)
        in_all = f"about {count(rounded_up(most))} clips"
        if report.n_groups < report.n_clips:
            in_all = f"{in_all} of {count(rounded_up(contents))} contents"
        named = and_list([each for each, _, _ in near])
        steps.append(
            Step(
                f"Rate more clips: {in_all} in all",
                f"There are {count(report.n_clips)} now. If the figures stay where they are, so "
                f"many would show on which side of its bound {named} "
                f"{'lies' if len(near) == 1 else 'lie'}.",
            )
        )
    if words["far"]:
        steps.append(
            Step(
                f"Do not wait for more clips to settle {and_list(words['far'])}",
                "More clips of this kind would not decide it within reason: what was measured "
                "lies too near the threshold.",
            )
        )
    return steps if near else [*steps, *_loose(report)]


def _steadier(report: GateReport) -> list[Step]:
    spread = report.verdict.check(PLCC_SPREAD)
    if spread.figure is None or spread.passed:
        return []
    return [
        Step(
            "Steady the training",
            f"Seeds differ by {plain(spread.figure, spread.places, beside=spread.threshold)} PLCC; "
            "more clips, above all of other contents, steady it.",
        )
    ]


def _loose(report: GateReport) -> list[Step]:
    """What four times as many clips would narrow, where there are few."""
    plcc = next((c for c in report.verdict.checks if c.metric == PLCC.name), None)
    interval = None if plcc is None else report.intervals.of(plcc)
    if report.n_clips >= _FEW_CLIPS or interval is None:
        return []
    return [
        Step(
            f"Read every figure of {count(report.n_clips)} clips as loose",
            f"Other clips of this kind could have put PLCC anywhere from {plain(interval.low)} to "
            f"{plain(interval.high)}; {count(4 * report.n_clips)} clips would halve that.",
        )
    ]


def _more_votes(report: GateReport) -> list[Step]:
    plcc = next((c for c in report.verdict.checks if c.metric == PLCC.name), None)
    ceiling = report.ceiling.figure
    if plcc is None or ceiling is None or ceiling >= plcc.threshold:
        return []
    return [
        Step(
            "Collect more votes a clip",
            f"The ratings are so noisy that no predictor can expect a PLCC above {plain(ceiling)}, "
            f"and {plcc.limit} is asked.",
        )
    ]


def _why_features(report: GateReport) -> str:
    if no_better_than_the_mean(report) is not None:
        why = "What the head is given says next to nothing of how these clips are rated."
    elif _ruled(report):
        why = "What the head knows is not shown to be more than a shortcut knows."
    else:
        why = "Features that look at other things may say more of what people see."
    return f"{why} Below stand the blocks that there are, and what is known of others."


def rounded_up(n: int) -> int:
    """Two leading digits are as exact as such a forecast can be."""
    unit = int("1" + "0" * max(0, len(str(n)) - 2))
    return -(-n // unit) * unit


def _errors(report: GateReport) -> tuple[float | None, float | None]:
    """RMSE of the head and of predicting the mean, on the same folds."""
    mean: Sequence[float | None] = [
        row.of(RMSE) for row in report.baselines if row.name == "predict the mean"
    ]
    return report.verdict.means.of(RMSE), mean[0] if mean else None
