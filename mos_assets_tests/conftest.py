"""What several rooms' tests share: one small trained head, and no settings from outside."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import hypothesis
import numpy as np
import pytest

from mos_assets.demo.render import render_demo
from mos_assets.demo.scenes import SCENES
from mos_assets.head import Recipe, export_onnx, train
from mos_assets.media.ffmpeg import Ffmpeg, find_ffmpeg
from mos_assets.records import LabelOrigin, OutOfFold, Status, TrainingTable
from mos_assets.release.candidate import judged
from mos_assets.release.manifest import (
    CorpusUsed,
    DataUsed,
    Manifest,
    ManifestGate,
    training_table_sha256,
    versions,
)
from mos_assets.release.promotion import Promotion, promote
from mos_assets.reporting.build import build_report
from mos_assets.reporting.card import render_card
from mos_assets.reporting.report import GateReport
from mos_assets.store.run_lock import LOCK_FILE

pytest_plugins = [
    "mos_assets_tests.made",
    "mos_assets_tests.buckets",
    "mos_assets_tests.networks.making",
]

# Some hundred processes that tests start import the package, and need not compile it every time.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

HEAD_ID = "konvid_mos_head_v1"

# The same examples every time, and no time limit on them: a busy machine is no defect.
hypothesis.settings.register_profile("house", deadline=None, derandomize=True)
hypothesis.settings.load_profile("house")


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A MOS_* variable of the developer's shell must not change what a test sees."""
    for name in [name for name in os.environ if name.startswith("MOS_")]:
        monkeypatch.delenv(name)
    yield


@dataclass(frozen=True)
class Release:
    """The three files of a release, before they are files."""

    manifest: Manifest
    onnx: bytes
    card: str
    report: GateReport

    def standing(self, status: Status, origin: LabelOrigin) -> "Release":
        """The same head with another verdict; Accepted, it beats every shortcut."""
        data, gate = self.manifest.data, self.manifest.gate
        assert gate is not None
        beats = status is Status.ACCEPTED
        corpus = data.corpora[0].model_copy(update={"label_origin": origin})
        manifest = self.manifest.model_copy(
            update={
                "status": status,
                "data": data.model_copy(update={"corpora": (corpus,)}),
                "gate": gate.model_copy(update={"beats_shortcuts": beats}),
            }
        )
        return replace(self, manifest=manifest.with_checksums(self.card))

    def unasked(self) -> "Release":
        """As it was judged before heads were held against shortcuts."""
        gate = self.manifest.gate
        assert gate is not None
        told = gate.model_dump(exclude={"beats_shortcuts", "shortcuts"})
        manifest = self.manifest.model_copy(update={"gate": ManifestGate.model_validate(told)})
        return replace(self, manifest=manifest.with_checksums(self.card))

    def called(self, head_id: str, *settings: str, fingerprint: str = "table:made") -> "Release":
        """The same head under another id, from a run with these settings and fingerprint."""
        manifest = self.manifest.model_copy(
            update={
                "id": head_id,
                "onnx": f"{head_id}.onnx",
                "data": self.manifest.data.model_copy(update={"settings": settings}),
                "extractor_fingerprint": fingerprint,
            }
        )
        return replace(self, manifest=manifest.with_checksums(self.card))

    def put(self, folder: Path, card: str | None = None, minute: int = 0) -> Promotion:
        """Offer it to a release folder, with this card, as trained at this minute."""
        card = self.card if card is None else card
        created = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)
        return promote(self.manifest.with_checksums(card), self.onnx, card, folder, created)


@pytest.fixture(scope="session")
def ffmpeg() -> Ffmpeg:
    """The program that the platform itself would use."""
    return find_ffmpeg(None)


@pytest.fixture(scope="session")
def small_demo(ffmpeg: Ffmpeg, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root with a demo of two scenes, one of them with cuts."""
    root = tmp_path_factory.mktemp("demo-root")
    render_demo(root, ffmpeg, scenes=SCENES[3:5], workers=2, progress=lambda _: None)
    return root


@pytest.fixture(scope="session")
def rated() -> TrainingTable:
    """200 rows of three features, two of which say something of the rating."""
    rng = np.random.default_rng(7)
    features = rng.normal(size=(200, 3)) * [1.0, 10.0, 0.1] + [0.0, 5.0, 1.0]
    mos = 3.0 + 0.5 * features[:, 0] - 0.04 * features[:, 1] + rng.normal(scale=0.2, size=200)
    unknown = np.full(200, np.nan)
    return TrainingTable(
        clip_ids=tuple(f"made/{index:04d}" for index in range(200)),
        feature_order=("adm2", "motion2", "saliency_mean"),
        features=features,
        mos=np.clip(mos, 1.0, 5.0),
        folds=np.arange(200) % 5,
        groups=tuple(f"made/{index:04d}" for index in range(200)),
        mos_std=unknown,
        n_ratings=unknown,
        height=unknown,
        codec=(None,) * 200,
        part=(None,) * 200,
    )


@pytest.fixture(scope="session")
def release(rated: TrainingTable, tmp_path_factory: pytest.TempPathFactory) -> Release:
    """A real head, trained briefly and judged, on labels that count as simulated."""
    result = train(
        rated,
        Recipe(params={"members": 1, "epochs": 2, "inducing_points": 16}),
        [1, 2],
        progress=lambda _: None,
    )
    path = tmp_path_factory.mktemp("head") / "head.onnx"
    exported = export_onnx(result.head, path)
    oof = OutOfFold(result.out_of_fold.seeds, result.out_of_fold.predictions)
    report = build_report(
        rated,
        oof,
        head_id=HEAD_ID,
        candidate_id="0123456789ab",
        corpora=["made"],
        label_origin=LabelOrigin.SIMULATED,
        full_size=False,
    )
    manifest = judged(
        Manifest(
            id=HEAD_ID,
            onnx=f"{HEAD_ID}.onnx",
            sha256=exported.sha256,
            opset=exported.opset,
            operators=exported.operators,
            feature_order=rated.feature_order,
            feature_mean=tuple(map(float, result.head.feature_mean)),
            feature_std=tuple(map(float, result.head.feature_std)),
            n_parameters=exported.n_parameters,
            extractor_fingerprint="table:made",
            training_recipe={"members": 1},
            data=DataUsed(
                corpora=(
                    CorpusUsed(
                        name="made",
                        version="1",
                        licence="none",
                        label_origin=LabelOrigin.SIMULATED,
                        rows=200,
                    ),
                ),
                rows=200,
                features="made",
                settings=("MOS_CORPUS=made",),
                training_table_sha256=training_table_sha256(rated),
                fold_assignment_sha256="0" * 64,
            ),
            versions=versions(),
        ),
        report.verdict,
        report.prediction_interval,
    )
    card = render_card(manifest, report)
    return Release(manifest.with_checksums(card), path.read_bytes(), card, report)


@pytest.fixture
def model_folder(release: Release, tmp_path: Path) -> Path:
    """A release folder with that head in it."""
    folder = tmp_path / "model"
    release.put(folder)
    return folder


@contextmanager
def backup(store: Path, seconds: float = 60) -> Iterator[None]:
    """The command of docs/operations.md, which holds the store without a word, at work."""
    process = subprocess.Popen(
        [
            *("flock", "--exclusive", "--nonblock", str(store / LOCK_FILE)),
            *("sh", "-c", f"echo has it; exec sleep {seconds}"),
        ],
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"has it\n"
    try:
        yield
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
