"""Which clip is judged in which fold."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from mos_assets.corpora import is_test_part
from mos_assets.errors import CorpusError
from mos_assets.pipeline.assemble import require_honest_features
from mos_assets.pipeline.progress import Log
from mos_assets.pipeline.standing import Step
from mos_assets.pipeline.transfer import content_rows
from mos_assets.processes.collector import collector_paused
from mos_assets.records import Clip, Severity
from mos_assets.settings import RunSettings, feature_scope, fold_scope
from mos_assets.splitting.folds import HELD_OUT, FoldRow, assign_folds
from mos_assets.splitting.known_contents import shared_contents
from mos_assets.store import Database, corpus_rows, feature_rows, fold_rows, provenance
from mos_assets.store.schema import (
    CORPORA,
    EXTRACTED_FEATURES,
    FOLD_GROUPS,
    FOLDS,
    LABEL_FINDINGS,
    RAW_CORPUS,
)

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Split:
    """The assignment that was written."""

    sha256: str
    """Of clips and their folds."""
    clips: int
    notes: tuple[str, ...]
    """What could not be balanced or kept, a sentence each."""
    settled: bool
    """Whether the same would come of it again, notes and all, now that groups have their folds."""


STEP = Step(
    "folds",
    Split,
    reads=(RAW_CORPUS, EXTRACTED_FEATURES, LABEL_FINDINGS, CORPORA),
    writes=(FOLDS, FOLD_GROUPS),
)


def split(run: RunSettings, database: Database, log: Log = _LOG) -> Split:
    """Assign every clip that trains to a fold, keeping those of clips that had one.

    Folds stand as they are where nothing that they are made of has changed.
    Raises FeatureError where the features were made under other settings or cannot be trained on,
    and CorpusError for labels that cannot be right.
    """
    with collector_paused(), database.held():
        provenance.require(database, provenance.FEATURES, feature_scope(run))
        return STEP.unless_it_stands(
            run,
            database,
            lambda: partial(_split, run, database),
            log,
            settled=lambda done: done.settled,
            stamp=lambda done: provenance.write(
                database, provenance.SPLIT, fold_scope(run), done.sha256
            ),
        )


def _split(run: RunSettings, database: Database) -> Split:
    scope = ",".join(run.corpora)
    _require_plausible_labels(database, run.corpora)
    require_honest_features(run.reference, database)
    chosen = feature_rows.training_clip_ids(database, gaps=run.imputes)
    clips = [
        clip for clip in corpus_rows.read_clips(database, run.corpora) if clip.clip_id in chosen
    ]
    corpus_of = {clip.clip_id: clip.corpus for clip in clips}
    assignment = assign_folds(
        [
            _row(clip, group)
            for clip, group in zip(clips, _contents(run, database, clips), strict=True)
        ],
        run.folds,
        fold_rows.known_fold_groups(database, scope, run.folds),
    )
    fold_rows.write_folds(
        database,
        scope=scope,
        n_folds=run.folds,
        group_folds=assignment.group_folds,
        rows=[
            (row.clip_id, corpus_of[row.clip_id], row.group, row.fold) for row in assignment.folds
        ],
    )
    return Split(
        assignment.sha256, len(assignment.folds), tuple(assignment.notes), assignment.settled
    )


def _require_plausible_labels(database: Database, corpora: Sequence[str]) -> None:
    """Raise CorpusError for labels that cannot be right: a run may have left the check out."""
    for corpus, finding in corpus_rows.read_findings(database, corpora):
        if finding.severity is Severity.BLOCKS:
            raise CorpusError(f"Corpus {corpus!r} is not trained on. {finding.with_examples}")


def _contents(run: RunSettings, database: Database, clips: Sequence[Clip]) -> list[str]:
    """The content of each clip; of several corpora, contents that they share have one name."""
    own = [clip.content_group for clip in clips]
    if len(run.corpora) < 2:
        return own
    rows = content_rows(database, run.corpora, {clip.clip_id: HELD_OUT for clip in clips})
    number = dict(zip((row.clip_id for row in rows), shared_contents(rows), strict=True))
    first: dict[int, str] = {}
    for clip in clips:
        of = number[clip.clip_id]
        first[of] = min(first.get(of, clip.content_group), clip.content_group)
    return [first[number[clip.clip_id]] for clip in clips]


def _row(clip: Clip, group: str) -> FoldRow:
    return FoldRow(
        clip_id=clip.clip_id,
        group=group,
        mos=clip.mos,
        sha256=clip.sha256,
        trainable=not is_test_part(clip.corpus, clip.part),
    )
