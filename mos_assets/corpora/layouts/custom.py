"""Your own corpus: a folder with a corpus.toml that says where labels and clips are."""

from __future__ import annotations

import math
import tomllib
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from mos_assets.corpora.declaration import (
    Ratings,
    column_name,
    rating_findings,
    torn_findings,
)
from mos_assets.corpora.groups import joined_groups
from mos_assets.corpora.labels import LabelColumns, LabelSource, ratings_of, read_labels
from mos_assets.corpora.layouts.base import Layout
from mos_assets.corpora.merging import one_label_a_clip
from mos_assets.corpora.request import CORPUS_TOML, ClipDir, CorpusRequest, LabelSet
from mos_assets.errors import CorpusError, LabelsError
from mos_assets.io.reading import read_within
from mos_assets.records import ENCODER_VOCABULARY, Label, LabelOrigin, RejectedRow
from mos_assets.tables.delimited import Table, read_table
from mos_assets.tables.limits import (
    LARGEST_TOML_BYTES,
    LONGEST_TOML_LINE,
    MOST_WILD_PARTS,
    shown,
)

Text = Annotated[str, Field(min_length=1)]


def _no_truth_value(value: object) -> object:
    """`true` is no number, though Python takes it for 1."""
    if isinstance(value, bool):
        raise ValueError(f"{str(value).lower()} is no number")
    return value


Bound = Annotated[float, BeforeValidator(_no_truth_value), Field(allow_inf_nan=False)]


class ColumnNames(BaseModel):
    """`[columns]`: the header names of the label files, found in any case."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    clip: Text
    mos: Text
    std: Text | None = None
    ci95: Text | None = None
    """Half-width of the 95 % confidence interval of the MOS."""
    n: Text | None = None
    group: Text | None = None
    reference: Text | None = None

    @model_validator(mode="after")
    def _one_deviation(self) -> Self:
        if self.std is not None and self.ci95 is not None:
            raise ValueError("give std or ci95, not both")
        return self


class CorpusToml(BaseModel):
    """The whole of a corpus.toml; a key that is not here is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Text
    version: Text
    licence: Text
    labels: Annotated[tuple[Text, ...], Field(min_length=1)]
    scale: tuple[Bound, Bound]
    """Rating of the worst clip possible and of the best: `[100, 0]` where lower is better."""
    clips: Text | None = None
    repeated: Literal["mean", "reject"] = "reject"
    label_origin: LabelOrigin = LabelOrigin.HUMAN
    encoder: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]*$")] = ENCODER_VOCABULARY[0]
    """Slot of the encoder's one-hot; a new name adds a slot to the heads trained on it."""
    columns: ColumnNames

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if self.scale[0] == self.scale[1]:
            raise ValueError(
                f"scale {list(self.scale)} must be [worst, best], two numbers that differ"
            )
        if not math.isfinite(self.scale[1] - self.scale[0]):
            raise ValueError(f"scale {list(self.scale)} is too wide for a number")
        inside = [("labels", glob) for glob in self.labels] + [("clips", self.clips or ".")]
        for key, value in inside:
            if _leads_out(value):
                raise ValueError(f"{key} {value!r} must stay inside the corpus folder")
            wild = [part for part in PurePosixPath(value).parts if set(part) & set("*?[")]
            if len(wild) > MOST_WILD_PARTS or wild.count("**") > 1:
                raise ValueError(
                    f"{key} {value!r} has more than one ** or {MOST_WILD_PARTS} parts with "
                    "wildcards"
                )
        return self


class Custom(Layout):
    """Any folder with a corpus.toml, under the name that it gives itself."""

    name = ""
    self_described = True

    def label_files(self, request: CorpusRequest) -> tuple[Path, ...]:
        folder = request.folder
        return (folder / CORPUS_TOML, *_label_files(folder, read_toml(folder)))

    def clip_dirs(self, request: CorpusRequest) -> tuple[ClipDir, ...]:
        folder, toml = request.folder, read_toml(request.folder)
        found: list[ClipDir] = []
        if toml.clips is not None:
            found.append(ClipDir(folder / toml.clips, recursive=True))
            if not found[0].path.is_dir():
                raise CorpusError(
                    f"{folder / CORPUS_TOML}: clips: there is no folder {found[0].path}. Is its "
                    "disk mounted?"
                )
        if toml.columns.reference is not None and folder not in [entry.path for entry in found]:
            found.append(ClipDir(folder))
        return tuple(found)

    def load(self, request: CorpusRequest) -> LabelSet:
        return load_custom(request.folder)

    def is_settled_by_files(self, request: CorpusRequest) -> bool:
        # Pristine files may lie anywhere in the folder.
        return not read_toml(request.folder).columns.reference


def read_toml(folder: Path) -> CorpusToml:
    """The folder's corpus.toml. Raises CorpusError naming the file and the key that is wrong."""
    path = folder / CORPUS_TOML
    if not path.is_file():
        content = "is empty" if not any(folder.iterdir()) else f"has no {CORPUS_TOML}"
        raise CorpusError(
            f"{folder} {content}. A corpus of your own needs {path} with name, version, licence, "
            "labels, scale and [columns] clip and mos."
        )
    try:
        raw = tomllib.loads(_moderate(read_within(path, LARGEST_TOML_BYTES).decode("utf-8-sig")))
    except (OSError, ValueError) as error:
        raise CorpusError(f"{path} cannot be read as TOML: {shown(str(error))}.") from error
    except RecursionError:
        raise CorpusError(f"{path} cannot be read as TOML: it is nested too deeply.") from None
    try:
        parsed = CorpusToml.model_validate(raw)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        message = first["msg"].removeprefix("Value error, ")
        if first["type"] == "extra_forbidden":
            message = "unknown key; check its spelling or remove it"
        raise CorpusError(f"{path}: {f'{key}: ' if key else ''}{message}.") from error
    if parsed.name != folder.name:
        raise CorpusError(
            f"{path}: name: {parsed.name!r} must equal the folder's name, {folder.name!r}."
        )
    return parsed


def label_headers(folder: Path) -> frozenset[str]:
    """What the corpus in this folder calls its columns of ratings, their spread and number.

    Empty where it has no corpus.toml, or none that can be read, of which `load_custom` tells.
    """
    if not (folder / CORPUS_TOML).is_file():
        return frozenset()
    try:
        names = read_toml(folder).columns
    except CorpusError:
        return frozenset()
    told = (names.mos, names.std, names.ci95, names.n)
    return frozenset(name for name in told if name is not None)


def _moderate(text: str) -> str:
    longest = max(map(len, text.split("\n")))
    if longest > LONGEST_TOML_LINE:
        raise ValueError(f"a line has {longest} characters, more than {LONGEST_TOML_LINE}")
    return text


def _label_files(folder: Path, toml: CorpusToml) -> tuple[Path, ...]:
    """Files that the globs of `labels` find, each once, sorted by relative path.

    Raises CorpusError for a glob that finds nothing or, through a link, a file outside.
    """
    found: set[Path] = set()
    for glob in toml.labels:
        try:
            paths = [path for path in folder.glob(glob) if path.is_file()]
        except (ValueError, IndexError, NotImplementedError) as error:
            raise CorpusError(
                f"{folder / CORPUS_TOML}: labels: {glob!r} is not a file name or pattern in the "
                "corpus folder."
            ) from error
        if not paths:
            raise CorpusError(
                f"{folder / CORPUS_TOML}: labels: no file matches {glob!r} in {folder}."
            )
        for path in paths:
            if not path.resolve().is_relative_to(folder.resolve()):
                raise CorpusError(
                    f"{folder / CORPUS_TOML}: labels: {path} leads outside the corpus folder."
                )
        found.update(paths)
    return tuple(sorted(found, key=lambda path: path.relative_to(folder).as_posix()))


def load_custom(folder: Path) -> LabelSet:
    """Labels of a corpus that describes itself. Raises CorpusError where it does so wrongly."""
    toml = read_toml(folder)
    files = _label_files(folder, toml)
    clip_dirs: tuple[ClipDir, ...] = ()
    if toml.clips is not None:
        if not (folder / toml.clips).is_dir():
            raise CorpusError(
                f"{folder / CORPUS_TOML}: clips: there is no folder {folder / toml.clips}. "
                "Create it, or remove the key where there are labels only."
            )
        clip_dirs = (ClipDir(folder / toml.clips, recursive=True),)
    labels: list[Label] = []
    rejected: list[RejectedRow] = []
    rows_read: dict[str, int] = {}
    tables: list[Table] = []
    ratings: list[Ratings] = []
    for path in files:
        source = LabelSource(toml.name, path.relative_to(folder).as_posix(), toml.scale)
        table = read_table(path)
        tables.append(table)
        rows_read[source.file] = len(table.rows)
        columns = _columns(table, toml.columns)
        read = read_labels(table, columns, source)
        column = column_name(table, columns.mos)
        ratings.append(ratings_of(read, column, source))
        labels += read.labels
        rejected += read.rejected
    kept, lost = one_label_a_clip(toml.name, labels, average=toml.repeated == "mean")
    findings = (*rating_findings(ratings), *torn_findings(tables))
    if toml.columns.group is not None and kept:
        kept, of_groups = joined_groups(kept, toml.columns.group)
        findings += of_groups
    repeated = sum(len(label.others) for label in kept)
    notes = (
        (f"{toml.name}: {len(labels)} ratings of {len(kept)} clips; {repeated} averaged away",)
        if repeated
        else ()
    )
    return LabelSet(
        name=toml.name,
        version=toml.version,
        licence=toml.licence,
        origin=toml.label_origin,
        encoder=toml.encoder,
        labels=tuple(kept),
        rejected=tuple(rejected + lost),
        label_files=tuple(path.relative_to(folder).as_posix() for path in files),
        rows_read=rows_read,
        clip_dirs=clip_dirs,
        reference_dirs=(folder, *(entry.path for entry in clip_dirs)),
        notes=notes,
        findings=findings,
        scale=toml.scale,
    )


def _columns(table: Table, names: ColumnNames) -> LabelColumns:
    def column(name: str | None, key: str) -> tuple[int, ...]:
        """The one column that is meant: an empty cell never takes that of another."""
        if name is None:
            return ()
        what = f"key [columns] {key} of corpus.toml"
        found = table.columns.require((name,), what, table.path)
        exact = tuple(at for at in found if table.columns.names[at] == name)
        if len(exact or found) > 1:
            twice = ", ".join(repr(table.columns.names[at]) for at in exact or found)
            raise CorpusError(
                f"{table.path} has {len(exact or found)} columns for the {what}: {twice}. Rename "
                "all but one of them, or name the one that is meant exactly as its header does."
            )
        return exact or found

    found = LabelColumns(
        clip=column(names.clip, "clip"),
        mos=column(names.mos, "mos"),
        std=column(names.std, "std"),
        ci95=column(names.ci95, "ci95"),
        n=column(names.n, "n"),
        group=column(names.group, "group"),
        reference=column(names.reference, "reference"),
    )
    _require_different(table, found)
    return found


def _require_different(table: Table, columns: LabelColumns) -> None:
    """Raise LabelsError where one column is named as two things that it cannot both be."""
    key_of: dict[int, str] = {}
    for key in ("clip", "mos", "std", "ci95", "n", "group", "reference"):
        for at in getattr(columns, key):
            other = key_of.setdefault(at, key)
            # Clips of one pristine file show one content.
            if other != key and (other, key) != ("group", "reference"):
                leave = "" if key == "mos" else f", or leave {key} out"
                raise LabelsError(
                    f"{table.path}: [columns] {other} and {key} of {CORPUS_TOML} both name the "
                    f"column {table.columns.names[at]!r}. Name another column as {key}{leave}."
                )


def _leads_out(pattern: str) -> bool:
    path = PurePosixPath(pattern)
    return path.is_absolute() or ".." in path.parts or "\\" in pattern or "\x00" in pattern
