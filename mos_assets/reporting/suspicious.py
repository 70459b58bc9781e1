"""Ratings that look wrong, for the owner of a corpus: a local page that names clips."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from mos_assets.evaluation.text import count
from mos_assets.ratings import noise_of_labels, unexplained_residuals
from mos_assets.records import (
    FloatArray,
    OutOfFold,
    SuspicionKind,
    SuspiciousRating,
    TrainingTable,
)
from mos_assets.reporting.markdown import cell

_MEDIAN_TO_DEVIATION = 1.4826
"""Of a normal variable: its deviation over the median of its size."""
_WORDS = {
    SuspicionKind.REPEATS_DISAGREE: "Rated in two tests, with 95 % intervals that do not meet; MOS "
    "on one scale where the tests were aligned.",
    SuspicionKind.SPLIT_VOTES: "The votes differ more than their raters' inconsistency explains.",
    SuspicionKind.RATER_AGAINST: "The rater goes against the panel.",
    SuspicionKind.UNEXPLAINED: "Heads that had not seen the clip are further off than their usual "
    "errors and the noise of the rating explain: the rating is wrong, or the features do not see "
    "what people saw.",
}
_MOST = 200
"""Rows of one kind on the page; the table in the store has them all."""


def unexplained_ratings(
    table: TrainingTable, oof: OutOfFold, names: Mapping[str, str]
) -> tuple[tuple[str, SuspiciousRating], ...]:
    """(corpus, suspicion) of the clips in the folds whose residual no noise explains.

    names: clip id → file name. The residual is that of the mean prediction of all seeds. What a
    head errs by itself is told from the median of all residuals, which a few wrong ratings do not
    move; the noise of ratings is in that already, so that a clip is rather spared than named. Empty
    where a prediction is not finite or the residuals are 0.
    """
    inside = np.flatnonzero(table.folds >= 0)
    predicted: FloatArray = oof.predictions[:, inside].mean(axis=0)
    mos = table.mos[inside]
    if len(inside) == 0 or not np.isfinite(predicted).all():
        return ()
    spread = _MEDIAN_TO_DEVIATION * float(np.median(np.abs(predicted - mos)))
    if spread <= 0:
        return ()
    noise = noise_of_labels(table.mos_ci95, table.mos_std, table.n_ratings)[inside]
    clip_ids = tuple(table.clip_ids[row] for row in inside)
    return tuple(
        (found.clip.partition("/")[0], replace(found, clip=names[found.clip]))
        for found in unexplained_residuals(clip_ids, mos, predicted, noise, spread)
    )


def suspicious_page(head_id: str, rows: Sequence[tuple[str, str, str | None, str]]) -> str:
    """Markdown of (corpus, kind, clip, what), in the order given. Names clips: it stays here."""
    lines = [
        "# Ratings that look wrong",
        "",
        f"Of the corpora behind `{head_id}`, for whoever owns them; part of no card and no "
        "release. Nothing here is left out of training: look, and correct the files.",
    ]
    if not rows:
        lines += ["", "Nothing stands out."]
    for kind in SuspicionKind:
        mine = [row for row in rows if row[1] == kind]
        if not mine:
            continue
        lines += ["", f"## {kind.capitalize()}: {count(len(mine))}", "", _WORDS[kind], ""]
        lines += ["| corpus | clip | what |", "|---|---|---|"]
        lines += [
            f"| {cell(corpus)} | {cell(clip or '')} | {cell(what)} |"
            for corpus, _, clip, what in mine[:_MOST]
        ]
        if len(mine) > _MOST:
            lines += ["", f"{count(len(mine) - _MOST)} more in the table `suspicious_ratings`."]
    return "\n".join(lines) + "\n"
