"""Vote files of KonViD-150k: one row a vote, kept as three sums a clip."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from mos_assets.corpora.labels import printable
from mos_assets.corpora.names import safe_name, stem
from mos_assets.records import MOS_MAX, MOS_MIN, FloatArray, IntArray, RejectedRow
from mos_assets.records.label_columns import Labels
from mos_assets.tables.cells import CellError, map_mos
from mos_assets.tables.columns import CLIP_ALIASES, VOTE_ALIASES, Columns
from mos_assets.tables.interned import InternedColumn, first_filled, read_interned

_UNIT = 2**52
"""Every float from 1 to 5 is a whole number of 1/2^52: sums of votes are exact, in any order."""
_COARSE = 2**10
"""Votes that are whole numbers of 1/2^10, as all that people give are, have sums that floats hold
without rounding."""
_EXACT = 2.0**53


def add_votes(corpus: str, labels: Labels, path: Path) -> tuple[Labels, list[RejectedRow]]:
    """Labels with the count and sample standard deviation of their votes in `path`.

    Rows that are no vote are rejected; votes for clips without a label are counted in one
    rejected row without a line. Raises CorpusError for a file that cannot be read or lacks a
    column.
    """
    split = 0

    def choose(columns: Columns) -> tuple[int, ...]:
        nonlocal split
        clip = columns.require(CLIP_ALIASES, "clip name", path)
        split = len(clip)
        return (*clip, *columns.require(VOTE_ALIASES, "vote", path))

    table = read_interned(path, choose)
    clip = first_filled(table.chosen[:split])
    vote = first_filled(table.chosen[split:])
    at_of, names, flaws = _clips(clip, labels)
    units, bad = _units(vote)
    row_at, row_units = at_of[clip.codes], units[vote.codes]
    broken = np.flatnonzero((row_at == _FLAWED) | (row_units < 0))
    rejected = [RejectedRow(corpus, path.name, line, None, why) for line, why in table.damaged]
    for row in broken.tolist():
        name = int(clip.codes[row])
        why = flaws.get(name) or bad[int(vote.codes[row])]
        shown = printable(clip.words[name]) or None
        rejected.append(RejectedRow(corpus, path.name, int(table.lines[row]), shown, why))
    rejected.sort(key=lambda row: row.line or 0)
    stray = np.flatnonzero((row_at == _STRAY) & (row_units >= 0))
    if len(stray):
        unknown = {names[code] for code in np.unique(clip.codes[stray]).tolist()}
        reason = (
            f"{len(stray)} votes on {len(unknown)} clips are not used: no label of this part "
            "that could be used names them"
        )
        rejected.append(RejectedRow(corpus, path.name, None, printable(min(unknown)), reason))
    good = (row_at >= 0) & (row_units >= 0)
    return _told(labels, row_at[good], row_units[good]), rejected


_STRAY, _FLAWED = -1, -2
_USUAL = ".mp4"
"""What names without a suffix get."""


def _clips(clip: InternedColumn, labels: Labels) -> tuple[IntArray, dict[int, str], dict[int, str]]:
    """Per word the label that it names, _STRAY or _FLAWED; names of strays, reasons of flaws."""
    by_name = {name: at for at, name in enumerate(labels.column("clip_name"))}
    # Nearly all words are the very name of a label, and are not looked at more closely.
    found = [by_name.get(word, _STRAY) for word in clip.words]
    names: dict[int, str] = {}
    flaws: dict[int, str] = {}
    unknown = [code for code, at in enumerate(found) if at < 0]
    others = {stem(name): at for name, at in by_name.items() if not name.endswith(_USUAL)}
    for code in unknown:
        try:
            name = names[code] = safe_name(clip.words[code])
        except CellError as error:
            found[code], flaws[code] = _FLAWED, str(error)
            continue
        plain = stem(name)
        found[code] = by_name.get(plain + _USUAL, others.get(plain, _STRAY))
    return np.array(found, dtype=np.int64), names, flaws


def _units(vote: InternedColumn) -> tuple[IntArray, dict[int, str]]:
    """Per word its vote in 1/2^52, -1 where it is none; and why."""
    units = np.full(len(vote.words), -1, dtype=np.int64)
    bad: dict[int, str] = {}
    for code, word in enumerate(vote.words):
        try:
            units[code] = int(map_mos(word, MOS_MIN, MOS_MAX, "vote") * _UNIT)
        except CellError as error:
            bad[code] = str(error)
    return units, bad


def _told(labels: Labels, at: IntArray, units: IntArray) -> Labels:
    """The labels with what their votes say; as they were where they have none."""
    size = len(labels)
    n = np.bincount(at, minlength=size)
    std = _fast_deviations(at, units, n) if size else None
    deviations = _exact_deviations(at, units, n) if std is None else std.tolist()
    counts = n.tolist()
    known = zip(counts, labels.column("mos_std"), deviations, strict=True)
    stds = [old if count == 0 else None if count == 1 else new for count, old, new in known]
    numbers = [count or old for count, old in zip(counts, labels.column("n_ratings"), strict=True)]
    return labels.telling(mos_std=stds, n_ratings=numbers)


def _fast_deviations(at: IntArray, units: IntArray, n: IntArray) -> FloatArray | None:
    """Sample standard deviations; None where floats would round a sum.

    n (n - 1) times the variance is a whole number of squared units, divided once.
    """
    coarse, rest = np.divmod(units, _UNIT // _COARSE)
    if rest.any():
        return None
    votes = coarse.astype(np.float64)
    total = np.bincount(at, votes, minlength=len(n))
    squares = np.bincount(at, votes * votes, minlength=len(n))
    if max(float((n * squares).max()), float(n.max()) ** 2 * _COARSE**2) >= _EXACT:
        return None
    spread = n * squares - total * total
    deviations: FloatArray = np.sqrt(spread / np.maximum(n * (n - 1.0) * _COARSE**2, 1.0))
    return deviations


def _exact_deviations(at: IntArray, units: IntArray, n: IntArray) -> list[float]:
    """As `_fast_deviations`, in whole numbers of any size."""
    total, squares = ([0] * len(n) for _ in range(2))
    for label, each in zip(at.tolist(), units.tolist(), strict=True):
        total[label] += each
        squares[label] += each * each
    return [
        0.0
        if count < 2
        else math.sqrt((count * square - whole * whole) / (count * (count - 1) * _UNIT**2))
        for count, whole, square in zip(n.tolist(), total, squares, strict=True)
    ]
