"""corpus.toml: what may stand in it, and reading it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from mos_assets.corpora.request import CORPUS_TOML
from mos_assets.corpora.voting.proposal import propose_votes
from mos_assets.errors import CorpusError
from mos_assets.io.text import is_text
from mos_assets.io.toml import read_bounded_toml
from mos_assets.records import ENCODER_VOCABULARY, Estimator, LabelOrigin
from mos_assets.tables.limits import MOST_WILD_PARTS, shown

Text = Annotated[str, Field(min_length=1)]
Globs = Annotated[tuple[Text, ...], Field(min_length=1)]


def _no_truth_value(value: object) -> object:
    """`true` is no number, though Python takes it for 1."""
    if isinstance(value, bool):
        raise ValueError(f"{str(value).lower()} is no number")
    return value


Bound = Annotated[float, BeforeValidator(_no_truth_value), Field(allow_inf_nan=False)]
Scale = tuple[Bound, Bound]


class ColumnNames(BaseModel):
    """`[columns]`: the header names of the label files, found in any case.

    Where only votes are given, `clip`, `group` and `reference` are columns of the vote files.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    clip: Text
    mos: Text | None = None
    """Required unless votes are given."""
    std: Text | None = None
    ci95: Text | None = None
    """Half-width of the 95 % confidence interval of the MOS."""
    n: Text | None = None
    group: Text | None = None
    reference: Text | None = None
    session: Text | None = None
    """The test that a rating comes from, where label files hold several tests."""

    @model_validator(mode="after")
    def _one_deviation(self) -> Self:
        if self.std is not None and self.ci95 is not None:
            raise ValueError("give std or ci95, not both")
        return self


class SessionColumn(BaseModel):
    """`session = { column = "..." }`: a column of the vote files names the test."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    column: Text


class VotesTable(BaseModel):
    """`[votes]`: tables of single ratings.

    Wide: a row a clip and a column a rater. Long: a row a vote. `vote` tells that they are long.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    files: Globs
    shape: Literal["wide", "long"] | None = None
    clip: Text | None = None
    """Default: that of `[columns]`."""
    raters: Globs | None = None
    """Wide: names or globs of the columns of raters; default: every column that has no other
    part and is not ignored."""
    ignore: tuple[str, ...] = ()
    """Wide: names or globs of columns that are no raters."""
    rater: Text | None = None
    """Long: column that names the rater."""
    vote: Text | None = None
    """Long: column of the votes."""
    session: Literal["file", "none"] | SessionColumn = "none"
    scale: Scale | None = None
    """Default: that of the corpus."""
    estimator: Estimator = Estimator.P913

    @property
    def long(self) -> bool:
        """Whether a row is a vote."""
        return self.vote is not None

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if self.shape == "long" and self.vote is None:
            raise ValueError('shape "long" needs vote, the column of the votes')
        if self.shape == "wide" and self.vote is not None:
            raise ValueError('vote is a column of long tables; leave it out, or say shape = "long"')
        if not self.long and self.rater is not None:
            raise ValueError("rater is a column of long tables, which need vote too")
        if self.long and (self.raters is not None or self.ignore):
            raise ValueError("raters and ignore are of wide tables, which have no column vote")
        if self.long and self.rater is None and self.estimator is not Estimator.MEAN:
            raise ValueError(
                f"estimator {str(self.estimator)!r} has to know who voted: name the column as "
                'rater, or say estimator = "mean"'
            )
        if self.scale is not None:
            _require_scale(self.scale)
        return self


class CorpusToml(BaseModel):
    """The whole of a corpus.toml; a key that is not here is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Text
    version: Text
    licence: Text
    labels: Globs | None = None
    """Required unless votes are given."""
    scale: Scale
    """Rating of the worst clip possible and of the best: `[100, 0]` where lower is better."""
    clips: Text | None = None
    repeated: Literal["mean", "reject", "align"] = "reject"
    label_origin: LabelOrigin = LabelOrigin.HUMAN
    encoder: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]*$")] = ENCODER_VOCABULARY[0]
    """Slot of the encoder's one-hot; a new name adds a slot to the heads trained on it."""
    namespace: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    """Corpora of one namespace mean the same content by the same group; of two, never. Corpora
    that declare none share one."""
    columns: ColumnNames
    votes: VotesTable | None = None
    metrics: Mapping[Text, Annotated[str, Field(pattern=r"^[^.].*\..*[^.]$")]] = Field(
        default_factory=dict
    )
    """Name → `<table>.<column>` of features/: metrics of others, to be compared with."""

    @model_validator(mode="after")
    def _sound(self) -> Self:
        _require_scale(self.scale)
        inside = [("labels", glob) for glob in self.labels or ()]
        inside += [("votes.files", glob) for glob in (self.votes.files if self.votes else ())]
        inside.append(("clips", self.clips or "."))
        for key, value in inside:
            if _leads_out(value):
                raise ValueError(f"{key} {value!r} must stay inside the corpus folder")
            wild = [part for part in PurePosixPath(value).parts if set(part) & set("*?[")]
            if len(wild) > MOST_WILD_PARTS or wild.count("**") > 1:
                raise ValueError(
                    f"{key} {value!r} has more than one ** or {MOST_WILD_PARTS} parts with "
                    "wildcards"
                )
        self._require_ratings()
        return self

    def _require_ratings(self) -> None:
        """Raise ValueError where it does not say where ratings are, or of which test."""
        if self.labels is None and self.votes is None:
            raise ValueError("labels, or a table [votes], must say where the ratings are")
        if self.columns.mos is None and self.votes is None:
            raise ValueError("columns.mos: the column of the ratings is required without [votes]")
        if self.labels is None:
            lone = [key for key in ("mos", "std", "ci95", "n") if getattr(self.columns, key)]
            if lone:
                raise ValueError(
                    f"columns.{lone[0]} is a column of label files, and labels names none"
                )
        if self.columns.mos is None:
            idle = [key for key in ("std", "ci95", "n") if getattr(self.columns, key)]
            if idle:
                raise ValueError(f"columns.{idle[0]} says nothing without columns.mos")
        told = self.votes.session != "none" if self.votes else self.columns.session is not None
        if self.repeated == "align" and not told:
            raise ValueError(
                'repeated "align" has to know the test of each rating: name the column as '
                "columns.session, or say session in [votes] where there are votes"
            )


def read_toml(folder: Path) -> CorpusToml:
    """The folder's corpus.toml. Raises CorpusError naming the file and the key that is wrong."""
    path = folder / CORPUS_TOML
    if not path.is_file():
        content = "is empty" if not any(folder.iterdir()) else f"has no {CORPUS_TOML}"
        raise CorpusError(
            f"{folder} {content}. A corpus of your own needs {path} with name, version, licence, "
            "labels, scale and [columns] clip and mos, or with [votes] in place of labels and mos."
            f"{_looks_like_votes(folder)}"
        )
    try:
        parsed = CorpusToml.model_validate(load_toml(path))
    except ValidationError as error:
        raise CorpusError(toml_mistake(path, error)) from error
    if parsed.name != folder.name:
        raise CorpusError(
            f"{path}: name: {parsed.name!r} must equal the folder's name, {folder.name!r}."
        )
    return parsed


def load_toml(path: Path) -> dict[str, Any]:
    """What stands in a TOML of a stranger, read within limits. Raises CorpusError naming it."""
    try:
        return read_bounded_toml(path)
    except (OSError, ValueError) as error:
        raise CorpusError(f"{path} cannot be read as TOML: {shown(str(error))}.") from error


def toml_mistake(path: Path, error: ValidationError) -> str:
    """The first thing that is wrong in it, with its key."""
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"])
    message = first["msg"].removeprefix("Value error, ")
    if first["type"] == "extra_forbidden":
        message = "unknown key; check its spelling or remove it"
    return f"{path}: {f'{key}: ' if key else ''}{message}."


def _looks_like_votes(folder: Path) -> str:
    """A sentence on a table of votes that lies in a folder without corpus.toml, or ''."""
    found = propose_votes(folder)
    if found is None:
        return ""
    return (
        f" {', '.join(found.files)} looks like a table of votes with {found.raters} columns of "
        f"raters: {CORPUS_TOML} may say {found.inline}, and scale; they run from {found.lowest:g} "
        f"to {found.highest:g}."
    )


def named_files(folder: Path, key: str, globs: tuple[str, ...]) -> tuple[Path, ...]:
    """Files that the globs of a key find, each once, sorted by relative path.

    Raises CorpusError for a glob that finds nothing or, through a link, a file outside.
    """
    found: set[Path] = set()
    for glob in globs:
        try:
            paths = [path for path in folder.glob(glob) if path.is_file()]
        except (ValueError, IndexError, NotImplementedError) as error:
            raise CorpusError(
                f"{folder / CORPUS_TOML}: {key}: {glob!r} is not a file name or pattern in the "
                "corpus folder."
            ) from error
        if not paths:
            raise CorpusError(
                f"{folder / CORPUS_TOML}: {key}: no file matches {glob!r} in {folder}."
            )
        for path in paths:
            if not path.resolve().is_relative_to(folder.resolve()):
                raise CorpusError(
                    f"{folder / CORPUS_TOML}: {key}: {path} leads outside the corpus folder."
                )
            if not is_text(str(path.relative_to(folder))):
                raise CorpusError(
                    f"{folder / CORPUS_TOML}: {key}: the name of {path.name!r} is not UTF-8; "
                    "rename it."
                )
        found.update(paths)
    return tuple(sorted(found, key=lambda path: path.relative_to(folder).as_posix()))


def _require_scale(scale: tuple[float, float]) -> None:
    if scale[0] == scale[1]:
        raise ValueError(f"scale {list(scale)} must be [worst, best], two numbers that differ")
    if not math.isfinite(scale[1] - scale[0]):
        raise ValueError(f"scale {list(scale)} is too wide for a number")


def _leads_out(pattern: str) -> bool:
    path = PurePosixPath(pattern)
    return path.is_absolute() or ".." in path.parts or "\\" in pattern or "\x00" in pattern
