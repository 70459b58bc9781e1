"""What the figures of a report mean for somebody who must decide, in plain sentences."""

from __future__ import annotations

from mos_assets.evaluation.criteria import PLCC_SPREAD
from mos_assets.evaluation.metrics import PLCC, RMSE
from mos_assets.evaluation.resampling import Interval
from mos_assets.evaluation.sample_size import Decision, needed_within_reason
from mos_assets.evaluation.text import count, lowered, plain, share
from mos_assets.reporting.advice import no_better_than_the_mean, rounded_up
from mos_assets.reporting.rating_words import MUCH_BETWEEN, between_sentence
from mos_assets.reporting.report import Baseline, GateReport

_FAR_SLOPE = 0.1
"""Calibration slopes this far from 1 are worth a sentence."""
_FAR_BIAS = 0.3
"""Mean errors of a slice, in MOS units, that are worth a sentence."""
_FAR_COVERAGE = 0.05
"""Coverage this far below the promise is worth a sentence."""


def findings(report: GateReport) -> tuple[str, ...]:
    """Sentences in the order of their weight for a decision; each follows from the figures."""
    return (
        *filter(None, [no_better_than_the_mean(report)]),
        *_shortcuts(report, beaten=False),
        *_compared(report),
        *_against_rivals(report),
        *_shortcuts(report, beaten=True),
        *_against_thresholds(report),
        *_contents(report),
        *_spreads(report),
        *_cuts(report),
        *_calibrated(report),
        *_prediction_interval(report),
        *_worst_slices(report),
        *_between_tests(report),
        *_held_out(report),
    )


def weighting(report: GateReport) -> str:
    """Whether rows counted by the precision of their rating, one sentence."""
    if report.weighed is None:
        return "In training every rating counted the same."
    if not report.weighed:
        return (
            "Ratings were to count by their precision, but no clip has both a deviation and a "
            "number of ratings: all counted the same."
        )
    total = report.n_clips
    rest = "" if report.weighed == total else f" of {count(report.weighed)} of {count(total)} clips"
    others = "" if report.weighed == total else ", the others like the average"
    return f"In training the ratings{rest} counted by their precision{others}."


def _shortcuts(report: GateReport, *, beaten: bool) -> list[str]:
    found = report.shortcuts
    if found is None or found.passed is not beaten:
        return []
    return [found.sentence, *([found.beyond.sentence] if found.beyond is not None else [])]


def _cuts(report: GateReport) -> list[str]:
    """Where the verdict's own folds lie beyond every further cut, on either side."""
    splits = report.splits
    row = None if splits is None else splits.of(PLCC.name)
    if splits is None or row is None or None in (row.here, row.low, row.high):
        return []
    here, low, high = row.here or 0.0, row.low or 0.0, row.high or 0.0
    if low <= here <= high:
        return []
    side = "above" if here > high else "below"
    return [
        f"On the folds of this verdict {splits.predictor} reach PLCC {plain(here)}, {side} every "
        f"one of {splits.cuts} further cuts of the same clips ({plain(low)} to {plain(high)}). "
        "These folds are balanced in mean rating and the further cuts are not, which alone may be "
        "the difference."
    ]


def _compared(report: GateReport) -> list[str]:
    return [] if report.comparison is None else [report.comparison.sentence]


def _contents(report: GateReport) -> list[str]:
    if report.n_groups >= report.n_clips:
        return []
    how = (
        "leave out one content after the other"
        if report.intervals.method == "jackknife"
        else "draw contents and not clips"
    )
    return [
        f"The {count(report.n_clips)} clips share {count(report.n_groups)} contents, and that is "
        f"the number that the verdict rests on: the intervals {how}."
    ]


def _prediction_interval(report: GateReport) -> list[str]:
    found = report.prediction_interval
    if found.half_width is None:
        return [f"There is no prediction interval: {found.reason}."]
    text = (
        f"A rating lies within {plain(found.half_width, 2)} MOS of its prediction for "
        f"{share(found.level)} of the clips"
    )
    if found.coverage is None:
        return [f"{text}; that could not be checked on held-out folds."]
    weak = [b for b in found.bands if b.coverage < found.level - _FAR_COVERAGE]
    sentence = f"{text}; on held-out folds it did for {share(found.coverage)}"
    if weak:
        worst = min(weak, key=lambda b: b.coverage)
        sentence += (
            f", but only for {share(worst.coverage)} of those predicted "
            f"{plain(worst.low, 0)} to {plain(worst.high, 0)}"
        )
    return [f"{sentence}."]


def _against_rivals(report: GateReport) -> list[str]:
    names = {"ridge": "ridge", "SVR": "a support vector machine"}
    return [
        sentence
        for baseline in report.baselines
        if baseline.name in names
        for sentence in _against(baseline, names[baseline.name])
    ]


def _against(rival: Baseline, name: str) -> list[str]:
    margin, interval = rival.margin(PLCC), rival.margin_plcc_interval
    if margin is None:
        return []
    text = f"{name} on the same folds by {plain(abs(margin))} PLCC"
    if interval is None:
        side = "ahead of" if margin > 0 else "behind"
        return [f"The head is {side} {text}; how sure that is cannot be said."]
    told = _interval_text(interval)
    if interval.low > 0:
        return [f"The head beats {text} ({told})."]
    if interval.high < 0:
        return [f"The head loses to {text} ({told}): ship that, or mend the head."]
    return [
        f"The head is {plain(abs(margin))} PLCC {'ahead of' if margin > 0 else 'behind'} {name} on "
        f"the same folds ({told}), which is within the noise: "
        "the head has not shown that it is worth more."
    ]


def _against_thresholds(report: GateReport) -> list[str]:
    sentences: list[str] = []
    for found in report.decisions:
        check = report.verdict.check(found)
        interval = report.intervals.of(found)
        if interval is None:
            continue
        if not found.decided:
            side = "meets" if check.passed else "misses"
            sentences.append(
                f"{check.words} {side} {check.limit} by less than the sampling noise "
                f"({_interval_text(interval)}): other clips could have turned it round. "
                f"{_needed(report, found)}"
            )
        elif not check.passed:
            sentences.append(
                f"The whole interval of {lowered(check.words)} ({_interval_text(interval)}) misses "
                f"{check.limit}: it is not bad luck with the clips."
            )
    return sentences


def _needed(report: GateReport, found: Decision) -> str:
    needed = needed_within_reason(found, report.n_clips)
    if needed is None or found.contents_needed is None:
        return "More clips of this kind would not decide it within reason."
    clips, contents = (rounded_up(n) for n in (needed, found.contents_needed))
    more = f"about {count(clips)} clips"
    if report.n_groups < report.n_clips:
        more = f"about {count(contents)} contents ({count(clips)} clips)"
    return f"If it stays where it is, {more} would decide it."


def _spreads(report: GateReport) -> list[str]:
    verdict = report.verdict
    sentences: list[str] = []
    spread = verdict.check(PLCC_SPREAD)
    if spread.figure is not None and not spread.passed:
        sentences.append(
            f"The seeds disagree by {plain(spread.figure, beside=spread.threshold)} PLCC: training "
            "itself is unstable on these rows; more clips, or more contents, would steady it."
        )
    if verdict.fold_spread is None or verdict.expected_fold_spread is None:
        return sentences
    ratio = verdict.fold_spread / max(verdict.expected_fold_spread, 1e-9)
    text = (
        f"Folds spread by {plain(verdict.fold_spread)} PLCC where sampling alone gives "
        f"{plain(verdict.expected_fold_spread)}"
    )
    if ratio > 2.0:
        sentences.append(f"{text}: some folds are harder than others; see the table of folds.")
    else:
        sentences.append(f"{text}: the folds differ no more than chance makes them.")
    if report.chance_of_fold_spread is not None:
        sentences.append(
            "The spread bound is for seeds. Taken over folds, as some trainers do, a perfect "
            f"estimator would meet {plain(PLCC_SPREAD.threshold)} here with a probability of "
            f"{_chance(report.chance_of_fold_spread)}."
        )
    return sentences


def _calibrated(report: GateReport) -> list[str]:
    if report.calibration is None or abs(report.calibration.slope - 1.0) <= _FAR_SLOPE:
        return []
    slope = report.calibration.slope
    verb = (
        "too timid: they keep too near the middle" if slope > 1 else "too bold: they reach too far"
    )
    return [
        f"Predictions are {verb}. A prediction one MOS higher goes with a rating {plain(slope, 2)} "
        "higher."
    ]


def _worst_slices(report: GateReport) -> list[str]:
    sentences: list[str] = []
    biased = [
        s
        for s in report.slices
        if s.dimension in ("height", "codec") and s.bias is not None and abs(s.bias) > _FAR_BIAS
    ]
    for part in sorted(biased, key=lambda s: (-abs(s.bias or 0.0), s.name))[:3]:
        bias = part.bias or 0.0
        side = "too high" if bias > 0 else "too low"
        sentences.append(
            f"Clips of {part.dimension} {part.name} ({count(part.n)}) are predicted "
            f"{plain(abs(bias), 2)} MOS {side} on average."
        )
    return sentences


def _between_tests(report: GateReport) -> list[str]:
    found = report.ratings
    if found is None:
        return []
    against = sum(len(each.against) for each in found.corpora)
    said = []
    if against:
        who = "1 rater goes" if against == 1 else f"{count(against)} raters go"
        said.append(f"{who} against the panel: look at the votes before you rely on the labels.")
    share_of = None if found.between is None else found.between.share_between
    if found.between is not None and share_of is not None and share_of >= MUCH_BETWEEN:
        said.append(between_sentence(found.between, len(report.corpora)))
    return said


def _held_out(report: GateReport) -> list[str]:
    return [
        f"On {count(s.n)} held-out clips ({s.name}), which no head has trained on and the gate "
        f"leaves out, PLCC is {plain(s.of(PLCC))} and RMSE {plain(s.of(RMSE))}."
        for s in report.slices
        if s.dimension == "held out" and s.of(PLCC) is not None
    ]


def _interval_text(interval: Interval) -> str:
    return f"{share(0.95)} interval {plain(interval.low)} to {plain(interval.high)}"


def _chance(chance: float) -> str:
    if chance >= 0.01:
        return share(chance)
    return f"about 1 in {float(f'{1.0 / chance:.1e}'):,.0f}" if chance > 1e-6 else "nearly nought"
