"""Vote files of a row a vote, whose different cells are read once each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from mos_assets.corpora.labels import printable
from mos_assets.corpora.voting.gather import Block, Cells, ClipNames, VoteSource
from mos_assets.corpora.voting.shape import ReadFile, VoteColumns, find_column, key_name
from mos_assets.errors import CorpusError
from mos_assets.records import BoolArray, IntArray, RejectedRow
from mos_assets.tables.cells import CellError, OutsideError
from mos_assets.tables.columns import Columns
from mos_assets.tables.interned import InternedColumn, InternedTable


def choose_long(columns: Columns, path: Path, names: VoteColumns) -> dict[str, int]:
    """`clip`, `vote`, and what else is named → its column. Raises CorpusError."""
    wanted = {"clip": names.clip, "vote": names.vote, "rater": names.rater} | names.others()
    chosen = {
        key: find_column(columns, path, name, key_name(key))
        for key, name in wanted.items()
        if name is not None
    }
    _require_different(columns, path, chosen)
    return chosen


def read_long(
    table: InternedTable, chosen: dict[str, int], source: VoteSource, names: ClipNames
) -> ReadFile:
    """Votes of a table of one row a vote. A row that is none is rejected with its line."""
    column = dict(zip(chosen, table.chosen, strict=True))
    rejected = [
        RejectedRow(source.corpus, source.file, line, None, why) for line, why in table.damaged
    ]
    good = np.ones(len(table.lines), dtype=bool)
    outside: list[float] = []
    cells = Cells(source.scale)
    clip, lost_clips = _number(column["clip"], names.number)
    vote = np.full(len(column["vote"].words), np.nan)
    lost_votes: dict[int, CellError] = {}
    for at, word in enumerate(column["vote"].words):
        try:
            vote[at] = cells.read(word)
        except CellError as error:
            lost_votes[at] = error
    flawed: list[tuple[str, dict[int, CellError]]] = [("clip", lost_clips), ("vote", lost_votes)]
    for key in ("session", "rater"):
        if key in column and (key == "session" or source.rater_needed):
            empty = {
                at: CellError(f"{key} is empty")
                for at, word in enumerate(column[key].words)
                if not word
            }
            flawed.insert(1, (key, empty))
    for key, errors in flawed:
        if errors:
            good &= ~np.isin(column[key].codes, list(errors))
    for row in np.flatnonzero(~good).tolist():
        flaw = next(
            errors[code]
            for key, errors in flawed
            if (code := int(column[key].codes[row])) in errors
        )
        if isinstance(flaw, OutsideError):
            outside.append(flaw.value)
        name = column["clip"].words[column["clip"].codes[row]]
        rejected.append(
            RejectedRow(
                source.corpus,
                source.file,
                int(table.lines[row]),
                printable(name) or None,
                str(flaw),
            )
        )
    clip_of = clip[column["clip"].codes[good]]
    session, session_at = _words(column.get("session"), good, source.session or "")
    rater, rater_at = _words(column.get("rater"), good, "")
    said: dict[str, dict[int, list[str]]] = {}
    for key in ("group", "reference"):
        if key in column:
            words, word_at = _words(column[key], good, "")
            said[key] = _said(clip_of, words, word_at)
    block = Block(
        clip=clip_of,
        session=session,
        session_at=session_at,
        rater=tuple(printable(word) for word in rater) if "rater" in column else (),
        rater_at=np.where(np.array([not word for word in rater])[rater_at], -1, rater_at)
        if len(rater_at)
        else rater_at,
        vote=vote[column["vote"].codes[good]],
        line=table.lines[good],
    )
    return ReadFile(block, rejected, outside, said)


def _require_different(columns: Columns, path: Path, chosen: dict[str, int]) -> None:
    key_of: dict[int, str] = {}
    for key, at in chosen.items():
        other = key_of.setdefault(at, key)
        if other != key and (other, key) != ("group", "reference"):
            raise CorpusError(
                f"{path}: {key_name(other)} and {key_name(key)} of corpus.toml both name the "
                f"column {columns.names[at]!r}."
            )


def _number(
    column: InternedColumn, read: Callable[[str], int]
) -> tuple[IntArray, dict[int, CellError]]:
    """The number that each different cell stands for, -1 and an error where it stands for none."""
    found = np.full(len(column.words), -1, dtype=np.int64)
    lost: dict[int, CellError] = {}
    for at, word in enumerate(column.words):
        try:
            found[at] = read(word)
        except CellError as error:
            lost[at] = error
    return found, lost


def _words(
    column: InternedColumn | None, good: BoolArray, default: str
) -> tuple[tuple[str, ...], IntArray]:
    """Different words of the good rows, and which of them each has."""
    if column is None:
        return (default,), np.zeros(int(good.sum()), dtype=np.int64)
    used = column.codes[good]
    different, at = np.unique(used, return_inverse=True)
    texts = [column.words[code] for code in different.tolist()]
    # Cells that differ in white space only are one word.
    one = {text: n for n, text in enumerate(dict.fromkeys(texts))}
    number = np.array([one[text] for text in texts], dtype=np.int64)
    return tuple(one), number[at] if len(number) else at.astype(np.int64)


def _said(clip: IntArray, words: Sequence[str], at: IntArray) -> dict[int, list[str]]:
    pairs = np.unique(np.stack([clip, at], axis=1), axis=0)
    said: dict[int, list[str]] = {}
    for number, word in pairs.tolist():
        said.setdefault(number, []).append(words[word])
    return said
