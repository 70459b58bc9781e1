"""What extraction costs: CPU seconds a clip by part, and what a second worker brings.

Clips are compared on sparse pictures, as the default is, unless a row says otherwise.

Every figure of one clip is taken in one run, side by side, so that the ratios hold on a
machine that others use too. Loading torch and OpenCV once a process is left out. Without
`--clip` two single-shot clips of 960 by 540, 8 s, 30 frames a second are rendered: `drift`, a
camera that moves slowly over a noisy picture, and `zoom`, in which all of the picture moves
and its colours drift as in a long dissolve.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from mos_assets.features import ClipTask, measure_clip, measure_clips, picture_extractors
from mos_assets.features.transnet import look
from mos_assets.io.hashing import hash_file
from mos_assets.media.ffmpeg import Ffmpeg, find_ffmpeg, input_arguments, run_ffmpeg
from mos_assets.media.header import read_header
from mos_assets.settings import Comparison, Loopback, ReferencePolicy, Sampling

SIZE, RATE, SECONDS = "960x540", 30, 8
SCENES = {
    "drift": f"mandelbrot=s=1440x810:r={RATE}:start_scale=0.6:maxiter=400,trim=end_frame=1,"
    f"loop={RATE * SECONDS}:1,setpts=N/{RATE}/TB,crop=960:540:n/2:n/4,"
    "noise=alls=6:allf=t:all_seed=3",
    "zoom": f"mandelbrot=s={SIZE}:r={RATE}",
}
PARTS = tuple(name for name, part in picture_extractors().items() if not part.needs_source)
KONVID = ("libvmaf", "saliency", "shots")
THROUGHPUT_CLIPS = 8
LIBVMAF = "libvmaf=model=:feature=name=adm|name=vif|name=motion:log_fmt=json:log_path=bare.json"
NULL = ("-f", "null", "-")


@dataclass(frozen=True)
class Row:
    """CPU seconds of one thing done to one clip."""

    what: str
    cpu_s: float


def main() -> int:
    """Print the tables; non-zero where a clip could not be measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clip", type=Path, action="append", help="measure this clip instead")
    parser.add_argument("--workers", type=int, default=2, help="workers to compare with one")
    options = parser.parse_args()
    ffmpeg = find_ffmpeg()
    with TemporaryDirectory(prefix="mos-bench-") as name:
        folder = Path(name)
        clips = options.clip or [render(ffmpeg, folder, scene) for scene in SCENES]
        load_libraries(ffmpeg, folder)
        for clip in clips:
            print(table(clip, cost_rows(ffmpeg, clip, folder)), flush=True)
        print(throughput(ffmpeg, folder, options.workers))
    return 0


def render(ffmpeg: Ffmpeg, folder: Path, scene: str, seconds: float = SECONDS) -> Path:
    """One clip of a scene, x264 at CRF 23."""
    path = folder / f"{scene}_{seconds:g}s.mp4"
    coded = ("-c:v", "libx264", "-crf", "23", "-pix_fmt", "yuv420p", "-t", str(seconds))
    run(ffmpeg, ["-f", "lavfi", "-i", SCENES[scene], *coded, str(path)], folder)
    return path


def run(ffmpeg: Ffmpeg, arguments: list[str], folder: Path) -> None:
    done = run_ffmpeg(ffmpeg, arguments, cwd=folder)
    if done.returncode != 0:
        sys.exit(done.stderr.decode())


def load_libraries(ffmpeg: Ffmpeg, folder: Path) -> None:
    """Import and build what a process loads once, so that no clip pays for it."""
    measure(ffmpeg, render(ffmpeg, folder, "drift", 0.2), PARTS)
    look(np.zeros((1, 27, 48, 3), dtype=np.uint8))


def measure(
    ffmpeg: Ffmpeg,
    clip: Path,
    parts: tuple[str, ...],
    sampling: Sampling = Sampling.SPARSE,
    loopback: Loopback = Loopback.TWO,
) -> None:
    """All that the platform does with one clip: probe, hash, and these parts."""
    for found in measure_clip(task_of(clip, parts, sampling, loopback), ffmpeg):
        if found.reason is not None:
            sys.exit(f"{clip}: {found.part}: {found.reason}")


def task_of(
    clip: Path,
    parts: tuple[str, ...],
    sampling: Sampling = Sampling.SPARSE,
    loopback: Loopback = Loopback.TWO,
) -> ClipTask:
    return ClipTask(
        clip_id=clip.stem,
        path=clip.absolute(),
        sha256=hash_file(clip),
        # Not by the child that reads headers: its seconds would be counted only when it ends.
        probe=read_header(clip),
        parts=frozenset(parts),
        reference_path=None,
        reference_sha256=None,
        comparison=Comparison(ReferencePolicy.LOOPBACK, sampling, loopback),
    )


def cpu_s(work: Callable[[], object]) -> float:
    """User and system seconds of this process and its children."""

    def spent() -> float:
        usages = [resource.getrusage(w) for w in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        return sum(usage.ru_utime + usage.ru_stime for usage in usages)

    before = spent()
    work()
    return spent() - before


def cost_rows(ffmpeg: Ffmpeg, clip: Path, folder: Path) -> list[Row]:
    """CPU seconds of decoding alone, the bare loopback command, each part, and all together."""
    opened = ["-threads", "1", *input_arguments(clip)]
    bare = [*opened, "-filter_complex", "[0:v]split[encoded][pristine]", "-map", "[encoded]"]
    bare += ["-c:v", "libx264", "-preset", "veryfast", "-crf", "35", "-threads", "1", *NULL]
    bare += ["-dec", "0:0", "-filter_complex", f"[dec:0][pristine]{LIBVMAF}[v]"]
    bare += ["-map", "[v]", *NULL]
    works: dict[str, Callable[[], object]] = {
        "decode only": lambda: run(ffmpeg, [*opened, "-map", "0:v:0", *NULL], folder),
        "bare libvmaf loopback command": lambda: run(ffmpeg, bare, folder),
        "probe and hash": lambda: task_of(clip, ()),
    }
    for part in PARTS:
        works[f"part {part} alone"] = partial(measure, ffmpeg, clip, (part,))
    for sampling in (Sampling.EVERY, Sampling.SPARSE):
        works[f"konvid-v1: all in one pass, transcode 1, {sampling}"] = partial(
            measure, ffmpeg, clip, KONVID, sampling, Loopback.ONE
        )
    works["konvid-v1: all in one pass"] = lambda: measure(ffmpeg, clip, KONVID)
    works["konvid-v1+nr-v1: all in one pass"] = lambda: measure(ffmpeg, clip, (*KONVID, "nr"))
    return [Row(what, cpu_s(work)) for what, work in works.items()]


def table(clip: Path, rows: list[Row]) -> str:
    """Markdown, with every row as a multiple of the first two."""
    decode, bare = rows[0].cpu_s, rows[1].cpu_s
    header = read_header(clip)
    lines = [
        f"\n{clip.name}: {header.width}x{header.height}, {header.frames} frames, {header.codec}\n",
        "| | CPU s a clip | of decode only | of bare libvmaf |",
        "|---|---:|---:|---:|",
    ]
    lines += [
        f"| {row.what} | {row.cpu_s:.2f} | {row.cpu_s / decode:.2f} | {row.cpu_s / bare:.2f} |"
        for row in rows
    ]
    return "\n".join(lines)


def throughput(ffmpeg: Ffmpeg, folder: Path, workers: int) -> str:
    """Clips a minute of one worker and of several, konvid-v1, over clips of 4 s.

    Cores in use are CPU seconds a second: a worker keeps to one, and several use less than
    the machine has where others use it too.
    """
    clip = render(ffmpeg, folder, "drift", 4)
    task = task_of(clip, KONVID)
    tasks = [replace(task, clip_id=str(index)) for index in range(THROUGHPUT_CLIPS)]
    lines = [
        "\n| workers | clips a minute | of one worker | CPU s a clip | cores in use |",
        "|---:|---:|---:|---:|---:|",
    ]
    first = 0.0
    for number in (1, workers):
        start = time.perf_counter()
        spent = cpu_s(partial(measure_clips, tasks, ffmpeg, workers=number))
        wall = time.perf_counter() - start
        rate = 60 * len(tasks) / wall
        first = first or rate
        lines.append(
            f"| {number} | {rate:.1f} | {rate / first:.2f} | {spent / len(tasks):.2f} "
            f"| {spent / wall:.2f} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
