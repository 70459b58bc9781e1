"""ITU-T P.913 (2021) 12.6: subject bias removed, subjects weighted by their consistency.

A vote is the clip's quality plus the rater's bias plus noise, whose standard deviation is the
rater's inconsistency. Alternating projections estimate all three. Source also: Li, Bampis, Krasula,
Janowski, Katsavounidis, "A simple model for subject behavior in subjective experiments" (2020).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mos_assets.ratings.estimators.base import Fit, RatingEstimator
from mos_assets.ratings.panel import CI95, Panel
from mos_assets.records import BoolArray, Estimator, FloatArray, IntArray

MOST_STEPS = 1000
STILL = 1e-8
"""The projections stop when the Euclidean norm of a step of the MOS is below this, or after
MOST_STEPS."""
VARIANCE_FLOOR = 1e-8
"""Added to the variance of a rater (MOS squared), so that weights stay finite where a rater has
no residual at all."""
LEAST_CONSISTENT = 0.1
"""A rater whose inconsistency falls below this part of the panel's is fitted, not measured."""
MOST_WEIGHT = 0.5
"""As has one who holds more than this share of the weight of the clips he rated: beyond it the
projections draw the MOS of those clips to him ever faster, because the residual of his votes
shrinks with his weight."""
LEAST_VOTES = 2
"""A rater with fewer has no residual beside his bias."""
PRIOR_VOTES = 8.0
"""Where raters are fitted rather than measured: so many votes of an ordinary rater are added to
each. In four laboratory tests the variance of votes was 3 to 10 times that of biases."""


@dataclass(frozen=True, eq=False)
class Solution:
    """The three figures of the model."""

    mos: FloatArray
    """(J,)."""
    bias: FloatArray
    """(I,) 0 where it cannot be told."""
    variance: FloatArray
    """(I,) what weights are made from, without the floor."""
    told: BoolArray
    """(I,) whether bias and variance say anything of the rater."""


class P913(RatingEstimator):
    """The estimator of P.913 12.6, and one for designs that it cannot carry.

    mos: means of the votes without the raters' biases, weighted by 1 / (inconsistency^2 +
    VARIANCE_FLOOR). It is not held within 1..5: where everybody votes 1, a rater who votes high
    elsewhere moves the estimate below 1 (see `ratings.hold_to_scale`). std: of the votes without
    biases, n - 1 in the denominator. n: votes. ci95: CI95 / sqrt(sum of the weights), which says
    what the raters' consistency says, not how this clip's votes happened to differ.

    Biases add to 0 over the raters who share clips, directly or through others. The published
    projections need many raters a clip: where one of them comes to hold more than MOST_WEIGHT of
    his clips, or to be LEAST_CONSISTENT, they have run away to his votes. Then the panel is
    estimated again with squared residuals divided by what is left of them after the fit (1 minus
    the vote's share of weight) and with PRIOR_VOTES for each rater, which is the same model
    estimated without that defect.

    A rater with a single vote has bias 0 and the panel's variance, since no residual is left to
    him. A clip with one vote gets that vote without the rater's bias. Where no clip has two votes,
    nothing can be told of raters: the MOS are the votes, without intervals. Raters of whom nothing
    can be told have NaN for bias and inconsistency.
    """

    name = Estimator.P913
    words = "ITU-T P.913 12.6 (raters' biases removed, consistent raters weighing more)"
    needs_raters = True

    def _fit(self, panel: Panel) -> Fit:
        if not np.any(panel.votes_of_clips > 1):
            return _as_voted(panel)
        solution, way = _published(panel), self.words
        if solution is None:
            solution = _corrected(panel)
            way = f"{self.words}, corrected for few ratings a clip or a rater"
        weight = 1.0 / (solution.variance + VARIANCE_FLOOR)
        votes = panel.vote - solution.bias[panel.rater]
        return Fit(
            mos=solution.mos,
            std=panel.clip_std(votes),
            n=panel.votes_of_clips,
            ci95=CI95 / np.sqrt(panel.by_clip(weight[panel.rater])),
            bias=np.where(solution.told, solution.bias, np.nan),
            inconsistency=np.where(solution.told, np.sqrt(solution.variance), np.nan),
            weight=weight,
            way=way,
        )


def _as_voted(panel: Panel) -> Fit:
    unknown = np.full(len(panel.rater_ids), np.nan)
    nothing = np.full(len(panel.clip_ids), np.nan)
    return Fit(
        mos=panel.vote.copy(),
        std=nothing,
        n=panel.votes_of_clips,
        ci95=nothing,
        bias=unknown,
        inconsistency=unknown,
        weight=np.ones(len(panel.rater_ids)),
        way="the single vote of each clip, which says nothing of raters",
    )


def _published(panel: Panel) -> Solution | None:
    """The projections to the letter; None where they run away to a rater."""
    x, clip, rater = panel.vote, panel.clip, panel.rater
    count = panel.votes_of_raters
    told = count >= LEAST_VOTES
    if not told.any():
        return None
    shared = panel.votes_of_clips[clip] > 1
    shares = panel.by_rater(shared.astype(np.float64))
    mos = panel.clip_means(x)
    bias = np.where(told, panel.by_rater(x - mos[clip]) / count, 0.0)
    for _ in range(MOST_STEPS):
        before = mos
        gap = x - mos[clip] - bias[rater]
        variance = panel.by_rater((gap - (panel.by_rater(gap) / count)[rater]) ** 2) / count
        of_panel = float(np.dot(variance[told], count[told]) / count[told].sum())
        variance = np.where(told, variance, of_panel)
        weight = 1.0 / (variance + VARIANCE_FLOOR)
        each = weight[rater]
        total = panel.by_clip(each)
        mos = panel.by_clip(each * (x - bias[rater])) / total
        bias = np.where(told, panel.by_rater(x - mos[clip]) / count, 0.0)
        held = panel.by_rater(np.where(shared, each / total[clip], 0.0))
        if bool(np.any(held > (MOST_WEIGHT + 1e-9) * shares)):
            return None
        if float(np.linalg.norm(mos - before)) < STILL:
            break
    if bool(np.any(variance < LEAST_CONSISTENT**2 * of_panel - VARIANCE_FLOOR)):
        return None
    mean_bias = _mean_bias(_parts(panel), bias, told)
    return Solution(
        mos=mos + mean_bias[rater[panel.starts]],
        bias=np.where(told, bias - mean_bias, 0.0),
        variance=variance,
        told=told & (shares > 0),
    )


def _corrected(panel: Panel) -> Solution:
    """The same model where raters or clips have few votes; some clip has two."""
    x, clip, rater = panel.vote, panel.clip, panel.rater
    count = panel.votes_of_raters
    weight = np.ones(len(count))
    bias = np.zeros(len(count))
    parts, everybody = _parts(panel), np.ones(len(count), dtype=np.bool_)
    mos = panel.clip_means(x)
    for _ in range(MOST_STEPS):
        before = mos
        each = weight[rater]
        left = 1.0 - each / panel.by_clip(each)[clip]
        freedom = panel.by_rater(left) * (count - 1) / count
        squares = panel.by_rater((x - mos[clip] - bias[rater]) ** 2)
        of_panel = float(squares.sum() / max(freedom.sum(), 1.0))
        variance = (squares + PRIOR_VOTES * of_panel) / (freedom + PRIOR_VOTES)
        weight = 1.0 / (variance + VARIANCE_FLOOR)
        each = weight[rater]
        mos = panel.by_clip(each * (x - bias[rater])) / panel.by_clip(each)
        bias = panel.by_rater(x - mos[clip]) / (count + PRIOR_VOTES)
        # The prior has them around 0; getting there by itself takes hundreds of steps.
        bias -= _mean_bias(parts, bias, everybody)
        if float(np.linalg.norm(mos - before)) < STILL:
            break
    shared = panel.by_rater((panel.votes_of_clips[clip] > 1).astype(np.float64))
    return Solution(mos=mos, bias=bias, variance=variance, told=shared >= LEAST_VOTES)


def _mean_bias(parts: IntArray, bias: FloatArray, told: BoolArray) -> FloatArray:
    """(I,) mean bias of the raters in the same part as this one."""
    count = np.bincount(parts, told)
    mean = np.bincount(parts, np.where(told, bias, 0.0)) / np.where(count > 0, count, 1.0)
    found: FloatArray = mean[parts]
    return found


def _parts(panel: Panel) -> IntArray:
    """(I,) the connected component of the raters' and clips' graph that a rater lies in."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    raters, clips = len(panel.rater_ids), len(panel.clip_ids)
    edges = coo_array(
        (np.ones(len(panel.clip), dtype=np.int8), (panel.rater, raters + panel.clip)),
        shape=(raters + clips, raters + clips),
    )
    parts: IntArray = connected_components(edges, directed=False)[1][:raters].astype(np.int64)
    return parts
