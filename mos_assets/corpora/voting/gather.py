"""Votes of all files of a corpus together, each with the line that it stands in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from mos_assets.corpora.labels import named_clip, printable
from mos_assets.corpora.names import stem
from mos_assets.records import IntArray, RejectedRow, Votes
from mos_assets.tables.cells import CellError, map_mos


@dataclass(frozen=True, slots=True)
class VoteSource:
    """Whose votes are read and how they are meant."""

    corpus: str
    file: str
    """Relative to the corpus folder."""
    scale: tuple[float, float]
    """Native vote for the worst and for the best clip possible."""
    session: str | None
    """Of all its votes; None: a column names it."""
    rater_needed: bool
    """Whether a vote of nobody known is of no use."""


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Votes of one file, before raters and sessions of other files are known; arrays are (n,)."""

    clip: IntArray
    """Numbers the clips of the whole corpus."""
    session: tuple[str, ...]
    session_at: IntArray
    rater: tuple[str, ...]
    rater_at: IntArray
    """-1 where nobody is named."""
    vote: npt.NDArray[np.float64]
    """On 1..5."""
    line: IntArray


@dataclass(slots=True)
class ClipNames:
    """Clips in the order in which votes name them."""

    corpus: str
    at: dict[str, int] = field(default_factory=dict)
    """Name without suffix → number."""
    names: list[str] = field(default_factory=list)
    foreign: dict[int, str] = field(default_factory=dict)
    """Why a name, with the folders of another machine in it, names no file here."""
    spelt: dict[int, set[str]] = field(default_factory=dict)
    """Further names that differ in their suffix only."""

    def number(self, cell: str) -> int:
        """The number of the clip that a cell names. Raises CellError."""
        name, foreign = named_clip(cell)
        at = self.at.setdefault(stem(name), len(self.names))
        if at == len(self.names):
            self.names.append(name)
        elif self.names[at] != name:
            self.spelt.setdefault(at, set()).add(name)
        if foreign is not None:
            self.foreign.setdefault(at, foreign)
        return at


class Cells:
    """Votes by their cells: each spelling is read once."""

    def __init__(self, scale: tuple[float, float]) -> None:
        self._scale = scale
        self._known: dict[str, float | CellError] = {}

    def read(self, cell: str) -> float:
        """The vote on 1..5. Raises CellError, and OutsideError for a number out of the scale."""
        known = self._known.get(cell)
        if known is None:
            try:
                known = map_mos(cell, *self._scale, "vote")
            except CellError as error:
                known = error
            self._known[cell] = known
        if isinstance(known, CellError):
            raise known
        return known


@dataclass(frozen=True, slots=True, eq=False)
class GatheredVotes:
    """Every vote of a corpus that can be used, and every row or cell that cannot."""

    votes: Votes
    files: tuple[str, ...]
    """Relative to the corpus folder."""
    file: IntArray
    """[n], numbers `files`."""
    line: IntArray
    """[n], 1-based."""
    rejected: tuple[RejectedRow, ...]
    foreign: Mapping[int, str]
    """As `ClipNames.foreign`."""
    said: Mapping[str, Mapping[int, Sequence[str]]]
    """`group` and `reference` → clip → what its rows say."""


def gather(
    names: ClipNames,
    blocks: Sequence[tuple[str, Block]],
    rejected: Sequence[RejectedRow],
    said: Mapping[str, Mapping[int, Sequence[str]]],
) -> GatheredVotes:
    """(file, its votes) of all files as one, in the order given.

    Raters of different sessions are different people. Of several votes of one rater on one clip in
    one session the first is used where all are equal, and none where they are not; a clip whose
    names differ in their suffix only is used under none of them.
    """
    sessions: dict[str, int] = {}
    raters: dict[tuple[str, str], int] = {}
    parts: list[tuple[IntArray, ...]] = []
    votes: list[npt.NDArray[np.float64]] = []
    for at, (_, block) in enumerate(blocks):
        session_of = np.array(
            [sessions.setdefault(name, len(sessions)) for name in block.session], dtype=np.int64
        )
        session = session_of[block.session_at] if len(session_of) else block.session_at
        parts.append(
            (
                block.clip,
                session,
                _raters(block, raters),
                block.line,
                np.full(len(block.clip), at, dtype=np.int64),
            )
        )
        votes.append(block.vote)
    columns = [np.concatenate(each) for each in zip(*parts, strict=True)]
    clip, session, rater, line, file = columns
    vote = np.concatenate(votes)
    files = tuple(name for name, _ in blocks)
    keep = np.ones(len(vote), dtype=bool)
    lost: list[RejectedRow] = []
    for at, others in names.spelt.items():
        both = ", ".join(sorted({names.names[at], *others}))
        reason = f"clips {both} differ in their suffix only; rename one"
        mine = np.flatnonzero(clip == at)
        keep[mine] = False
        lost += [
            RejectedRow(names.corpus, files[f], int(n), names.names[at], reason)
            for f, n in dict.fromkeys(zip(file[mine].tolist(), line[mine].tolist(), strict=True))
        ]
    known = tuple(f"{where}/{name}" if where else name for where, name in raters)
    gathered = Votes(tuple(names.names), known, tuple(sessions), clip, rater, session, vote)
    lost += _repeated(names.corpus, gathered, (files, file, line), keep)
    if not keep.all():
        gathered = Votes(
            gathered.clips,
            gathered.raters,
            gathered.sessions,
            clip[keep],
            rater[keep],
            session[keep],
            vote[keep],
        )
        file, line = file[keep], line[keep]
    return GatheredVotes(gathered, files, file, line, (*rejected, *lost), names.foreign, said)


def _raters(block: Block, raters: dict[tuple[str, str], int]) -> IntArray:
    """The rater of each vote, numbered over all sessions; -1 where nobody is named."""
    if not block.rater:
        return np.full(len(block.clip), -1, dtype=np.int64)
    pair = block.session_at * (len(block.rater) + 1) + block.rater_at + 1
    different, at = np.unique(pair, return_inverse=True)
    found = np.empty(len(different), dtype=np.int64)
    for n, (session, rater) in enumerate(
        zip(*(each.tolist() for each in np.divmod(different, len(block.rater) + 1)), strict=True)
    ):
        key = (block.session[session], block.rater[rater - 1])
        found[n] = raters.setdefault(key, len(raters)) if rater else -1
    return found[at]


def _repeated(
    corpus: str,
    votes: Votes,
    places: tuple[tuple[str, ...], IntArray, IntArray],
    keep: npt.NDArray[np.bool_],
) -> list[RejectedRow]:
    """Rejects votes of one rater on one clip in one session after the first, and clears `keep`."""
    known = np.flatnonzero(keep & (votes.rater >= 0))
    # A rater is of one session already.
    key = votes.rater[known] * max(len(votes.clips), 1) + votes.clip[known]
    order = np.argsort(key, kind="stable")
    same = np.flatnonzero(np.diff(key[order]) == 0)
    if not len(same):
        return []
    files, file, line = places
    groups: dict[int, list[int]] = {}
    for at in same.tolist():
        groups.setdefault(int(key[order[at]]), [int(known[order[at]])]).append(
            int(known[order[at + 1]])
        )
    lost: list[RejectedRow] = []
    whole: dict[tuple[int, int], RejectedRow] = {}
    for rows in groups.values():
        name = votes.clips[votes.clip[rows[0]]]
        who = printable(votes.raters[votes.rater[rows[0]]])
        if len({votes.vote[at] for at in rows}) > 1:
            where = ", ".join(f"{files[file[at]]}:{line[at]}" for at in rows[:4])
            reason = (
                f"conflict: rater {who!r} gave the clip different votes ({where}); none is used"
            )
            keep[rows] = False
            lost += [
                RejectedRow(corpus, files[file[at]], int(line[at]), name, reason) for at in rows
            ]
            continue
        keep[rows[1:]] = False
        for at in rows[1:]:
            first = f"{files[file[rows[0]]]}:{line[rows[0]]}"
            place = (int(file[at]), int(line[at]))
            reason = f"duplicate of {first}, with the same vote of rater {who!r}"
            # A row of a wide table repeats the votes of all raters.
            whole.setdefault(place, RejectedRow(corpus, files[place[0]], place[1], name, reason))
    return [*lost, *whole.values()]
