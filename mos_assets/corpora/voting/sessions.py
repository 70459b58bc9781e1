"""Tests of one corpus side by side, and their scales made one where that was asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from mos_assets.corpora.names import stem
from mos_assets.ratings import SessionMap, align_sessions, aligned, hold_to_scale
from mos_assets.records import ClipRatings, Finding, Label, SessionFacts, Severity, Votes


def facts_of(votes: Votes) -> tuple[SessionFacts, ...]:
    """Clips, raters and votes of each session, in the order of `votes.sessions`."""
    facts = []
    for at, name in enumerate(votes.sessions):
        mine = votes.session == at
        raters = votes.rater[mine]
        facts.append(
            SessionFacts(
                name=name,
                clips=len(np.unique(votes.clip[mine])),
                raters=len(np.unique(raters[raters >= 0])),
                votes=int(mine.sum()),
            )
        )
    return tuple(facts)


def aligned_ratings(
    ratings: ClipRatings, facts: Sequence[SessionFacts], place: str
) -> tuple[ClipRatings, tuple[SessionFacts, ...], tuple[Finding, ...]]:
    """Ratings on the scales of their reference sessions (they may leave 1..5), the facts with the
    maps, and a warning where sessions had to be kept apart."""
    names = tuple(each.name for each in facts)
    alignment = align_sessions(ratings, names)
    told = list(facts)
    for found in alignment.maps:
        told[found.session] = replace(
            told[found.session],
            slope=found.slope,
            offset=found.offset,
            aligned=names[found.reference],
            common=found.common,
            rmse_before=found.rmse_before,
            rmse_after=found.rmse_after,
            apart=found.why_apart,
        )
    return aligned(ratings, alignment), tuple(told), _apart(alignment.maps, names, place)


def aligned_labels(
    labels: Sequence[Label],
) -> tuple[list[Label], tuple[SessionFacts, ...], tuple[Finding, ...]]:
    """Labels of several tests on one scale, within 1..5, as `aligned_ratings` maps votes.

    Several rows of one clip in one session count as their mean.
    """
    if not labels:
        return [], (), ()
    clips = {key: at for at, key in enumerate(dict.fromkeys(stem(row.clip_name) for row in labels))}
    names = tuple(sorted({row.session or "" for row in labels}))
    number = {name: at for at, name in enumerate(names)}
    clip = np.array([clips[stem(row.clip_name)] for row in labels], dtype=np.int64)
    session = np.array([number[row.session or ""] for row in labels], dtype=np.int64)
    mos = np.array([row.mos for row in labels])
    each, of_each = np.unique(session * len(clips) + clip, return_inverse=True)
    mean = np.bincount(of_each, mos) / np.bincount(of_each)
    unknown = np.full(len(each), np.nan)
    ratings = ClipRatings(
        clip=each % len(clips),
        session=each // len(clips),
        mos=mean,
        std=unknown,
        n=np.ones(len(each), dtype=np.int64),
        ci95=unknown,
    )
    facts = tuple(
        SessionFacts(name, len(np.unique(clip[session == at])), 0, 0)
        for at, name in enumerate(names)
    )
    _, told, findings = aligned_ratings(ratings, facts, labels[0].source)
    slope = np.array([fact.slope for fact in told])[session]
    moved = np.array([fact.offset for fact in told])[session] + slope * mos
    held = hold_to_scale(replace(ratings, mos=moved)).ratings.mos
    mapped = [
        row._replace(mos=value, mos_std=None if row.mos_std is None else row.mos_std * by)
        for row, value, by in zip(labels, held.tolist(), slope.tolist(), strict=True)
    ]
    return mapped, told, findings


def alignment_notes(corpus: str, facts: Sequence[SessionFacts]) -> tuple[str, ...]:
    """A line for each session that was mapped onto another one."""
    return tuple(
        f"{corpus}: session {fact.name} is mapped by {fact.offset:+.3f} {fact.slope:+.3f} * MOS, "
        f"to the scale of {fact.aligned}; {fact.common} common clips differed by "
        f"{fact.rmse_before:.3f} RMSE before and {fact.rmse_after:.3f} after"
        for fact in facts
        if fact.rmse_before is not None and fact.rmse_after is not None
    )


def _apart(maps: Sequence[SessionMap], names: Sequence[str], place: str) -> tuple[Finding, ...]:
    apart = [found for found in maps if found.why_apart]
    components = len({found.reference for found in maps})
    if components < 2:
        return ()
    why = "; ".join(f"{names[found.session]}: {found.why_apart}" for found in apart)
    return (
        Finding(
            Severity.WARNS,
            f"{len(maps)} sessions are {components} that cannot be mapped onto one another, and "
            f"keep scales of their own{f' ({why})' if why else ''}",
            place,
            "Make sure that their ratings mean the same, or take them as corpora of their own",
        ),
    )
