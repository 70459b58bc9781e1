"""Your own corpus: a folder with a corpus.toml that says where labels, votes and clips are."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path

from mos_assets.corpora.corpus_toml import ColumnNames, CorpusToml, named_files, read_toml
from mos_assets.corpora.declaration import (
    Ratings,
    called_a_difference,
    column_name,
    rating_findings,
    torn_findings,
)
from mos_assets.corpora.groups import joined_groups
from mos_assets.corpora.labels import LabelColumns, LabelSource, ratings_of, read_labels
from mos_assets.corpora.layouts.base import Layout
from mos_assets.corpora.merging import one_label_a_clip
from mos_assets.corpora.request import CORPUS_TOML, ClipDir, CorpusRequest, LabelSet
from mos_assets.corpora.voting.agreement import (
    agreement_findings,
    disagreements,
    rejected_labels,
)
from mos_assets.corpora.voting.labels import accompanied
from mos_assets.corpora.voting.load import VotedCorpus, load_votes, vote_files
from mos_assets.corpora.voting.sessions import aligned_labels, alignment_notes, of_labels
from mos_assets.errors import CorpusError, LabelsError
from mos_assets.ratings import noise_between
from mos_assets.records import (
    Disagreement,
    Finding,
    RatingsSummary,
    RejectedRow,
    SessionFacts,
)
from mos_assets.records.label_columns import NO_LABELS, Labels
from mos_assets.tables.delimited import Table, read_table


class Custom(Layout):
    """Any folder with a corpus.toml, under the name that it gives itself."""

    name = ""
    self_described = True

    def label_files(self, request: CorpusRequest) -> tuple[Path, ...]:
        folder = request.folder
        toml = read_toml(folder)
        labels = named_files(folder, "labels", toml.labels or ())
        # A file may hold both, such as votes beside their mean.
        return (folder / CORPUS_TOML, *dict.fromkeys((*labels, *vote_files(folder, toml))))

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


def label_headers(folder: Path) -> frozenset[str]:
    """What the corpus in this folder calls its columns of ratings, their spread and number.

    Empty where it has no corpus.toml, or none that can be read, of which `load_custom` tells.
    """
    if not (folder / CORPUS_TOML).is_file():
        return frozenset()
    try:
        toml = read_toml(folder)
    except CorpusError:
        return frozenset()
    names = toml.columns
    vote = None if toml.votes is None else toml.votes.vote
    told = (names.mos, names.std, names.ci95, names.n, vote)
    return frozenset(name for name in told if name is not None)


def _rating_columns(toml: CorpusToml) -> tuple[str, ...]:
    """What the files call the ratings or votes, where a column of theirs has a name."""
    vote = None if toml.votes is None else toml.votes.vote
    return tuple(name for name in (toml.columns.mos, vote) if name is not None)


@dataclass(slots=True)
class _Written:
    """What the label files of a corpus say, votes aside."""

    files: tuple[str, ...] = ()
    labels: Labels = field(default_factory=lambda: NO_LABELS)
    rejected: list[RejectedRow] = field(default_factory=list)
    rows_read: dict[str, int] = field(default_factory=dict)
    cells: dict[tuple[str, int], str] = field(default_factory=dict)
    """(file, line) → MOS as written; where votes are there to compare."""
    findings: tuple[Finding, ...] = ()


def load_custom(folder: Path) -> LabelSet:
    """Labels of a corpus that describes itself. Raises CorpusError where it does so wrongly."""
    toml = read_toml(folder)
    clip_dirs: tuple[ClipDir, ...] = ()
    if toml.clips is not None:
        if not (folder / toml.clips).is_dir():
            raise CorpusError(
                f"{folder / CORPUS_TOML}: clips: there is no folder {folder / toml.clips}. "
                "Create it, or remove the key where there are labels only."
            )
        clip_dirs = (ClipDir(folder / toml.clips, recursive=True),)
    written = _written(folder, toml)
    voted = load_votes(folder, toml)
    labels, rejected, findings = written.labels, written.rejected, written.findings
    summary: RatingsSummary | None = None
    notes: tuple[str, ...] = () if voted is None else voted.notes
    sessions: tuple[SessionFacts, ...] = ()
    if voted is not None:
        rows = _rows_together(toml, written, voted)
        labels, rejected = rows.labels, [*rejected, *rows.rejected]
        findings += rows.findings
        summary = voted.summary(rows.disagreements)
    elif toml.repeated == "align":
        labels, sessions, of_sessions = aligned_labels(labels)
        findings += of_sessions
        notes += alignment_notes(toml.name, sessions)
    if voted is None:
        sessions, between = of_labels(labels, sessions)
    else:
        sessions, between = voted.sessions, noise_between(voted.ratings)
    kept, lost = one_label_a_clip(toml.name, labels, average=toml.repeated != "reject")
    if toml.columns.group is not None and kept:
        kept, of_groups = joined_groups(kept, toml.columns.group)
        findings += of_groups
    if len(labels) - len(lost) > len(kept) and toml.repeated != "reject":
        notes += (
            f"{toml.name}: {len(labels)} ratings of {len(kept)} clips; "
            f"{len(labels) - len(kept)} averaged away",
        )
    of_votes = {} if voted is None else voted.rows_read
    return LabelSet(
        name=toml.name,
        version=toml.version,
        licence=toml.licence,
        origin=toml.label_origin,
        encoder=toml.encoder,
        labels=kept,
        rejected=tuple(rejected + lost),
        label_files=(*written.files, *(name for name in of_votes if name not in written.files)),
        rows_read=written.rows_read | of_votes,
        clip_dirs=clip_dirs,
        reference_dirs=(folder, *(entry.path for entry in clip_dirs)),
        notes=notes,
        findings=findings,
        scale=toml.scale,
        ratings=summary,
        sessions=sessions,
        between=between,
        differences=any(map(called_a_difference, _rating_columns(toml))),
        namespace=toml.namespace,
    )


@dataclass(frozen=True, slots=True)
class _Together:
    labels: Labels
    rejected: list[RejectedRow]
    findings: tuple[Finding, ...]
    disagreements: tuple[Disagreement, ...]


def _rows_together(toml: CorpusToml, written: _Written, voted: VotedCorpus) -> _Together:
    """Labels of votes with what label files say of their clips, held against each other."""
    votes = voted.gathered.votes
    found = disagreements(votes, written.labels, written.cells, toml.scale)
    lost = {(each.source, each.line) for each in found}
    rows = accompanied(toml.name, voted.labels, written.labels, lost)
    compared = sum(not math.isnan(label.mos) for label in written.labels) - rows.unvoted
    told = agreement_findings(
        found, compared, rows.unvoted, len(voted.labels), toml.columns.mos or ""
    )
    return _Together(
        Labels.of(rows.labels),
        [*voted.rejected, *rejected_labels(toml.name, found), *rows.rejected],
        (*voted.findings, *told),
        found,
    )


def _written(folder: Path, toml: CorpusToml) -> _Written:
    if toml.labels is None:
        return _Written()
    found = _Written()
    tables: list[Table] = []
    ratings: list[Ratings] = []
    files = named_files(folder, "labels", toml.labels)
    for path in files:
        source = LabelSource(toml.name, path.relative_to(folder).as_posix(), toml.scale)
        table = read_table(path)
        tables.append(table)
        found.rows_read[source.file] = len(table.rows)
        columns = _columns(table, toml.columns)
        read = read_labels(table, columns, source)
        if columns.mos:
            ratings.append(ratings_of(read, column_name(table, columns.mos), source))
        if columns.mos and toml.votes is not None:
            lines = set(read.labels.column("line"))
            for row in table.rows:
                if row.line in lines:
                    found.cells[source.file, row.line] = row.first(columns.mos)
        found.labels = found.labels.plus(read.labels)
        found.rejected += read.rejected
    found.files = tuple(found.rows_read)
    found.findings = (*rating_findings(ratings), *torn_findings(tables))
    return found


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
        session=column(names.session, "session"),
    )
    _require_different(table, found)
    return found


def _require_different(table: Table, columns: LabelColumns) -> None:
    """Raise LabelsError where one column is named as two things that it cannot both be."""
    key_of: dict[int, str] = {}
    for key in ("clip", "mos", "std", "ci95", "n", "group", "reference", "session"):
        for at in getattr(columns, key):
            other = key_of.setdefault(at, key)
            # Clips of one pristine file show one content.
            if other != key and (other, key) != ("group", "reference"):
                leave = "" if key == "mos" else f", or leave {key} out"
                raise LabelsError(
                    f"{table.path}: [columns] {other} and {key} of {CORPUS_TOML} both name the "
                    f"column {table.columns.names[at]!r}. Name another column as {key}{leave}."
                )
