"""Reading the vote files of a corpus, wide ones and long ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

import numpy as np

from mos_assets.corpora.labels import printable
from mos_assets.corpora.voting.gather import Block, Cells, ClipNames, VoteSource
from mos_assets.errors import CorpusError
from mos_assets.records import BoolArray, IntArray, RejectedRow
from mos_assets.tables.cells import CellError, OutsideError, is_unknown
from mos_assets.tables.columns import Columns
from mos_assets.tables.delimited import Row, Table
from mos_assets.tables.interned import InternedColumn, InternedTable

_FIGURES = frozenset(
    (
        *("mos", "dmos", "mean", "avg", "average", "median", "mode", "sum", "total", "min", "max"),
        *("sd", "std", "stdev", "stddev", "std_dev", "var", "variance", "sem", "se", "ci", "ci95"),
        *("n", "count", "votes", "ratings", "n_ratings", "num_ratings", "n_votes", "z", "zmos"),
        *("index", "id", "idx", "row", "content", "src", "source", "group", "scene", "reference"),
        *("session", "test", "bitrate", "fps", "width", "height", "duration", "framerate", "crf"),
    )
)
"""Headers of wide tables that are no raters, whatever stands below them."""
NO_RATER = 5
"""So many cells in a column, none of them a number, are no slips of a rater's pen."""


@dataclass(frozen=True, slots=True)
class VoteColumns:
    """Header names of one vote file; None: it has no such column."""

    clip: str
    vote: str | None = None
    """Of long tables; None: a wide one."""
    rater: str | None = None
    session: str | None = None
    group: str | None = None
    reference: str | None = None
    raters: tuple[str, ...] | None = None
    """Names or globs of the raters' columns; None: all that are nothing else."""
    ignore: tuple[str, ...] = ()

    def others(self) -> dict[str, str]:
        """key → header of what a row says beside clip, rater and vote."""
        told = {"session": self.session, "group": self.group, "reference": self.reference}
        return {key: name for key, name in told.items() if name is not None}


@dataclass(slots=True)
class ReadFile:
    """What the rows of one vote file came to."""

    block: Block
    rejected: list[RejectedRow]
    outside: list[float]
    """Native votes that are numbers outside the scale."""
    said: dict[str, dict[int, list[str]]] = field(default_factory=dict)
    """`group` and `reference` → clip → what its rows say."""


def find_column(columns: Columns, path: Path, name: str, key: str) -> int:
    """The one column that a key of corpus.toml names. Raises CorpusError."""
    what = f"key {key} of corpus.toml"
    found = columns.require((name,), what, path)
    exact = [at for at in found if columns.names[at] == name] or list(found)
    if len(exact) > 1:
        raise CorpusError(
            f"{path} has {len(exact)} columns {name!r} for the {what}. Rename all but one of them."
        )
    return exact[0]


def choose_long(columns: Columns, path: Path, names: VoteColumns) -> dict[str, int]:
    """`clip`, `vote`, and what else is named → its column. Raises CorpusError."""
    wanted = {"clip": names.clip, "vote": names.vote, "rater": names.rater} | names.others()
    chosen = {
        key: find_column(columns, path, name, _key(key))
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


def rater_columns(columns: Columns, path: Path, names: VoteColumns) -> list[int]:
    """Columns of a wide table that hold one rater's votes each.

    Raises CorpusError where none does, two have one name, or one is called like a figure and not
    declared either way.
    """
    taken = {
        find_column(columns, path, name, _key(key))
        for key, name in ({"clip": names.clip} | names.others()).items()
    }
    found: list[int] = []
    for at, name in enumerate(columns.names):
        if at in taken or any(fnmatchcase(name, glob) for glob in names.ignore):
            continue
        if names.raters is not None:
            if any(fnmatchcase(name, glob) for glob in names.raters):
                found.append(at)
            continue
        if name.casefold().replace(" ", "_") in _FIGURES:
            raise CorpusError(
                f"{path}: the column {name!r} looks like no rater. Name it in ignore of [votes], "
                "or name the columns of the raters in raters."
            )
        found.append(at)
    named = [columns.names[at] for at in found]
    twice = sorted({name for name in named if named.count(name) > 1 and name})
    if twice:
        raise CorpusError(
            f"{path} has several columns {', '.join(map(repr, twice))}, so that nobody can tell "
            "which rater is which. Rename all but one of them."
        )
    for glob in names.raters or ():
        if not any(fnmatchcase(name, glob) for name in named):
            raise CorpusError(
                f"{path} has no column for {glob!r} in raters of [votes]. Its header is: "
                f"{', '.join(columns.names[:20])}."
            )
    if not found:
        raise CorpusError(f"{path} has no column of a rater beside {names.clip!r}.")
    return found


def read_wide(table: Table, names: VoteColumns, source: VoteSource, clips: ClipNames) -> ReadFile:
    """Votes of a table of a row a clip and a column a rater; an empty cell is no vote.

    A cell that is no vote is rejected with its line and column, a row without any vote as a whole.
    """
    path, header = table.path, table.columns
    raters = rater_columns(header, path, names)
    clip_at = find_column(header, path, names.clip, _key("clip"))
    others = {
        key: find_column(header, path, name, _key(key)) for key, name in names.others().items()
    }
    cells = Cells(source.scale)
    rejected: list[RejectedRow] = []
    outside: list[float] = []
    said: dict[str, dict[int, list[str]]] = {key: {} for key in others if key != "session"}
    sessions: dict[str, int] = {} if "session" in others else {source.session or "": 0}
    rows: list[tuple[int, int, int, float, int]] = []
    filled, bad = dict.fromkeys(raters, 0), dict.fromkeys(raters, 0)
    for row in table.rows:
        name = row.cells[clip_at] if not row.damage else ""

        def reject(why: str, row: Row = row, name: str = name) -> None:
            rejected.append(
                RejectedRow(source.corpus, source.file, row.line, printable(name) or None, why)
            )

        try:
            if row.damage:
                raise CellError(row.damage)
            clip = clips.number(name)
            session = 0
            if "session" in others:
                told = row.cells[others["session"]]
                if not told:
                    raise CellError("session is empty")
                session = sessions.setdefault(told, len(sessions))
        except CellError as error:
            reject(str(error))
            continue
        voted = False
        for number, at in enumerate(raters):
            cell = row.cells[at]
            if is_unknown(cell):
                continue
            voted = True
            filled[at] += 1
            try:
                rows.append((clip, session, number, cells.read(cell), row.line))
            except CellError as error:
                bad[at] += not isinstance(error, OutsideError)
                if isinstance(error, OutsideError):
                    outside.append(error.value)
                reject(f"column {printable(header.names[at])!r}: {error}")
        if not voted:
            reject("no rater voted on it")
            continue
        for key, of in said.items():
            of.setdefault(clip, []).append(row.cells[others[key]])
    for at in raters:
        if filled[at] and bad[at] == filled[at] >= NO_RATER:
            raise CorpusError(
                f"{path}: no cell of the column {header.names[at]!r} is a number, so that it is "
                "no rater's. Name it in ignore of [votes]."
            )
        if filled[at] and not header.names[at]:
            raise CorpusError(
                f"{path}: a column of votes, number {at + 1}, has no name. Name the rater in the "
                'header, or put "" into ignore of [votes].'
            )
    columns = np.array([each[:3] + each[4:] for each in rows], dtype=np.int64).reshape(-1, 4)
    block = Block(
        clip=columns[:, 0],
        session=tuple(sessions),
        session_at=columns[:, 1],
        rater=tuple(printable(header.names[at]) for at in raters),
        rater_at=columns[:, 2],
        vote=np.array([each[3] for each in rows], dtype=float),
        line=columns[:, 3],
    )
    return ReadFile(block, rejected, outside, said)


def _key(key: str) -> str:
    if key in ("group", "reference"):
        return f"[columns] {key}"
    return "session of [votes]" if key == "session" else f"{key} of [votes]"


def _require_different(columns: Columns, path: Path, chosen: dict[str, int]) -> None:
    key_of: dict[int, str] = {}
    for key, at in chosen.items():
        other = key_of.setdefault(at, key)
        if other != key and (other, key) != ("group", "reference"):
            raise CorpusError(
                f"{path}: {_key(other)} and {_key(key)} of corpus.toml both name the column "
                f"{columns.names[at]!r}."
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
