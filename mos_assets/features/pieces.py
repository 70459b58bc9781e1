"""Clips cut into pieces of about one cost, measured piece by piece, here or on another machine.

What travels is `ClipTask` there and measurements back: plain data, the clips themselves are read
where they are measured. `alike` is what a worker has to share with the caller for that.
"""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path

from mos_assets.cluster.work import Fact
from mos_assets.errors import LocationError
from mos_assets.features.extractors.base import picture_extractors
from mos_assets.features.fingerprint import fingerprint
from mos_assets.features.measure import Found, measure_clip
from mos_assets.features.networks import load_networks
from mos_assets.features.resource_limits import expected_frames
from mos_assets.features.task import ClipTask, content_key
from mos_assets.features.threads import single_threaded
from mos_assets.media.ffmpeg import Ffmpeg, find_ffmpeg
from mos_assets.media.scratch import sweep_scratch
from mos_assets.objects import Location
from mos_assets.objects.fetching import DEFAULT_BYTES, ROOM
from mos_assets.objects.stubs import RemoteFile
from mos_assets.records import Setback
from mos_assets.settings import Comparison, Loopback, ReferencePolicy, Sampling

START_S = 0.2
"""CPU seconds that any clip costs, however short."""
PICTURE_S = 4e-9
"""CPU seconds a pixel of each frame that decoding and looking cost."""
COMPARED_S = {
    ReferencePolicy.LOOPBACK: 36e-9,
    ReferencePolicy.SOURCE: 28e-9,
    ReferencePolicy.SELF: 26e-9,
}
"""The same for a comparison by libvmaf, with its encode or its second decode."""
SPARSE = {Loopback.ONE: 0.5, Loopback.TWO: 0.15}
"""What of that a sparse comparison costs, about: the second codes no more than it compares."""
_COMPARING = frozenset({"libvmaf", "nr"})
SAMPLES = 8
"""Clips that a worker is asked to look at before it measures any."""
_HEAD_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class Tools:
    """What measuring takes from the machine that does it, by paths that are the same on each."""

    program: str | None
    """Path of ffmpeg; None for the one in the imageio-ffmpeg package."""
    networks_folder: Path
    networks: tuple[str, ...]
    """Blocks that may be networks in that folder."""
    fetch_bytes: int = DEFAULT_BYTES
    """Of clips from a bucket that each process may hold on its disk."""

    def ready(self) -> Ffmpeg:
        """The program, with the networks loaded. Raises ToolError and NetworkError."""
        ROOM.most = self.fetch_bytes
        load_networks(self.networks, self.networks_folder)
        return find_ffmpeg(self.program)


def estimated_s(task: ClipTask) -> float:
    """CPU seconds that measuring a clip takes, by its pixels, frames and policy; within a factor of
    two or so of the truth."""
    pixels = task.probe.width * task.probe.height * expected_frames(task.probe)
    compared = COMPARED_S[task.comparison.reference] if task.parts & _COMPARING else 0.0
    if task.comparison.sampling is Sampling.SPARSE:
        compared *= SPARSE[task.comparison.loopback]
    return START_S + pixels * (PICTURE_S + compared)


def cut_pieces(tasks: Sequence[ClipTask], most_s: float) -> tuple[tuple[ClipTask, ...], ...]:
    """Pieces that cost at most so many seconds, or are one clip; the costliest first.

    0 makes every clip a piece.
    """
    pieces: list[tuple[ClipTask, ...]] = []
    some: list[ClipTask] = []
    cost = 0.0
    for task in sorted(tasks, key=lambda task: (-estimated_s(task), task.clip_id)):
        own = estimated_s(task)
        if some and cost + own > most_s:
            pieces.append(tuple(some))
            some, cost = [], 0.0
        some.append(task)
        cost += own
    return (*pieces, tuple(some)) if some else tuple(pieces)


def measure_piece(tasks: tuple[ClipTask, ...], *, tools: Tools) -> tuple[tuple[Found, ...], ...]:
    """Measure clips one after the other; what `measure_clip` finds in each.

    Raises ToolError as `measure_clip` does, and NetworkError.
    """
    ffmpeg = tools.ready()
    parts = frozenset[str]().union(*(task.parts for task in tasks))
    with single_threaded(parts):
        return tuple(measure_clip(task, ffmpeg) for task in tasks)


def ended_workers(task: ClipTask, reason: str, *, tools: Tools) -> tuple[Found, ...]:
    """What is kept of a clip over which workers end: a setback a part."""
    ffmpeg = tools.ready()
    return tuple(
        Setback(
            content_key(part, task.comparison.reference, task.sha256, task.reference_sha256),
            part,
            fingerprint(part, task.comparison, ffmpeg),
            reason,
        )
        for part in sorted(task.parts)
    )


def alike(
    samples: tuple[Path | RemoteFile, ...],
    parts: tuple[str, ...],
    comparison: Comparison,
    *,
    tools: Tools,
) -> tuple[Fact, ...]:
    """What figures depend on, and whether these files are seen here. Raises ToolError, and
    NetworkError."""
    sweep_scratch()
    ffmpeg = tools.ready()
    return (
        Fact("mos_assets", f"{metadata.version('mos-assets')} (source {_source()[:12]})"),
        Fact("python", ".".join(platform.python_version_tuple()[:2])),
        Fact("numpy", metadata.version("numpy")),
        Fact("ffmpeg", ffmpeg.version),
        *(Fact(f"the fingerprint of {part}", _print(part, comparison, ffmpeg)) for part in parts),
        *(Fact(str(path), _seen(path)) for path in samples),
    )


def samples_of(tasks: Sequence[ClipTask]) -> tuple[Path | RemoteFile, ...]:
    """Some files of these tasks, spread over all."""
    step = max(1, len(tasks) // SAMPLES)
    return tuple(dict.fromkeys(file for task in tasks[::step] for file in _files(task)))


def _files(task: ClipTask) -> Iterator[Path | RemoteFile]:
    yield task.remote or task.path
    if task.comparison.reference is ReferencePolicy.SOURCE and task.reference_path is not None:
        yield task.remote_reference or task.reference_path


def _print(part: str, comparison: Comparison, ffmpeg: Ffmpeg) -> str:
    if part not in picture_extractors():
        return "that of no network in its folder"
    return fingerprint(part, comparison, ffmpeg)


def _seen(path: Path | RemoteFile) -> str:
    try:
        if isinstance(path, RemoteFile):
            location, size = Location(path.url), path.size
            head = location.read_range(path.name, 0, min(size, _HEAD_BYTES), path.etag)
            begins = hashlib.sha256(head).hexdigest()[:12]
            return f"{size} bytes that begin with {begins}"
        with path.open("rb") as file:
            digest = hashlib.sha256(file.read(_HEAD_BYTES))
            size = file.seek(0, 2)
    except OSError as error:
        return f"not to be read ({error.strerror})"
    except LocationError as error:
        return f"not to be read ({error})"
    return f"{size} bytes that begin with {digest.hexdigest()[:12]}"


@cache
def _source() -> str:
    """sha256 over the Python files of this package."""
    folder = Path(__file__).parents[1]
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        digest.update(f"{path.relative_to(folder)}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()
