"""Whether a clip and its reference show the same at the same times, as far as that can be seen.

libvmaf's figures of two strangers look like those of a bad encode, so nothing else would notice.
Compared are small grey pictures, `SIDES`, taken from both files at a few instants: their levels,
and the steps from pixel to pixel. The steps of the 40 encodes of AVT-Image-Database, down to CRF 45
at 144 lines, correlate by .65 or more with their sources and by .04 at most with others. Panned, at
CRF 51 and 96 lines, the worst has .17, with .67 for the levels; others reach .15 and .39.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mos_assets.correlation import near_pearson
from mos_assets.errors import ClipError, MachineError
from mos_assets.features.reference import open_reference
from mos_assets.features.resource_limits import memory_limit_bytes, time_limit_s
from mos_assets.features.task import ClipTask
from mos_assets.media.ffmpeg import Ffmpeg, input_arguments, run_ffmpeg
from mos_assets.media.probe import probe
from mos_assets.media.scratch import scratch_folder
from mos_assets.processes.child import TimedOutError
from mos_assets.records import FloatArray, Probe

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

SIDES = (64, 36)
"""Columns and lines of a small picture."""
SAME_STEPS = 0.2
"""Correlation of the steps from which on two pictures are of one content."""
SAME_LEVELS, SOME_STEPS = 0.6, 0.05
"""The same of the levels, where that of the steps is this at least."""
INSTANTS = (0.5, 0.15, 0.85, 0.3, 0.7)
"""Shares of the shorter duration at which pictures are taken, until two are the same."""
FLAT = 0.3
"""Grey levels of deviation below which a picture has no steps to speak of."""
CONTRAST, OTHER_LEVELS = 8.0, 0.4
"""Grey levels of deviation from which on levels alone tell, and the correlation below which they
are of another content."""
DESTROYED = 0.25
"""Share of the reference's steps below which a clip holds too little of anything to tell."""
_PICTURE = "pictures.grey"


def require_same_content(task: ClipTask, ffmpeg: Ffmpeg) -> None:
    """Raise ClipError where the clip shows something else than its reference at every instant.

    Says nothing where it cannot be told: pictures are flat, the clip holds hardly any detail, or a
    picture cannot be had, of which measuring says more.
    """
    if task.reference_path is None:
        return
    try:
        files = (task.path, task.probe), (task.reference_path, probe(task.reference_path))
        if _alike_somewhere(files, ffmpeg):
            return
        # Of another shape they would be as unlike, and that is the better reason.
        open_reference(task, ffmpeg, time_limit_s(task.probe))
    except (MachineError, OSError):
        return
    raise ClipError("it shows something else than its reference at the same times")


def _alike_somewhere(files: tuple[tuple[Path, Probe], ...], ffmpeg: Ffmpeg) -> bool:
    """Whether they are alike at an instant, or may be at one that cannot be told."""
    length = _length(files)
    for share in INSTANTS if length else INSTANTS[:1]:
        pair = _pictures(files, length * share, ffmpeg)
        if pair is None or alike(*pair) is not False:
            return True
    return False


def _length(files: tuple[tuple[Path, Probe], ...]) -> float:
    """Seconds of the shorter file; 0 where one has a single picture, or does not say."""
    lengths = [
        header.duration_s or (header.frames or 0) / header.fps
        for _, header in files
        if header.frames != 1
    ]
    return min(lengths) if len(lengths) == len(files) else 0.0


def alike(clip: npt.NDArray[np.uint8], reference: npt.NDArray[np.uint8]) -> bool | None:
    """Whether two grey pictures [lines, columns] are of one content; None: it cannot be told."""
    one, other = _steps(clip), _steps(reference)
    deviation, pristine = float(one.std()), float(other.std())
    contrast = min(float(clip.std()), float(reference.std()))
    levels = near_pearson(clip.ravel(), reference.ravel()).r
    if min(deviation, pristine) < FLAT or deviation < DESTROYED * pristine:
        # What lost its detail keeps where it is light and where it is dark.
        if levels is None or contrast < CONTRAST:
            return None
        return False if levels < OTHER_LEVELS else None
    steps = near_pearson(one, other).or_nan
    alike_in_levels = levels is not None and levels >= SAME_LEVELS
    return steps >= SAME_STEPS or (alike_in_levels and steps >= SOME_STEPS)


def _steps(picture: npt.NDArray[np.uint8]) -> FloatArray:
    import numpy as np

    levels = picture.astype(float)
    return np.concatenate([np.diff(levels, axis=0).ravel(), np.diff(levels, axis=1).ravel()])


def _pictures(
    files: tuple[tuple[Path, Probe], ...], at_s: float, ffmpeg: Ffmpeg
) -> tuple[npt.NDArray[np.uint8], ...] | None:
    """One small picture of each file, at this second; None where one cannot be had."""
    found = _taken(files, at_s, ffmpeg, seeks=at_s > 0)
    # A raw stream knows no places to go to, and is decoded up to there.
    return _taken(files, at_s, ffmpeg, seeks=False) if found is None and at_s > 0 else found


def _taken(
    files: tuple[tuple[Path, Probe], ...], at_s: float, ffmpeg: Ffmpeg, *, seeks: bool
) -> tuple[npt.NDArray[np.uint8], ...] | None:
    import numpy as np

    width, lines = SIDES
    inputs: list[str] = []
    chains: list[str] = []
    seek, skip = (["-ss", f"{at_s:.6f}"], "") if seeks else ([], f"trim=start={at_s:.6f},")
    for number, (path, header) in enumerate(files):
        inputs += [*seek, "-threads", "1", *input_arguments(path)]
        stream = "v" if header.stream is None else str(header.stream)
        chains.append(
            f"[{number}:{stream}]{skip}trim=end_frame=1,setpts=0,"
            f"scale={width}:{lines}:flags=area,format=gray,setsar=1[small{number}]"
        )
    graph = ";".join([*chains, "[small0][small1]vstack"])
    output = ["-frames:v", "1", "-f", "rawvideo", _PICTURE]
    probes = [header for _, header in files]
    with scratch_folder() as folder:
        try:
            run_ffmpeg(
                ffmpeg,
                [*inputs, "-filter_complex", graph, *output],
                timeout_s=max(map(time_limit_s, probes)),
                memory_bytes=memory_limit_bytes(*probes),
                cwd=folder,
            )
        except (TimedOutError, OSError):
            return None
        path = folder / _PICTURE
        content = path.read_bytes() if path.exists() else b""
    if len(content) != 2 * width * lines:
        return None
    both = np.frombuffer(content, np.uint8).reshape(2, lines, width)
    return both[0], both[1]
