"""What vote files of both shapes have in common: their columns, and what their rows came to."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from mos_assets.corpora.voting.gather import Block
from mos_assets.errors import CorpusError
from mos_assets.records import RejectedRow
from mos_assets.tables.columns import Columns


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


def key_name(key: str) -> str:
    if key in ("group", "reference"):
        return f"[columns] {key}"
    return "session of [votes]" if key == "session" else f"{key} of [votes]"
