"""How the ratings behind a head came about: estimators, raters, tests, native scales."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mos_assets.evaluation.metrics import rounded
from mos_assets.evaluation.sessions import SessionFigures, between_sessions
from mos_assets.evaluation.text import and_list, count, plain
from mos_assets.ratings.estimators import ESTIMATORS
from mos_assets.records import (
    MOS_MAX,
    MOS_MIN,
    EstimatorFacts,
    OutOfFold,
    RatedCorpus,
    Reported,
    SessionFacts,
    TrainingTable,
)


class RatingSession(Reported):
    """One test of a corpus; MOS on its reference's scale is offset + slope * MOS in this one."""

    name: str
    clips: int
    raters: int | None
    """None where votes do not say who gave them, or there are none."""
    votes: int | None
    """None where label files say the ratings."""
    ceiling: float | None
    """Highest PLCC that the noise of its votes allows within it."""
    offset: float
    slope: float
    aligned: str | None
    """The test whose scale it is on, itself where it is kept apart; None: not aligned."""
    common: int
    """Clips shared with the test that it was mapped through."""
    rmse_before: float | None
    rmse_after: float | None
    apart: str
    """Why no other test is on its scale; '' where one is, or alignment was not asked for."""


class OtherEstimator(Reported):
    """What an estimator that was not chosen would have made of the same votes."""

    estimator: str
    largest_move: float | None
    """Of a MOS, in MOS units."""
    interval_ratio: float | None
    """Its mean 95 % interval over the chosen one's."""
    rejected: tuple[str, ...]
    """Raters whose votes it leaves out."""
    against: tuple[str, ...]
    """Raters who go against the panel by its weights."""


class CorpusRatings(Reported):
    """How the ratings of one corpus came about; only of a corpus that has something to say."""

    corpus: str
    estimator: str | None
    """None where label files say the MOS."""
    how: str
    """How the MOS came about, a sentence."""
    others: tuple[OtherEstimator, ...]
    against: tuple[str, ...]
    """Raters who go against the panel, each with a figure."""
    sessions: tuple[RatingSession, ...]
    """Empty where the corpus tells no tests apart."""
    scale: str
    """Native scale and direction in words; '' where it is 1 to 5 with 5 best."""


class WithinSession(Reported):
    """Mean predictions of all seeds on the clips of one test, or on all; pooled over folds."""

    name: str
    """'' for all."""
    clips: int
    plcc: float | None
    rmse: float
    bias: float
    """Mean of prediction minus rating."""


class WithinSessions(Reported):
    """Figures within each test and over all; clips of several tests are a row of their own."""

    overall: WithinSession
    within: tuple[WithinSession, ...]
    pooled: bool
    """Whether a row is of clips that were rated in several tests."""
    share_between: float | None
    """Of the squared error, what lies between tests; None where there is no error."""


class Ratings(Reported):
    """How the ratings came about, corpus by corpus, and what lies between their tests."""

    corpora: tuple[CorpusRatings, ...]
    between: WithinSessions | None
    """None where all ratings are of one test of one corpus."""


def ratings_section(
    rated: Sequence[RatedCorpus], table: TrainingTable, oof: OutOfFold
) -> Ratings | None:
    """None where all ratings are of one test, in label files, from 1 to 5 with 5 best."""
    told = tuple(found for each in rated if (found := _corpus(each)) is not None)
    between = _between(table, oof)
    return Ratings(corpora=told, between=between) if told or between else None


def _corpus(rated: RatedCorpus) -> CorpusRatings | None:
    scale = _scale(rated)
    if rated.estimator is None and not rated.sessions and not scale:
        return None
    named = len(rated.sessions) > 1 or any(each.name for each in rated.sessions)
    return CorpusRatings(
        corpus=rated.corpus,
        estimator=None if rated.estimator is None else str(rated.estimator),
        how=_how(rated),
        others=tuple(_other(each) for each in rated.others),
        against=tuple(
            f"{each.rater} "
            + (
                "(always the same vote)"
                if each.agreement is None
                else f"(correlates {plain(each.agreement, 2)} with the others)"
            )
            for each in rated.against
        ),
        sessions=tuple(map(_session, rated.sessions)) if named else (),
        scale=scale,
    )


def _how(rated: RatedCorpus) -> str:
    tests = sum(bool(each.name) for each in rated.sessions)
    of_tests = f" in {tests} tests" if tests > 1 else ""
    if rated.estimator is None:
        return f"Label files say the MOS{f', of {tests} tests' if tests > 1 else ''}."
    votes = sum(each.votes for each in rated.sessions)
    raters = sum(each.raters for each in rated.sessions)
    who = f" of {count(raters)} raters" if raters else ", of which nobody says who gave them"
    ways = list(dict.fromkeys(each.way for each in rated.sessions if each.way))
    way = and_list(ways) or ESTIMATORS[rated.estimator].words
    said = f"{count(votes)} votes{who}{of_tests}; a MOS is estimated by {way}."
    if rated.held:
        said += (
            f" {count(rated.held)} MOS lay beyond 1..5 and "
            f"{'was' if rated.held == 1 else 'were'} moved to its end."
        )
    return said


def _other(found: EstimatorFacts) -> OtherEstimator:
    return OtherEstimator(
        estimator=str(found.estimator),
        largest_move=rounded(found.largest_move),
        interval_ratio=rounded(found.interval_ratio),
        rejected=found.rejected,
        against=found.against,
    )


def _session(found: SessionFacts) -> RatingSession:
    return RatingSession(
        name=found.name or "(none)",
        clips=found.clips,
        raters=found.raters or None,
        votes=found.votes or None,
        ceiling=rounded(found.ceiling),
        offset=round(found.offset, 6),
        slope=round(found.slope, 6),
        aligned=found.aligned,
        common=found.common,
        rmse_before=rounded(found.rmse_before),
        rmse_after=rounded(found.rmse_after),
        apart=found.apart,
    )


def _scale(rated: RatedCorpus) -> str:
    if rated.scale is None or (rated.scale == (MOS_MIN, MOS_MAX) and not rated.differences):
        return ""
    worst, best = rated.scale
    said = f"Native scale: {worst:g} (worst) to {best:g} (best), mapped linearly to 1 to 5"
    unit = abs(best - worst) / (MOS_MAX - MOS_MIN)
    if unit != 1:
        said += f"; one MOS here is {unit:g} there"
    said += "."
    if worst > best:
        said += " There lower is better; here, and in what the head answers, higher is."
    if rated.differences:
        said += (
            " Its ratings are differences from a reference (DMOS or the like): 5 means no visible "
            "difference, and not a good picture. A clip of a poor source that was coded well is "
            "rated high; do not compare such scores with those of heads trained on MOS."
        )
    return said


def _between(table: TrainingTable, oof: OutOfFold) -> WithinSessions | None:
    inside = table.folds >= 0
    names = [
        _place(clip_id, session)
        for clip_id, session in zip(
            table.clip_ids, table.sessions or (None,) * len(table.clip_ids), strict=True
        )
    ]
    corpora = {corpus for corpus, _ in names}
    kinds = sorted({name for name, row in zip(names, inside, strict=True) if row})
    if len(kinds) < 2:
        return None
    number = {name: at for at, name in enumerate(kinds)}
    session = np.array([number.get(name, -1) for name in names], dtype=np.int64)
    predicted = oof.predictions[:, inside].mean(axis=0)
    if not np.isfinite(predicted).all():
        return None
    found = between_sessions(predicted, table.mos[inside], session[inside])

    def shown(figures: SessionFigures) -> WithinSession:
        name = ""
        if figures.session is not None:
            corpus, test = kinds[figures.session]
            test = test.replace("+", " + ")
            name = test if len(corpora) == 1 else f"{corpus}: {test}" if test else corpus
        return WithinSession(
            name=name or ("" if figures.session is None else "no test named"),
            clips=figures.clips,
            plcc=rounded(figures.plcc),
            rmse=round(figures.rmse, 6),
            bias=round(figures.offset, 6),
        )

    return WithinSessions(
        overall=shown(found.overall),
        within=tuple(map(shown, found.within)),
        pooled=any("+" in test for _, test in kinds),
        share_between=rounded(found.share),
    )


def _place(clip_id: str, session: str | None) -> tuple[str, str]:
    return clip_id.partition("/")[0], session or ""
