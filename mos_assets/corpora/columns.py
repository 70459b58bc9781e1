"""Columns of a feature table that are no features: row numbers, and ratings by their names.

Decided by name and content of one table, without the labels of the corpus;
`evaluation.leaking_features` holds columns against those.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from mos_assets.records import FloatArray

FEW_ROWS = 20
"""Rows below which numbers that count up, or take few values, prove nothing."""
VOTE_STEPS = 21
"""Different votes at most: 1..5 in steps of a quarter, 0..100 in steps of five."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_INDEX = re.compile(r"__index_level_\d+__|unnamed: ?\d+(_level_\d+)?|\.\.\.\d+", re.IGNORECASE)
"""What pandas, and R's readr, call a column that had no name."""
_COUNTER = re.compile(
    r"index|level_\d+|row[ ._]?(names?|numbers?|nr|no|id|idx)?|rn|idx|id|no|nr|#",
    re.IGNORECASE,
)
"""What people call row numbers; such a column may be a feature unless it counts."""
_MAKERS = _words("like pred predict predicted prediction predictor model est estimate")
"""Words of names such as `mos_like_texture`, whose column says itself that it is no label."""
_LABEL = _words(
    "mos dmos opinion opinions rating ratings vote votes voter voters rater raters subjective"
)
_SCORE = frozenset({"score", "scores"})
_OF_SCORES = _words(
    "video image clip quality mean raw avg average median std sd var z norm normalised normalized "
    "scaled user human final overall subj p1 p2 a b"
)
"""Words beside `score` in a name that say nothing of a measure: `temporal_score` is one."""
_SPREAD = _words(
    "sd std stdev stddev std_dev sem ci ci95 ci_95 ci_low ci_high ci_lower ci_upper conf95 n_users "
    "n_subjects num_subjects n_observers n_viewers count_valid zscore z_score"
)
"""Whole names under which tables of labels tell how ratings lie apart and how many there are."""
_MADE = "(?:z|zscores?|norm|scaled|std|sd|mean|avg|median|rank|raw|ci|ci95|var|diff|d|n|p?[0-9]+)"
_GLUED = re.compile(f"d?mos{_MADE}|{_MADE}d?mos")
_RATER = re.compile(
    "(?:r|s|u|p|v|rater|observer|obs|subject|subj|viewer|user|participant|annotator|worker|judge|"
    "expert|session)[ ._-]?[0-9]{1,4}",
    re.IGNORECASE,
)


_PERSON = re.compile(
    "(?:rater|observer|subject|subj|viewer|participant|annotator|judge|assessor|voter|tester|"
    "respondent)s?[ ._-]?(?:id[ ._-]?)?[0-9]{1,4}",
    re.IGNORECASE,
)
"""One person, by a word that leaves no doubt: such a column needs no others beside it."""


def is_index(name: str, numbers: FloatArray) -> bool:
    """Whether a column only tells rows apart: by its name, or since it counts them in any order.

    numbers: [n], NaN where a cell is empty.
    """
    if _INDEX.fullmatch(name.strip()):
        return True
    whole = not np.isnan(numbers).any() and bool((numbers == np.floor(numbers)).all())
    if not whole or len(np.unique(numbers)) != len(numbers):
        return False
    if len(numbers) > 1 and _COUNTER.fullmatch(name.strip()):
        return True
    counts = numbers.max() - numbers.min() == len(numbers) - 1 and numbers.min() in (0, 1)
    return len(numbers) >= FEW_ROWS and bool(counts)


def is_label_name(name: str) -> bool:
    """Whether a name says that the column holds ratings, or how many there are, or their spread."""
    if _PERSON.fullmatch(name.strip()):
        return True
    folded = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name.strip()).casefold()
    words = [word for word in re.split(r"[^a-z0-9]+", folded) if word]
    if _MAKERS & set(words):
        return False
    if "_".join(words) in _SPREAD or "".join(words) in _SPREAD:
        return True
    if any(word in _LABEL or _GLUED.fullmatch(word) for word in words):
        return True
    return bool(_SCORE & set(words)) and set(words) <= _SCORE | _OF_SCORES


def rater_columns(names: Sequence[str], values: FloatArray) -> tuple[str, ...]:
    """Columns that look like the votes of one viewer each: `r1` … `r24`, all of few values.

    values: [n, columns]. Three of one kind at least: a single `s1` may be anything.
    """
    kinds: dict[str, list[str]] = {}
    for name, column in zip(names, values.T, strict=True):
        known = column[np.isfinite(column)]
        if not _RATER.fullmatch(name.strip()) or len(known) < FEW_ROWS:
            continue
        if len(np.unique(known)) <= VOTE_STEPS and bool((known * 4 == np.floor(known * 4)).all()):
            kinds.setdefault(name.strip().casefold().rstrip("0123456789"), []).append(name)
    return tuple(name for found in kinds.values() if len(found) >= 3 for name in found)
