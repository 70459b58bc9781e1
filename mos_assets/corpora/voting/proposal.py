"""Whether a table without a corpus.toml is one of votes, and what its [votes] would be."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from mos_assets.errors import CorpusError
from mos_assets.tables.cells import CellError, is_unknown, parse_number
from mos_assets.tables.delimited import Table, read_table

FEWEST_RATERS = 3
"""Columns of votes that make a wide table; two may be a rating and its number."""
FEWEST_CLIPS = 3
MOST_VALUES = 21
"""Different votes at most: 1..5 in steps of a quarter, 0..100 in steps of five."""
RATERS_ALIKE = 5
"""So many columns called alike but for a number need no word for a rater in their name."""
MOST_FILES = 50
_NUMBERED = re.compile(r"(.*?)[ ._-]?\d+")
_PERSON = re.compile(
    r"(r|s|u|p|v|o|rater|observer|obs|subject|subj|viewer|user|participant|annotator|worker|judge|"
    r"expert|assessor|tester|person|voter)s?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Proposal:
    """How the vote files of a folder would be declared."""

    files: tuple[str, ...]
    clip: str
    raters: int
    ignore: tuple[str, ...]
    lowest: float
    highest: float

    @property
    def inline(self) -> str:
        """The same as one line of TOML."""
        pairs = [f"files = {_list(self.files)}", f"clip = {_text(self.clip)}"]
        if self.ignore:
            pairs.append(f"ignore = {_list(self.ignore)}")
        if len(self.files) > 1:
            pairs.append('session = "file"')
        return f"votes = {{ {', '.join(pairs)} }}"

    @property
    def toml(self) -> str:
        """The table [votes], with what its owner has to make sure of."""
        lines = ["[votes]", f"files = {_list(self.files)}", f"clip = {_text(self.clip)}"]
        if self.ignore:
            lines.append(f"ignore = {_list(self.ignore)}")
        if len(self.files) > 1:
            lines.append('session = "file"  # or "none", where all files are of one test')
        lines.append(f"# votes run from {self.lowest:g} to {self.highest:g}: make sure of scale")
        return "\n".join(lines)


def propose_votes(folder: Path) -> Proposal | None:
    """What [votes] would say of the .csv files in a folder and in the folders in it; None where
    none is a wide table of votes.

    Files are of one kind where clip column and columns without votes are called alike.
    """
    found: dict[tuple[str, tuple[str, ...]], list[tuple[str, int, float, float]]] = {}
    paths = sorted((*folder.glob("*.csv"), *folder.glob("*/*.csv")))
    for path in paths[:MOST_FILES]:
        try:
            table = read_table(path)
        except CorpusError:
            continue  # What it holds, nobody can tell; whoever names it as a file of votes is told.
        told = _wide(table)
        if told is not None:
            clip, ignore, raters, low, high = told
            name = path.relative_to(folder).as_posix()
            found.setdefault((clip, ignore), []).append((name, raters, low, high))
    if not found:
        return None
    (clip, ignore), files = max(found.items(), key=lambda item: (len(item[1]), item[0]))
    return Proposal(
        files=tuple(name for name, *_ in files),
        clip=clip,
        raters=sum(raters for _, raters, _, _ in files),
        ignore=ignore,
        lowest=min(low for *_, low, _ in files),
        highest=max(high for *_, high in files),
    )


def _wide(table: Table) -> tuple[str, tuple[str, ...], int, float, float] | None:
    """(clip column, columns that are no raters, raters, lowest and highest vote)."""
    rows = [row.cells for row in table.rows if not row.damage]
    names = table.columns.names
    if len(rows) < FEWEST_CLIPS or len(names) <= FEWEST_RATERS:
        return None
    votes: dict[int, tuple[float, float]] = {}
    for at in range(len(names)):
        if values := _votes([cells[at] for cells in rows]):
            votes[at] = (min(values), max(values))
    kinds: dict[str, list[int]] = {}
    for at in votes:
        if numbered := _NUMBERED.fullmatch(names[at].strip()):
            kinds.setdefault(numbered[1].casefold(), []).append(at)
    raters = [
        at
        for kind, alike in kinds.items()
        if len(alike) >= (FEWEST_RATERS if _PERSON.fullmatch(kind) else RATERS_ALIKE)
        for at in alike
    ]
    others = [at for at in range(len(names)) if at not in raters]
    clip = next((at for at in others if len({cells[at] for cells in rows}) == len(rows)), None)
    texts = [at for at in others if at not in votes]
    clip = next((at for at in texts if _tells_apart(rows, at)), clip)
    if not raters or clip is None:
        return None
    low, high = min(votes[at][0] for at in raters), max(votes[at][1] for at in raters)
    ignore = tuple(names[at] for at in others if at != clip)
    return names[clip], ignore, len(raters), low, high


def _tells_apart(rows: list[tuple[str, ...]], at: int) -> bool:
    return len({cells[at] for cells in rows}) == len(rows)


def _votes(cells: list[str]) -> list[float]:
    """The votes of one rater; empty where a cell is none, or there are too many different ones."""
    values: list[float] = []
    for cell in cells:
        if is_unknown(cell):
            continue
        try:
            values.append(parse_number(cell, ""))
        except CellError:
            return []
    few = len(set(values)) <= MOST_VALUES and all(value * 4 == int(value * 4) for value in values)
    return values if few else []


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _list(texts: tuple[str, ...]) -> str:
    return f"[{', '.join(map(_text, texts))}]"
