"""What `mos corpus votes` prints: estimator, sessions, raters, and clips to look at."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mos_assets.corpora.corpus_toml import read_toml
from mos_assets.corpora.layouts.custom import load_custom
from mos_assets.corpora.request import CORPUS_TOML, LabelSet, folder_errors
from mos_assets.corpora.voting.proposal import propose_votes
from mos_assets.errors import CorpusError
from mos_assets.ratings.estimation import estimate
from mos_assets.records import Estimate, Estimator, RatingsSummary, SessionFacts

WIDEST = 5
"""Clips with the widest intervals that are shown, and repeats that disagree."""
RATERS_SHOWN = 200
"""Raters that are shown one by one; of more, only the odd ones and the most biased."""
_WORDS = {
    Estimator.MEAN: "the plain mean of the votes",
    Estimator.P913: "bias removed and raters weighed by their consistency, ITU-T P.913 12.6",
    Estimator.BT500: "the mean of raters that BT.500's kurtosis rule does not screen out",
}


def votes_of_folder(folder: Path) -> tuple[LabelSet, RatingsSummary]:
    """The labels of a corpus with [votes], and what its votes say, without a look at its clips.

    Raises CorpusError where there is none, with what its [votes] would be.
    """
    if not folder.is_dir():
        raise CorpusError(f"There is no folder {folder}. Name the folder of a corpus.")
    with folder_errors():
        toml = read_toml(folder)
        if toml.votes is None:
            found = propose_votes(folder)
            remedy = found.inline if found else 'votes = { files = ["votes.csv"] }'
            raise CorpusError(
                f"{folder / CORPUS_TOML} names no votes. Where a table of single votes is there, "
                f"add above its [columns]: {remedy}."
            )
        labels = load_custom(folder)
    if labels.ratings is None:
        raise AssertionError("a corpus with [votes] carries what its votes say")
    return labels, labels.ratings


def votes_page(labels: LabelSet, ratings: RatingsSummary) -> tuple[str, ...]:
    """Lines of text on the votes of a corpus."""
    return (
        f"corpus      {labels.name} {labels.version}, {len(labels.labels)} clips rated",
        f"estimator   {ratings.estimator}: {_WORDS[ratings.estimator]}",
        *(f"            {line}" for line in _held(ratings)),
        "",
        *_sessions(ratings),
        "",
        *_raters(ratings),
        "",
        *_clips(ratings),
        "",
        *_others(ratings),
        *_disagreements(ratings),
    )


def _held(ratings: RatingsSummary) -> list[str]:
    if not ratings.held:
        return []
    return [f"{ratings.held} MOS lay beyond 1..5 and were moved to its end"]


def _sessions(ratings: RatingsSummary) -> list[str]:
    rows = [
        [
            each.name or "(one)",
            str(each.clips),
            str(each.raters or "?"),
            str(each.votes),
            _map(each),
        ]
        for each in ratings.sessions
    ]
    return _table(["session", "clips", "raters", "votes", "scale"], rows)


def _map(session: SessionFacts) -> str:
    if session.apart:
        return f"kept apart: {session.apart}"
    if session.aligned is None or session.aligned == session.name:
        return "its own"
    return f"{session.offset:+.3f} {session.slope:+.3f} * MOS, that of {session.aligned}"


def _raters(ratings: RatingsSummary) -> list[str]:
    figures, votes = ratings.estimate.raters, ratings.votes
    if not len(figures.rater):
        return ["raters      the votes do not say who gave them"]
    odd = figures.against | figures.rejected
    order = np.lexsort((-np.nan_to_num(np.abs(figures.bias)), ~odd))
    shown = order if len(order) <= RATERS_SHOWN else order[: max(RATERS_SHOWN // 4, int(odd.sum()))]
    rows = [
        [
            votes.raters[figures.rater[at]],
            str(figures.n[at]),
            _figure(figures.bias[at], "+.2f"),
            _figure(figures.inconsistency[at], ".2f"),
            _figure(figures.agreement[at], ".3f"),
            "; ".join(_marks(bool(figures.against[at]), bool(figures.rejected[at]))),
        ]
        for at in shown.tolist()
    ]
    lines = _table(["rater", "votes", "bias", "inconsistency", "agreement", ""], rows)
    if len(shown) < len(order):
        lines.append(f"and {len(order) - len(shown)} further raters")
    return lines


def _marks(against: bool, rejected: bool) -> list[str]:
    marks = ["goes against the panel"] if against else []
    return marks + (["BT.500 would reject"] if rejected else [])


def _clips(ratings: RatingsSummary) -> list[str]:
    made, votes = ratings.estimate.ratings, ratings.votes
    widths = np.where(np.isfinite(made.ci95), made.ci95, -1.0)
    widest = [at for at in np.argsort(-widths, kind="stable")[:WIDEST].tolist() if widths[at] > 0]
    rows = [
        [
            votes.clips[made.clip[at]],
            votes.sessions[made.session[at]],
            f"{made.mos[at]:.2f} +- {made.ci95[at]:.2f}",
            str(made.n[at]),
            "widest interval",
        ]
        for at in widest
    ]
    rows += _repeats(ratings)
    if not rows:
        return ["clips       no interval can be had"]
    return _table(["clip to look at", "session", "MOS", "votes", "why"], rows)


def _repeats(ratings: RatingsSummary) -> list[list[str]]:
    """Clips of several sessions whose MOS, on one scale where they were aligned, lie further apart
    than their intervals allow; the furthest first."""
    made, votes = ratings.estimate.ratings, ratings.votes
    of_clip: dict[int, list[int]] = {}
    for at, clip in enumerate(made.clip.tolist()):
        of_clip.setdefault(clip, []).append(at)
    apart: list[tuple[float, int, int]] = []
    for rows in of_clip.values():
        if len(rows) < 2:
            continue
        mos = {at: _on_one_scale(ratings, at) for at in rows}
        low, high = min(rows, key=lambda at: mos[at]), max(rows, key=lambda at: mos[at])
        gap = mos[high] - mos[low]
        if gap > float(np.hypot(made.ci95[low], made.ci95[high])):
            apart.append((gap, low, high))
    apart.sort(reverse=True)
    found = [
        [
            votes.clips[made.clip[low]],
            f"{votes.sessions[made.session[low]]}, {votes.sessions[made.session[high]]}",
            f"{_on_one_scale(ratings, low):.2f}, {_on_one_scale(ratings, high):.2f}",
            f"{made.n[low]}, {made.n[high]}",
            f"{gap:.2f} apart",
        ]
        for gap, low, high in apart[:WIDEST]
    ]
    if len(apart) > WIDEST:
        found.append([f"and {len(apart) - WIDEST} further repeats that disagree", "", "", "", ""])
    return found


def _on_one_scale(ratings: RatingsSummary, at: int) -> float:
    made = ratings.estimate.ratings
    session = ratings.sessions[made.session[at]]
    return float(session.offset + session.slope * made.mos[at])


def _others(ratings: RatingsSummary) -> list[str]:
    rows: list[list[str]] = []
    mine = ratings.estimate
    for other in Estimator:
        if other is mine.estimator:
            continue
        if other is not Estimator.MEAN and (ratings.votes.rater < 0).any():
            rows.append([str(other), "-", "-", "needs to know who voted"])
            continue
        rows.append([str(other), *_moved(mine, estimate(ratings.votes, other))])
    return _table(["estimator", "MOS moved by", "intervals", "raters"], rows)


def _moved(mine: Estimate, other: Estimate) -> list[str]:
    """Both have their ratings in one order."""
    gap = np.abs(other.ratings.mos - mine.ratings.mos)
    both = np.isfinite(other.ratings.ci95) & np.isfinite(mine.ratings.ci95)
    ratio = "-"
    if both.any() and mine.ratings.ci95[both].mean() > 0:
        ratio = f"{other.ratings.ci95[both].mean() / mine.ratings.ci95[both].mean():.2f} x"
    rejected = int(other.raters.rejected.sum()) if other.estimator is Estimator.BT500 else 0
    moved = f"at most {np.nanmax(gap):.2f}" if np.isfinite(gap).any() else "-"
    return [moved, ratio, f"{rejected} left out" if rejected else "all count"]


def _disagreements(ratings: RatingsSummary) -> list[str]:
    found = ratings.disagreements
    if not found:
        return []
    shown = [
        [each.clip, f"{each.source}:{each.line}", f"{each.label:g}", f"{each.votes:.4g}"]
        for each in found[: 2 * WIDEST]
    ]
    if len(found) > len(shown):
        shown.append([f"and {len(found) - len(shown)} more", "", "", ""])
    return ["", *_table(["label unlike its votes", "row", "label", "votes"], shown)]


def _figure(value: float, form: str) -> str:
    return format(value, form) if np.isfinite(value) else "-"


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Columns side by side, each as wide as its widest cell."""
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in (header, *rows)
    ]
