"""Corpora from disk into the store: what is unchanged is not read again."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from mos_assets.corpora import (
    CorpusRequest,
    has_manifest,
    load_corpus,
    name_notes,
    table_names,
)
from mos_assets.corpora.in_bucket import refresh_corpus
from mos_assets.downloads import DownloadProgress
from mos_assets.features import (
    BLOCKS,
    parse_blocks,
    require_blocks,
    require_reference,
    required_parts,
)
from mos_assets.io.log_lines import pause_s
from mos_assets.media.ffmpeg import find_ffmpeg
from mos_assets.media.probe import probe_version
from mos_assets.objects.fetching import MEGABYTE, ROOM
from mos_assets.pipeline.blocks import chosen_blocks
from mos_assets.pipeline.declared import require_declarations
from mos_assets.pipeline.download import corpus_request, fetch_clips, progress_line, summary_line
from mos_assets.pipeline.rating import votes_facts
from mos_assets.records import Corpus
from mos_assets.records.corpus_columns import NO_FILES, FileColumns
from mos_assets.settings import PathSettings, RunSettings
from mos_assets.store import Database, corpus_rows, download_rows, provenance
from mos_assets.store.instance import close_idle
from mos_assets.watching import Catalogue, corpus_signature


@dataclass(frozen=True, slots=True)
class Ingested:
    """What bringing the store up to date came to."""

    opened: int
    """Clips that were probed and hashed."""
    downloaded: int
    unchanged: tuple[str, ...]
    """Corpora of which nothing was read again."""


def needs_clips(features: str) -> bool:
    """Whether these features (MOS_FEATURES) look at clips at all; tables of figures do not."""
    return any(name in BLOCKS for name in parse_blocks(features))


def ingest(
    run: RunSettings, paths: PathSettings, database: Database, say: Callable[[str], None]
) -> Ingested:
    """Make the store say of the chosen corpora what they are on disk now.

    A corpus whose label files, clips, settings and code are what they were when its rows were
    written is left as it lies. Where a manifest names clips that are missing and the chosen
    features need them, they are downloaded. Raises MosAssetsError for what a user can mend;
    then no row has changed, save those of clips that were downloaded.
    """
    ROOM.most = run.fetch_mb * MEGABYTE
    for name in run.all_corpora:
        refresh_corpus(paths.corpus_place, name, say)
    blocks = chosen_blocks(run, paths)
    require_reference(blocks, run.reference)
    for name in run.all_corpora:
        require_blocks(blocks, table_names(name, paths.corpus_folder))
        require_declarations(name, paths.corpus_folder)
    if required_parts(blocks):
        # Before a clip is fetched or touched: without it none of them can be measured.
        find_ffmpeg(paths.ffmpeg or None)
    fetched = _Fetched(say, run, paths)
    catalogue = Catalogue(paths.store_folder)
    distrusted = catalogue.distrusted()
    loaded: list[Corpus] = []
    unchanged: list[str] = []
    made: dict[str, str | None] = {}
    for name in run.all_corpora:
        request = corpus_request(run, paths, name)
        # Before anything is read: what changes from here on shows in the next run's.
        signature = corpus_signature(request)
        if any(Path(path).is_relative_to(request.folder) for path in distrusted):
            signature = None
        if signature is not None and _is_as_it_was(request, run.features, database, signature):
            say(f"{name}: unchanged; nothing is read again")
            unchanged.append(name)
            continue
        corpus = load_corpus(
            request,
            known=partial(_known, database, name, distrusted),
            workers=run.workers,
            progress=say,
            fetch=partial(fetched.take, name),
        )
        for line in name_notes(corpus):
            say(f"{name}: {line}")
        loaded.append(corpus)
        made[_probed(name)] = probe_version()
        # Of clips that came after the look at the folder, the next run makes sure.
        steady = corpus.settled and not fetched.wrote_into(name)
        made[_ingested(name)] = signature if steady else None
    if loaded:
        corpus_rows.write_corpora(
            database,
            loaded,
            made=made,
            votes=votes_facts(loaded),
            tested=run.test_corpora,
            files_stand={c.name for c in loaded if c.files_as_known and not distrusted},
        )
        if distrusted:
            catalogue.trust(distrusted & {path for c in loaded for path in c.files.paths})
    if unchanged:
        # One of them may only have tested so far.
        with database.connect() as connection:
            corpus_rows.add_slots(connection, run.corpora)
    return Ingested(sum(c.clips_opened for c in loaded), fetched.downloaded, tuple(unchanged))


def _is_as_it_was(
    request: CorpusRequest, features: str, database: Database, signature: str
) -> bool:
    if provenance.made_under(database, _ingested(request.name)) != signature:
        return False
    # A clip that did not come last time may come now, or its refusal be lifted.
    wanted = needs_clips(features) and has_manifest(request)
    return not (wanted and download_rows.to_be_tried(database, request.name))


def _known(database: Database, corpus: str, distrusted: Set[str]) -> FileColumns:
    """What earlier runs found in its files; nothing where another version had looked, and not of
    files that a sensor found written to although size and time say otherwise."""
    if provenance.made_under(database, _probed(corpus)) != probe_version():
        return NO_FILES
    found = corpus_rows.seen_files(database, corpus).without(distrusted)
    close_idle()
    return found


def _probed(corpus: str) -> str:
    return f"{provenance.PROBES}:{corpus}"


def _ingested(corpus: str) -> str:
    return f"{provenance.CORPUS}:{corpus}"


class _Fetched:
    """Downloads what manifests name, where the chosen features need clips."""

    def __init__(self, say: Callable[[str], None], run: RunSettings, paths: PathSettings) -> None:
        self._say, self._run, self._paths = say, run, paths
        self._wrote: set[str] = set()
        self.downloaded = 0

    def take(self, corpus: str, urls: Mapping[str, str]) -> None:
        """Called where a corpus has a manifest, before its clips are looked for."""
        if not needs_clips(self._run.features):
            self._say(f"{corpus}: no clip is downloaded; MOS_FEATURES needs none")
            return
        start = last = time.monotonic()

        def progress(now: DownloadProgress) -> None:
            nonlocal last
            at = time.monotonic()
            if at - last >= pause_s(at - start):
                last = at
                self._say(progress_line(corpus, now))

        found = fetch_clips(self._run, self._paths, corpus, progress, urls=urls)
        self._say(summary_line(corpus, found))
        self.downloaded += found.downloaded
        if found.downloaded:
            self._wrote.add(corpus)

    def wrote_into(self, corpus: str) -> bool:
        """Whether clips of this corpus have come in this run."""
        return corpus in self._wrote
