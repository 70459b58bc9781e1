"""Rendering a demo corpus: scenes by degradations, labels and corpus.toml, all or nothing.

One ffmpeg process renders a scene once and stores all of its degradations. Everything is
written to a folder beside the final one, and renaming that is the last act: whatever
interrupts a render, a demo folder that exists is whole.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mos_assets.demo.degradations import DEGRADATIONS
from mos_assets.demo.ratings import rate
from mos_assets.demo.scenes import FONT_FILE, SCENES, Scene
from mos_assets.demo.vmaf import shortfall
from mos_assets.errors import CorpusError
from mos_assets.io.writing import write_durably
from mos_assets.media.ffmpeg import Ffmpeg, last_error, run_ffmpeg


@dataclass(frozen=True, slots=True)
class Demo:
    """One demo corpus."""

    name: str
    version: str
    """Raised whenever a scene, a degradation or a rating changes."""
    sources: bool
    """Whether the pristine scenes lie beside the clips, and its viewers go by what the clips lack
    of them; else they go by the authors' ranking of the degradations."""


DEMO = Demo("demo", "1", sources=False)
DEMO_SOURCE = Demo("demo-source", "1", sources=True)
LABELS_FILE = "labels.csv"
CLIPS_FOLDER = "clips"
SOURCES_FOLDER = "sources"

_SCENE_TIMEOUT_S = 300.0
_LEFTOVER_AGE_S = 3600.0

_STORED = ("-c:v", "libx264", "-preset", "veryfast")
_PLAIN = (
    *("-threads", "1", "-flags:v", "+bitexact", "-fflags", "+bitexact", "-map_metadata", "-1"),
    *("-f", "mp4"),
)

_TOML = """\
# Written by the platform. Delete this folder to render the demo corpus again.
name = "{name}"
version = "{version}"
licence = "generated; free of rights"
label_origin = "simulated"
labels = ["{labels}"]
scale = [1.0, 5.0]
clips = "{clips}"
repeated = "reject"

[columns]
clip = "clip_name"
mos = "mos"
std = "mos_std"
n = "n_ratings"
group = "scene"
"""


def render_demo(
    root: Path,
    ffmpeg: Ffmpeg,
    demo: Demo = DEMO,
    *,
    scenes: Sequence[Scene] = SCENES,
    workers: int = 2,
    progress: Callable[[str], None],
) -> Path:
    """Render a demo corpus into `<root>/<its name>`, which must not exist, and return that folder.

    The same scenes give the same bytes with the same ffmpeg, whatever `workers` is.
    Raises CorpusError where ffmpeg fails or the folder cannot be written.
    """
    target = root / demo.name
    try:
        root.mkdir(parents=True, exist_ok=True)
        _sweep_leftovers(root, demo)
        work = Path(tempfile.mkdtemp(prefix=_leftover_prefix(demo), dir=root))
    except OSError as error:
        raise CorpusError(
            f"The corpus {demo.name} cannot be rendered into {root}: {error.strerror or error}. "
            "Set MOS_CORPUS_ROOT to a folder that can be written."
        ) from error
    try:
        _render_into(work, ffmpeg, demo, scenes, workers, progress)
        work.chmod(0o755)
        try:
            work.rename(target)
        except OSError as error:
            if not target.is_dir():
                raise CorpusError(
                    f"The rendered corpus {demo.name} cannot be moved to {target}: "
                    f"{error.strerror or error}."
                ) from error
            # Another process finished first; its bytes are the same as ours.
            progress(f"{target} was rendered by another process meanwhile")
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return target


def clip_file(scene: Scene, degradation: str) -> str:
    """File name of one rendition."""
    return f"{scene.name}_{degradation}.mp4"


def source_file(scene: Scene) -> str:
    """The pristine scene, relative to the corpus."""
    return f"{SOURCES_FOLDER}/{scene.name}.mp4"


def _render_into(
    work: Path,
    ffmpeg: Ffmpeg,
    demo: Demo,
    scenes: Sequence[Scene],
    workers: int,
    progress: Callable[[str], None],
) -> None:
    (work / CLIPS_FOLDER).mkdir()
    if demo.sources:
        (work / SOURCES_FOLDER).mkdir()
    font = work / FONT_FILE
    shutil.copyfile(_font(), font)
    with ThreadPoolExecutor(max_workers=max(1, workers)) as pool:
        jobs = [
            pool.submit(_render_scene, work, ffmpeg, demo, scene, i)
            for i, scene in enumerate(scenes)
        ]
        severities: list[tuple[float, ...]] = []
        try:
            for done, (job, scene) in enumerate(zip(jobs, scenes, strict=True), start=1):
                severities.append(job.result())
                progress(f"{demo.name}: rendered scene {done} of {len(scenes)} ({scene.name})")
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    font.unlink()
    _write_text(work / LABELS_FILE, _labels(demo, scenes, severities))
    _write_text(work / "corpus.toml", _toml(demo))


def _render_scene(
    work: Path, ffmpeg: Ffmpeg, demo: Demo, scene: Scene, index: int
) -> tuple[float, ...]:
    """The severity of each degradation, as the viewers see it."""
    count = len(DEGRADATIONS)
    pads = "".join(f"[in{i}]" for i in range(count))
    outputs: list[str] = []
    if demo.sources:
        pads += "[source]"
        outputs += ["-map", "[source]", *_STORED, "-x264-params", "threads=1:qp=0"]
        outputs += [*_PLAIN, source_file(scene)]
    chains = [scene.graph("scene"), f"[scene]split={count + demo.sources}{pads}"]
    for i, degradation in enumerate(DEGRADATIONS):
        level = degradation.levels[degradation.level(index)]
        chains.append(f"[in{i}]{level.filters},format=yuv420p[out{i}]")
        outputs += ["-map", f"[out{i}]", *_STORED, "-x264-params", f"threads=1:{level.x264}"]
        outputs += [*_PLAIN, f"{CLIPS_FOLDER}/{clip_file(scene, degradation.name)}"]
    graph = ["-filter_complex_threads", "1", "-filter_complex", ";".join(chains)]
    result = run_ffmpeg(ffmpeg, [*graph, *outputs], timeout_s=_SCENE_TIMEOUT_S, cwd=work)
    if result.returncode != 0:
        raise CorpusError(
            f"ffmpeg {ffmpeg.version} cannot render scene {scene.name} of the demo corpus: "
            f"{last_error(result.stderr)}. Unset MOS_FFMPEG to use the bundled build."
        )
    if not demo.sources:
        return tuple(each.levels[each.level(index)].severity for each in DEGRADATIONS)
    return tuple(
        shortfall(work, f"{CLIPS_FOLDER}/{clip_file(scene, each.name)}", source_file(scene), ffmpeg)
        for each in DEGRADATIONS
    )


def _labels(demo: Demo, scenes: Sequence[Scene], severities: Sequence[tuple[float, ...]]) -> str:
    ratings = rate(np.array(severities, dtype=np.float64))
    named = ",reference" if demo.sources else ""
    lines = [f"clip_name,scene,degradation,severity,mos,mos_std,n_ratings{named}"]
    for scene, row, rated in zip(scenes, severities, ratings, strict=True):
        for degradation, severity, rating in zip(DEGRADATIONS, row, rated, strict=True):
            lines.append(
                f"{clip_file(scene, degradation.name)},{scene.name},{degradation.name},"
                f"{severity:.2f},{rating.mos:.6f},{rating.std:.6f},{rating.n}"
                + (f",{source_file(scene)}" if demo.sources else "")
            )
    return "\n".join(lines) + "\n"


def _font() -> Path:
    """DejaVu Sans Bold as matplotlib brings it: the same glyphs on every machine."""
    import matplotlib

    return Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans-Bold.ttf"


def _toml(demo: Demo) -> str:
    told = _TOML.format(
        name=demo.name, version=demo.version, labels=LABELS_FILE, clips=CLIPS_FOLDER
    )
    return told + 'reference = "reference"\n' if demo.sources else told


def _leftover_prefix(demo: Demo) -> str:
    return f".{demo.name}-rendering-"


def _sweep_leftovers(root: Path, demo: Demo) -> None:
    """Remove what killed renders left; younger folders may belong to a render that is running."""
    for folder in root.glob(_leftover_prefix(demo) + "*"):
        if time.time() - folder.stat().st_mtime > _LEFTOVER_AGE_S:
            shutil.rmtree(folder, ignore_errors=True)


def _write_text(path: Path, text: str) -> None:
    write_durably(path, text.encode())
