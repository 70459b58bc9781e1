"""Downloading many clips: bounded workers, one rate, tries up to a limit, results in batches."""

from __future__ import annotations

import heapq
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path
from threading import Event
from urllib.parse import urlsplit

from mos_assets.downloads.fetch import fetch_clip
from mos_assets.downloads.pace import Pace, backoff_s
from mos_assets.downloads.plan import (
    DownloadProgress,
    FetchError,
    Job,
    Limits,
    Outcome,
)

BATCH, BATCH_S = 200, 5.0
"""Results are handed out when there are so many, or when the oldest is so old."""
_TICK_S = 0.5
_MANY_FAILURES = 20

OnDone = Callable[[Sequence[Outcome]], None]
OnProgress = Callable[[DownloadProgress], None]


def download_all(
    jobs: Sequence[Job], folder: Path, limits: Limits, *, on_done: OnDone, on_progress: OnProgress
) -> None:
    """Try every job; both callbacks are called from this thread, on_done exactly once a job.

    An interrupt, an error of a callback and an OSError of the folder end the workers, hand out
    what is finished and are raised. Clips under way are then left for the next run.
    """
    run = _Run(jobs, folder, limits, on_done, on_progress)
    pool = ThreadPoolExecutor(limits.parallel, thread_name_prefix="download")
    try:
        run.work(pool)
    except BaseException:
        run.stop.set()
        pool.shutdown(wait=True, cancel_futures=True)
        run.collect(FIRST_COMPLETED, 0.0, ending=True)
        run.flush()
        raise
    pool.shutdown()


class _Run:
    def __init__(
        self,
        jobs: Sequence[Job],
        folder: Path,
        limits: Limits,
        on_done: OnDone,
        on_progress: OnProgress,
    ) -> None:
        self.stop = Event()
        self._folder, self._limits = folder, limits
        self._on_done, self._on_progress = on_done, on_progress
        self._pace = Pace(limits.requests_per_s, self.stop)
        self._fresh = deque((job, 1) for job in jobs)
        self._later: list[tuple[float, str, int, Job]] = []
        """When to try again, the name as tie-break, which try it is, the job."""
        self._flying: dict[Future[int], tuple[Job, int]] = {}
        self._batch: list[Outcome] = []
        self._batch_since = 0.0
        self._hosts: dict[str, tuple[int, float]] = {}
        """Failures of a host in a row, and since when; a host that answers is not in it."""
        self._total, self._done, self._failed, self._bytes = len(jobs), 0, 0, 0
        self._began = time.monotonic()

    def work(self, pool: ThreadPoolExecutor) -> None:
        while self._fresh or self._later or self._flying:
            self._launch(pool)
            self.collect(FIRST_COMPLETED, _TICK_S)
            old = self._batch and time.monotonic() - self._batch_since >= BATCH_S
            if old or len(self._batch) >= BATCH:
                self.flush()
            self._on_progress(self._progress())
        self.flush()

    def flush(self) -> None:
        """Hand out what is finished."""
        batch, self._batch = self._batch, []
        if batch:
            self._on_done(batch)

    def collect(self, when: str, seconds: float, *, ending: bool = False) -> None:
        """Take in what workers have finished, waiting at most so long."""
        if self._later:
            seconds = min(seconds, max(0.0, self._later[0][0] - time.monotonic()))
        if not self._flying:
            if not ending and not self._fresh:
                time.sleep(seconds)
            return
        ready, _ = wait(self._flying, timeout=seconds, return_when=when)
        for future in ready:
            job, attempt = self._flying.pop(future)
            if ending and (future.cancelled() or not _known(future.exception())):
                continue
            self._take(job, attempt, future)

    def _launch(self, pool: ThreadPoolExecutor) -> None:
        while len(self._flying) < self._limits.parallel:
            if self._later and self._later[0][0] <= time.monotonic():
                _, _, attempt, job = heapq.heappop(self._later)
            elif self._fresh:
                job, attempt = self._fresh.popleft()
            else:
                return
            if self._is_dead(_host(job)):
                reason = "its server failed again and again; not asked any more in this run"
                self._settle(Outcome(job, None, reason, False, attempt - 1))
                continue
            future = pool.submit(fetch_clip, job, self._folder, self._limits, self._pace, self.stop)
            self._flying[future] = (job, attempt)

    def _take(self, job: Job, attempt: int, future: Future[int]) -> None:
        try:
            size = future.result()
        except FetchError as error:
            self._failure(job, attempt, error)
            return
        self._hosts.pop(_host(job), None)
        self._settle(Outcome(job, size, None, False, attempt))

    def _failure(self, job: Job, attempt: int, error: FetchError) -> None:
        if error.heard:
            self._hosts.pop(_host(job), None)
        else:
            count, since = self._hosts.get(_host(job), (0, time.monotonic()))
            self._hosts[_host(job)] = (count + 1, since)
        if error.retry_after_s:
            self._pace.hold(error.retry_after_s)
        if error.permanent or error.by_setting or attempt >= self._limits.attempts:
            self._settle(Outcome(job, None, error.reason, error.permanent, attempt))
            return
        pause = max(error.retry_after_s, backoff_s(job.clip_name, attempt, self._limits))
        due = time.monotonic() + pause
        heapq.heappush(self._later, (due, job.clip_name, attempt + 1, job))

    def _is_dead(self, host: str) -> bool:
        count, since = self._hosts.get(host, (0, 0.0))
        return count >= _MANY_FAILURES and time.monotonic() - since >= self._limits.patience_s

    def _settle(self, outcome: Outcome) -> None:
        if not self._batch:
            self._batch_since = time.monotonic()
        self._batch.append(outcome)
        if outcome.size_bytes is None:
            self._failed += 1
        else:
            self._done += 1
            self._bytes += outcome.size_bytes

    def _progress(self) -> DownloadProgress:
        seconds = time.monotonic() - self._began
        return DownloadProgress(self._total, self._done, self._failed, self._bytes, seconds)


def _known(error: BaseException | None) -> bool:
    return error is None or isinstance(error, FetchError)


def _host(job: Job) -> str:
    try:
        return urlsplit(job.url).netloc.lower()
    except ValueError:
        return ""
