"""Scoring clips as they come: those without a score by the released head, once.

It writes a table that no other use case writes, and only for a moment, so that it works beside a
retrain on one store.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol, cast

import pyarrow as pa
import pyarrow.parquet as pq

from mos_assets.errors import MosAssetsError
from mos_assets.io.locks import lock, open_lock, try_lock
from mos_assets.io.writing import write_whole
from mos_assets.pipeline.incoming import stamp, unchanged
from mos_assets.pipeline.progress import Log
from mos_assets.pipeline.score import ScoringOptions, opened_cache, score_clips
from mos_assets.predictor import ClipPrediction, Predictor
from mos_assets.predictor.clips import plan_for
from mos_assets.records import ClipScore, IncomingClip
from mos_assets.release.candidate import candidate_id
from mos_assets.scoring.arrivals import SCORES_FILE, Lying, lying_in, references_of
from mos_assets.scoring.choice import choose_head, named_head
from mos_assets.scoring.drift import Drift, InRange, drift_of, of_latest_head, range_of
from mos_assets.scoring.output import Outcome
from mos_assets.scoring.references import FolderReferences
from mos_assets.settings import PathSettings, RunSettings
from mos_assets.store import Database, score_rows
from mos_assets.store.opening import beside_runs
from mos_assets.store.run_lock import NO_WAIT, Timeout

KEPT_FOLDER = "kept_measurements"
"""In the store: measurements of clips that come in."""
_LOCK_FILE = ".scoring.lock"


@dataclass(frozen=True, slots=True)
class Scored:
    """What became of the clips."""

    head_id: str | None
    why: str | None
    """Why no head may score; None where one does."""
    table: pa.Table
    """Every score there is."""
    scored: int
    """Clips that this run gave a score."""
    unscored: int
    """Clips that it could give none."""
    known: int
    """Clips that had theirs already."""
    changing: int
    """Clips that were written to meanwhile; the next run scores them."""
    file: Path


@dataclass(frozen=True, slots=True)
class ReleasedHead:
    """The head that scores what comes in."""

    predictor: Predictor
    candidate_id: str
    notes: tuple[str, ...]


class _Standing(Protocol):
    @property
    def word(self) -> str: ...


def released_head(paths: PathSettings) -> ReleasedHead:
    """The head in MOS_MODEL_DIR that scores what comes in: the one that is named, or the best.

    Raises ReleaseError or FeatureError saying why none may.
    """
    with_reference = paths.references_folder is not None
    if paths.incoming_head:
        chosen = named_head(paths.model_folder, paths.incoming_head, with_reference=with_reference)
    else:
        chosen = choose_head(paths.model_folder, with_reference=with_reference)
    manifest = chosen.predictor.require_manifest()
    return ReleasedHead(chosen.predictor, candidate_id(manifest), chosen.notes)


def score_incoming(
    run: RunSettings, paths: PathSettings, log: Log, timeout: Timeout = NO_WAIT
) -> Scored | None:
    """Score what has no score by the released head yet: table `clip_scores`, and a Parquet file.

    None where no folder is set. Where no head may score, clips that no head has scored say why,
    and scores by an earlier one stay. Raises ToolError without an ffmpeg, and CorpusError and
    StoreError as `find_incoming`.
    """
    folder, store = paths.incoming_folder, paths.store_folder
    if folder is None:
        return None
    references = references_of(paths)
    database = Database(store)
    with _alone(store, log):
        with beside_runs(paths.store_place, timeout):
            clips = score_rows.read_incoming(database)
            known = {row.clip: row for row in score_rows.read_scores(database)}
        head, why = None, None
        try:
            head = released_head(paths)
        except MosAssetsError as error:
            why = str(error)
            log.warning(why)
        for note in () if head is None else head.notes:
            log.warning(note)
        todo, rows = _open_clips(clips, known, head)
        lying = {one.clip: one for one in lying_in(folder, references)}
        gone = [clip for clip in todo if clip.clip not in lying]
        here = [
            clip for clip in todo if clip.clip in lying and stamp(clip) == stamp(lying[clip.clip])
        ]
        log.info(f"{len(here)} clips to score, {len(clips) - len(todo)} have their scores")
        if head is None:
            new = [_without_head(clip, why or "") for clip in here]
        else:
            new = _scored(head, here, lying, references, run, paths, log)
        with beside_runs(paths.store_place, timeout):
            score_rows.write_scores(database, [*rows, *new])
            table = score_rows.score_table(database)
            _write_file(store / SCORES_FILE, table)
    given = sum(row.mos is not None for row in new)
    return Scored(
        head_id=None if head is None else head.predictor.head_id,
        why=why,
        table=table,
        scored=given,
        unscored=len(new) - given,
        known=len(clips) - len(todo),
        changing=len(todo) - len(gone) - len(new),
        file=store / SCORES_FILE,
    )


def _open_clips(
    clips: Iterable[IncomingClip], known: dict[str, ClipScore], head: ReleasedHead | None
) -> tuple[list[IncomingClip], list[ClipScore]]:
    """Clips without a score that holds, and rows of those whose file was only touched."""
    compares = head is not None and plan_for(head.predictor).needs_reference
    todo, touched = [], []
    for clip in clips:
        row = known.get(clip.clip)
        stale = row is None or row.again or clip.sha256 != row.sha256
        if stale or (
            head is not None and row is not None and not _holds(row, clip, head, compares)
        ):
            todo.append(clip)
        elif row is not None and stamp(row) != stamp(clip):
            touched.append(replace(row, size_bytes=clip.size_bytes, mtime_ns=clip.mtime_ns))
    return todo, touched


def _holds(row: ClipScore, clip: IncomingClip, head: ReleasedHead, compares: bool) -> bool:
    """Whether a score is by this head, against the reference that is there now."""
    same = not compares or row.reference_sha256 == clip.reference_sha256
    return same and row.candidate_id == head.candidate_id


def _scored(
    head: ReleasedHead,
    clips: Sequence[IncomingClip],
    lying: dict[str, Lying],
    references: FolderReferences | None,
    run: RunSettings,
    paths: PathSettings,
    log: Log,
) -> list[ClipScore]:
    """Their scores; of a clip that was written to meanwhile, none."""
    readable = [clip for clip in clips if clip.sha256 is not None]
    kept = opened_cache(None, lambda: paths.store_folder / KEPT_FOLDER, log) if readable else None
    outcomes = score_clips(
        [lying[clip.clip].path for clip in readable],
        references,
        head.predictor,
        ScoringOptions(run.workers, paths.ffmpeg, kept),
        log,
    )
    now = datetime.now(UTC)
    rows = [
        _row(clip, head, outcome, now)
        for clip, outcome in zip(readable, outcomes, strict=True)
        if unchanged(lying[clip.clip])
    ]
    unread = [clip for clip in clips if clip.sha256 is None]
    return [*rows, *(_without_head(clip, clip.reason or "") for clip in unread)]


def _row(clip: IncomingClip, head: ReleasedHead, outcome: Outcome, now: datetime) -> ClipScore:
    compares = plan_for(head.predictor).needs_reference
    row = replace(
        _without_head(clip, outcome.reason, now),
        head_id=head.predictor.head_id,
        candidate_id=head.candidate_id,
        reference=clip.reference if compares else None,
        reference_sha256=clip.reference_sha256 if compares else None,
    )
    if not isinstance(outcome, ClipPrediction):
        return replace(row, again=outcome.again)
    low, high = outcome.interval or (None, None)
    standing = cast("_Standing | None", outcome.applicability)
    return replace(
        row,
        status=outcome.status,
        mos=outcome.mos,
        low=low,
        high=high,
        level=outcome.level,
        comparable=outcome.comparable,
        applicability=None if standing is None else standing.word,
        again=False,
    )


def _without_head(clip: IncomingClip, why: str, now: datetime | None = None) -> ClipScore:
    return ClipScore(
        *(clip.clip, clip.sha256, clip.size_bytes, clip.mtime_ns),
        *(None,) * 11,
        reason=why,
        again=True,
        arrived_at=clip.arrived_at,
        scored_at=now or datetime.now(UTC),
    )


def week_of_scores(
    paths: PathSettings, timeout: Timeout = NO_WAIT, now: datetime | None = None
) -> tuple[InRange, Drift] | None:
    """Where this week's clips lie, and how their scores differ from last week's.

    None where no folder is set.
    """
    if paths.incoming_folder is None:
        return None
    with beside_runs(paths.store_place, timeout):
        found = score_rows.read_scores(Database(paths.store_folder))
    now = now or datetime.now(UTC)
    scores = of_latest_head(found, now)
    return range_of(scores, now), drift_of(scores, now)


def _write_file(path: Path, table: pa.Table) -> None:
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink)
    write_whole(path, sink.getvalue().to_pybytes())


@contextmanager
def _alone(store: Path, log: Log) -> Iterator[None]:
    """One scoring run at a time: a second one would measure the same clips."""
    store.mkdir(parents=True, exist_ok=True)
    with open_lock(store / _LOCK_FILE) as file:
        if not try_lock(file):
            log.warning("another run scores on this store; waiting until it ends")
            lock(file)
        yield
