"""Tests of one corpus side by side, and their scales made one where that was asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace

import numpy as np

from mos_assets.corpora.names import stem
from mos_assets.ratings import (
    SessionMap,
    align_sessions,
    aligned,
    both_ceilings,
    interval_of_noise,
    noise_between,
    noise_of_labels,
)
from mos_assets.records import (
    MOS_MAX,
    MOS_MIN,
    UNREPEATED,
    ClipRatings,
    Finding,
    FloatArray,
    IntArray,
    Label,
    SessionFacts,
    SessionNoise,
    Severity,
    Votes,
)
from mos_assets.records.label_columns import Labels


def facts_of(votes: Votes, ways: Sequence[str]) -> tuple[SessionFacts, ...]:
    """Clips, raters, votes and way of estimation of each session, in the order of
    `votes.sessions`."""
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
                way=ways[at],
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


def ratings_of_labels(labels: Sequence[Label]) -> tuple[ClipRatings, tuple[SessionFacts, ...]]:
    """(ratings, their sessions) of labels that name their tests, as if they came from votes.

    Several rows of one clip in one session count as their mean; there is at least one label.
    """
    clips = {key: at for at, key in enumerate(dict.fromkeys(stem(row.clip_name) for row in labels))}
    clip = np.array([clips[stem(row.clip_name)] for row in labels], dtype=np.int64)
    names, session = _sessions_of(labels)
    each, of_each = np.unique(session * len(clips) + clip, return_inverse=True)
    rows = np.bincount(of_each)
    noise = noise_of_labels(*(_numbers([row[at] for row in labels]) for at in _NOISE))
    ratings = ClipRatings(
        clip=each % len(clips),
        session=each // len(clips),
        mos=np.bincount(of_each, [row.mos for row in labels]) / rows,
        std=np.full(len(each), np.nan),
        n=np.ones(len(each), dtype=np.int64),
        ci95=interval_of_noise(np.bincount(of_each, noise) / rows**2),
    )
    facts = tuple(
        SessionFacts(name, len(np.unique(clip[session == at])), 0, 0)
        for at, name in enumerate(names)
    )
    return ratings, facts


_NOISE = tuple(Label._fields.index(name) for name in ("mos_ci95", "mos_std", "n_ratings"))


def _numbers(cells: Sequence[object]) -> FloatArray:
    return np.array([np.nan if cell is None else cell for cell in cells], dtype=np.float64)


def _sessions_of(labels: Sequence[Label]) -> tuple[tuple[str, ...], IntArray]:
    """Names of the sessions, sorted, and the number of each label's."""
    names = tuple(sorted({row.session or "" for row in labels}))
    number = {name: at for at, name in enumerate(names)}
    return names, np.array([number[row.session or ""] for row in labels], dtype=np.int64)


def aligned_labels(
    labels: Labels,
) -> tuple[Labels, tuple[SessionFacts, ...], tuple[Finding, ...]]:
    """Labels of several tests on one scale, within 1..5, as `aligned_ratings` maps votes."""
    if not labels:
        return labels, (), ()
    ratings, facts = ratings_of_labels(labels)
    _, told, findings = aligned_ratings(ratings, facts, labels[0].source)
    _, session = _sessions_of(labels)
    slope = np.array([fact.slope for fact in told])[session]
    offset = np.array([fact.offset for fact in told])[session]
    moved = offset + slope * np.array([row.mos for row in labels])
    stretched = {
        name: [
            None if figure is None else figure * by
            for figure, by in zip(labels.column(name), slope.tolist(), strict=True)
        ]
        for name in ("mos_std", "mos_ci95")
    }
    mapped = labels.telling(mos=np.clip(moved, MOS_MIN, MOS_MAX).tolist(), **stretched)
    return mapped, told, findings


def with_ceilings(facts: Sequence[SessionFacts], ratings: ClipRatings) -> tuple[SessionFacts, ...]:
    """The facts with the ceiling that the noise of its own ratings puts on each session."""
    parts = [field.name for field in fields(ClipRatings)]
    return tuple(
        replace(
            fact,
            ceiling=both_ceilings(
                ClipRatings(*(getattr(ratings, part)[ratings.session == at] for part in parts))
            ).within,
        )
        for at, fact in enumerate(facts)
    )


def of_labels(
    labels: Sequence[Label], told: Sequence[SessionFacts]
) -> tuple[tuple[SessionFacts, ...], SessionNoise]:
    """(sessions with their ceilings, what lies between them) of labels on their final scale.

    told: of their alignment; () where there was none. Nothing where no label names a test.
    """
    if all(label.session is None for label in labels):
        return (), UNREPEATED
    ratings, facts = ratings_of_labels(labels)
    return with_ceilings(told or facts, ratings), noise_between(ratings)


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
