"""What the votes of a corpus say beyond one MOS a clip."""

from __future__ import annotations

from dataclasses import dataclass

from mos_assets.records.votes import ClipRatings, Estimate, Estimator, Votes


@dataclass(frozen=True, slots=True)
class SessionFacts:
    """One test of a corpus, and the line that maps its MOS onto those of the test it is aligned to:
    `offset + slope * mos`."""

    name: str
    """'' where the corpus declares no sessions."""
    clips: int
    raters: int
    """0 where the votes do not say who gave them."""
    votes: int
    slope: float = 1.0
    offset: float = 0.0
    aligned: str | None = None
    """The session whose scale it is mapped to, itself among them; None: not aligned."""
    common: int = 0
    """Clips shared with the session that it was mapped through."""
    rmse_before: float | None = None
    """Difference of the common clips' MOS; None where it was not mapped."""
    rmse_after: float | None = None
    apart: str = ""
    """Why no other session is on its scale, where alignment was asked for."""


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A label file and the votes say different things of one clip; native scale of the labels."""

    clip: str
    source: str
    """Label file, relative to the corpus folder."""
    line: int
    label: float
    votes: float
    """Mean of the votes that comes nearest to the label."""


@dataclass(frozen=True, slots=True, eq=False)
class RatingsSummary:
    """Votes of a corpus, and what was made of them."""

    estimator: Estimator
    votes: Votes
    """All that could be used."""
    estimate: Estimate
    """By `estimator`, each session by itself, before sessions are aligned or averaged."""
    ratings: ClipRatings
    """As labels have them: those of the estimate, aligned where that was asked for, within 1..5."""
    sessions: tuple[SessionFacts, ...]
    """As `votes.sessions`."""
    held: int = 0
    """MOS that the estimator, or alignment, put beyond 1..5, and that were moved to its end."""
    disagreements: tuple[Disagreement, ...] = ()
    """Of label files with the votes."""
