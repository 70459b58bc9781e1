"""What a clip should be compared with where it has no reference: candidates, their price and worth.

    python bench/loopback_candidates.py measure FOLDER [--data DATA] [--photos PHOTOS]
    python bench/loopback_candidates.py table FOLDER
    python bench/loopback_candidates.py cost FOLDER --clip CLIP

`measure` renders scenes and distortions of them (`generated/film.py`) into FOLDER, and keeps there,
in `measured.jsonl`, the full-reference VMAF of each clip against its source and each candidate's
figures without one; what is there already is not done again. With `--data` (research data) and
`--photos` (pictures), both outside the project, natural scenes join, and rated stills. `table` asks
how well a regressor on a candidate's six columns tells VMAF of clips whose scene it never saw, and
ratings of stills whose picture it never saw; `cost` gives CPU seconds side by side.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import json
import resource
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from generated.film import DISTORTIONS, Scene, drawn_scenes, natural_scenes, render
from generated.learners import Floats, Told, draws, told

from mos_assets.features.command import command, sampling_step
from mos_assets.features.extractors.base import picture_extractors
from mos_assets.media.ffmpeg import Ffmpeg, find_ffmpeg, input_arguments, run_ffmpeg
from mos_assets.media.header import read_header
from mos_assets.settings import ReferencePolicy

TOGETHER = 12
"""Candidates measured in one decode."""
PICKS = 7
"""A scene takes every seventh distortion, from its own number on."""
LIBVMAF = "libvmaf=model={}:feature={}:log_fmt=json:log_path={}:n_threads=0:shortest=1:repeatlast=0"
SIX = ("adm2", "vif_scale0", "vif_scale1", "vif_scale2", "vif_scale3", "motion2")
NULL = ("-c:v", "wrapped_avframe", "-f", "null", "-")
KEEP = ("-fps_mode", "passthrough")
V1 = "v1"


@dataclass(frozen=True)
class Candidate:
    """One definition of the transcode and of the frames that meet it."""

    coder: str = ""
    """Arguments of the encoder; empty where filters alone make the other picture."""
    filters: str = "null"
    """What makes it without an encoder."""
    before: str = "null"
    """Filters on both sides, before anything else: which frames, which size."""
    after: str = "null"
    """Which frames are compared of those that were encoded."""
    led_in: bool = False
    """Whether the first frame is encoded twice and the first result dropped, as the platform does:
    x264 gives the first one a finer quantiser."""


def every(step: int) -> str:
    return f"select=not(mod(n\\,{step}))"


def x264(preset: str, more: str) -> str:
    return f"-c:v libx264 -preset {preset} {more} -threads 1"


FIFTH = every(5)
NUMBERED = f"{FIFTH},setpts=N"
"""x264 takes the pictures for neighbours at 25 a second."""
BURSTS = "select=lt(mod(n\\,40)\\,8)"
PAIRS = "select=lt(mod(n\\,10)\\,2)"
CANDIDATES: dict[str, Candidate] = {
    "ultrafast crf 35, /5": Candidate(x264("ultrafast", "-crf 35"), after=FIFTH),
    "veryfast crf 35, bursts of 8 in 40": Candidate(x264("veryfast", "-crf 35"), before=BURSTS),
    "veryfast crf 35, 5th frames encoded": Candidate(x264("veryfast", "-crf 35"), before=FIFTH),
    "pairs of 10, ultrafast crf 35": Candidate(
        x264("ultrafast", "-crf 35 -g 2 -bf 0"), before=PAIRS
    ),
    **{
        f"pairs of 10, veryfast qp {q}": Candidate(
            x264("veryfast", f"-qp {q} -g 2 -bf 0"), before=PAIRS
        )
        for q in (28, 34)
    },
    **{
        f"intra veryfast crf {q}, /5": Candidate(x264("veryfast", f"-crf {q} -g 1"), before=FIFTH)
        for q in (25, 35)
    },
    "intra veryfast crf 35 renumbered, /5": Candidate(
        x264("veryfast", "-crf 35 -g 1"), before=NUMBERED
    ),
    **{
        f"intra veryfast crf {q} renumbered, led in, /5": Candidate(
            x264("veryfast", f"-crf {q} -g 1"), before=NUMBERED, led_in=True
        )
        for q in (25, 30, 35, 40)
    },
    **{
        f"intra {preset} qp {q}, /5": Candidate(x264(preset, f"-qp {q} -g 1"), before=FIFTH)
        for preset in ("veryfast", "ultrafast")
        for q in (28, 34, 40)
    },
    "half size, intra ultrafast qp 40, /5": Candidate(
        x264("ultrafast", "-qp 40 -g 1"), before=f"{FIFTH},scale=iw/2:-2:flags=bicubic"
    ),
    "mjpeg q 10, /5": Candidate(
        "-c:v mjpeg -q:v 10 -strict unofficial -threads 1", before=f"{FIFTH},format=yuv420p"
    ),
    "mpeg2 intra q 12, /5": Candidate(
        "-c:v mpeg2video -q:v 12 -g 1 -threads 1", before=f"{FIFTH},format=yuv420p"
    ),
    **{
        f"blur {sigma}, /5": Candidate(filters=f"gblur=sigma={sigma}", before=FIFTH)
        for sigma in (0.5, 0.7, 1, 1.5, 3)
    },
    "down 2 up, /5": Candidate(
        filters="scale=iw/2:ih/2:flags=bicubic,scale=iw*2:ih*2:flags=bicubic",
        before=f"{FIFTH},crop=floor(iw/12)*12:floor(ih/12)*12",
    ),
    "noise 10, /5": Candidate(filters="noise=alls=10:all_seed=1", before=FIFTH),
}
"""Beside version 1 itself, from whose figures of every frame sparser ones are taken."""


def transcode(group: Mapping[str, Candidate], clip: Path, taps: bool = False) -> list[str]:
    """Arguments that decode a clip once and compare it with what each candidate makes of it.

    Logs are `0.json`, `1.json` and so on; with `taps` all is made that `konvid-v1` takes besides.
    """
    branches, chains, coded, outputs, later = [], [], [], [], []
    for number, each in enumerate(group.values()):
        at = f"c{number}"
        branches.append(at)
        both = f"[{at}]{each.before},crop=floor(iw/2)*2:floor(ih/2)*2:0:0,split=2"
        compared = LIBVMAF.format("", "name=adm|name=vif", f"{number}.json")
        if not each.coder:
            chains.append(f"{both}[{at}a][{at}p];[{at}a]{each.filters}[{at}b]")
            chains.append(f"[{at}b][{at}p]{compared}[{at}v]")
            outputs += ["-map", f"[{at}v]", *KEEP, *NULL]
            continue
        chains.append(f"{both}[{at}l][{at}p]")
        lead, dropped = "null", "null"
        if each.led_in:
            lead, dropped = "tpad=start=1:start_mode=clone", "select=gt(n\\,0),setpts=N"
        chains.append(f"[{at}l]{lead}[{at}a]")
        graph = (
            f"[dec:{len(later) // 4}]{dropped},{each.after}[a];"
            f"[{at}p]{each.after}[b];[a][b]{compared}[{at}v]"
        )
        later += ["-dec", f"{len(later) // 4}:0", "-filter_complex", graph]
        coded += ["-map", f"[{at}a]", *KEEP, "-enc_time_base", "1:25", *each.coder.split()]
        coded += ["-f", "null", "-"]
        outputs += ["-map", f"[{at}v]", *KEEP, *NULL]
    if taps:
        branches += ["count", "still", "moving"]
        chains.append(f"[still][moving]{LIBVMAF.format('', 'name=motion', 'motion.json')}[moved]")
        outputs += ["-map", "[count]", *KEEP, "-stats_enc_pre", "frames.txt", *NULL]
        outputs += ["-map", "[moved]", *KEEP, *NULL]
        for name in ("saliency", "shots"):
            tap = picture_extractors()[name].tap(sampling_step(read_header(clip).fps or 25))
            assert tap is not None
            branches.append(tap.branch)
            chains += tap.chains
            for output in tap.outputs:
                outputs += ["-map", f"[{output.label}]", *KEEP, *output.arguments]
    labels = "".join(f"[{name}]" for name in branches)
    chains.insert(0, f"[0:v]settb=1/25,setpts=N,split={len(branches)}{labels}")
    arguments = ["-y", "-filter_complex_threads", "1", "-threads", "1", *input_arguments(clip)]
    return [*arguments, "-filter_complex", ";".join(chains), *coded, *later, *outputs]


def version_1(clip: Path, parts: Iterable[str]) -> list[str]:
    """The command of version 1 for these parts."""
    rate = read_header(clip).fps or 25
    return command(clip, None, set(parts), ReferencePolicy.LOOPBACK, rate)


def logged(ffmpeg: Ffmpeg, arguments: list[str], *logs: str) -> list[dict[str, list[float]]]:
    """What libvmaf logged in each file: name → the values of every compared pair."""
    with TemporaryDirectory(prefix="mos-bench-") as name:
        folder = Path(name)
        done = run_ffmpeg(ffmpeg, arguments, cwd=folder)
        if done.returncode != 0:
            sys.exit(f"{' '.join(arguments)}\n{done.stderr.decode()}")
        tables = [json.loads((folder / log).read_text())["frames"] for log in logs]
    return [
        {
            key.removeprefix("integer_"): [row["metrics"][key] for row in rows]
            for key in rows[0]["metrics"]
            if key == "vmaf" or key.removeprefix("integer_") in SIX
        }
        for rows in tables
    ]


def full_reference(clip: Path, source: Path) -> list[str]:
    """Arguments that log VMAF v0.6.1 of a clip against its source."""
    vmaf = LIBVMAF.format("version=vmaf_v0.6.1", "", "vmaf.json").replace(":feature=", "")
    pair = ["-threads", "1", *input_arguments(clip), "-threads", "1", *input_arguments(source)]
    graph = f"[0:v]settb=1/25,setpts=N[a];[1:v]settb=1/25,setpts=N[b];[a][b]{vmaf}[v]"
    return ["-filter_complex_threads", "1", *pair, "-filter_complex", graph, "-map", "[v]", *NULL]


def measure(folder: Path, data: Path | None, photos: Path | None, workers: int) -> None:
    """Render and measure whatever is not there yet."""
    ffmpeg, kept = find_ffmpeg(), folder / "measured.jsonl"
    (folder / "film").mkdir(parents=True, exist_ok=True)
    done = {(row["clip"], row["candidate"]) for row in rows_of(kept)}

    def work(name: str, scene: str, clip: Path, truth: Mapping[str, object] | Path) -> None:
        def keep(candidate: str, figures: Mapping[str, object]) -> None:
            row = {"clip": name, "scene": scene, "candidate": candidate, **figures}
            with kept.open("a") as file:
                file.write(json.dumps(row) + "\n")

        if (name, "truth") not in done:
            if isinstance(truth, Path):
                [log] = logged(ffmpeg, full_reference(clip, truth), "vmaf.json")
                truth = {"vmaf": log["vmaf"]}
            keep("truth", truth)
        if (name, V1) not in done:
            keep(V1, *logged(ffmpeg, version_1(clip, ["libvmaf"]), "libvmaf.json"))
        left = {key: each for key, each in CANDIDATES.items() if (name, key) not in done}
        for start in range(0, len(left), TOGETHER):
            group = dict(itertools.islice(left.items(), start, start + TOGETHER))
            logs = [f"{number}.json" for number in range(len(group))]
            found = logged(ffmpeg, transcode(group, clip), *logs)
            for key, figures in zip(group, found, strict=True):
                keep(key, figures)

    def work_scene(number: int, scene: Scene) -> None:
        first = number % PICKS
        picks = range(first, first + len(DISTORTIONS), PICKS)
        for each in render(ffmpeg, folder / "film", scene, picks):
            work(each.clip.stem, each.scene, each.clip, each.source)
        print(scene.name, flush=True)

    def work_still(row: Mapping[str, str]) -> None:
        assert data is not None
        clip = data / "corpora/avt-image-pairs/clips" / row["clip"]
        work(row["clip"], row["scene"], clip, {"mos": float(row["mos"])})

    with ThreadPoolExecutor(workers) as pool:
        jobs = [
            pool.submit(work_scene, *pair)
            for kind in (drawn_scenes(), natural_scenes(data, photos))
            for pair in enumerate(kind)
        ]
        if data is not None:
            with (data / "corpora/avt-image-pairs/labels.csv").open() as labels:
                jobs += [pool.submit(work_still, row) for row in csv.DictReader(labels)]
        for job in jobs:
            job.result()


def rows_of(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def table(folder: Path) -> Iterator[str]:
    """A line a candidate, over clips that have all of them, and over stills."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for row in rows_of(folder / "measured.jsonl"):
        found.setdefault(str(row["clip"]), {})[str(row["candidate"])] = row
    names = (V1, *CANDIDATES)
    kinds = {
        truth: [clip for clip, rows in found.items() if truth in rows.get("truth", {})]
        for truth in ("vmaf", "mos")
    }
    kinds["vmaf"] = [clip for clip in kinds["vmaf"] if found[clip].keys() >= {*names}]
    yield f"{len(kinds['vmaf'])} clips, {len(kinds['mos'])} stills"

    def tell(kind: str, name: str) -> Told | None:
        clips = [found[clip] for clip in kinds[kind] if name in found[clip]]
        if len(clips) < len(kinds[kind]) or not clips:
            return None
        x = [[np.mean(rows[V1 if c == "motion2" else name][c]) for c in SIX] for rows in clips]
        y = [np.mean(rows["truth"][kind]) for rows in clips]
        return told(np.array(x), np.array(y), np.array([rows[V1]["scene"] for rows in clips]))

    films = {name: film for name in names if (film := tell("vmaf", name)) is not None}
    drawn = {name: draw_r(film) for name, film in films.items()}
    best = max(films, key=lambda name: float(films[name].figures()[0]))
    yield "| candidate | r | rho | RMSE | rho within a scene | r below the best | stills: r |"
    yield "|---|---|---|---|---|---|---|"
    for name in sorted(films, key=lambda name: -float(films[name].figures()[0])):
        (r, rho, rmse), still = films[name].figures(), tell("mos", name)
        low, high = np.percentile(drawn[name], [2.5, 97.5])
        less, more = np.percentile(drawn[best] - drawn[name], [2.5, 97.5])
        rated = "" if still is None else f"{still.figures()[0]:.2f}"
        yield (
            f"| {name} | {r:.3f} ({low:.2f} … {high:.2f}) | {rho:.3f} | {rmse:.1f} "
            f"| {films[name].within():.2f} | {less:.2f} … {more:.2f} | {rated} |"
        )


def draw_r(film: Told) -> Floats:
    """[draws] r where whole scenes are drawn again."""
    return np.array([film.figures(rows)[0] for rows in draws(film.groups)])


def costs(clips: Sequence[Path]) -> Iterator[str]:
    """CPU seconds of each candidate as a multiple of version 1 on every frame, side by side."""
    ffmpeg = find_ffmpeg()
    parts = ("libvmaf", "saliency", "shots")
    for clip in clips:
        for name, each in CANDIDATES.items():
            whole = cpu_s(ffmpeg, version_1(clip, parts))
            spent = cpu_s(ffmpeg, transcode({name: each}, clip, taps=True))
            yield f"{clip.stem} | {name} | {spent:.2f} s | {spent / whole:.3f}"


def cpu_s(ffmpeg: Ffmpeg, arguments: list[str]) -> float:
    """User and system seconds of one run."""

    def spent() -> float:
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime

    before = spent()
    with TemporaryDirectory(prefix="mos-bench-") as name:
        done = run_ffmpeg(ffmpeg, arguments, cwd=Path(name))
    if done.returncode != 0:
        sys.exit(done.stderr.decode())
    return spent() - before


def main() -> None:
    """Measure what is not there yet, or print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("do", choices=("measure", "table", "cost"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--data", type=Path, help="folder of research data")
    parser.add_argument("--photos", type=Path, help="folder of photographs")
    parser.add_argument("--clip", type=Path, action="append", default=[], help="for cost")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    if options.do == "measure":
        data, photos = (path and path.absolute() for path in (options.data, options.photos))
        measure(options.folder.absolute(), data, photos, options.workers)
        return
    lines = table(options.folder) if options.do == "table" else costs(options.clip)
    for line in lines:
        print(line, flush=True)


if __name__ == "__main__":
    main()
