"""What the votes of corpora say beyond a MOS a clip, for the store."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from mos_assets.corpora import stem
from mos_assets.ratings import compare, suspicious_ratings
from mos_assets.records import Corpus, EstimatorFacts, RaterFacts, RatingsSummary, VotesFacts


def votes_facts(corpora: Sequence[Corpus]) -> tuple[VotesFacts, ...]:
    """Raters, other estimators and what to look at, of each corpus with votes.

    Fits every other estimator to the votes: as costly as reading them.
    """
    return tuple(_facts(c, c.ratings) for c in corpora if c.ratings is not None)


def _facts(corpus: Corpus, ratings: RatingsSummary) -> VotesFacts:
    # Votes may leave the suffix out.
    name_of = {clip.clip_id: clip.clip_name for clip in corpus.clips}
    votes, figures = ratings.votes, ratings.estimate.raters
    columns = zip(
        figures.rater.tolist(),
        figures.session.tolist(),
        figures.n.tolist(),
        *(each.tolist() for each in (figures.bias, figures.inconsistency, figures.agreement)),
        figures.rejected.tolist(),
        figures.against.tolist(),
        strict=True,
    )
    return VotesFacts(
        corpus=corpus.name,
        raters=tuple(
            RaterFacts(
                session=votes.sessions[session] or None,
                rater=votes.raters[rater],
                n=n,
                bias=_known(bias),
                inconsistency=_known(inconsistency),
                agreement=_known(agreement),
                rejected=rejected,
                against=against,
            )
            for rater, session, n, bias, inconsistency, agreement, rejected, against in columns
        ),
        estimators=tuple(
            EstimatorFacts(
                found.other, found.largest_move, found.interval_ratio, found.rejected, found.against
            )
            for found in compare(votes, ratings.estimate)
        ),
        suspicious=tuple(
            replace(found, clip=name_of.get(f"{corpus.name}/{stem(found.clip)}", found.clip))
            for found in suspicious_ratings(votes, ratings.estimate, ratings.ratings)
        ),
    )


def _known(figure: float) -> float | None:
    return figure if math.isfinite(figure) else None
