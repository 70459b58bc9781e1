"""The clips of a manifest, downloaded with their state kept in the store."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from mos_assets.corpora import CorpusRequest, is_whole
from mos_assets.downloads import (
    DownloadLimits,
    DownloadProgress,
    DownloadSummary,
    download_clips,
    manifest_urls,
)
from mos_assets.settings import PathSettings, RunSettings
from mos_assets.store import Database, download_rows

MEGABYTE = 1_000_000


def corpus_request(run: RunSettings, paths: PathSettings, corpus: str) -> CorpusRequest:
    """How a corpus of these settings is loaded."""
    return CorpusRequest(
        name=corpus,
        root=paths.corpus_folder,
        ffmpeg=paths.ffmpeg or None,
        min_rows_150k=run.konvid_150k_floor,
        manifest=run.manifest,
    )


def takes_whole_corpora(run: RunSettings, paths: PathSettings) -> bool:
    """Whether no corpus is admitted below the size in which it is published."""
    return all(is_whole(corpus_request(run, paths, corpus)) for corpus in run.corpora)


def fetch_clips(
    run: RunSettings,
    paths: PathSettings,
    corpus: str,
    progress: Callable[[DownloadProgress], None],
    *,
    urls: Mapping[str, str] | None = None,
    again: bool = False,
) -> DownloadSummary:
    """Download what the corpus's manifest names and its folder lacks.

    `urls` are those of the manifest where the caller has read it already.

    `progress` is called about twice a second, and at the end, from the calling thread; never
    where there is nothing to download. With `again`, clips that failed permanently are tried
    once more. An interrupt leaves the store and the folder as a run that can be taken up.
    Raises CorpusError and StoreError. A corpus without a manifest has nothing to download.
    """
    request = corpus_request(run, paths, corpus)
    urls = manifest_urls(request) if urls is None else urls
    if urls is None:
        return DownloadSummary()
    database = Database(paths.store_folder)
    return download_clips(
        request,
        urls,
        known={row.clip_name: row for row in download_rows.read_downloads(database, corpus)},
        limits=DownloadLimits(
            parallel=run.downloads,
            requests_per_s=run.download_rate,
            max_bytes=run.download_mb * MEGABYTE,
            private=run.download_private,
        ),
        on_done=lambda rows: download_rows.write_downloads(database, rows),
        progress=progress,
        again=again,
    )


def progress_line(corpus: str, now: DownloadProgress) -> str:
    """One line for a log: clips, megabytes, rate, time left, failures."""
    rate = now.done / now.seconds if now.seconds else 0.0
    line = (
        f"{corpus}: {now.done} of {now.total} clips downloaded, {now.bytes / MEGABYTE:.0f} MB, "
        f"{rate:.1f} clips a second"
    )
    if now.left_s is not None and now.done + now.failed < now.total:
        line += f", about {_duration(now.left_s)} left"
    return line + (f", {now.failed} failed" if now.failed else "")


def summary_line(corpus: str, found: DownloadSummary) -> str:
    """What a run of downloads came to, in one line."""
    missing = found.failed + found.permanent
    share = f"{100 * missing / found.clips:.1f} %" if found.clips else "none"
    return (
        f"{corpus}: {found.downloaded} clips downloaded ({found.bytes / MEGABYTE:.0f} MB), "
        f"{found.present} were there; of {found.clips} rated clips {missing} are missing ({share}):"
        f" {found.failed} to be tried again, {found.permanent} not to be had"
    )


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
