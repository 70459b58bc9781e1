"""What the votes of a corpus say beyond one MOS a clip."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

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
    way: str = ""
    """How its votes were estimated, as the end of 'estimated by ...'; '' where there are none."""
    ceiling: float | None = None
    """Highest PLCC that the noise of its ratings allows within it; None where that is unknown."""


@dataclass(frozen=True, slots=True)
class SessionNoise:
    """What lies between sessions beyond the noise within them, by the clips rated in two."""

    variance: float | None = None
    """With which a session moves a clip, MOS units squared; None where too few repeats tell."""
    repeats: int = 0
    """Clips rated in two sessions, each pair of sessions counted."""
    correlation: float | None = None
    """Of their MOS; None where too few tell."""


UNREPEATED = SessionNoise()
"""Nothing is known of what lies between sessions."""


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


class SuspicionKind(StrEnum):
    """What is wrong."""

    REPEATS_DISAGREE = "repeats disagree"
    SPLIT_VOTES = "split votes"
    RATER_AGAINST = "rater against the panel"
    UNEXPLAINED = "unexplained residual"


@dataclass(frozen=True, slots=True)
class SuspiciousRating:
    """One thing to look at."""

    clip: str
    """'' where it is a rater."""
    kind: SuspicionKind
    what: str
    """For people, with names and figures."""
    figure: float
    """How far it is off, by which its kind is sorted, the worst first: MOS units; for a rater the
    agreement, NaN where he always voted the same."""


@dataclass(frozen=True, slots=True)
class RaterFacts:
    """One rater of a session; figures are None where they cannot be had."""

    session: str | None
    rater: str
    n: int
    """Votes."""
    bias: float | None
    """MOS units."""
    inconsistency: float | None
    """Standard deviation of his residuals, MOS units."""
    agreement: float | None
    """Correlation with the mean of the others."""
    rejected: bool
    """By BT.500's rule."""
    against: bool
    """Goes against the panel."""


@dataclass(frozen=True, slots=True)
class EstimatorFacts:
    """What an estimator that was not chosen would have made of the votes of a corpus."""

    estimator: Estimator
    largest_move: float | None
    """Of a MOS, MOS units."""
    interval_ratio: float | None
    """Its mean 95 % interval over the chosen one's."""
    rejected: tuple[str, ...]
    """Raters whose votes it leaves out."""
    against: tuple[str, ...]
    """Raters who go against the panel by its weights."""


@dataclass(frozen=True, slots=True)
class VotesFacts:
    """Raters of a corpus, other estimators, and what somebody should look at."""

    corpus: str
    raters: tuple[RaterFacts, ...]
    estimators: tuple[EstimatorFacts, ...]
    suspicious: tuple[SuspiciousRating, ...]


@dataclass(frozen=True, slots=True)
class RatedCorpus:
    """How the ratings of a corpus came about; no clip is named in it."""

    corpus: str
    estimator: Estimator | None
    """None where label files say the MOS."""
    scale: tuple[float, float] | None
    """Native ratings of the worst and of the best clip possible; None in stores that did not keep
    it."""
    differences: bool = False
    """Ratings of how much worse a clip is than its reference."""
    held: int = 0
    """MOS that were moved to an end of 1..5."""
    sessions: tuple[SessionFacts, ...] = ()
    against: tuple[RaterFacts, ...] = ()
    """Raters who go against the panel."""
    others: tuple[EstimatorFacts, ...] = ()
    between: SessionNoise = UNREPEATED
