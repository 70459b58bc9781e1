"""A small corpus with known structure, predictions of known quality on it, and clips with their
sources."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from mos_assets.media.ffmpeg import Ffmpeg, run_ffmpeg
from mos_assets.records import FeatureLoss, FloatArray, LabelOrigin, OutOfFold, TrainingTable
from mos_assets.reporting.build import build_report
from mos_assets.reporting.report import GateReport

N = 400
SEEDS = (11, 12, 13, 14, 15)

MakeTable = Callable[..., TrainingTable]
Predict = Callable[..., OutOfFold]
Report = Callable[..., GateReport]


def _make_table(n: int = N, n_folds: int = 5, held_out: int = 0) -> TrainingTable:
    rng = np.random.default_rng(7)
    quality = rng.uniform(1.2, 4.8, n)
    features = np.column_stack([quality + rng.normal(0, 0.6, n), rng.normal(0, 1, n)])
    folds = np.arange(n) % n_folds
    folds[n - held_out :] = -1
    return TrainingTable(
        clip_ids=tuple(f"made/{i:05d}" for i in range(n)),
        feature_order=("signal", "noise"),
        features=features,
        mos=quality,
        folds=folds.astype(np.int64),
        groups=tuple(f"g{i:05d}" for i in range(n)),
        mos_std=np.full(n, np.nan),
        n_ratings=np.full(n, np.nan),
        height=np.where(np.arange(n) < n // 2, 540.0, 1080.0),
        codec=tuple("h264" if i % 3 else "vp9" for i in range(n)),
        part=tuple("b" if fold < 0 else "a" for fold in folds),
    )


def _predict(
    table: TrainingTable, noise: float = 0.25, seeds: tuple[int, ...] = SEEDS
) -> OutOfFold:
    shared: FloatArray = np.random.default_rng(1).normal(0, noise, len(table.mos))
    each = [
        np.clip(table.mos + shared + np.random.default_rng(s).normal(0, 0.02, len(table.mos)), 1, 5)
        for s in seeds
    ]
    return OutOfFold(seeds, np.array(each))


def _report(
    table: TrainingTable,
    oof: OutOfFold,
    label_origin: LabelOrigin = LabelOrigin.HUMAN,
    full_size: bool = True,
    losses: Sequence[FeatureLoss] = (),
) -> GateReport:
    return build_report(
        table,
        oof,
        head_id="made_mos_head_v1",
        candidate_id="c1",
        corpora=("made",),
        label_origin=label_origin,
        full_size=full_size,
        losses=losses,
    )


@pytest.fixture(scope="session")
def make_table() -> MakeTable:
    """Builds a training table of n rows in n_folds folds, the last `held_out` of them outside."""
    return _make_table


@pytest.fixture(scope="session")
def predict() -> Predict:
    """Builds out-of-fold predictions that are the ratings plus noise, equal at every call."""
    return _predict


@pytest.fixture(scope="session")
def report_on() -> Report:
    """Builds the whole report."""
    return _report


@pytest.fixture(scope="session")
def good() -> tuple[TrainingTable, OutOfFold, GateReport]:
    """A head that meets the whole gate."""
    table = _make_table()
    oof = _predict(table)
    losses = [
        FeatureLoss(seed, fold, (name,), 0.3 if name == "signal" else 0.001 * fold)
        for seed in SEEDS
        for fold in range(5)
        for name in table.feature_order
    ]
    return table, oof, _report(table, oof, losses=losses)


@dataclass(frozen=True)
class Encodes:
    """Tiny clips: two encodes of a scene, one of another, and the pristine files of both."""

    root: Path

    @property
    def clips(self) -> Path:
        """`park_low.mp4`, `park_high.mkv` and `sub/lake.mp4`."""
        return self.root / "clips"

    @property
    def references(self) -> Path:
        """`park.mkv` and `lake.mkv`, each 64 by 64, 12 pictures."""
        return self.root / "references"


@pytest.fixture(scope="session")
def encodes(ffmpeg: Ffmpeg, tmp_path_factory: pytest.TempPathFactory) -> Encodes:
    """Rendered once; nobody writes into it."""
    made = Encodes(tmp_path_factory.mktemp("encodes"))
    (made.clips / "sub").mkdir(parents=True)
    made.references.mkdir()
    (made.root / "empty").mkdir()
    (made.root / "text.mkv").write_text("no video")
    scenes = {"park": "testsrc2=s=64x64:r=12", "lake": "mandelbrot=s=64x64:r=12"}
    lossless, lossy = ["-c:v", "ffv1"], ["-c:v", "libx264", "-crf"]
    for scene, path, codec in (
        ("park", made.references / "park.mkv", lossless),
        ("lake", made.references / "lake.mkv", lossless),
        ("park", made.clips / "park_low.mp4", [*lossy, "38"]),
        ("park", made.clips / "park_high.mkv", [*lossy, "18"]),
        ("lake", made.clips / "sub" / "lake.mp4", [*lossy, "28"]),
    ):
        source = ["-f", "lavfi", "-i", scenes[scene], "-frames:v", "12", "-pix_fmt", "yuv420p"]
        rendered = run_ffmpeg(ffmpeg, [*source, *codec, f"file:{path}"])
        assert rendered.returncode == 0, rendered.stderr
    return made
