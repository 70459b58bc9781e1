"""Vote files of KonViD-150k: one row a vote, read line by line, kept as three sums a clip."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from mos_assets.corpora.labels import printable
from mos_assets.corpora.names import safe_name, stem
from mos_assets.records import MOS_MAX, MOS_MIN, Label, RejectedRow
from mos_assets.tables.cells import CellError, map_mos
from mos_assets.tables.columns import CLIP_ALIASES, VOTE_ALIASES
from mos_assets.tables.delimited import Row, open_table, parse_line

_UNIT = 2**52
"""Every float from 1 to 5 is a whole number of 1/2^52: sums of votes are exact, in any order."""
_SPELLINGS = 10_000
"""Different spellings of a vote that are remembered; there are five where votes are whole."""


def add_votes(
    corpus: str, labels: Sequence[Label], path: Path
) -> tuple[list[Label], list[RejectedRow]]:
    """Labels with the count and sample standard deviation of their votes in `path`.

    Rows that are no vote are rejected; votes for clips without a label are counted in one
    rejected row without a line. Memory grows with the clips and not with the votes. Raises
    CorpusError for a file that cannot be read or lacks a column.
    """
    label_at = {stem(label.clip_name): at for at, label in enumerate(labels)}
    sums = _Sums(len(labels))
    strays: Counter[str] = Counter()
    rejected: list[RejectedRow] = []
    with open_table(path) as table:
        clip = table.columns.require(CLIP_ALIASES, "clip name", path)
        vote = table.columns.require(VOTE_ALIASES, "vote", path)
        width = len(table.columns.names)
        # A line of two spellings that were met before is counted unparsed, as nearly all of
        # 800,000 are. More columns than these could say it in more than one way.
        plain = len(clip) == len(vote) == 1
        known_clip = {label.clip_name.encode(): at for at, label in enumerate(labels)}
        known_vote: dict[bytes, int] = {}
        add = sums.add
        for number, line in table.lines:
            cells = line.split(b",") if plain and b'"' not in line else ()
            if len(cells) == width:
                at, units = known_clip.get(cells[clip[0]]), known_vote.get(cells[vote[0]])
                if at is not None and units is not None:
                    add(at, units)
                    continue
            row = parse_line(number, line, width)
            if row is None:
                continue
            try:
                name, units = _read(row, clip, vote)
            except CellError as error:
                shown = printable(row.first(clip)) if not row.damage else ""
                rejected.append(RejectedRow(corpus, path.name, number, shown or None, str(error)))
                continue
            at = label_at.get(stem(name))
            if at is None:
                strays[name] += 1
                continue
            sums.add(at, units)
            if len(cells) == width:
                known_clip[cells[clip[0]]] = at
                if len(known_vote) < _SPELLINGS:
                    known_vote[cells[vote[0]]] = units
    if strays:
        reason = (
            f"{strays.total()} votes on {len(strays)} clips are not used: no label of this part "
            "that could be used names them"
        )
        rejected.append(RejectedRow(corpus, path.name, None, printable(min(strays)), reason))
    return [sums.told(at, label) for at, label in enumerate(labels)], rejected


def _read(row: Row, clip: Sequence[int], vote: Sequence[int]) -> tuple[str, int]:
    """The clip's name and its vote in whole units. Raises CellError."""
    if row.damage:
        raise CellError(row.damage)
    name = safe_name(row.first(clip))
    value = map_mos(row.first(vote), MOS_MIN, MOS_MAX, "vote")
    return name, int(value * _UNIT)


class _Sums:
    """Number, sum and sum of squares of the votes on each label, in whole units."""

    def __init__(self, labels: int) -> None:
        self._n, self._sum, self._squares = ([0] * labels for _ in range(3))

    def add(self, at: int, units: int) -> None:
        """Count one vote."""
        self._n[at] += 1
        self._sum[at] += units
        self._squares[at] += units * units

    def told(self, at: int, label: Label) -> Label:
        """The label with what its votes say; as it was where it has none."""
        n, total = self._n[at], self._sum[at]
        if n == 0:
            return label
        if n == 1:
            return label._replace(mos_std=None, n_ratings=1)
        # n (n - 1) times the variance in units: a whole number, divided once.
        spread = n * self._squares[at] - total * total
        return label._replace(mos_std=math.sqrt(spread / (n * (n - 1) * _UNIT**2)), n_ratings=n)
