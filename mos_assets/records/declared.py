"""How the figures of an external table were measured, as declared, and whether that holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from mos_assets.records.scores import Reported


@dataclass(frozen=True, slots=True)
class Declaration:
    """What the TOML beside a feature table says of it."""

    file: str
    """Path of the TOML, for messages."""
    extractor: str
    """Name of one of ours, as `libvmaf`."""
    reference: str | None
    """Reference policy; None where the extractor compares with nothing."""
    scaling: str | None
    """How clips were brought to the reference's size; None where nobody knows."""
    version: str
    """What measured."""
    columns: Mapping[str, str]
    """Column of the extractor → column of the table, where the two differ."""

    @property
    def words(self) -> str:
        """One line that two declarations of the same thing share."""
        told = [self.extractor]
        told += [f"under {self.reference}"] if self.reference else []
        told += [f"scaled {self.scaling}"] if self.scaling else []
        return ", ".join([" ".join(told), self.version])


class ProofStatus(StrEnum):
    """What holding declared figures against own ones came to."""

    PROVED = "proved"
    """Both agree on enough clips, in every column."""
    UNPROVED = "unproved"
    """Nobody can tell here."""
    FAILED = "failed"
    """They differ: the table is not what it is declared to be."""


class ColumnAgreement(Reported):
    """Declared and own figures of one column, on the same clips."""

    name: str
    n: int
    """Clips that have both."""
    r: float | None
    """Pearson; None where fewer than two clips or a constant leave it undefined."""
    mean_difference: float | None
    """Mean of the absolute differences, in the column's unit; None without a clip."""
    least_r: float | None
    """What r has to reach; None where it is not asked for."""
    most_difference: float | None
    """What the mean difference may come to; None where no limit is stated."""


class DeclaredFeatures(Reported):
    """One declared table of a corpus: what is declared, and what the proof came to."""

    corpus: str
    table: str
    extractor: str
    reference: str | None
    scaling: str | None
    version: str
    status: ProofStatus
    reason: str | None
    """Why it is not proved; None where it is."""
    columns: tuple[ColumnAgreement, ...]
    """Those of the extractor that the table has."""

    @property
    def n(self) -> int:
        """Clips that every column was held against."""
        return min((column.n for column in self.columns), default=0)

    @property
    def sentence(self) -> str:
        """The table and what is known of it."""
        told = f"table {self.corpus}/{self.table}, declared as {self.extractor}"
        told += f" under {self.reference}" if self.reference else ""
        if self.status is ProofStatus.PROVED:
            return f"{told}: proved on {self.n} clips"
        return f"{told}: {self.reason}"
