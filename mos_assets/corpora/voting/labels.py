"""Labels from what was estimated of votes, and the label files that accompany them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np

from mos_assets.corpora.names import stem
from mos_assets.corpora.voting.gather import GatheredVotes
from mos_assets.records import ClipRatings, IntArray, Label, RejectedRow

GROUPS = "conflict: the clip has different groups in label files; none of its rows is used"
NO_VOTES = "no vote that could be used names its clip, and the file gives no MOS"


class Places(Sequence[tuple[str, int]]):
    """(file, line) of the rows behind one label, without a tuple for each of 800,000 votes."""

    __slots__ = ("_file", "_files", "_line", "_start", "_stop")

    def __init__(
        self, files: tuple[str, ...], file: IntArray, line: IntArray, start: int, stop: int
    ) -> None:
        self._files, self._file, self._line = files, file, line
        self._start, self._stop = start, stop

    def __len__(self) -> int:
        return self._stop - self._start

    @overload
    def __getitem__(self, at: int) -> tuple[str, int]: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[tuple[str, int]]: ...
    def __getitem__(self, at: int | slice) -> tuple[str, int] | Sequence[tuple[str, int]]:
        if isinstance(at, slice):
            return tuple(self)[at]
        if not -len(self) <= at < len(self):
            raise IndexError(at)
        row = self._start + at % len(self)
        return self._files[self._file[row]], int(self._line[row])

    def __iter__(self) -> Iterator[tuple[str, int]]:
        file = self._file[self._start : self._stop].tolist()
        line = self._line[self._start : self._stop].tolist()
        return iter([(self._files[f], n) for f, n in zip(file, line, strict=True)])


@dataclass(frozen=True, slots=True)
class Accompanied:
    """Labels from votes with what label files say of their clips."""

    labels: list[Label]
    rejected: list[RejectedRow]
    unvoted: int
    """Clips whose MOS is that of a label file, since no vote names them."""


def labels_of_votes(
    corpus: str, gathered: GatheredVotes, ratings: ClipRatings
) -> tuple[list[Label], list[RejectedRow]]:
    """One label a session and clip, with the rows that it stands for.

    ratings: MOS within 1..5; NaN where no vote counted, whose rows are rejected.
    """
    votes = gathered.votes
    many = max(len(votes.clips), 1)
    order = np.lexsort((gathered.line, gathered.file, votes.clip, votes.session))
    key = (votes.session * many + votes.clip)[order]
    file, line = gathered.file[order], gathered.line[order]
    # A row of a wide table holds many votes and is one place.
    first = np.ones(len(key), dtype=bool)
    first[1:] = (np.diff(key) != 0) | (np.diff(file) != 0) | (np.diff(line) != 0)
    key, file, line = key[first], file[first], line[first]
    wanted = ratings.session * many + ratings.clip
    start, stop = np.searchsorted(key, wanted), np.searchsorted(key, wanted, side="right")
    labels: list[Label] = []
    rejected: list[RejectedRow] = []
    told = {
        what: {at: _one(words) for at, words in of.items()} for what, of in gathered.said.items()
    }
    group, reference = told.get("group", {}), told.get("reference", {})
    torn = {
        at: "conflict: the clip has different groups or references "
        f"({', '.join(sorted(set(words)))}); none is used"
        for of in gathered.said.values()
        for at, words in of.items()
        if len(set(words) - {""}) > 1
    }
    for clip, session, mos, std, n, ci95, a, b in zip(
        *(each.tolist() for each in (ratings.clip, ratings.session, ratings.mos, ratings.std)),
        *(each.tolist() for each in (ratings.n, ratings.ci95, start, stop)),
        strict=True,
    ):
        name = votes.clips[clip]
        source, number = gathered.files[file[a]], int(line[a])
        others = Places(gathered.files, file, line, a + 1, b)
        why = torn.get(clip)
        if why is None and math.isnan(mos):
            why = "no vote on it is left, since its raters were screened out"
        if why is not None:
            places = ((source, number), *others)
            rejected += [RejectedRow(corpus, where, at, name, why) for where, at in places]
            continue
        labels.append(
            Label(
                clip_name=name,
                mos=mos,
                mos_std=None if math.isnan(std) else std,
                n_ratings=n,
                part=None,
                group=group.get(clip),
                reference=reference.get(clip),
                source=source,
                line=number,
                others=others,
                foreign=gathered.foreign.get(clip),
                session=votes.sessions[session] or None,
                mos_ci95=None if math.isnan(ci95) else ci95,
            )
        )
    return labels, rejected


def accompanied(
    corpus: str, voted: Sequence[Label], written: Sequence[Label], disagreeing: set[tuple[str, int]]
) -> Accompanied:
    """Labels from votes, with group and reference of the label files.

    Rows of label files stand behind the label of their clip, but for `disagreeing` ones, of which
    only group and reference are used. A clip that is only in a label file keeps its MOS, where the
    file has one.
    """
    of_clip: dict[str, list[Label]] = {}
    for label in written:
        of_clip.setdefault(stem(label.clip_name), []).append(label)
    labels: list[Label] = []
    rejected: list[RejectedRow] = []
    met: set[str] = set()
    for label in voted:
        key = stem(label.clip_name)
        rows = of_clip.get(key)
        if rows is None:
            labels.append(label)
            continue
        first = key not in met
        met.add(key)
        if len({row.group for row in rows} - {None}) > 1:
            places = [(label.source, label.line), *label.others]
            places += [(row.source, row.line) for row in (rows if first else ())]
            rejected += [RejectedRow(corpus, w, at, label.clip_name, GROUPS) for w, at in places]
            continue
        # A file may hold votes and their mean: then the row is behind the label already.
        known = {(label.source, label.line), *label.others} if first else set()
        behind = [
            place
            for row in (rows if first else ())
            if (place := (row.source, row.line)) not in disagreeing and place not in known
        ]
        extra: list[tuple[str, int]] = [] if not behind else [*label.others, *behind]
        name, foreign = rows[0].clip_name, rows[0].foreign
        labels.append(
            label._replace(
                clip_name=name,
                foreign=foreign,
                group=label.group or next((row.group for row in rows if row.group), None),
                reference=label.reference
                or next((row.reference for row in rows if row.reference), None),
                others=extra or label.others,
            )
        )
    unvoted = 0
    for key, rows in of_clip.items():
        if key in met:
            continue
        unvoted += not math.isnan(rows[0].mos)
        for row in rows:
            if math.isnan(row.mos):
                rejected.append(RejectedRow(corpus, row.source, row.line, row.clip_name, NO_VOTES))
            else:
                labels.append(row)
    return Accompanied(labels, rejected, unvoted)


def _one(words: Sequence[str]) -> str | None:
    return next((word for word in words if word), None)
