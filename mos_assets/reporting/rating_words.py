"""What pages say of how ratings came about, in sentences."""

from __future__ import annotations

from mos_assets.evaluation.text import and_list, plain, share
from mos_assets.ratings.estimators import ESTIMATORS
from mos_assets.reporting.ratings import CorpusRatings, OtherEstimator, WithinSessions

_SHOWN = 10
"""Raters that a sentence names."""
MUCH_BETWEEN = 0.1
"""Of the squared error; a share between sessions from which it is worth a sentence of its own."""


def sentences(found: CorpusRatings) -> list[str]:
    """What the report says of one corpus, with the names of raters."""
    said = [found.how]
    said += [_beside(other) for other in found.others]
    if found.against:
        who = and_list(
            found.against[:_SHOWN]
            if len(found.against) <= _SHOWN
            else [*found.against[:_SHOWN], f"{len(found.against) - _SHOWN} others"]
        )
        said.append(
            f"Against the panel: {who}. Look at their votes: a scale used upside down, or answers "
            "without looking, are no opinion."
        )
    elif any(other.interval_ratio is not None for other in found.others):
        # Else votes do not say who gave them, or no clip has two.
        said.append("No rater goes against the panel.")
    said += alignment(found)
    if found.scale:
        said.append(found.scale)
    return said


def public_sentences(found: CorpusRatings) -> list[str]:
    """What a card says of one corpus: nothing of single raters."""
    return [found.how, *alignment(found), *([found.scale] if found.scale else [])]


def alignment(found: CorpusRatings) -> list[str]:
    """What became of the scales of several tests; names no rater."""
    sessions = found.sessions
    if len(sessions) < 2:
        return []
    if all(each.aligned is None for each in sessions):
        return [
            f"Its {len(sessions)} tests are not aligned: a MOS of one is taken for the same MOS in "
            'another. repeated = "align" maps those onto one another that share clips.'
        ]
    said = [
        f"{each.name} is mapped onto the scale of {each.aligned}: {plain(each.offset)} + "
        f"{plain(each.slope)} × MOS; the {each.common} clips through which it is mapped differed "
        f"by {plain(each.rmse_before)} RMSE before and {plain(each.rmse_after)} after."
        for each in sessions
        if each.aligned not in (None, each.name)
    ]
    apart = [each for each in sessions if each.apart]
    if apart:
        why = "; ".join(f"{each.name}: {each.apart}" for each in apart)
        said.append(
            f"{len(apart)} of {len(sessions)} tests {'are' if len(apart) > 1 else 'is'} kept apart "
            f"({why}): that their MOS mean the same, the ratings cannot show. Read the figures "
            "within each test."
        )
    return said


def between_sentence(found: WithinSessions, corpora: int) -> str:
    """What the figures within tests say, for report and card."""
    if found.share_between is None:
        return ""
    known = [each for each in found.within if each.plcc is not None]
    said = (
        f"{share(found.share_between)} of the squared error lies between {_what(corpora)}, "
        "whose mean errors differ"
    )
    if known:
        low, high = (pick(known, key=lambda each: each.plcc or 0.0) for pick in (min, max))
        said += (
            f"; within them PLCC is {plain(low.plcc)} to {plain(high.plcc)}, over all "
            f"{plain(found.overall.plcc)}"
        )
    return f"{said}."


def _what(corpora: int) -> str:
    return "tests" if corpora == 1 else "corpora or tests"


def _beside(other: OtherEstimator) -> str:
    words = next(e.words for name, e in ESTIMATORS.items() if str(name) == other.estimator)
    parts = []
    if other.largest_move is not None:
        largest = plain(other.largest_move, 2)
        more = f" by more than {largest}" if largest != plain(0.0, 2) else ""
        parts.append(f"no MOS would differ{more}")
    if other.interval_ratio is not None:
        parts.append(f"intervals would be {other.interval_ratio:.2f} times as wide")
    if other.rejected:
        names = other.rejected[:_SHOWN]
        rest = len(other.rejected) - len(names)
        who = and_list([*names, f"{rest} others"] if rest else names)
        parts.append(f"{who} would be left out")
    if not parts:
        parts.append("nothing can be compared")
    return f"By {words} ({other.estimator}), {and_list(parts)}."
