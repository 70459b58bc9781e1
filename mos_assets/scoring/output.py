"""Scores as a table: the same columns in every format, each file whole or not there at all."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mos_assets.errors import SettingsError, StoreError
from mos_assets.io.reading import NotAFileError, require_plain
from mos_assets.io.writing import PARTIAL_SUFFIX, write_whole
from mos_assets.predictor import ClipPrediction

Cell = str | float | None

COLUMNS: tuple[str, ...] = (
    *("clip", "mos", "low", "high", "level", "head", "status", "source"),
    *("reference", "comparable", "applicability", "reason"),
)
"""Of a table of scores; an empty cell, in JSON and Parquet a null, is what cannot be had."""
DECLARED = "declared"
PLACES = 4
"""Decimal places of a score in a table."""
_NUMBERS = frozenset({"mos", "low", "high", "level"})


@dataclass(frozen=True, slots=True)
class Unscored:
    """A clip without a score."""

    clip: str
    reason: str
    """One sentence with the remedy."""
    reference: str | None = None
    again: bool = False
    """Whether it may have a score another time, though its bytes stay: the machine failed, or its
    reference was not there."""


Outcome = ClipPrediction | Unscored


def row_of(outcome: Outcome) -> dict[str, Cell]:
    """One row by column name."""
    row: dict[str, Cell] = dict.fromkeys(COLUMNS)
    row |= {"clip": plain(outcome.clip), "reason": plain(outcome.reason)}
    row["reference"] = None if outcome.reference is None else plain(outcome.reference)
    if isinstance(outcome, ClipPrediction):
        low, high = outcome.interval or (None, None)
        numbers = {"mos": outcome.mos, "low": low, "high": high, "level": outcome.level}
        row |= {k: None if v is None else round(v, PLACES) for k, v in numbers.items()}
        row |= {"head": outcome.head_id, "status": outcome.status, "source": str(outcome.source)}
        row["comparable"] = comparable_word(outcome)
        standing = outcome.applicability
        row["applicability"] = None if standing is None else standing.word
    return row


def comparable_word(prediction: ClipPrediction) -> str:
    """`yes`, `no`, or `declared`: yes, if what is declared of the head's features and nobody has
    proved is true."""
    if not prediction.comparable:
        return "no"
    return DECLARED if prediction.declared else "yes"


def table_text(
    outcomes: Sequence[Outcome], delimiter: str = "\t", shown: Callable[[str], str] = str
) -> str:
    """A header and a line a clip; fields with a delimiter, quote or line break are quoted.

    shown: what becomes of every cell, such as what a terminal must not obey.
    """
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\n")
    writer.writerow(COLUMNS)
    for outcome in outcomes:
        writer.writerow([shown(_cell(row_of(outcome)[name])) for name in COLUMNS])
    return text.getvalue()


def _csv(outcomes: Sequence[Outcome]) -> bytes:
    return table_text(outcomes, ",").encode()


def _tsv(outcomes: Sequence[Outcome]) -> bytes:
    return table_text(outcomes).encode()


def _json(outcomes: Sequence[Outcome]) -> bytes:
    rows = [row_of(outcome) for outcome in outcomes]
    return (json.dumps(rows, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()


def _parquet(outcomes: Sequence[Outcome]) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    types = {name: pa.float64() if name in _NUMBERS else pa.string() for name in COLUMNS}
    rows = [row_of(outcome) for outcome in outcomes]
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(rows, schema=pa.schema(list(types.items()))), sink)
    content: bytes = sink.getvalue().to_pybytes()
    return content


WRITERS: Mapping[str, Callable[[Sequence[Outcome]], bytes]] = {
    ".tsv": _tsv,
    ".csv": _csv,
    ".json": _json,
    ".parquet": _parquet,
}
"""By the suffix of the file."""


def require_writable(path: Path) -> None:
    """As `require_place`, and raise SettingsError where the suffix names no format."""
    if path.suffix.lower() not in WRITERS:
        raise SettingsError(
            f"--output {path}: its suffix names no format; end it in {', '.join(WRITERS)}."
        )
    require_place(path, "--output")


def require_place(path: Path, option: str) -> None:
    """Before anything is measured: raise StoreError where no file can be written there."""
    trial = path.with_name(f".{path.name}.trial{PARTIAL_SUFFIX}")
    try:
        require_plain(path)
        trial.touch()
        trial.unlink()
    except NotAFileError as error:
        raise StoreError(f"{option} {path}: it {error.strerror}; name another file.") from error
    except OSError as error:
        raise StoreError(
            f"{option} {path}: it cannot be written ({error.strerror}). Make its folder, or name "
            "another file."
        ) from error


def write_scores(path: Path, outcomes: Sequence[Outcome]) -> None:
    """Write a table in the format of its suffix. Raises StoreError as `require_writable` does."""
    content = WRITERS[path.suffix.lower()](outcomes)
    try:
        write_whole(path, content)
    except OSError as error:
        raise StoreError(
            f"--output {path}: it cannot be written ({error.strerror}). Make room, and call again: "
            "what was measured is kept, unless --no-cache was given."
        ) from error


def _cell(value: Cell) -> str:
    """As text: nothing for what cannot be had."""
    if value is None:
        return ""
    return repr(value) if isinstance(value, float) else value


def plain(text: str) -> str:
    """Text that every format takes: bytes of a file name that are not UTF-8 become `\\xff`."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
