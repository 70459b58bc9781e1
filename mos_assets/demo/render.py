"""Rendering the demo corpus: scenes by degradations, labels and corpus.toml, all or nothing.

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
from pathlib import Path

import numpy as np

from mos_assets.demo.degradations import DEGRADATIONS
from mos_assets.demo.ratings import rate
from mos_assets.demo.scenes import FONT_FILE, SCENES, Scene
from mos_assets.errors import CorpusError
from mos_assets.io.writing import write_durably
from mos_assets.media.ffmpeg import Ffmpeg, last_error, run_ffmpeg

DEMO_NAME = "demo"
DEMO_VERSION = "1"
"""Raised whenever a scene, a degradation or a rating changes."""
LABELS_FILE = "labels.csv"
CLIPS_FOLDER = "clips"

_SCENE_TIMEOUT_S = 300.0
_LEFTOVER_PREFIX = f".{DEMO_NAME}-rendering-"
_LEFTOVER_AGE_S = 3600.0

_TOML = f"""\
# Written by the platform. Delete this folder to render the demo corpus again.
name = "{DEMO_NAME}"
version = "{DEMO_VERSION}"
licence = "generated; free of rights"
label_origin = "simulated"
labels = ["{LABELS_FILE}"]
scale = [1.0, 5.0]
clips = "{CLIPS_FOLDER}"
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
    *,
    scenes: Sequence[Scene] = SCENES,
    workers: int = 2,
    progress: Callable[[str], None],
) -> Path:
    """Render the demo corpus into `<root>/demo`, which must not exist, and return that folder.

    The same scenes give the same bytes with the same ffmpeg, whatever `workers` is.
    Raises CorpusError where ffmpeg fails or the folder cannot be written.
    """
    target = root / DEMO_NAME
    try:
        root.mkdir(parents=True, exist_ok=True)
        _sweep_leftovers(root)
        work = Path(tempfile.mkdtemp(prefix=_LEFTOVER_PREFIX, dir=root))
    except OSError as error:
        raise CorpusError(
            f"The demo corpus cannot be rendered into {root}: {error.strerror or error}. "
            "Set MOS_CORPUS_ROOT to a folder that can be written."
        ) from error
    try:
        _render_into(work, ffmpeg, scenes, workers, progress)
        work.chmod(0o755)
        try:
            work.rename(target)
        except OSError as error:
            if not target.is_dir():
                raise CorpusError(
                    f"The rendered demo corpus cannot be moved to {target}: "
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


def _render_into(
    work: Path,
    ffmpeg: Ffmpeg,
    scenes: Sequence[Scene],
    workers: int,
    progress: Callable[[str], None],
) -> None:
    (work / CLIPS_FOLDER).mkdir()
    font = work / FONT_FILE
    shutil.copyfile(_font(), font)
    with ThreadPoolExecutor(max_workers=max(1, workers)) as pool:
        jobs = [
            pool.submit(_render_scene, work, ffmpeg, scene, i) for i, scene in enumerate(scenes)
        ]
        try:
            for done, (job, scene) in enumerate(zip(jobs, scenes, strict=True), start=1):
                job.result()
                progress(f"demo corpus: rendered scene {done} of {len(scenes)} ({scene.name})")
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    font.unlink()
    _write_text(work / LABELS_FILE, _labels(scenes))
    _write_text(work / "corpus.toml", _TOML)


def _render_scene(work: Path, ffmpeg: Ffmpeg, scene: Scene, index: int) -> None:
    count = len(DEGRADATIONS)
    pads = "".join(f"[in{i}]" for i in range(count))
    chains = [scene.graph("scene"), f"[scene]split={count}{pads}"]
    outputs: list[str] = []
    for i, degradation in enumerate(DEGRADATIONS):
        level = degradation.levels[degradation.level(index)]
        chains.append(f"[in{i}]{level.filters},format=yuv420p[out{i}]")
        outputs += ["-map", f"[out{i}]", "-c:v", "libx264", "-preset", "veryfast"]
        outputs += ["-x264-params", f"threads=1:{level.x264}", "-threads", "1"]
        outputs += ["-flags:v", "+bitexact", "-fflags", "+bitexact", "-map_metadata", "-1"]
        outputs += ["-f", "mp4", f"{CLIPS_FOLDER}/{clip_file(scene, degradation.name)}"]
    graph = ["-filter_complex_threads", "1", "-filter_complex", ";".join(chains)]
    result = run_ffmpeg(ffmpeg, [*graph, *outputs], timeout_s=_SCENE_TIMEOUT_S, cwd=work)
    if result.returncode != 0:
        raise CorpusError(
            f"ffmpeg {ffmpeg.version} cannot render scene {scene.name} of the demo corpus: "
            f"{last_error(result.stderr)}. Unset MOS_FFMPEG to use the bundled build."
        )


def _labels(scenes: Sequence[Scene]) -> str:
    levels = [
        [degradation.levels[degradation.level(i)] for degradation in DEGRADATIONS]
        for i in range(len(scenes))
    ]
    severities = [[level.severity for level in row] for row in levels]
    ratings = rate(np.array(severities, dtype=np.float64))
    lines = ["clip_name,scene,degradation,severity,mos,mos_std,n_ratings"]
    for scene, row, rated in zip(scenes, levels, ratings, strict=True):
        for degradation, level, rating in zip(DEGRADATIONS, row, rated, strict=True):
            lines.append(
                f"{clip_file(scene, degradation.name)},{scene.name},{degradation.name},"
                f"{level.severity:.2f},{rating.mos:.6f},{rating.std:.6f},{rating.n}"
            )
    return "\n".join(lines) + "\n"


def _font() -> Path:
    """DejaVu Sans Bold as matplotlib brings it: the same glyphs on every machine."""
    import matplotlib

    return Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans-Bold.ttf"


def _sweep_leftovers(root: Path) -> None:
    """Remove what killed renders left; younger folders may belong to a render that is running."""
    for folder in root.glob(_LEFTOVER_PREFIX + "*"):
        if time.time() - folder.stat().st_mtime > _LEFTOVER_AGE_S:
            shutil.rmtree(folder, ignore_errors=True)


def _write_text(path: Path, text: str) -> None:
    write_durably(path, text.encode())
