"""What is to be downloaded, within which bounds, and what came of it, as plain data."""

from __future__ import annotations

from dataclasses import dataclass

from mos_assets.corpora.labels import printable

MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True)
class Limits:
    """The bounds of one run of downloads."""

    parallel: int = 4
    requests_per_s: float = 5.0
    """Over all workers; every hop of a redirect counts."""
    max_bytes: int = 200 * MEGABYTE
    private: bool = False
    """Whether private, loopback and other special addresses may be connected to."""
    attempts: int = 4
    """Tries of one clip in one run."""
    hops: int = 5
    """Redirects that are followed."""
    connect_s: float = 10.0
    idle_s: float = 30.0
    """Longest silence of a server."""
    total_s: float = 900.0
    """Longest try of one clip; the next one resumes where the server can."""
    backoff_s: float = 1.0
    """Pause before the second try; it doubles with each one more."""
    pause_s: float = 120.0
    """Longest pause, Retry-After included."""
    patience_s: float = 120.0
    """A host that only fails for so long is not asked again in this run."""


@dataclass(frozen=True, slots=True)
class Job:
    """One clip that is missing."""

    clip_name: str
    url: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one job in this run."""

    job: Job
    size_bytes: int | None
    """None where it failed."""
    reason: str | None
    permanent: bool
    attempts: int


@dataclass(frozen=True, slots=True)
class DownloadProgress:
    """How far a run of downloads is."""

    total: int
    done: int
    failed: int
    bytes: int
    """Of the clips that are done."""
    seconds: float

    @property
    def left_s(self) -> float | None:
        """Seconds that the rest will take at this rate; None before anything is known."""
        over = self.done + self.failed
        return self.seconds / over * (self.total - over) if over else None


@dataclass(frozen=True, slots=True)
class DownloadSummary:
    """What a manifest's clips came to; all zero for a corpus without a manifest."""

    clips: int = 0
    """Labels of the manifest."""
    present: int = 0
    """Were there already."""
    downloaded: int = 0
    failed: int = 0
    """Not downloaded, and worth another run."""
    permanent: int = 0
    """Not to be had: from this run, from earlier ones, or without an address."""
    bytes: int = 0
    seconds: float = 0.0


class FetchError(Exception):
    """One try of one clip failed."""

    def __init__(
        self,
        reason: str,
        *,
        permanent: bool = False,
        by_setting: bool = False,
        retry_after_s: float = 0.0,
        heard: bool = True,
    ) -> None:
        # Servers and manifests have a say in it, and it ends in tables and terminals.
        self.reason = printable(reason)
        super().__init__(self.reason)
        self.permanent = permanent
        self.by_setting = by_setting
        """Refused by this run's settings: no further try in it, and another in the next one."""
        self.retry_after_s = retry_after_s
        """How long the server asks to be left alone."""
        self.heard = heard
        """Whether the server gave an answer of any use."""


class StoppedError(Exception):
    """The run is being ended; whatever was under way is left for the next one."""
