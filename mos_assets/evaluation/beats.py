"""Whether a head is more than a shortcut: one more condition for `Accepted`, beside the gate.

The head has to beat every shortcut of its own clips (`SHORTCUTS_THAT_COUNT`), each with 95 %
confidence. To claim that much no correction for the number of shortcuts is needed, and none is
picked by its figure (intersection-union test, Berger, Technometrics 1982). Foreign metrics are
shown and do not count: they may know a pristine file that the head has never seen. How often a
head passes that is no better than its shortcut, `bench/shortcuts.py` measures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from mos_assets.evaluation.beyond import Beyond, beyond
from mos_assets.evaluation.margins import Margin, margins_over, part_of, rows_of
from mos_assets.evaluation.metrics import PLCC, RMSE, SROCC, Metric, rounded
from mos_assets.evaluation.resampling import Interval
from mos_assets.evaluation.shortcuts import (
    BesideColumns,
    Shortcut,
    ShortcutKind,
    is_shortcut_itself,
    names_of,
    shortcuts,
)
from mos_assets.evaluation.text import plain
from mos_assets.records import FloatArray, IntArray, OutOfFold, Reported, TrainingTable

SHORTCUTS_THAT_COUNT = (ShortcutKind.COLUMN, ShortcutKind.CONTAINER, ShortcutKind.SIZE)
"""Those that a head must beat to be Accepted."""
_METRICS = (PLCC, SROCC, RMSE)
_NARROW = 0.01
"""PLCC; a pass whose margin may be as small as this is called narrow."""


class ShortcutRow(Reported):
    """A shortcut on the folds of the head, and what the head has over it."""

    kind: ShortcutKind
    name: str
    columns: tuple[str, ...]
    n: int
    """Clips that both have predicted."""
    # Like the margin: where `pooled`, of all folds as one, else means over folds.
    plcc: float | None
    srocc: float | None
    rmse: float | None
    raw_plcc: float | None
    """Of a foreign metric as it stands, mean over folds; None for other shortcuts."""
    raw_srocc: float | None
    raw_plcc_all: float | None
    """The same over all clips as one, as the literature states it."""
    raw_srocc_all: float | None
    head_plcc: float | None
    """The head's on the same clips."""
    margin_plcc: float | None
    """Head minus shortcut; where `pooled`, of all folds as one, else of the means over folds."""
    margin_plcc_interval: Interval | None
    """Over contents, paired clip by clip."""
    pooled: bool
    """Whether margin and figures are those of all folds as one: so with fewer contents than
    `LEAST_CONTENTS`, where a fold holds too few to leave one out, and where the shortcut is
    constant in a fold."""
    counts: bool
    """Whether the head must beat it to be Accepted."""
    reason: str | None
    """Why a figure is missing."""

    @property
    def beaten(self) -> bool:
        """Whether the margin lies above 0 with 95 % confidence."""
        return self.margin_plcc_interval is not None and self.margin_plcc_interval.low > 0.0


class ShortcutVerdict(Reported):
    """Whether the head has shown that it is more than a shortcut."""

    passed: bool
    """Else the head is never Accepted, whatever its figures."""
    nearest: str | None
    """The shortcut that counts and that the head beats by least, at the lower end of the interval;
    None without one."""
    rows: tuple[ShortcutRow, ...]
    beyond: Beyond | None
    """What the head says beyond the shortcut of the highest PLCC that counts."""
    sentence: str


def beats_shortcuts(
    table: TrainingTable, oof: OutOfFold, beside: BesideColumns | None = None
) -> ShortcutVerdict:
    """Compute every shortcut on the folds of the table, and compare the head with each.

    Not passed: where one that counts is not beaten, where the interval of a margin cannot be told
    (a single content), where none could be computed, and where the head is a shortcut itself.
    Raises ValueError where table and predictions do not fit together.
    """
    beside = beside or BesideColumns()
    return judged_against(
        table, oof, shortcuts(table, beside, oof.lines), itself=is_shortcut_itself(table, beside)
    )


def judged_against(
    table: TrainingTable,
    oof: OutOfFold,
    found: Sequence[Shortcut],
    *,
    itself: str | None = None,
    as_one: bool = False,
) -> ShortcutVerdict:
    """The verdict on shortcuts that are predicted already.

    itself: why the head is one. as_one: figures over all rows instead of means over folds, for a
    head that no fold was held from.
    """
    if oof.predictions.shape[1] != len(table.mos):
        raise ValueError(
            f"predictions are [seeds, rows]: expected {len(table.mos)} rows, "
            f"got {oof.predictions.shape[1]}"
        )
    margins = margins_over(table, oof, found, as_one=as_one)
    rows = tuple(
        _row(
            oof, shortcut, part_of(table, shortcut, as_one=as_one), rows_of(table, shortcut), margin
        )
        for shortcut, margin in zip(found, margins, strict=True)
    )
    counting = [row for row in rows if row.counts and row.plcc is not None]
    nearest = min(counting, key=_lead, default=None)
    best = max(counting, key=lambda row: row.plcc or -1.0, default=None)
    known = {(shortcut.kind, shortcut.name): shortcut for shortcut in found}
    passed = itself is None and bool(counting) and all(row.beaten for row in counting)
    return ShortcutVerdict(
        passed=passed,
        nearest=None if nearest is None else _called(nearest),
        rows=rows,
        beyond=None
        if best is None
        else beyond(table, oof, _called(best), known[best.kind, best.name].predicted),
        sentence=_sentence(passed, nearest, itself),
    )


def _row(
    oof: OutOfFold, shortcut: Shortcut, part: TrainingTable, rows: IntArray, margin: Margin
) -> ShortcutRow:
    counts = shortcut.kind in SHORTCUTS_THAT_COUNT
    predicted = [*oof.predictions[:, rows], shortcut.predicted[rows]]
    if shortcut.raw is not None:
        predicted.append(shortcut.raw[rows])
    n_seeds = len(oof.predictions)
    by_folds = _figures(part, np.array(predicted))
    whole = replace(part, folds=np.zeros_like(part.folds))
    figures = _figures(whole, np.array(predicted)) if margin.pooled else by_folds

    def of(metric: str, at: int) -> float | None:
        return rounded(float(figures[metric][at]))

    def raw(metric: str) -> float | None:
        return None if shortcut.raw is None else rounded(float(by_folds[metric][n_seeds + 1]))

    own = of(PLCC.name, n_seeds)
    reason = shortcut.reason
    if reason is None and own is None:
        reason = "it has no correlation: its predictions are constant"
    elif reason is None and not np.isfinite(figures[PLCC.name][:n_seeds]).all():
        reason = "the head has no correlation: its predictions are constant or not finite"
    elif reason is None and margin.interval is None:
        reason = "how sure the difference is cannot be told: the contents are too few"
    return ShortcutRow(
        kind=shortcut.kind,
        name=shortcut.name,
        columns=shortcut.columns,
        n=len(rows),
        plcc=own,
        srocc=of(SROCC.name, n_seeds),
        rmse=of(RMSE.name, n_seeds),
        raw_plcc=raw(PLCC.name),
        raw_srocc=raw(SROCC.name),
        raw_plcc_all=_raw(PLCC, shortcut, part, rows),
        raw_srocc_all=_raw(SROCC, shortcut, part, rows),
        head_plcc=rounded(float(figures[PLCC.name][:n_seeds].mean())),
        margin_plcc=margin.figure,
        margin_plcc_interval=margin.interval,
        pooled=margin.pooled,
        counts=counts,
        reason=reason,
    )


def _figures(part: TrainingTable, predicted: FloatArray) -> dict[str, FloatArray]:
    """Of each metric, [predictors]: means over folds; of all folds as one where a predictor has
    none in a fold."""
    found: dict[str, FloatArray] = {}
    for metric in _METRICS:
        means = np.full(len(predicted), np.nan)
        for at, x in enumerate(predicted):
            each = [
                metric.compute(x[part.folds == fold], part.mos[part.folds == fold])
                for fold in np.unique(part.folds)
            ]
            means[at] = np.mean(each) if each else np.nan
            if not np.isfinite(means[at]):
                means[at] = metric.compute(x, part.mos)
        found[metric.name] = means
    return found


def _raw(metric: Metric, shortcut: Shortcut, part: TrainingTable, rows: IntArray) -> float | None:
    if shortcut.raw is None or not len(rows):
        return None
    return rounded(metric.compute(shortcut.raw[rows], part.mos))


def _lead(row: ShortcutRow) -> float:
    interval = row.margin_plcc_interval
    return -np.inf if interval is None else interval.low


def _called(row: ShortcutRow) -> str:
    return f"{row.kind.value} ({names_of(row.columns)})"


def _sentence(passed: bool, nearest: ShortcutRow | None, itself: str | None) -> str:
    if itself is not None:
        return f"The head is a shortcut itself, since {itself}: it is not Accepted."
    if nearest is None:
        return (
            "No shortcut could be computed, so that nothing shows that the head is more than one: "
            "it is not Accepted."
        )
    figures = (
        f"PLCC {plain(nearest.head_plcc)} against {plain(nearest.plcc)} of {_called(nearest)}"
        f"{', all folds as one' if nearest.pooled else ''}"
    )
    interval = nearest.margin_plcc_interval
    short = f"The head has not shown that it is more than a shortcut: {figures}"
    if interval is None:
        return f"{short}, and {nearest.reason}."
    told = (
        f"the difference is {plain(nearest.margin_plcc)}, 95 % interval "
        f"{plain(interval.low)} to {plain(interval.high)}"
    )
    if not passed:
        return f"{short}; {told}."
    narrow = " That is narrow." if interval.low < _NARROW else ""
    return f"The head beats every shortcut: {figures}; {told}.{narrow}"
