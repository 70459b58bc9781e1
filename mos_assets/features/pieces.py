"""Clips cut into pieces of about one cost, measured piece by piece, here or on another machine.

What travels is `ClipTask` there and measurements back: plain data, the clips themselves are read
where they are measured. `alike` is what a worker has to share with the caller for that.
"""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Iterator, Sequence
from functools import cache
from importlib import metadata
from pathlib import Path

from mos_assets.cluster.work import Fact
from mos_assets.features.fingerprint import fingerprint
from mos_assets.features.measure import Found, measure_clip
from mos_assets.features.resource_limits import expected_frames
from mos_assets.features.scratch import sweep_scratch
from mos_assets.features.task import ClipTask, content_key
from mos_assets.features.threads import single_threaded
from mos_assets.media.ffmpeg import find_ffmpeg
from mos_assets.records import Setback
from mos_assets.settings import ReferencePolicy

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
_COMPARING = frozenset({"libvmaf", "nr"})
SAMPLES = 8
"""Clips that a worker is asked to look at before it measures any."""
_HEAD_BYTES = 1 << 16


def estimated_s(task: ClipTask) -> float:
    """CPU seconds that measuring a clip takes, by its pixels, frames and policy; within a factor of
    two or so of the truth."""
    pixels = task.probe.width * task.probe.height * expected_frames(task.probe)
    compared = COMPARED_S[task.policy] if task.parts & _COMPARING else 0.0
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


def measure_piece(
    tasks: tuple[ClipTask, ...], *, program: str | None
) -> tuple[tuple[Found, ...], ...]:
    """Measure clips one after the other; what `measure_clip` finds in each.

    program: path of ffmpeg, None for the one in the imageio-ffmpeg package. Raises ToolError as
    `measure_clip` does.
    """
    ffmpeg = find_ffmpeg(program)
    parts = frozenset[str]().union(*(task.parts for task in tasks))
    with single_threaded(parts):
        return tuple(measure_clip(task, ffmpeg) for task in tasks)


def ended_workers(task: ClipTask, reason: str, *, program: str | None) -> tuple[Found, ...]:
    """What is kept of a clip over which workers end: a setback a part."""
    ffmpeg = find_ffmpeg(program)
    return tuple(
        Setback(
            content_key(part, task.policy, task.sha256, task.reference_sha256),
            part,
            fingerprint(part, task.policy, ffmpeg),
            reason,
        )
        for part in sorted(task.parts)
    )


def alike(
    samples: tuple[Path, ...],
    parts: tuple[str, ...],
    policy: ReferencePolicy,
    *,
    program: str | None,
) -> tuple[Fact, ...]:
    """What figures depend on, and whether these files are seen here. Raises ToolError."""
    sweep_scratch()
    ffmpeg = find_ffmpeg(program)
    return (
        Fact("mos_assets", f"{metadata.version('mos-assets')} (source {_source()[:12]})"),
        Fact("python", ".".join(platform.python_version_tuple()[:2])),
        Fact("numpy", metadata.version("numpy")),
        Fact("ffmpeg", ffmpeg.version),
        *(Fact(f"the fingerprint of {part}", fingerprint(part, policy, ffmpeg)) for part in parts),
        *(Fact(str(path), _seen(path)) for path in samples),
    )


def samples_of(tasks: Sequence[ClipTask]) -> tuple[Path, ...]:
    """Some files of these tasks, spread over all."""
    step = max(1, len(tasks) // SAMPLES)
    return tuple(dict.fromkeys(path for task in tasks[::step] for path in _files(task)))


def _files(task: ClipTask) -> Iterator[Path]:
    yield task.path
    if task.policy is ReferencePolicy.SOURCE and task.reference_path is not None:
        yield task.reference_path


def _seen(path: Path) -> str:
    try:
        with path.open("rb") as file:
            digest = hashlib.sha256(file.read(_HEAD_BYTES))
            size = file.seek(0, 2)
    except OSError as error:
        return f"not to be read ({error.strerror})"
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
