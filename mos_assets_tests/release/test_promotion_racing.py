"""Processes that release or read at the same time."""

import hashlib
import subprocess
import sys
import time
from pathlib import Path

import onnx
import pytest

from mos_assets.head import onnx_predict
from mos_assets.predictor import Predictor
from mos_assets.records import TrainingTable
from mos_assets.release.loading import read_release
from mos_assets.release.naming import ReleaseFiles
from mos_assets.release.status import released_heads
from mos_assets_tests.conftest import HEAD_ID, Release

OFFERING = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from mos_assets.release.manifest import Manifest
from mos_assets.release.promotion import promote

folder, source = Path(sys.argv[1]), Path(sys.argv[2])
minutes = [int(minute) for minute in sys.argv[3:]]
manifest, onnx = Manifest.read(source / "new.json"), (source / "new.onnx").read_bytes()
print("ready", flush=True)
sys.stdin.readline()
for minute in minutes:
    card = f"minute {minute}"
    when = datetime(2026, 1, 1, 0, minute, tzinfo=UTC)
    promote(manifest.with_checksums(card), onnx, card, folder, when)
"""


def test_two_processes_that_release_at_once_leave_the_newest_whole(
    release: Release, tmp_path: Path
) -> None:
    (tmp_path / "new.json").write_text(release.manifest.to_json())
    (tmp_path / "new.onnx").write_bytes(release.onnx)
    folder = tmp_path / "model"
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", OFFERING, str(folder), str(tmp_path), *map(str, minutes)],
            cwd=Path(__file__).parents[2],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for minutes in (range(0, 40, 2), range(39, 0, -2))
    ]
    for run in runs:
        assert run.stdout is not None
        assert run.stdout.readline() == "ready\n"
    for run in runs:
        assert run.stdin is not None
        run.stdin.write("go\n")
        run.stdin.flush()
    for run in runs:
        run.communicate()
        assert run.returncode == 0
    read_release(ReleaseFiles(folder, HEAD_ID))
    assert ReleaseFiles(folder, HEAD_ID).card.read_text() == "minute 39"


RELEASING = """
import sys
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from mos_assets.release.manifest import Manifest
from mos_assets.release.promotion import promote

folder, source = Path(sys.argv[1]), Path(sys.argv[2])
heads = [
    (Manifest.read(source / f"{name}.json"), (source / f"{name}.onnx").read_bytes())
    for name in ("one", "two")
]
for turn in count(1):
    manifest, onnx = heads[turn % 2]
    when = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=turn)
    promote(manifest.with_checksums(f"turn {turn}"), onnx, f"turn {turn}", folder, when)
    if turn == 1:
        print("ready", flush=True)
"""


def reweighted(content: bytes) -> bytes:
    """The head with every weight one percent larger."""
    model = onnx.load_from_string(content)
    for tensor in model.graph.initializer:
        values = onnx.numpy_helper.to_array(tensor)
        if values.dtype.kind == "f":
            scaled = onnx.numpy_helper.from_array((values * 1.01).astype(values.dtype), tensor.name)
            tensor.CopyFrom(scaled)
    return model.SerializeToString()


def test_whoever_reads_while_others_release_gets_one_head_whole(
    release: Release, rated: TrainingTable, tmp_path: Path
) -> None:
    """Two heads that answer differently take each other's place as fast as they can."""
    heads = [release.onnx, reweighted(release.onnx)]
    answers = {}
    row = rated.features[:1]
    for name, content in zip(("one", "two"), heads, strict=True):
        sha256 = hashlib.sha256(content).hexdigest()
        manifest = release.manifest.model_copy(update={"sha256": sha256})
        (tmp_path / f"{name}.json").write_text(manifest.to_json())
        (tmp_path / f"{name}.onnx").write_bytes(content)
        answers[sha256] = float(onnx_predict(content, row)[0])
    assert len(set(answers.values())) == 2
    named = dict(zip(rated.feature_order, map(float, row[0]), strict=True))
    folder = tmp_path / "model"
    with subprocess.Popen(
        [sys.executable, "-c", RELEASING, str(folder), str(tmp_path)],
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        text=True,
    ) as run:
        try:
            assert run.stdout is not None
            assert run.stdout.readline() == "ready\n"
            seen = set()
            ends = time.monotonic() + 3
            while time.monotonic() < ends:
                assert [head.state for head in released_heads(folder)] == ["Proposed"]
                predictor = Predictor(folder)
                assert predictor.fallback_reason is None
                assert predictor.manifest is not None
                seen.add(predictor.manifest.sha256)
                mos = predictor.predict_mos(named, "libx264").mos
                assert mos == pytest.approx(answers[predictor.manifest.sha256], abs=1e-6)
        finally:
            run.kill()
    assert seen == set(answers)
