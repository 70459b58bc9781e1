"""The pristine file of a clip under the source policy: opened, held against it, paired with it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from mos_assets.errors import ClipError, DoubtfulClipError, MachineError
from mos_assets.features import pairing
from mos_assets.features.colour_tags import matrices_taken, read_tags
from mos_assets.features.command import FIRST_TAGS, first_pictures
from mos_assets.features.decode import (
    CLIP_COPY,
    GONE,
    REFERENCE_COPY,
    UNREADABLE,
    Beside,
    blame,
    run,
)
from mos_assets.features.decode_check import require_counted
from mos_assets.features.frame_logs import CLIP_TIMES, REFERENCE_TIMES, count_frames, shown_s
from mos_assets.features.task import ClipTask
from mos_assets.media.ffmpeg import Ffmpeg
from mos_assets.media.joints import mended
from mos_assets.media.probe import probe
from mos_assets.media.scratch import scratch_folder
from mos_assets.records import Probe


@dataclass(frozen=True, slots=True)
class Pristine(Beside):
    """The pristine file, where the clip can be compared with it."""

    shape: pairing.Shape

    @property
    def by_time(self) -> Pristine:
        """The same with its frames paired by time, each with the nearest picture."""
        return replace(self, held=pairing.held_nearest(self.probe, self.shape))


class CountsDifferError(ClipError):
    """Clip and reference of one rate last equally long and have unequal numbers of pictures."""


def open_reference(task: ClipTask, ffmpeg: Ffmpeg, limit_s: float) -> Pristine:
    """The pristine file of a clip; ClipError or MachineError where the two cannot be compared."""
    path = task.reference_path
    if path is None:
        raise ClipError("the labels name no reference for it")
    if not path.is_file():
        raise MachineError(f"reference {path.name}: {GONE}", passing=False)
    try:
        header = probe(path)
    except OSError as error:
        why = error.strerror or error
        raise MachineError(f"reference {path.name}: {UNREADABLE} ({why})") from error
    except ClipError as error:
        raise ClipError(f"reference {path.name}: {error}") from error
    if not task.path.is_file():
        raise MachineError(GONE, passing=False)
    with scratch_folder() as folder:
        probes = (task.probe, header)
        readable = mended(task.path, folder / CLIP_COPY), mended(path, folder / REFERENCE_COPY)
        files = tuple(zip(readable, map(require_counted, probes), strict=True))
        ran = run(ffmpeg, first_pictures(*files), folder, probes, limit_s)
        blame(ran, probes, limit_s)
        clip, shape = (pairing.read_shape(folder, number) for number in range(len(files)))
        tags = [read_tags(folder / FIRST_TAGS.format(number)) for number in range(len(files))]
    pairing.require_same_shape(clip, shape)
    held = pairing.held(task.probe, header, shape)
    return Pristine(path, header, held, matrices_taken(*tags), shape)


def compared_pairs(probed: Probe, pristine: Pristine, folder: Path, decoded: int) -> int:
    """Pairs of pictures that were compared, where clip and reference last equally long."""
    frames = count_frames(folder, REFERENCE_TIMES)
    if frames == 0:
        raise DoubtfulClipError("no frame of its reference was decoded")
    shown = tuple(shown_s(folder, name) for name in (CLIP_TIMES, REFERENCE_TIMES))
    pairing.require_same_duration(probed, pristine.probe, (decoded, frames), shown)
    if pristine.held is None and frames != decoded:
        raise CountsDifferError(f"it has {decoded} frames, its reference {frames}")
    return frames
