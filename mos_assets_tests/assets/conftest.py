"""A small real corpus, and the whole graph over it, once a session."""

import os
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import dagster as dg
import pytest

from mos_assets.definitions import build_defs
from mos_assets.media.ffmpeg import find_ffmpeg, run_ffmpeg
from mos_assets.settings import Settings
from mos_assets.store import Database
from mos_assets_tests.settings.making import using

SCENES = (
    "mandelbrot=s=160x90:r=25",
    "testsrc2=s=160x90:r=25",
    "life=s=160x90:r=25:mold=10:seed=3:ratio=0.3",
    "cellauto=s=160x90:r=25:rule=110:seed=5",
    "gradients=s=160x90:r=25:seed=7:n=4:c0=red:c1=blue:c2=green:c3=white",
)
QUALITIES = ((18, 4.6), (34, 3.1), (44, 1.4))

MEASURED = ("raw_corpus", "clip_measurements", "shot_metadata", "extracted_features")
UNTIL_TRAINED = (
    *MEASURED,
    "folds",
    "trained_onnx",
)

TOML = """
name = "{name}"
version = "1"
licence = "made by the tests"
labels = ["labels.csv"]
scale = [1.0, 5.0]
{clips}

[columns]
clip = "clip"
mos = "mos"
group = "scene"
"""

_forks: list[str] = []
"""Where this process forked; what starts another program at once does not count."""
os.register_at_fork(before=lambda: _forks.append("".join(traceback.format_stack(limit=9))))


@dataclass(frozen=True)
class World:
    """One corpus root with its own store and release folder."""

    root: Path
    settings: Settings

    @property
    def database(self) -> Database:
        return Database(self.settings.paths.store_folder)

    def folder(self, name: str) -> Path:
        return self.root / "corpora" / name

    def using(self, **changes: object) -> "World":
        return World(self.root, using(self.settings, **changes))

    def run_until(self, last: str) -> dg.ExecuteInProcessResult:
        """Run the graph up to this asset: the verdict and its plots are half of a small run."""
        return self.run(*UNTIL_TRAINED[: UNTIL_TRAINED.index(last) + 1])

    def run(self, *assets: str) -> dg.ExecuteInProcessResult:
        """Run these assets, or the whole graph, in this process."""
        job = build_defs(self.settings).resolve_implicit_global_asset_job_def()
        # In memory: what SQLite on a disk costs is half of a small run.
        with dg.DagsterInstance.ephemeral() as instance:
            return job.execute_in_process(
                raise_on_error=False,
                instance=instance,
                asset_selection=[dg.AssetKey(name) for name in assets] or None,
            )


@dataclass(frozen=True)
class Ran:
    """A world after a run."""

    world: World
    result: dg.ExecuteInProcessResult
    checks: Mapping[str, dg.AssetCheckEvaluation] = field(default_factory=dict)
    forks: tuple[str, ...] = ()
    """Where the run forked."""

    def metadata(self, asset: str) -> Mapping[str, dg.MetadataValue]:
        (event,) = (
            event
            for event in self.result.get_asset_materialization_events()
            if event.asset_key == dg.AssetKey(asset)
        )
        return event.materialization.metadata


def ran(world: World, *assets: str) -> Ran:
    """After a run of these assets with their checks, or of the whole graph."""
    before = len(_forks)
    result = world.run(*assets)
    checks = {found.check_name: found for found in result.get_asset_check_evaluations()}
    return Ran(world, result, checks, tuple(_forks[before:]))


def make_world(root: Path, name: str, **changes: object) -> World:
    settings = Settings.of(
        corpus=name,
        corpus_root=str(root / "corpora"),
        store=str(root / "store"),
        model_dir=str(root / "model"),
        seeds=2,
        folds=3,
        epochs=3,
        workers=2,
    )
    return World(root, using(settings, **changes))


@pytest.fixture(scope="session")
def write_clips() -> Callable[[Path], None]:
    """Write fifteen clips of five scenes, 160 by 90, 12 frames, at three qualities."""

    def write(folder: Path) -> None:
        ffmpeg = find_ffmpeg()
        folder.mkdir(parents=True)
        for index, scene in enumerate(SCENES):
            for crf, _ in QUALITIES:
                path = folder / f"scene{index}_crf{crf}.mp4"
                run = run_ffmpeg(
                    ffmpeg,
                    [
                        *("-f", "lavfi", "-i", scene, "-frames:v", "12", "-pix_fmt", "yuv420p"),
                        *("-c:v", "libx264", "-crf", str(crf), "-threads", "1", str(path)),
                    ],
                )
                assert run.returncode == 0, run.stderr.decode()

    return write


def write_labels(folder: Path, clips: str = 'clips = "clips"') -> None:
    lines = ["clip,mos,scene"]
    for index in range(len(SCENES)):
        for crf, mos in QUALITIES:
            lines.append(f"scene{index}_crf{crf}.mp4,{mos + index / 20},scene{index}")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "labels.csv").write_text("\n".join(lines) + "\n")
    (folder / "corpus.toml").write_text(TOML.format(name=folder.name, clips=clips))


@pytest.fixture(scope="session")
def filmed(tmp_path_factory: pytest.TempPathFactory, write_clips: Callable[[Path], None]) -> Ran:
    """The whole graph over real clips: libvmaf, TransNet V2, saliency, training, verdict."""
    root = tmp_path_factory.mktemp("filmed")
    write_clips(root / "corpora" / "filmed" / "clips")
    write_labels(root / "corpora" / "filmed")
    return ran(make_world(root, "filmed"))


@pytest.fixture
def tabled(tmp_path: Path) -> World:
    """A corpus of labels and one feature table, without clips: quick to run."""
    folder = tmp_path / "corpora" / "tabled"
    write_labels(folder, clips="")
    (folder / "features").mkdir()
    rows = ["clip_name,sharpness,noise"]
    for index in range(len(SCENES)):
        for crf, mos in QUALITIES:
            rows.append(f"scene{index}_crf{crf},{mos * 2 + index},{crf / 7 + index % 2}")
    (folder / "features" / "own.csv").write_text("\n".join(rows) + "\n")
    return make_world(tmp_path, "tabled", features="own")
