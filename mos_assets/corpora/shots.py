"""External shot metadata in `<corpus>/shots/`: figures, or the columns made of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

from mos_assets.corpora.labels import printable
from mos_assets.corpora.names import NameMatch, match_names
from mos_assets.corpora.request import (
    SHOT_SUFFIXES,
    SHOTS_FOLDER,
    ExternalShots,
    NormalisedShots,
    ShotTable,
    corpus_folder,
    external_files,
)
from mos_assets.errors import CorpusError
from mos_assets.records import Clip, RejectedRow, ShotFigures
from mos_assets.tables.cells import COUNT_MAX, CellError, is_unknown, parse_count, parse_number
from mos_assets.tables.external import Cell, ExternalTable, read_external, to_float
from mos_assets.tables.limits import shown

COUNT, MEAN_LENGTH, LENGTH_STD = "shot_count", "shot_avg_duration_sec", "shot_duration_std_sec"
FRAMES = ("frames", "frame_count", "num_frames")
NORMALISED = ("shot_count_norm", "shot_mean_len_norm", "shot_cut_density")


def has_external_shots(name: str, root: Path) -> bool:
    """Whether a corpus has any file of external shot metadata."""
    return bool(external_files(name, root, SHOTS_FOLDER, SHOT_SUFFIXES))


def load_shot_tables(name: str, root: Path) -> ShotTable | None:
    """External shot metadata of a corpus, or None where it has no such file.

    Rows whose cells contradict themselves are rejected with file, line and reason. Raises
    CorpusError for a file that cannot be read, names no clips, or has neither kind of columns.
    """
    files = external_files(name, root, SHOTS_FOLDER, SHOT_SUFFIXES)
    if not files:
        return None
    folder = corpus_folder(name, root)
    rows: list[ExternalShots] = []
    rejected: list[RejectedRow] = []
    for path in files:
        table = read_external(path)
        source = path.relative_to(folder).as_posix()
        rejected += [RejectedRow(name, source, line, None, why) for line, why in table.damaged]
        reader = _Reader(table)
        for index, (line, clip) in enumerate(zip(table.lines, table.clip_names(), strict=True)):
            try:
                if not clip:
                    raise CellError("the clip name is empty")
                rows.append(reader.read(index, clip, source, line))
            except CellError as error:
                rejected.append(
                    RejectedRow(name, source, line, printable(clip) or None, str(error))
                )
    return ShotTable(tuple(rows), tuple(rejected))


def join_shots(table: ShotTable, corpus: str, clips: Sequence[Clip]) -> NameMatch:
    """How its rows meet the clips. Raises CorpusError where a clip has several rows."""
    match = match_names([row.clip_name for row in table.rows], clips)
    if match.repeated:
        raise CorpusError(
            f"The shot files of corpus {corpus} hold several rows for {match.repeated[0]!r}; keep "
            "one row a clip."
        )
    return match


class _Reader:
    """Where one table keeps its shot columns."""

    def __init__(self, table: ExternalTable) -> None:
        self._table = table
        find = table.columns.find
        self._figures = find((COUNT,)) and find((MEAN_LENGTH,))
        self._normalised = all(find((column,)) for column in NORMALISED)
        if not self._figures and not self._normalised:
            raise CorpusError(
                f"{table.path} has no shot columns. Its header is: "
                f"{shown(', '.join(table.columns.names))}. Accepted: {COUNT} and "
                f"{MEAN_LENGTH} (with {LENGTH_STD}), or {', '.join(NORMALISED)}."
            )

    def read(self, row: int, clip: str, source: str, line: int) -> ExternalShots:
        figures = self._read_figures(row) if self._figures else None
        normalised = self._read_normalised(row) if self._normalised else None
        return ExternalShots(clip, figures, normalised, source, line)

    def _read_figures(self, row: int) -> ShotFigures | None:
        count = self._number(row, (COUNT,))
        mean = self._number(row, (MEAN_LENGTH,))
        if count is None or count == 0:
            return None
        if not 0 <= count <= COUNT_MAX or not count.is_integer():
            raise CellError(
                f"{COUNT} is {count:g}, which is not a whole number from 0 to {COUNT_MAX}"
            )
        if mean is None or mean <= 0:
            shown = "empty" if mean is None else f"{mean:g}"
            raise CellError(f"{MEAN_LENGTH} is {shown}, not above 0")
        std = self._number(row, (LENGTH_STD,))
        if std is not None and std < 0:
            raise CellError(f"{LENGTH_STD} is {std:g}, below 0")
        frames = self._number(row, FRAMES)
        return ShotFigures(
            shot_count=int(count),
            mean_length_s=mean,
            length_std_s=std,
            frames=None if frames is None else parse_count(f"{frames!r}", "frames"),
        )

    def _read_normalised(self, row: int) -> NormalisedShots | None:
        values = [self._number(row, (column,)) for column in NORMALISED]
        known = [value for value in values if value is not None]
        if len(known) != len(NORMALISED):
            return None
        if min(known) < 0:
            raise CellError(f"{NORMALISED[known.index(min(known))]} is {min(known):g}, below 0")
        if known[0] == 0:
            # log10(1 + shots)/3 is 0 for no shots at all: unavailable, as a count of 0 is.
            return None
        return NormalisedShots(*known)

    def _number(self, row: int, aliases: Sequence[str]) -> float | None:
        """The first of these cells that is not empty; None where none is, or it is not a number."""
        cells = (self._table.cells[i][row] for i in self._table.columns.find(aliases))
        cell: Cell = next((c for c in cells if c is not None and c != ""), None)
        if cell is None:
            return None
        if isinstance(cell, bool):
            raise CellError(f"{aliases[0]} is {cell!r}, which is not a number")
        if isinstance(cell, int | float | Decimal):
            number = to_float(cell)
            if math.isinf(number):
                raise CellError(f"{aliases[0]} is not finite")
            return None if math.isnan(number) else number
        text = cell.strip()
        return None if is_unknown(text) else parse_number(text, aliases[0])
