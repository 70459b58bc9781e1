"""The gate: its thresholds, and the verdict on a head. Nothing else decides what is accepted.

The thresholds exist here and only here, and no setting reaches them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

from mos_assets.evaluation.metrics import (
    expected_fold_spread,
    finite_or_none,
    fold_scores,
    mean,
    seed_scores,
)
from mos_assets.evaluation.score_json import score_json
from mos_assets.evaluation.wording import and_list, plain
from mos_assets.records import (
    FoldScore,
    GateKind,
    LabelOrigin,
    OutOfFold,
    SeedScore,
    Status,
    TrainingTable,
)
from mos_assets.settings import RUN_FOLDS, RUN_SEEDS

CheckName = Literal["mean_plcc", "mean_srocc", "mean_rmse", "plcc_spread"]


@dataclass(frozen=True, slots=True)
class GateThresholds:
    """What a head has to reach."""

    mean_plcc: float = 0.85
    """At least."""
    mean_srocc: float = 0.82
    """At least."""
    mean_rmse: float = 0.45
    """At most, in MOS units."""
    plcc_spread: float = 0.005
    """At most; largest minus smallest per-seed mean PLCC."""
    surrogate_mean_plcc: float = 0.75
    """At least, on simulated labels."""
    folds: int = RUN_FOLDS
    """Exactly, for `Accepted`."""
    seeds: int = RUN_SEEDS
    """At least, for `Accepted`."""


GATE = GateThresholds()
"""The gate of SPEC section 1; never lowered."""

CHECK_WORDS: dict[CheckName, str] = {
    "mean_plcc": "Mean PLCC",
    "mean_srocc": "Mean SROCC",
    "mean_rmse": "Mean RMSE",
    "plcc_spread": "PLCC spread over seeds",
}
"""What each check is called in front of people."""


class GateCheck(BaseModel):
    """One figure against one threshold."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    name: CheckName
    figure: float | None
    """None where it does not exist; the check has then failed."""
    threshold: float
    comparison: Literal[">=", "<="]
    passed: bool


class Verdict(BaseModel):
    """What the gate says of one candidate."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    status: Status
    kind: GateKind
    passed: bool
    """Whether the gate of this kind was met; a surrogate gate that was met is still Proposed."""
    checks: tuple[GateCheck, ...]
    """The four checks of the real gate, whatever the kind."""
    surrogate: GateCheck | None
    """The surrogate gate's one check, on simulated labels only."""
    reasons: tuple[str, ...]
    """Why the head is Proposed, in plain sentences; empty where it is Accepted."""
    folds: tuple[Annotated[FoldScore, *score_json(FoldScore)], ...]
    seeds: tuple[Annotated[SeedScore, *score_json(SeedScore)], ...]
    fold_spread: float | None
    """Largest minus smallest PLCC over folds, averaged over seeds; never gates."""
    expected_fold_spread: float | None
    """The fold spread that sampling alone gives at this PLCC and fold size."""
    n_folds: int
    n_seeds: int

    def check(self, name: CheckName) -> GateCheck:
        """The check of that name."""
        return next(check for check in self.checks if check.name == name)

    @property
    def sentence(self) -> str:
        """The verdict in one sentence."""
        if self.status is Status.ACCEPTED:
            return "Accepted: every figure of the gate is met on human labels."
        missed = [CHECK_WORDS[check.name] for check in self.checks if not check.passed]
        if all(check.figure is None for check in self.checks):
            return "Proposed: there are too few folds or seeds, or no figures, for a verdict."
        if self.surrogate is not None:
            met = "met" if self.passed else "missed"
            return (
                f"Proposed: the surrogate gate is {met}, "
                "and simulated labels can give no other status."
            )
        if missed:
            words = [word if n == 0 else _lowered(word) for n, word in enumerate(missed)]
            verb = "misses its threshold" if len(missed) == 1 else "miss their thresholds"
            return f"Proposed: {_lowered(and_list(words))} {verb}."
        return "Proposed: every figure of the gate is met, but the run is not a full one."


def judge(
    table: TrainingTable, oof: OutOfFold, *, label_origin: LabelOrigin, full_size: bool
) -> Verdict:
    """Judge out-of-fold predictions; rows outside the folds take no part.

    `full_size` is False where a setting made the run smaller than a real one. Raises ValueError
    where table and predictions do not fit together.
    """
    return judge_scores(fold_scores(table, oof), label_origin=label_origin, full_size=full_size)


def judge_scores(
    folds: Sequence[FoldScore], *, label_origin: LabelOrigin, full_size: bool
) -> Verdict:
    """Judge the figures of every seed on every fold.

    Raises ValueError where a (seed, fold) is missing or occurs twice.
    """
    fold_ids = sorted({row.fold for row in folds})
    seeds = seed_scores(folds)
    pairs = {(row.seed, row.fold) for row in folds}
    if len(pairs) != len(folds) or len(pairs) != len(fold_ids) * len(seeds):
        raise ValueError("every seed is scored once on every fold")
    enough = len(fold_ids) >= 2 and len(seeds) >= 2
    plccs = [row.mean_plcc for row in seeds]
    checks = (
        _check("mean_plcc", _mean(plccs, enough), GATE.mean_plcc, ">="),
        _check("mean_srocc", _mean([s.mean_srocc for s in seeds], enough), GATE.mean_srocc, ">="),
        _check("mean_rmse", _mean([s.mean_rmse for s in seeds], enough), GATE.mean_rmse, "<="),
        _check("plcc_spread", _spread(plccs, enough), GATE.plcc_spread, "<="),
    )
    complete = all(check.figure is not None for check in checks)
    simulated = label_origin is LabelOrigin.SIMULATED
    surrogate = None
    passed = all(check.passed for check in checks)
    if simulated:
        surrogate = _check("mean_plcc", checks[0].figure, GATE.surrogate_mean_plcc, ">=")
        passed = surrogate.passed and complete
    reasons: list[str] = []
    if simulated:
        reasons.append("The labels are simulated, and no simulated rating can accept a head.")
    if not enough:
        reasons.append(
            f"A verdict needs two folds and two seeds at least; there are {len(fold_ids)} "
            f"and {len(seeds)}."
        )
    else:
        reasons.extend(_missing(folds))
        reasons.extend(_misses(checks, surrogate))
        if len(fold_ids) != GATE.folds:
            # The mean RMSE of many small folds flatters, that of few is of weaker heads.
            reasons.append(
                f"Accepted needs {GATE.folds} folds, no fewer and no more; there are "
                f"{len(fold_ids)}."
            )
        if len(seeds) < GATE.seeds:
            reasons.append(f"Accepted needs {GATE.seeds} seeds; there are {len(seeds)}.")
    if not full_size:
        reasons.append("A setting made this run smaller than a full one, which is for a look only.")
    spreads = [
        _spread([row.plcc for row in folds if row.seed == seed.seed], enough) for seed in seeds
    ]
    fold_spread = _mean([math.nan if x is None else x for x in spreads], enough)
    return Verdict(
        status=Status.PROPOSED if reasons else Status.ACCEPTED,
        kind=GateKind.SURROGATE if simulated else GateKind.REAL,
        passed=passed,
        checks=checks,
        surrogate=surrogate,
        reasons=tuple(reasons),
        folds=tuple(folds),
        seeds=seeds,
        fold_spread=fold_spread,
        expected_fold_spread=_expected(folds, checks[0].figure, len(fold_ids)),
        n_folds=len(fold_ids),
        n_seeds=len(seeds),
    )


def _check(
    name: CheckName, figure: float | None, threshold: float, comparison: Literal[">=", "<="]
) -> GateCheck:
    passed = figure is not None and (
        figure >= threshold if comparison == ">=" else figure <= threshold
    )
    return GateCheck(
        name=name, figure=figure, threshold=threshold, comparison=comparison, passed=passed
    )


def _mean(figures: Sequence[float], enough: bool) -> float | None:
    return finite_or_none(mean(figures)) if enough else None


def _spread(figures: Sequence[float], enough: bool) -> float | None:
    if not enough or not all(math.isfinite(x) for x in figures):
        return None
    return finite_or_none(max(figures) - min(figures))


def _expected(folds: Sequence[FoldScore], r: float | None, n_folds: int) -> float | None:
    if r is None:
        return None
    spread = expected_fold_spread(r, float(np.mean([row.n_val for row in folds])), n_folds)
    return spread if math.isfinite(spread) else None


def _missing(folds: Sequence[FoldScore]) -> list[str]:
    """One sentence a fold that has a figure missing, with the seeds it concerns."""
    sentences: list[str] = []
    for fold in sorted({row.fold for row in folds}):
        mine = [row for row in folds if row.fold == fold]
        bad = [r for r in mine if not all(map(math.isfinite, (r.plcc, r.srocc, r.rmse)))]
        if not bad:
            continue
        what = [
            word
            for word, name in (("PLCC", "plcc"), ("SROCC", "srocc"), ("RMSE", "rmse"))
            if any(not math.isfinite(getattr(row, name)) for row in bad)
        ]
        if bad[0].n_val < 3:
            why = f"the fold has too few clips ({bad[0].n_val})"
        elif what == ["PLCC", "SROCC"]:
            why = "predictions or ratings are constant there"
        else:
            why = "a prediction or a rating there is not finite"
        seeds = and_list([str(row.seed) for row in bad])
        sentences.append(
            f"Fold {fold} has no {and_list(what)} for "
            f"{'seed' if len(bad) == 1 else 'seeds'} {seeds}: {why}."
        )
    return sentences


def _misses(checks: Sequence[GateCheck], surrogate: GateCheck | None) -> list[str]:
    sentences: list[str] = []
    for check in checks if surrogate is None else (surrogate,):
        word = CHECK_WORDS[check.name]
        if check.figure is None:
            sentences.append(f"{word} does not exist, and what does not exist fails.")
        elif not check.passed:
            side = "below" if check.comparison == ">=" else "above"
            limit = "least" if check.comparison == ">=" else "most"
            sentences.append(
                f"{word} is {plain(check.figure, beside=check.threshold)}, {side} the {limit} "
                f"that the gate allows, {plain(check.threshold)}."
            )
    return sentences


def _lowered(word: str) -> str:
    return word if word.startswith("PLCC") else word[0].lower() + word[1:]
