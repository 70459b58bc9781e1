"""Downloading what a corpus's manifest names and its folder lacks."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from mos_assets.corpora.files import file_state, names_of
from mos_assets.corpora.layouts import layout_of, require_folder
from mos_assets.corpora.request import DOWNLOADS_FOLDER, CorpusRequest, folder_errors
from mos_assets.downloads.decision import Step, decide
from mos_assets.downloads.plan import DownloadProgress, DownloadSummary, Job, Limits, Outcome
from mos_assets.errors import CorpusError
from mos_assets.io.locks import try_lock
from mos_assets.records import Download, DownloadState

_LOCK = ".lock"


def manifest_urls(request: CorpusRequest) -> Mapping[str, str] | None:
    """Clip name → address of every label of the manifest; None for a corpus without one.

    Raises CorpusError for a corpus that is not there, and for a manifest that cannot be used,
    or that is named and not there.
    """
    layout = layout_of(request.name)
    if not layout.made_here:
        require_folder(request.name, request.root)
    return None if layout.manifest(request) is None else layout.load(request).urls


def download_clips(
    request: CorpusRequest,
    urls: Mapping[str, str],
    *,
    known: Mapping[str, Download],
    limits: Limits,
    on_done: Callable[[Sequence[Download]], None],
    progress: Callable[[DownloadProgress], None],
    again: bool = False,
) -> DownloadSummary:
    """Download the clips that are missing.

    `known` holds what earlier runs left, by clip name, and `on_done` gets what to remember, in
    batches, from this thread. With `again`, clips that failed permanently are tried once more.
    Raises CorpusError for a folder that cannot be written, and where another process downloads
    into it.
    """
    began = time.monotonic()
    folder = request.folder / DOWNLOADS_FOLDER
    here = _files_in(folder)
    jobs: list[Job] = []
    settled: list[Download] = []
    present = skipped = 0
    for name, url in urls.items():
        before = known.get(name)
        there = next((n for n in names_of(name, here) if n in here), None)
        decision = decide(before, url=url, on_disk=there is not None, again=again)
        if decision.step is Step.FETCH:
            jobs.append(Job(name, url))
            continue
        attempts = before.attempts if before is not None else 0
        if there is not None:
            present += 1
            if (before is None and url) or (
                before is not None and before.state is DownloadState.FAILED
            ):
                # Someone put it there by hand, or the run that fetched it was killed.
                done = Outcome(Job(name, url), here[there], None, False, 0)
                settled.append(_row(request.name, done, attempts))
            continue
        skipped += 1
        if before is None or (before.url, before.reason) != (url, decision.reason):
            missing = Outcome(Job(name, url), None, decision.reason, True, 0)
            settled.append(_row(request.name, missing, attempts))
    if settled:
        on_done(settled)
    downloaded = failed = permanent = size = 0

    def take(outcomes: Sequence[Outcome]) -> None:
        nonlocal downloaded, failed, permanent, size
        for outcome in outcomes:
            downloaded += outcome.size_bytes is not None
            failed += outcome.size_bytes is None and not outcome.permanent
            permanent += outcome.permanent
            size += outcome.size_bytes or 0
        on_done([_row(request.name, outcome, _attempts(known, outcome)) for outcome in outcomes])

    if jobs:
        # Most runs download nothing and need no HTTP client.
        from mos_assets.downloads.run import download_all

        try:
            with _alone_in(folder):
                download_all(jobs, folder, limits, on_done=take, on_progress=progress)
        except OSError as error:
            raise CorpusError(f"Clips cannot be downloaded into {folder}: {error}.") from error
    return DownloadSummary(
        clips=len(urls),
        present=present,
        downloaded=downloaded,
        failed=failed,
        permanent=permanent + skipped,
        bytes=size,
        seconds=time.monotonic() - began,
    )


def _attempts(known: Mapping[str, Download], outcome: Outcome) -> int:
    before = known.get(outcome.job.clip_name)
    return before.attempts if before is not None and before.url == outcome.job.url else 0


def _row(corpus: str, outcome: Outcome, attempts_before: int) -> Download:
    done = outcome.size_bytes is not None
    return Download(
        corpus=corpus,
        clip_name=outcome.job.clip_name,
        url=outcome.job.url,
        state=DownloadState.DONE if done else DownloadState.FAILED,
        permanent=outcome.permanent,
        reason=outcome.reason,
        attempts=attempts_before + outcome.attempts,
        size_bytes=outcome.size_bytes,
        updated_at=datetime.now(UTC),
    )


def _files_in(folder: Path) -> dict[str, int]:
    """Size of every file below the folder that is not empty, by relative name.

    A link counts where it leads to a file: what its owner put there is not overwritten.
    """
    found: dict[str, int] = {}
    pending = [(folder, "")] if folder.is_dir() else []
    while pending:
        at, prefix = pending.pop()
        with folder_errors(), os.scandir(at) as items:
            for item in items:
                if item.is_dir(follow_symlinks=False):
                    pending.append((Path(item.path), f"{prefix}{item.name}/"))
                elif (at_item := file_state(item.path)) is not None and at_item.size:
                    found[prefix + item.name] = at_item.size
    return found


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Hold the folder against another run of downloads; the lock ends with the process."""
    folder.mkdir(exist_ok=True)
    with (folder / _LOCK).open("ab") as lock:
        if not try_lock(lock):
            raise CorpusError(
                f"Another process downloads clips into {folder}. Wait for it, or end it."
            )
        yield
