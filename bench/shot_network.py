"""What the shot network costs on clips that move, cut and blend, and whether its cut lists stay.

`shot_scenes.py` renders one small clip of each kind (48 by 27 pictures are all that the network
sees); `--picture` gives it further photographs, `--clip` adds clips. For each the table says how
many pictures the network is shown, how many whole windows show it, the CPU seconds of both, and
whether the cut list is that of whole windows. Ends with 1 where one is not.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np
import numpy.typing as npt
from shot_scenes import Picture, render, scenes, worlds

from mos_assets.features.command import command
from mos_assets.features.extractors.shots import shot_spans, thumbnails
from mos_assets.features.frame_logs import CLIP_FRAMES, count_frames
from mos_assets.features.threads import single_threaded
from mos_assets.features.transitions import (
    Look,
    transition_probabilities,
    whole_probabilities,
)
from mos_assets.features.transnet import STEP, WINDOW, look
from mos_assets.media.ffmpeg import Ffmpeg, find_ffmpeg, run_ffmpeg
from mos_assets.settings import ReferencePolicy

SIZE = (192, 108)


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--picture", type=Path, action="append", default=[], help="a world more")
    parser.add_argument("--clip", type=Path, action="append", default=[], help="a clip more")
    options = parser.parse_args()
    ffmpeg = find_ffmpeg()
    photographs = [photograph(path) for path in options.picture]
    totals, unlike = np.zeros(4), 0
    print("| clip | pictures seen | of whole windows | CPU s | of whole windows | shots | same |")
    print("|---|---:|---:|---:|---:|---:|---|")
    with TemporaryDirectory(prefix="mos-bench-") as name, single_threaded({"shots"}):
        look(np.zeros((1, 27, 48, 3), dtype=np.uint8))
        folder = Path(name)
        made = rendered(ffmpeg, folder, options.seed, photographs)
        for path in [*made, *options.clip]:
            pictures = seen_small(ffmpeg, path, folder)
            shown: list[int] = []
            start = time.thread_time()
            sparing = shot_spans(transition_probabilities(pictures, counting(shown)))
            between = time.thread_time()
            whole = shot_spans(whole_probabilities(pictures))
            row = (sum(shown), WINDOW * -(-len(pictures) // STEP), between - start)
            row = (*row, time.thread_time() - between)
            totals, unlike = totals + row, unlike + (sparing != whole)
            counts = f"{row[0]} | {row[1]} | {row[2]:.2f} | {row[3]:.2f} | {len(whole)}"
            print(f"| {path.stem} | {counts} | {'yes' if sparing == whole else 'NO'} |", flush=True)
    print(f"| all | {totals[0]:.0f} | {totals[1]:.0f} | {totals[2]:.1f} | {totals[3]:.1f} | | |")
    return int(unlike > 0)


def photograph(path: Path) -> Picture:
    """An RGB picture [lines, columns, 3] from a file."""
    read = cv2.imread(str(path))
    if read is None:
        sys.exit(f"{path} is no picture")
    return np.ascontiguousarray(read[:, :, ::-1]).astype(np.uint8)


def rendered(ffmpeg: Ffmpeg, folder: Path, seed: int, photographs: list[Picture]) -> Iterator[Path]:
    """One clip of each kind, as it is asked for."""
    around = worlds(seed, photographs)
    for scene in scenes(seed, count=len(around)):
        path = folder / f"{scene.name}.mp4"
        render(ffmpeg.path, scene, around, SIZE, path)
        yield path


def seen_small(ffmpeg: Ffmpeg, clip: Path, folder: Path) -> npt.NDArray[np.uint8]:
    """The thumbnails [n, 27, 48, 3] of a clip, by the platform's own command."""
    work = folder / f"{clip.stem}.d"
    work.mkdir()
    arguments = command(clip.absolute(), None, {"shots"}, ReferencePolicy.SELF, fps=30.0)
    if run_ffmpeg(ffmpeg, arguments, cwd=work).returncode != 0:
        sys.exit(f"{clip} is not sound")
    return np.array(thumbnails(work, count_frames(work, CLIP_FRAMES)))


def counting(shown: list[int]) -> Look:
    """The network; notes in `shown` how many pictures it sees at a time."""

    def counted(pictures: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        shown.append(len(pictures))
        return look(pictures)

    return counted


if __name__ == "__main__":
    sys.exit(main())
