"""Loading a corpus: which layout it has, its labels, and then its clips."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from mos_assets.corpora.clips import attach_clips
from mos_assets.corpora.direction import direction_findings, rate_findings
from mos_assets.corpora.examine import Progress
from mos_assets.corpora.features import (
    join_table,
    measuring_files,
    read_feature_table,
    table_names,
)
from mos_assets.corpora.layouts import layout_of, require_folder
from mos_assets.corpora.layouts.base import Layout
from mos_assets.corpora.request import CorpusRequest, LabelSet, folder_errors
from mos_assets.errors import CorpusError, LabelsError
from mos_assets.processes.collector import collector_paused
from mos_assets.processes.memory import give_back
from mos_assets.records import Corpus, Finding, JoinedTable, Severity
from mos_assets.records.corpus_columns import NO_FILES, FileColumns


def load_corpus(
    request: CorpusRequest,
    *,
    known: Callable[[], FileColumns] = lambda: NO_FILES,
    workers: int,
    progress: Progress,
    fetch: Callable[[Mapping[str, str]], None] | None = None,
) -> Corpus:
    """The corpus as it is on disk now; the demo is rendered first where it is not there.

    Where a manifest says the addresses of clips, `fetch` gets them by clip name before clips are
    looked for.

    Files in `known`, which earlier runs looked into, with the same size and mtime are neither
    opened nor hashed; it is called once it is clear which files are looked for.

    Raises CorpusError for a corpus that is missing, empty, mis-mounted or unreadable (LabelsError
    where it could be read, and no row of it used), and ToolError where the demo has to be rendered
    and there is no ffmpeg.
    """
    layout = layout_of(request.name)
    with collector_paused():
        layout.prepare(request, workers, progress)
        labels = _labels(layout, request)
    give_back()
    for note in labels.notes:
        progress(note)
    _require_labels(labels, request)
    if fetch is not None and labels.urls is not None:
        fetch(labels.urls)
        # The folder of the clips may have come with them.
        labels = replace(labels, clip_dirs=layout.clip_dirs(request))
    with collector_paused():
        corpus = attach_clips(
            labels, layout, request.folder, known=known, workers=workers, progress=progress
        )
    give_back()
    if not layout.self_described:
        return corpus
    told = (*_of_tables(corpus, request), *rate_findings(corpus.clips, corpus.scale))
    return replace(corpus, findings=(*corpus.findings, *told))


def _require_labels(labels: LabelSet, request: CorpusRequest) -> None:
    if labels.labels:
        return
    first = f" First: {labels.rejected[0].reason}." if labels.rejected else ""
    found = "".join(f" {finding.with_examples}" for finding in labels.findings)
    raise LabelsError(
        f"Corpus {request.name!r} has no usable label: {len(labels.rejected)} rows of "
        f"{', '.join(labels.label_files)} in {request.folder} were rejected.{first}{found}"
    )


def _of_tables(corpus: Corpus, request: CorpusRequest) -> tuple[Finding, ...]:
    """What the feature tables say of the direction of the ratings."""
    if not corpus.clips or not table_names(request.name, request.root):
        return ()
    joined: list[JoinedTable] = []
    told: list[Finding] = []
    for path in measuring_files(request.name, request.root):
        try:
            joined.append(join_table(corpus.clips, read_feature_table(path)))
        except CorpusError as error:
            # Whoever needs the table is stopped by this; ratings can be read without.
            told.append(
                Finding(
                    Severity.WARNS,
                    "whether the ratings rise with these figures could not be asked",
                    f"table {path.stem}",
                    "Mend the table",
                    str(error).rstrip("."),
                )
            )
    return (*told, *direction_findings(corpus.clips, joined, corpus.scale))


def _labels(layout: Layout, request: CorpusRequest) -> LabelSet:
    if layout.made_here:
        return layout.load(request)
    require_folder(request.name, request.root)
    with folder_errors():
        return layout.load(request)
