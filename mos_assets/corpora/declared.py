"""`features/<table>.toml`: how the figures of a feature table were measured, as its owner says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mos_assets.corpora.corpus_toml import Text, load_toml, toml_mistake
from mos_assets.corpora.layouts import layout_of
from mos_assets.corpora.request import (
    FEATURE_SUFFIXES,
    FEATURES_FOLDER,
    CorpusRequest,
    split_files,
)
from mos_assets.errors import CorpusError
from mos_assets.records import Declaration
from mos_assets.settings import ReferencePolicy

MEAN_SUFFIX = "_mean"
"""Of a column that holds the means of what the rest of its name says."""
DECLARATION_SUFFIX = ".toml"
# A fingerprint holds it, whose parts are joined by " + " and "=".
Version = Annotated[
    str, Field(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9][A-Za-z0-9 .,;:()/_-]*$")
]


class DeclarationToml(BaseModel):
    """The whole of the file; a key that is not here is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    extractor: Text
    """Name of one of our extractors, as `libvmaf`."""
    reference: ReferencePolicy | None = None
    """What clips were compared with; required where the extractor compares."""
    scaling: (
        Literal["none", "bicubic", "bilinear", "lanczos", "spline", "area", "neighbor"] | None
    ) = None
    """How clips were brought to the size of their references; leave it out where it is unknown."""
    version: Version
    """What measured, as `libvmaf 2.3.1`."""
    columns: Mapping[Text, Text] = {}
    """Column of the extractor = its name in the table, where the two differ."""


def declarations(name: str, root: Path) -> dict[str, Declaration]:
    """Table → what is declared of it, without reading any table.

    Raises CorpusError for a file that is no declaration, or that stands beside no table.
    """
    if layout_of(name).generated_tables(CorpusRequest(name, root)):
        return {}
    tables, _ = split_files(name, root, FEATURES_FOLDER, FEATURE_SUFFIXES)
    names = {path.stem for path in tables}
    found: dict[str, Declaration] = {}
    for path in declaration_files(name, root):
        if path.stem not in names:
            raise CorpusError(
                f"{path} declares a table that is not there: put {path.stem}.csv, .jsonl or "
                f".parquet beside it, or rename it (there: {', '.join(sorted(names)) or 'none'})."
            )
        found[path.stem] = _read(path)
    return found


def declaration_files(name: str, root: Path) -> tuple[Path, ...]:
    """The declarations of a corpus, sorted by name."""
    _, others = split_files(name, root, FEATURES_FOLDER, FEATURE_SUFFIXES)
    return tuple(path for path in others if is_declaration(path))


def is_declaration(path: Path) -> bool:
    """Whether a file among the tables is one by its name."""
    return path.suffix.lower() == DECLARATION_SUFFIX and not path.name.startswith(".")


def renamed(declaration: Declaration, columns: Sequence[str], left_out: Sequence[str]) -> list[str]:
    """The columns of a table by the names that its declaration gives them.

    Raises CorpusError where the table lacks one, or would hold a name twice.
    """
    names = list(columns)
    for ours, theirs in declaration.columns.items():
        if theirs == f"{ours}{MEAN_SUFFIX}" and ours in columns and theirs not in columns:
            continue  # such a mean stands under the name of its column already
        if theirs not in columns:
            why = "holds no numbers" if theirs in left_out else "is not in the table"
            raise CorpusError(
                f"{declaration.file}: columns.{ours}: {theirs!r} {why}, whose columns are "
                f"{', '.join(columns)}."
            )
        names[columns.index(theirs)] = ours
    folded = [name.casefold() for name in names]
    twice = next((name for name in names if folded.count(name.casefold()) > 1), None)
    if twice is not None:
        raise CorpusError(
            f"{declaration.file}: columns: the table would have {twice!r} twice; name it once."
        )
    return names


def _read(path: Path) -> Declaration:
    try:
        told = DeclarationToml.model_validate(load_toml(path))
    except ValidationError as error:
        raise CorpusError(toml_mistake(path, error)) from error
    return Declaration(
        file=str(path),
        extractor=told.extractor,
        reference=told.reference,
        scaling=told.scaling,
        version=told.version,
        columns=dict(told.columns),
    )
