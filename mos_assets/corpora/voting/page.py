"""What `mos corpus votes` prints: estimator, sessions, raters, and clips to look at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

import numpy as np

from mos_assets.corpora.corpus_toml import read_toml
from mos_assets.corpora.layouts.custom import load_custom
from mos_assets.corpora.request import CORPUS_TOML, LabelSet, folder_errors
from mos_assets.corpora.voting.proposal import propose_votes
from mos_assets.errors import CorpusError
from mos_assets.ratings import both_ceilings, compare, suspicious_ratings
from mos_assets.records import (
    ClipRatings,
    Estimator,
    RatingsSummary,
    SessionFacts,
    SuspicionKind,
)

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
        "",
        *_ceilings(ratings),
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
    if not session.aligned or session.aligned == session.name:
        return "its own"
    line = f"{session.offset:+.3f} {session.slope:+.3f} * MOS"
    return f"{line}, that of {session.aligned} ({session.common} common clips)"


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
    made, votes = ratings.ratings, ratings.votes
    widths = np.where(np.isfinite(made.ci95), made.ci95, -1.0)
    widest = [at for at in np.argsort(-widths, kind="stable")[:WIDEST].tolist() if widths[at] > 0]
    rows = [
        [
            votes.clips[made.clip[at]],
            "widest interval",
            f"{made.mos[at]:.2f} \u00b1 {made.ci95[at]:.2f}, {made.n[at]} votes"
            + (f" in {votes.sessions[made.session[at]]}" if len(votes.sessions) > 1 else ""),
        ]
        for at in widest
    ]
    rows += _suspicious(ratings)
    if not rows:
        return ["clips       no interval can be had"]
    return _table(["clip to look at", "why", ""], rows)


def _suspicious(ratings: RatingsSummary) -> list[list[str]]:
    """Repeats that disagree and split votes, the worst of each; raters have their own table."""
    rows: list[list[str]] = []
    found = suspicious_ratings(ratings.votes, ratings.estimate, ratings.ratings)
    for kind in SuspicionKind:
        alike = [each for each in found if each.kind is kind and each.clip]
        rows += [[each.clip, kind.value, each.what] for each in alike[:WIDEST]]
        if len(alike) > WIDEST:
            rows.append([f"and {len(alike) - WIDEST} more", kind.value, ""])
    return rows


def _others(ratings: RatingsSummary) -> list[str]:
    found = compare(ratings.votes, ratings.estimate)
    if not found:
        return ["others      other estimators have to know who voted"]
    rows = [
        [
            str(each.other),
            "-" if each.largest_move is None else f"at most {each.largest_move:.2f}",
            "-" if each.interval_ratio is None else f"{each.interval_ratio:.2f} x as wide",
            f"leaves out {', '.join(each.rejected)}" if each.rejected else "all count",
        ]
        for each in found
    ]
    return _table(["estimator", "MOS moved", "intervals", "raters"], rows)


def _ceilings(ratings: RatingsSummary) -> list[str]:
    """Highest PLCC that these labels allow."""
    lines = []
    for at, session in enumerate(ratings.sessions):
        mine = ratings.ratings.session == at
        of_session = ClipRatings(
            *(getattr(ratings.ratings, part.name)[mine] for part in fields(ClipRatings))
        )
        within = both_ceilings(of_session).within
        lines.append([session.name or "(one)", _known(within), "-", "-"])
    if len(ratings.sessions) > 1:
        both = both_ceilings(ratings.ratings)
        lines.append(["all", *map(_known, (both.within, both.between, both.combined))])
    return _table(["label ceiling", "by votes", "between sessions", "by both"], lines)


def _known(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.4f}"


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
