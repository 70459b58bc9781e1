"""The verdict on a head. The gate that it loops over is a table, `criteria.py`; beside it stands
one condition more for `Accepted`, that the head beats its shortcuts (`beats.py`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from pydantic import model_validator

from mos_assets.evaluation.beats import ShortcutVerdict
from mos_assets.evaluation.criteria import GATE, PLCC_SPREAD, Criterion, Gate, Operator
from mos_assets.evaluation.metrics import (
    PLCC,
    RMSE,
    Metric,
    expected_fold_spread,
    finite_or_none,
    mean,
)
from mos_assets.evaluation.scores import fold_scores, seed_scores
from mos_assets.evaluation.text import and_list, lowered, plain
from mos_assets.records import (
    FigureRow,
    FoldScore,
    GateKind,
    LabelOrigin,
    Named,
    OutOfFold,
    Reported,
    SeedScore,
    Status,
    TrainingTable,
)


class GateCheck(Reported):
    """One figure against one threshold."""

    name: str
    words: str
    """What people read."""
    metric: str
    """The metric that the figure is made of, as rows of folds name it."""
    statistic: str
    """What was done with the seeds' means of the metric: `mean` or `spread`."""
    figure: float | None
    """None where it does not exist; the check has then failed."""
    threshold: float
    comparison: Operator
    places: int
    """Decimal places in a table."""
    passed: bool

    @classmethod
    def of(cls, criterion: Criterion, figure: float | None) -> GateCheck:
        """The check of this figure."""
        return cls(
            name=criterion.name,
            words=criterion.words,
            metric=criterion.statistic.metric.name,
            statistic=criterion.statistic.word,
            figure=figure,
            threshold=criterion.threshold,
            comparison=criterion.comparison,
            places=criterion.places,
            passed=criterion.met_by(figure),
        )

    @model_validator(mode="before")
    @classmethod
    def _of_report_1(cls, data: Any) -> Any:
        """Reports of schema 1 name their checks and say no more: the table knows the rest."""
        if not isinstance(data, Mapping) or "words" in data:
            return data
        for row in GATE.criteria:
            if row.name == data.get("name"):
                known = cls.of(row, None).model_dump(
                    include={"words", "metric", "statistic", "places"}
                )
                return {**known, **data}
        return data

    def text(self, places: int | None = None) -> str:
        """The figure in a table, with places enough to tell it from its threshold."""
        return plain(self.figure, places or self.places, beside=self.threshold)

    @property
    def limit(self) -> str:
        """The threshold in a table, to the last place that it has."""
        places = next(n for n in range(3, 18) if round(self.threshold, n) == self.threshold)
        return plain(self.threshold, places)


class Verdict(Reported):
    """What the gate says of one candidate."""

    status: Status
    kind: GateKind
    passed: bool
    """Whether the gate of this kind was met; a surrogate gate that was met is still Proposed."""
    checks: tuple[GateCheck, ...]
    """Those of the real gate, whatever the kind."""
    surrogate: tuple[GateCheck, ...]
    """Those of the surrogate gate, on simulated labels only."""
    reasons: tuple[str, ...]
    """Why the head is Proposed, in plain sentences; empty where it is Accepted."""
    folds: tuple[FoldScore, ...]
    seeds: tuple[SeedScore, ...]
    fold_spread: float | None
    """Largest minus smallest PLCC over folds, averaged over seeds; never gates."""
    expected_fold_spread: float | None
    """The fold spread that sampling alone gives at this PLCC and fold size."""
    n_folds: int
    n_seeds: int
    beats_shortcuts: bool | None = None
    """Whether the head has shown that it is more than a shortcut, without which it is never
    Accepted; None where nobody asked."""

    @model_validator(mode="before")
    @classmethod
    def _of_report_1(cls, data: Any) -> Any:
        """In reports of schema 1 the surrogate gate is its one check, or null."""
        if isinstance(data, Mapping) and isinstance(data.get("surrogate"), Mapping | None):
            one = data.get("surrogate")
            return {**data, "surrogate": () if one is None else (one,)}
        return data

    @property
    def deciding(self) -> tuple[GateCheck, ...]:
        """The checks of the gate of this kind."""
        return self.surrogate or self.checks

    def check(self, criterion: Named) -> GateCheck:
        """The check of that name. Raises KeyError where this gate had none."""
        for check in self.checks:
            if check.name == criterion.name:
                return check
        raise KeyError(criterion.name)

    @property
    def means(self) -> FigureRow[float]:
        """Means over seeds and folds, by metric; none where there is no verdict."""
        if not _enough(self.n_folds, self.n_seeds):
            return FigureRow(figures={})
        return FigureRow(
            figures={
                name: mean([seed.figures[name] for seed in self.seeds])
                for name in self.seeds[0].figures
            }
        )

    @property
    def sentence(self) -> str:
        """The verdict in one sentence."""
        if self.status is Status.ACCEPTED:
            beaten = "" if self.beats_shortcuts is None else ", and every shortcut is beaten"
            return f"Accepted: every figure of the gate is met on human labels{beaten}."
        missed = [check.words for check in self.checks if not check.passed]
        if all(check.figure is None for check in self.checks):
            return "Proposed: there are too few folds or seeds, or no figures, for a verdict."
        if self.surrogate:
            met = "met" if self.passed else "missed"
            return (
                f"Proposed: the surrogate gate is {met}, "
                "and simulated labels can give no other status."
            )
        if missed:
            words = [word if n == 0 else lowered(word) for n, word in enumerate(missed)]
            verb = "misses its threshold" if len(missed) == 1 else "miss their thresholds"
            return f"Proposed: {lowered(and_list(words))} {verb}."
        if self.beats_shortcuts is False:
            return (
                "Proposed: every figure of the gate is met, but the head has not shown that it is "
                "more than a shortcut."
            )
        return "Proposed: every figure of the gate is met, but the run is not a full one."


def judge(
    table: TrainingTable,
    oof: OutOfFold,
    *,
    label_origin: LabelOrigin,
    full_size: bool,
    gate: Gate = GATE,
    shortcuts: ShortcutVerdict | None = None,
) -> Verdict:
    """Judge out-of-fold predictions; rows outside the folds take no part.

    `full_size` is False where a setting made the run smaller than a real one. `shortcuts`: what
    `beats_shortcuts` says of them; None: nobody asked. Raises ValueError where table and
    predictions do not fit together.
    """
    scores = fold_scores(table, oof, gate.metrics)
    return judge_scores(
        scores, label_origin=label_origin, full_size=full_size, gate=gate, shortcuts=shortcuts
    )


def judge_scores(
    folds: Sequence[FoldScore],
    *,
    label_origin: LabelOrigin,
    full_size: bool,
    gate: Gate = GATE,
    shortcuts: ShortcutVerdict | None = None,
) -> Verdict:
    """Judge the figures of every seed on every fold.

    Raises ValueError where a (seed, fold) is missing or occurs twice.
    """
    fold_ids = sorted({row.fold for row in folds})
    seeds = seed_scores(folds, gate.metrics)
    pairs = {(row.seed, row.fold) for row in folds}
    if len(pairs) != len(folds) or len(pairs) != len(fold_ids) * len(seeds):
        raise ValueError("every seed is scored once on every fold")
    enough = _enough(len(fold_ids), len(seeds))

    def checked(criterion: Criterion) -> GateCheck:
        means = [seed.of(criterion.statistic.metric) for seed in seeds]
        return GateCheck.of(criterion, criterion.statistic.over_seeds(means) if enough else None)

    checks = tuple(checked(row) for row in gate.criteria)
    simulated = label_origin is LabelOrigin.SIMULATED
    surrogate = tuple(checked(row) for row in gate.surrogate) if simulated else ()
    deciding = surrogate or checks
    complete = all(check.figure is not None for check in checks)
    reasons: list[str] = []
    if simulated:
        reasons.append("The labels are simulated, and no simulated rating can accept a head.")
    if not enough:
        reasons.append(
            f"A verdict needs two folds and two seeds at least; there are {len(fold_ids)} "
            f"and {len(seeds)}."
        )
    else:
        reasons.extend(_missing(folds, gate.metrics))
        reasons.extend(_misses(deciding))
        if len(fold_ids) != gate.folds:
            # The mean RMSE of many small folds flatters, that of few is of weaker heads.
            reasons.append(
                f"Accepted needs {gate.folds} folds, no fewer and no more; there are "
                f"{len(fold_ids)}."
            )
        if len(seeds) < gate.seeds:
            reasons.append(f"Accepted needs {gate.seeds} seeds; there are {len(seeds)}.")
    if not full_size:
        reasons.append("A setting made this run smaller than a full one, which is for a look only.")
    if shortcuts is not None and not shortcuts.passed:
        reasons.append(shortcuts.sentence)
    spreads = [
        PLCC_SPREAD.statistic.over_seeds([row.of(PLCC) for row in folds if row.seed == seed.seed])
        for seed in seeds
    ]
    return Verdict(
        status=Status.PROPOSED if reasons else Status.ACCEPTED,
        kind=GateKind.SURROGATE if simulated else GateKind.REAL,
        passed=complete and all(check.passed for check in deciding),
        checks=checks,
        surrogate=surrogate,
        reasons=tuple(reasons),
        folds=tuple(folds),
        seeds=seeds,
        fold_spread=mean(spreads) if enough else None,
        expected_fold_spread=_expected(folds, seeds, len(fold_ids)) if enough else None,
        n_folds=len(fold_ids),
        n_seeds=len(seeds),
        beats_shortcuts=None if shortcuts is None else shortcuts.passed,
    )


def _enough(n_folds: int, n_seeds: int) -> bool:
    return n_folds >= 2 and n_seeds >= 2


def _expected(folds: Sequence[FoldScore], seeds: Sequence[SeedScore], n_folds: int) -> float | None:
    r = mean([seed.of(PLCC) for seed in seeds])
    if r is None:
        return None
    fold_size = float(np.mean([row.n_val for row in folds]))
    return finite_or_none(expected_fold_spread(r, fold_size, n_folds))


def _missing(folds: Sequence[FoldScore], metrics: Sequence[Metric]) -> list[str]:
    """One sentence a fold that has a figure missing, with the seeds it concerns."""
    sentences: list[str] = []
    for fold in sorted({row.fold for row in folds}):
        mine = [row for row in folds if row.fold == fold]
        bad = [row for row in mine if any(row.of(metric) is None for metric in metrics)]
        if not bad:
            continue
        gone = [metric for metric in metrics if any(row.of(metric) is None for row in bad)]
        if bad[0].n_val < 3:
            why = f"the fold has too few clips ({bad[0].n_val})"
        elif RMSE not in gone:
            # An error exists wherever every prediction and rating is finite.
            why = "predictions or ratings are constant there"
        else:
            why = "a prediction or a rating there is not finite"
        seeds = and_list([str(row.seed) for row in bad])
        sentences.append(
            f"Fold {fold} has no {and_list([metric.label for metric in gone])} for "
            f"{'seed' if len(bad) == 1 else 'seeds'} {seeds}: {why}."
        )
    return sentences


def _misses(checks: Sequence[GateCheck]) -> list[str]:
    sentences: list[str] = []
    for check in checks:
        if check.figure is None:
            sentences.append(f"{check.words} does not exist, and what does not exist fails.")
        elif not check.passed:
            side = "below" if check.comparison == ">=" else "above"
            limit = "least" if check.comparison == ">=" else "most"
            sentences.append(
                f"{check.words} is {plain(check.figure, beside=check.threshold)}, {side} the "
                f"{limit} that the gate allows, {check.limit}."
            )
    return sentences
