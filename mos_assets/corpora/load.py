"""Loading a corpus: which layout it has, its labels, and then its clips."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from mos_assets.corpora.clips import attach_clips
from mos_assets.corpora.direction import direction_findings, rate_findings
from mos_assets.corpora.examine import Progress
from mos_assets.corpora.features import (
    join_table,
    measuring_files,
    read_feature_table,
    table_names,
)
from mos_assets.corpora.konvid import load_1k, load_150k
from mos_assets.corpora.manifest import clip_dirs, load_manifest, manifest_path
from mos_assets.corpora.own import load_own, read_toml
from mos_assets.corpora.request import (
    BUILT_IN_CORPORA,
    CORPUS_TOML,
    DEMO,
    KONVID_1K,
    KONVID_150K,
    SYNTHETIC,
    CorpusRequest,
    Known,
    LabelSet,
    folder_errors,
    require_folder,
)
from mos_assets.corpora.synthetic import load_synthetic
from mos_assets.errors import CorpusError, LabelsError
from mos_assets.processes.collector import collector_paused
from mos_assets.records import Corpus, Finding, JoinedTable, LabelOrigin, Severity


def load_corpus(
    request: CorpusRequest,
    *,
    known: Known,
    workers: int,
    progress: Progress,
    fetch: Callable[[Mapping[str, str]], None] | None = None,
) -> Corpus:
    """The corpus as it is on disk now; the demo is rendered first where it is not there.

    Where a manifest says the addresses of clips, `fetch` gets them by clip name before clips are
    looked for.

    Files in `known` with the same size and mtime are neither opened nor hashed. Raises
    CorpusError for a corpus that is missing, empty, mis-mounted or unreadable (LabelsError where
    it could be read, and no row of it used), and ToolError where the demo has to be rendered and
    there is no ffmpeg.
    """
    with collector_paused():
        labels = _labels(request, workers, progress)
    for note in labels.notes:
        progress(note)
    _require_labels(labels, request)
    if fetch is not None and labels.urls is not None:
        fetch(labels.urls)
        # The folder of the clips may have come with them.
        labels = replace(labels, clip_dirs=clip_dirs(request.folder))
    with collector_paused():
        corpus = attach_clips(
            labels, request.folder, known=known, workers=workers, progress=progress
        )
    if request.name in BUILT_IN_CORPORA:
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


def _labels(request: CorpusRequest, workers: int, progress: Progress) -> LabelSet:
    if request.name == SYNTHETIC:
        return load_synthetic(request)
    if request.name == DEMO:
        return _demo(request, workers, progress)
    folder = require_folder(request.name, request.root)
    with folder_errors():
        if request.name == KONVID_1K:
            return load_1k(request)
        if request.name == KONVID_150K:
            manifest = manifest_path(folder, request.manifest)
            return load_150k(request) if manifest is None else load_manifest(request, manifest)
        return load_own(folder)


def _demo(request: CorpusRequest, workers: int, progress: Progress) -> LabelSet:
    from mos_assets.demo import DEMO_VERSION, render_demo
    from mos_assets.media.ffmpeg import find_ffmpeg

    folder = request.folder
    if not folder.exists():
        progress(f"rendering the demo corpus into {folder}, once")
        ffmpeg = find_ffmpeg(request.ffmpeg)
        render_demo(request.root.absolute(), ffmpeg, workers=workers, progress=progress)
    flaw = _demo_flaw(folder, DEMO_VERSION)
    if flaw:
        raise CorpusError(
            f"{folder} is not a whole demo corpus of version {DEMO_VERSION}: {flaw}. "
            "Delete that folder and run again; it is rendered anew."
        )
    return load_own(folder)


def _demo_flaw(folder: Path, version: str) -> str | None:
    """What keeps a folder from being the demo as rendered, or None."""
    if not (folder / CORPUS_TOML).is_file():
        return f"it has no {CORPUS_TOML}"
    try:
        toml = read_toml(folder)
        if toml.version != version:
            return f"its version is {toml.version}"
        if toml.label_origin is not LabelOrigin.SIMULATED:
            return "its labels are not marked as simulated"
        labels = load_own(folder)
    except CorpusError as error:
        return str(error).rstrip(".")
    if labels.rejected:
        row = labels.rejected[0]
        return f"{row.source}, line {row.line}: {row.reason}"
    if toml.clips is None:
        return "it names no folder of clips"
    missing = [
        label.clip_name
        for label in labels.labels
        if not (folder / toml.clips / label.clip_name).is_file()
    ]
    return f"{len(missing)} clips are missing, such as {missing[0]}" if missing else None
