"""Corpus folders of full size, made for the benchmarks."""

from __future__ import annotations

import os
import random
import sys
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mos_assets.records.corpus_columns import FileColumns

ROWS_A, ROWS_B = 153_841, 1_576
VOTES = 5
CLIPS = 3_000
SCENES = ("testsrc2", "mandelbrot", "cellauto=rule=110:seed=5", "gradients=seed=7")
SIZES = ("320x180", "640x360", "960x540")
TOML = """\
name = "clips"
version = "1"
licence = "generated"
labels = ["labels.csv"]
scale = [1.0, 5.0]
clips = "clips"

[columns]
clip = "clip"
mos = "mos"
"""


def write_labels(folder: Path) -> None:
    """Score files of both parts; the clips of part B are among those of part A."""
    draw = random.Random(1)
    folder.mkdir(parents=True, exist_ok=True)
    ids = draw.sample(range(10**9, 10**10), ROWS_A)
    names = [f"orig_{number}_540_5s.mp4" for number in ids]
    rows = [f"{name},{draw.uniform(1, 5):.{draw.choice((1, 2, 2, 2))}f}" for name in names]
    for at, odd in enumerate(ODD_ROWS):
        rows[(at + 1) * 9_000] = odd
    rows[-1] = names[-1][:12]
    head = "\ufeffvideo_name,video_score\n"
    (folder / "k150ka_scores.csv").write_text(head + "\n".join(rows))
    rows = [
        f"{name},{draw.uniform(1, 5):.2f},{draw.uniform(1, 5):.2f}"
        for name in sorted(draw.sample(names[:-1], ROWS_B))
    ]
    lines = ["video_name,mos,video_score", *rows]
    (folder / "k150kb_scores.csv").write_text("\r\n".join(lines) + "\r\n")


def write_votes(folder: Path) -> None:
    """Part A's score file again, with a file of five votes a label beside it."""
    draw = random.Random(2)
    folder.mkdir(parents=True, exist_ok=True)
    scores = (folder.parents[1] / "labels" / folder.name / "k150ka_scores.csv").read_text()
    (folder / "k150ka_scores.csv").write_text(scores)
    names = [line.partition(",")[0] for line in scores.splitlines()[1:]]
    with (folder / "k150ka_votes.csv").open("w") as file:
        file.write("video_name,worker,video_score\n")
        for name in names:
            file.writelines(
                f"{name},{draw.randrange(10**31, 10**32)},{draw.randint(1, 5)}\n"
                for _ in range(VOTES)
            )


ODD_ROWS = (
    '"orig_1_540_5s.mp4","3.5"',
    "orig_2_540_5s,2",
    "orig_2_540_5s.mp4,2.00",
    "orig_3_540_5s.mp4,1.5",
    "orig_3_540_5s.mp4,4.5",
    "orig_4_540_5s.mp4,nan",
    "orig_5_540_5s.mp4,5.01",
    "",
    "../orig_6_540_5s.mp4,3",
    "orig_7_540_5s.mp4,3.1,",
    "orig_8_540_5s.mp4,,",
    "Café 9.mp4,2e0",
    '"torn,3',
)


def write_clips(folder: Path) -> None:
    """Small real clips; each has a box of its own at the end, which every reader skips."""
    from mos_assets.media.ffmpeg import find_ffmpeg, run_ffmpeg

    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for scene in SCENES:
        for size in SIZES:
            path = folder.parent / f"{len(made)}.mp4"
            source = f"{scene}{':' if '=' in scene else '='}s={size}:r=25"
            coded = ("-t", "2", "-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p")
            done = run_ffmpeg(find_ffmpeg(), ["-f", "lavfi", "-i", source, *coded, str(path)])
            if done.returncode != 0:
                sys.exit(done.stderr.decode())
            made.append(path.read_bytes())
    lines = ["clip,mos"]
    for index in range(CLIPS):
        box = (16).to_bytes(4, "big") + b"free" + index.to_bytes(8, "big")
        (folder / f"clip{index:04d}.mp4").write_bytes(made[index % len(made)] + box)
        lines.append(f"clip{index:04d}.mp4,{1 + index % 41 / 10:g}")
    (folder.parent / "labels.csv").write_text("\n".join(lines) + "\n")
    (folder.parent / "corpus.toml").write_text(TOML)


def write_seen(folder: Path) -> None:
    """An empty file for every clip name; what an earlier run found in it is made up."""
    for part in "ab":
        clips = folder / f"k150k{part}_extracted"
        clips.mkdir(exist_ok=True)
        for line in (folder / f"k150k{part}_scores.csv").read_text().splitlines()[1:]:
            name = line.partition(",")[0]
            if name.startswith("orig_") and name.endswith(".mp4"):
                (clips / name).touch()


def made_up(root: Path) -> FileColumns:
    """Findings for the empty files of `write_seen`."""
    from mos_assets.records import Probe, SeenFile
    from mos_assets.records.corpus_columns import FileColumns

    found: list[SeenFile] = []
    for part in "ab":
        for entry in os.scandir(root / "labels" / "konvid-150k" / f"k150k{part}_extracted"):
            status = entry.stat()
            found.append(
                SeenFile(
                    Path(entry.path),
                    status.st_size,
                    status.st_mtime_ns,
                    sha256(entry.name.encode()).hexdigest(),
                    Probe(
                        960,
                        540,
                        29.97,
                        5.005,
                        150,
                        "yuv420p",
                        "h264",
                        1_000_000 + len(found),
                        0,
                        625_625,
                        0,
                        29.97,
                    ),
                    None,
                )
            )
    return FileColumns.of(found)
