"""What a head says of itself: the same in manifest and file, and enough for a stranger."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx.reference import ReferenceEvaluator

from mos_assets import Predictor
from mos_assets.head import onnx_predict
from mos_assets.io.hashing import hash_bytes
from mos_assets.predictor import Source
from mos_assets.records import TrainingTable
from mos_assets.release.interface import graph_interface
from mos_assets.release.loading import read_current
from mos_assets.release.manifest import CHECKSUM_KEY, checksum_of
from mos_assets.release.session import open_head
from mos_assets_tests.conftest import HEAD_ID, Release

PROJECT = Path(__file__).parents[2]
SHIPPED = PROJECT / "model"


def with_metadata(content: bytes, metadata: dict[str, str]) -> bytes:
    model = onnx.load_from_string(content)
    for key, value in sorted(metadata.items()):
        model.metadata_props.add(key=key, value=value)
    return bytes(model.SerializeToString(deterministic=True))


def speaking(release: Release, spoil: Callable[[dict[str, str]], object] = len) -> Release:
    """The head with an interface in its manifest, and metadata that were spoilt."""
    manifest = release.manifest.model_copy(
        update={"interface": graph_interface(("1", "levels", "1"), 1, None)}
    )
    metadata = manifest.graph_metadata()
    spoil(metadata)
    content = with_metadata(release.onnx, metadata)
    manifest = manifest.model_copy(update={"sha256": hash_bytes(content)})
    return replace(release, manifest=manifest, onnx=content)


def test_a_head_that_speaks_is_used(release: Release, tmp_path: Path) -> None:
    speaking(release, lambda said: said.update(licence="none")).put(tmp_path)
    predictor = Predictor(tmp_path)
    assert predictor.fallback_reason is None
    assert predictor.manifest is not None
    assert predictor.manifest.interface is not None
    assert predictor.manifest.interface.feature_units == ("1", "levels", "1")


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda said: said.pop("feature_units"), "its metadata lack 'feature_units'"),
        (lambda said: said.clear(), "its metadata lack 'encoder_vocab'"),
        (lambda said: said.update(scaling='"z"'), 'metadata say that scaling is "z", and the man'),
        (lambda said: said.update(mos_range="[0, 100]"), r"mos_range is \[0, 100\], and the"),
    ],
)
def test_a_file_that_says_other_than_its_manifest_is_refused(
    release: Release, tmp_path: Path, spoil: Callable[[dict[str, str]], object], why: str
) -> None:
    spoilt = speaking(release, spoil)
    (tmp_path / f"{HEAD_ID}.onnx").write_bytes(spoilt.onnx)
    (tmp_path / f"{HEAD_ID}_card.md").write_text(spoilt.card)
    manifest = spoilt.manifest.with_checksums(spoilt.card)
    (tmp_path / f"{HEAD_ID}.json").write_text(manifest.to_json())
    said = Predictor(tmp_path).fallback_reason
    assert said is not None
    assert re.search(why, said), said


def test_a_head_of_before_is_used_as_before(
    release: Release, rated: TrainingTable, tmp_path: Path
) -> None:
    """Without metadata, without the key in its manifest, and without the way that NaN takes."""
    model = onnx.load_from_string(release.onnx)
    last = [node for node in model.graph.node if node.op_type == "Add"][-1]
    assert last.input[1] == "floor"
    last.input[1] = "number_1.0"
    ways = {"floor", "strange"}
    for _ in range(2):
        ways |= {i for node in model.graph.node if node.name in ways for i in node.input
                 if i.startswith(("mul", "concat"))}  # fmt: skip
    kept = [node for node in model.graph.node if node.name not in ways]
    assert len(model.graph.node) - len(kept) == 4
    del model.graph.node[:]
    model.graph.node.extend(kept)
    content = model.SerializeToString(deterministic=True)
    manifest = release.manifest.model_copy(update={"sha256": hash_bytes(content)})
    replace(release, manifest=manifest, onnx=content).put(tmp_path)
    path = tmp_path / f"{HEAD_ID}.json"
    old = json.loads(path.read_text())
    assert old.pop("interface") is None
    old[CHECKSUM_KEY] = checksum_of(old)
    path.write_text(json.dumps(old, indent=2, sort_keys=True) + "\n")
    predictor = Predictor(tmp_path)
    assert predictor.fallback_reason is None
    clip = dict(zip(rated.feature_order, map(float, rated.features[0]), strict=True))
    answer = predictor.predict_mos(clip, "libx264")
    assert answer.source is Source.HEAD
    assert answer.mos == onnx_predict(release.onnx, rated.features[:1])[0]
    assert np.array_equal(
        predictor.predict_many(rated.features).mos, onnx_predict(release.onnx, rated.features)
    )


def test_the_shipped_head_says_how_it_is_fed() -> None:
    release = read_current(SHIPPED, HEAD_ID)
    found = onnx.load_from_string(release.onnx).metadata_props
    assert {entry.key: entry.value for entry in found} == release.manifest.graph_metadata()
    assert [entry.key for entry in found] == sorted(entry.key for entry in found)
    interface = release.manifest.interface
    assert interface is not None
    assert interface.scaling == "raw units: the graph standardises"
    assert len(interface.feature_units) == len(release.manifest.feature_order)


def test_the_example_for_strangers_gives_the_score_of_the_predictor() -> None:
    """docs/runtimes.md, run where this package cannot be imported."""
    (code,) = re.findall("```python\n(.*?)```", (PROJECT / "docs/runtimes.md").read_text(), re.S)
    run = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.modules['mos_assets'] = None\n{code}"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    )
    clip = eval(re.findall("clip = ({.*?})", code, re.S)[0])  # noqa: S307  # our own docs
    expected = Predictor(SHIPPED).predict_mos(clip, "libx264").mos
    assert run.stdout == f"{np.array([expected], np.float32)}\n"


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_the_shipped_head_makes_no_score_of_what_is_no_number(value: float) -> None:
    """In onnxruntime and in the reference; for others see bench/runtimes.py."""
    release = read_current(SHIPPED, HEAD_ID)
    width = len(release.manifest.feature_order)
    rows = np.tile(np.float32(release.manifest.feature_mean), (width + 2, 1))
    rows[np.arange(width), np.arange(width)] = value
    onehot = np.ones((width + 2, 1), np.float32)
    onehot[width] = value
    fed = {"features": rows, "encoder_onehot": onehot}
    session = open_head(SHIPPED, HEAD_ID).session
    reference = ReferenceEvaluator(onnx.load_from_string(release.onnx))
    with np.errstate(invalid="ignore"):
        for (mos,) in (session.run(["mos"], fed), reference.run(["mos"], fed)):
            assert np.isnan(mos[:-1]).all()
            assert 1 <= mos[-1] <= 5
