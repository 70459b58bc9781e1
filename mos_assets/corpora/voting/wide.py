"""Vote files of a row a clip and a column a rater."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path

import numpy as np

from mos_assets.corpora.labels import printable
from mos_assets.corpora.voting.gather import Block, Cells, ClipNames, VoteSource
from mos_assets.corpora.voting.shape import ReadFile, VoteColumns, find_column, key_name
from mos_assets.errors import CorpusError
from mos_assets.records import RejectedRow
from mos_assets.tables.cells import CellError, OutsideError, is_unknown
from mos_assets.tables.columns import Columns
from mos_assets.tables.delimited import Row, Table

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


def rater_columns(columns: Columns, path: Path, names: VoteColumns) -> list[int]:
    """Columns of a wide table that hold one rater's votes each.

    Raises CorpusError where none does, two have one name, or one is called like a figure and not
    declared either way.
    """
    taken = {
        find_column(columns, path, name, key_name(key))
        for key, name in ({"clip": names.clip} | names.others()).items()
    }
    found: list[int] = []
    for at, name in enumerate(columns.names):
        if at in taken or _named(name, names.ignore):
            continue
        if names.raters is not None:
            if _named(name, names.raters):
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
        if not any(_named(name, (glob,)) for name in named):
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
    clip_at = find_column(header, path, names.clip, key_name("clip"))
    others = {
        key: find_column(header, path, name, key_name(key)) for key, name in names.others().items()
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


def _named(name: str, globs: Sequence[str]) -> bool:
    """Whether one of these is the header, or a glob that fits it, in any case."""
    plain = name.casefold()
    return any(plain == glob.casefold() or fnmatchcase(plain, glob.casefold()) for glob in globs)
