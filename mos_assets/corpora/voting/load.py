"""The votes that a corpus.toml names: read, estimated, and as labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mos_assets.corpora.corpus_toml import CorpusToml, SessionColumn, VotesTable, named_files
from mos_assets.corpora.declaration import (
    OUTSIDE,
    OUTSIDE_ROWS,
    Ratings,
    rating_findings,
    torn_findings,
)
from mos_assets.corpora.voting.agreement import raw_means
from mos_assets.corpora.voting.gather import (
    Block,
    ClipNames,
    GatheredVotes,
    VoteSource,
    gather,
)
from mos_assets.corpora.voting.labels import labels_of_votes
from mos_assets.corpora.voting.long import choose_long, read_long
from mos_assets.corpora.voting.sessions import (
    aligned_ratings,
    alignment_notes,
    facts_of,
    with_ceilings,
)
from mos_assets.corpora.voting.shape import ReadFile, VoteColumns
from mos_assets.corpora.voting.wide import read_wide
from mos_assets.ratings import estimate, hold_to_scale
from mos_assets.records import (
    ClipRatings,
    Disagreement,
    Estimate,
    Finding,
    Label,
    RatingsSummary,
    RejectedRow,
    SessionFacts,
    Severity,
)
from mos_assets.tables.delimited import Table, TableRows, read_table
from mos_assets.tables.interned import read_interned


@dataclass(frozen=True, slots=True, eq=False)
class VotedCorpus:
    """Votes of a corpus, and labels from them, one a session and clip."""

    gathered: GatheredVotes
    estimate: Estimate
    ratings: ClipRatings
    labels: list[Label]
    rejected: tuple[RejectedRow, ...]
    rows_read: dict[str, int]
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]
    sessions: tuple[SessionFacts, ...]
    held: int

    def summary(self, disagreements: tuple[Disagreement, ...]) -> RatingsSummary:
        """What goes with the corpus."""
        return RatingsSummary(
            estimator=self.estimate.estimator,
            votes=self.gathered.votes,
            estimate=self.estimate,
            ratings=self.ratings,
            sessions=self.sessions,
            held=self.held,
            disagreements=disagreements,
        )


def vote_files(folder: Path, toml: CorpusToml) -> tuple[Path, ...]:
    """Files of votes, sorted. Raises CorpusError as `named_files` does."""
    return () if toml.votes is None else named_files(folder, "votes.files", toml.votes.files)


def load_votes(folder: Path, toml: CorpusToml) -> VotedCorpus | None:
    """None where the corpus has label files only.

    Raises CorpusError for a file that cannot be read or lacks a column, and RatingsError where the
    estimator cannot be had of such votes.
    """
    if toml.votes is None:
        return None
    scale = toml.votes.scale or toml.scale
    paths = vote_files(folder, toml)
    clips = ClipNames(toml.name)
    blocks: list[tuple[str, Block]] = []
    rejected: list[RejectedRow] = []
    rows_read: dict[str, int] = {}
    outside: list[float] = []
    said: dict[str, dict[int, list[str]]] = {}
    torn: list[Table] = []
    for path, session in zip(paths, _sessions(folder, paths, toml.votes), strict=True):
        source = VoteSource(
            corpus=toml.name,
            file=path.relative_to(folder).as_posix(),
            scale=scale,
            session=session,
            rater_needed=toml.votes.rater is not None and toml.votes.estimator != "mean",
        )
        read, rows, table = _read(path, toml, toml.votes, source, clips)
        rows_read[source.file] = rows
        blocks.append((source.file, read.block))
        rejected += read.rejected
        outside += read.outside
        torn.append(table)
        for key, of in read.said.items():
            for clip, words in of.items():
                said.setdefault(key, {}).setdefault(clip, []).extend(words)
    gathered = gather(clips, blocks, rejected, said)
    place = ", ".join(rows_read)
    column = toml.votes.vote or ", ".join(toml.votes.raters or ("votes",))
    findings = (
        *_scale_findings(toml.name, gathered, outside, place, column, scale),
        *torn_findings(torn),
    )
    found = estimate(gathered.votes, toml.votes.estimator)
    ratings, sessions = found.ratings, facts_of(gathered.votes, found.ways)
    if toml.repeated == "align":
        ratings, sessions, told = aligned_ratings(ratings, sessions, place)
        findings += told
    held = hold_to_scale(ratings)
    sessions = with_ceilings(sessions, held.ratings)
    labels, lost = labels_of_votes(toml.name, gathered, held.ratings)
    notes = [
        f"{toml.name}: {len(gathered.votes.vote)} votes of {len(gathered.votes.raters)} raters, "
        f"estimated by {toml.votes.estimator}"
    ]
    notes += alignment_notes(toml.name, sessions)
    if held.moved:
        notes.append(
            f"{toml.name}: {len(held.moved)} MOS lay up to {held.furthest:.2f} beyond 1..5 and "
            "were moved to its end"
        )
    return VotedCorpus(
        gathered=gathered,
        estimate=found,
        ratings=held.ratings,
        labels=labels,
        rejected=(*gathered.rejected, *lost),
        rows_read=rows_read,
        findings=findings,
        notes=tuple(notes),
        sessions=sessions,
        held=len(held.moved),
    )


def _read(
    path: Path, toml: CorpusToml, votes: VotesTable, source: VoteSource, clips: ClipNames
) -> tuple[ReadFile, int, Table]:
    """(its votes, its rows, a table without rows that tells whether its end is torn)."""
    alone = toml.labels is None
    names = VoteColumns(
        clip=votes.clip or toml.columns.clip,
        vote=votes.vote,
        rater=votes.rater,
        session=votes.session.column if isinstance(votes.session, SessionColumn) else None,
        group=toml.columns.group if alone else None,
        reference=toml.columns.reference if alone else None,
        raters=votes.raters,
        # What label files say of contents may stand in a table of votes as well.
        ignore=(*votes.ignore, *_of_labels(toml)),
    )
    if not votes.long:
        table = read_table(path)
        return read_wide(table, names, source, clips), len(table.rows), table
    interned = read_interned(
        path, lambda columns: tuple(choose_long(columns, path, names).values())
    )
    chosen = choose_long(interned.columns, path, names)
    read = read_long(interned, chosen, source, clips)
    return read, interned.rows, Table(path, interned.columns, TableRows(), ended=interned.ended)


def _of_labels(toml: CorpusToml) -> tuple[str, ...]:
    named = () if toml.labels is None else (toml.columns.group, toml.columns.reference)
    return tuple(name for name in named if name is not None)


def _sessions(folder: Path, paths: Sequence[Path], votes: VotesTable) -> list[str | None]:
    """The session of each file; None where a column names it, '' where there are none."""
    if isinstance(votes.session, SessionColumn):
        return [None] * len(paths)
    if votes.session == "none":
        return [""] * len(paths)
    stems = [path.stem for path in paths]
    if len(set(stems)) == len(stems):
        return list(stems)
    names = [path.relative_to(folder) for path in paths]
    whole = [name.with_suffix("").as_posix() for name in names]
    return list(whole if len(set(whole)) == len(whole) else [name.as_posix() for name in names])


def _scale_findings(
    corpus: str,
    gathered: GatheredVotes,
    outside: Sequence[float],
    place: str,
    column: str,
    scale: tuple[float, float],
) -> tuple[Finding, ...]:
    """Whether the votes can be of the declared scale: their means as those of a label file, and
    the share of them that lies outside."""
    votes = gathered.votes
    means, n = raw_means(votes)
    labels = [
        Label(votes.clips[at], float(means[at]), None, None, None, None, None, place, 1)
        for at in np.flatnonzero(n > 0).tolist()
    ]
    told = rating_findings([Ratings(place, column, scale, labels)])
    many = len(outside) + len(votes.vote)
    if len(outside) >= OUTSIDE_ROWS and len(outside) >= OUTSIDE * many:
        told += (
            Finding(
                Severity.BLOCKS,
                f"{len(outside)} of {many} votes are outside the declared scale "
                f"{scale[0]:g}..{scale[1]:g}: they run from {min(outside):g} to {max(outside):g}",
                place,
                "Declare the scale that the votes were given on, as scale of [votes] where labels "
                "have another",
            ),
        )
    return told
