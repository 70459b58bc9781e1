"""Whether label files say of clips what the votes say: each mean against the MOS as written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from mos_assets.corpora.declaration import OUTSIDE, OUTSIDE_ROWS
from mos_assets.corpora.deviations import half_unit
from mos_assets.corpora.names import stem
from mos_assets.records import (
    MOS_MAX,
    MOS_MIN,
    Disagreement,
    Finding,
    FloatArray,
    Label,
    RejectedRow,
    Severity,
    Votes,
)

ROUNDING = 1e-9
"""Part of the scale by which sums in another order may differ."""
SHOWN = 5


def disagreements(
    votes: Votes,
    labels: Sequence[Label],
    cells: Mapping[tuple[str, int], str],
    scale: tuple[float, float],
) -> tuple[Disagreement, ...]:
    """Labels whose MOS is none of the means of their clip's votes, within half a unit of the last
    digit that was written.

    A label that names a session of the votes is held against the mean in that session; another
    one against the mean in any session, and against that of all votes together.

    cells: (file, line) → MOS as written; scale: native, of the labels.
    """
    many = max(len(votes.clips), 1)
    key = votes.session * many + votes.clip
    different, at = np.unique(key, return_inverse=True)
    means = np.bincount(at, votes.vote) / np.maximum(np.bincount(at), 1)
    whole = np.bincount(votes.clip, votes.vote, minlength=many)
    count = np.bincount(votes.clip, minlength=many)
    session_of, clip_of = np.divmod(different, many)
    of_clip: dict[int, list[tuple[str, float]]] = {}
    for session, clip, mean in zip(
        session_of.tolist(), clip_of.tolist(), means.tolist(), strict=True
    ):
        of_clip.setdefault(clip, []).append((votes.sessions[session], mean))
    number = {stem(name): n for n, name in enumerate(votes.clips)}
    worst, best = scale
    found: list[Disagreement] = []
    for label in labels:
        clip = number.get(stem(label.clip_name))
        told = of_clip.get(clip, []) if clip is not None else []
        if not told or clip is None or np.isnan(label.mos):
            continue
        mine = [mean for session, mean in told if label.session and session == label.session]
        means_of = mine or [*(mean for _, mean in told), float(whole[clip] / count[clip])]
        nearest = min(means_of, key=lambda mean: abs(mean - label.mos))
        cell = cells[label.source, label.line]
        unit = half_unit(cell) * (MOS_MAX - MOS_MIN) / abs(best - worst)
        if abs(nearest - label.mos) > unit * (1 + ROUNDING) + ROUNDING * (MOS_MAX - MOS_MIN):
            back = (best - worst) / (MOS_MAX - MOS_MIN)
            native = worst + back * (nearest - MOS_MIN)
            found.append(
                Disagreement(label.clip_name, label.source, label.line, float(cell), native)
            )
    return tuple(found)


def rejected_labels(corpus: str, found: Sequence[Disagreement]) -> list[RejectedRow]:
    """Every label that says another thing than the votes, with both values."""
    return [
        RejectedRow(
            corpus,
            each.source,
            each.line,
            each.clip,
            f"MOS is {each.label:g}, and the mean of the clip's votes {each.votes:.6g}; "
            "the votes are used",
        )
        for each in found
    ]


def agreement_findings(
    found: Sequence[Disagreement], compared: int, unvoted: int, voted: int, column: str
) -> tuple[Finding, ...]:
    """What follows: a tenth of the labels, and three, are of another file or scale."""
    told: list[Finding] = []
    if found:
        many = len(found) >= OUTSIDE_ROWS and len(found) >= OUTSIDE * compared
        shown = ", ".join(
            f"{each.clip} ({each.source}:{each.line}) {each.label:g} and {each.votes:.6g}"
            for each in found[:SHOWN]
        )
        more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
        told.append(
            Finding(
                Severity.BLOCKS if many else Severity.WARNS,
                f"{len(found)} of {compared} labels are not the mean of their clip's votes"
                + (": they are of another test or scale" if many else ", which is used"),
                f"{', '.join(sorted({each.source for each in found}))}, column {column!r}",
                "Correct the labels, or leave columns.mos out where only the votes count",
                f"{shown}{more}",
            )
        )
    if unvoted:
        told.append(
            Finding(
                Severity.WARNS,
                f"{unvoted} clips have a label and no votes: their MOS is the label's, that of "
                f"{voted} others is estimated from votes",
                f"column {column!r}",
                "Make sure that the vote files are complete",
            )
        )
    return tuple(told)


def raw_means(votes: Votes) -> tuple[FloatArray, FloatArray]:
    """(mean, number) of the votes on each clip of `votes.clips`, all sessions together; NaN and 0
    where there is none."""
    size = len(votes.clips)
    n = np.bincount(votes.clip, minlength=size).astype(np.float64)
    total = np.bincount(votes.clip, votes.vote, minlength=size)
    return total / np.where(n > 0, n, np.nan), n
