"""Judging a layer: each content scored by a layer that was fitted, and whose penalties were chosen,
on the other contents."""

from __future__ import annotations

import numpy as np

from mos_assets.adapting.fitting import fit
from mos_assets.adapting.layer import Figure, Judgement
from mos_assets.adapting.rows import RatedRows
from mos_assets.evaluation.metrics import PLCC, RMSE, SROCC, Metric, finite_or_none
from mos_assets.evaluation.resampling import Figures, Resampling, resample
from mos_assets.records import FloatArray

METRICS = (PLCC, SROCC, RMSE)


def left_out_scores(rows: RatedRows) -> FloatArray:
    """[n] adapted scores of clips whose content took no part."""
    found = np.empty(len(rows.mos))
    for content in np.unique(rows.contents):
        mine = rows.contents == content
        correction = fit(rows.without(int(content)))
        found[mine] = correction.corrected(rows.scores[mine], rows.features[mine])
    return found


def judge(rows: RatedRows) -> Judgement:
    """Figures before and after, with 95 % intervals over contents."""
    drawn = resample(
        np.stack([rows.scores, left_out_scores(rows)]),
        rows.mos,
        np.zeros(len(rows.mos), dtype=np.int64),
        [f"content {content}" for content in rows.contents],
        METRICS,
    )
    return Judgement(
        n_clips=len(rows.mos),
        n_contents=rows.n_contents,
        figures=tuple(_figure(drawn, metric) for metric in METRICS),
    )


def _figure(drawn: Resampling, metric: Metric) -> Figure:
    def of(predictor: int) -> tuple[float | None, tuple[float, float] | None]:
        def one(figures: Figures) -> FloatArray:
            return figures[metric.name][:, predictor]

        at = finite_or_none(float(one(drawn.whole)[0]))
        return at, None if at is None else drawn.interval(one, scale=metric.scale)

    def gained(figures: Figures) -> FloatArray:
        each = figures[metric.name]
        found: FloatArray = each[:, 1] - each[:, 0]
        return found

    (before, before_interval), (after, after_interval) = of(0), of(1)
    known = before is not None and after is not None
    return Figure(
        metric.name,
        before,
        before_interval,
        after,
        after_interval,
        drawn.interval(gained) if known else None,
    )
