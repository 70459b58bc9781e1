"""A head that is not complete in itself is refused by whatever uses one."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

import dagster as dg
import numpy as np
import pytest

from mos_assets.assets.model_card import release_unaltered
from mos_assets.assets.platform import platform_from
from mos_assets.errors import ReleaseError
from mos_assets.head.operators import ALLOWED_OPERATORS
from mos_assets.predictor import Predictor, Source
from mos_assets.release.graph import LARGEST_GRAPH_BYTES
from mos_assets.release.manifest import Manifest
from mos_assets.release.naming import ReleaseFiles
from mos_assets.release.shapes import RELEASED_OPERATORS
from mos_assets.release.status import BROKEN, released_heads
from mos_assets.settings import PathSettings, RunSettings
from mos_assets_tests.conftest import HEAD_ID, Release
from mos_assets_tests.release.graphs import END, HOSTILE, F, S, model, node, numbers


def put(release: Release, folder: Path, content: bytes) -> ReleaseFiles:
    """A release whose manifest vouches for these bytes."""
    manifest = release.manifest.model_copy(update={"sha256": hashlib.sha256(content).hexdigest()})
    files = ReleaseFiles(folder, HEAD_ID)
    files.onnx.write_bytes(content)
    files.card.write_text(release.card)
    files.manifest.write_text(manifest.with_checksums(release.card).to_json())
    return files


def doors(folder: Path) -> list[str | None]:
    """Why each of the three that use a head refuses it; None where one does not."""
    (head,) = released_heads(folder)
    found = release_unaltered(
        platform=platform_from(RunSettings(corpus="synthetic"), PathSettings(model_dir=str(folder)))
    )
    assert isinstance(found, dg.AssetCheckResult)
    return [
        Predictor(folder).fallback_reason,
        head.detail if head.state == BROKEN else None,
        None if found.passed else str(found.metadata["why"].value),
    ]


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_graph_that_is_no_complete_head_is_refused_by_all_three_doors(
    release: Release, tmp_path: Path, kind: str
) -> None:
    make, why = HOSTILE[kind]
    made = make()
    content = made if isinstance(made, bytes) else made.SerializeToString()
    (tmp_path / "weights.bin").write_bytes(bytes(4 * F))
    files = put(release, tmp_path, content)
    said = doors(tmp_path)
    assert said[0] is not None
    assert said == [said[0]] * 3
    assert said[0].startswith(f"{files.onnx} is no head that can be used: ")
    assert re.search(why, said[0]), said[0]
    assert "\n" not in said[0]


def test_another_makers_head_is_taken(release: Release, tmp_path: Path) -> None:
    """A head with layers of others, as PyTorch writes them."""
    draw = np.random.default_rng(1)
    nodes = [
        node("LayerNormalization", "features ones zeros", "n", axis=-1),
        node("Concat", "n encoder_onehot", "both", axis=1),
        node("Gemm", "both a b", "h", transB=1),
        node("Relu", "h", "r"),
        node("Dropout", "r", "d"),
        node("Gemm", "d c e", "last", transB=1),
    ]
    weights = [
        numbers("ones", np.ones(F)),
        numbers("zeros", np.zeros(F)),
        numbers("a", draw.normal(size=(64, F + S))),
        numbers("b", draw.normal(size=64)),
        numbers("c", draw.normal(size=(1, 64))),
        numbers("e", [0.1]),
    ]
    put(release, tmp_path, model(nodes, weights).SerializeToString())
    assert doors(tmp_path) == [None] * 3
    features = dict(zip(release.manifest.feature_order, (0.1, 2.0, 1.0), strict=True))
    answer = Predictor(tmp_path).predict_mos(features, "libx264")
    assert answer.source is Source.HEAD
    assert 1 <= answer.mos <= 5


def test_an_answer_outside_the_scale_is_never_given(release: Release, tmp_path: Path) -> None:
    """A head that is right wherever it was tried, and wrong for one clip."""
    nodes = [
        node("MatMul", "features far", "f"),
        node("Sub", "f big", "over"),
        node("Relu", "over", "more"),
        node("MatMul", "features w", "last"),
    ]
    end = [*END[:2], node("Add", "scaled more", "sum"), node("Add", "sum one", "column"), END[3]]
    weights = [numbers("far", [[1.0], [-1.0], [0.0]]), numbers("big", 1e5)]
    put(release, tmp_path, model(nodes, weights, end).SerializeToString())
    predictor = Predictor(tmp_path)
    assert predictor.fallback_reason is None
    with pytest.raises(ReleaseError, match=f"{HEAD_ID} cannot be used: it answers .*, outside"):
        predictor.predict_mos({"adm2": 3e5, "motion2": 0, "saliency_mean": 0}, "libx264")


@pytest.mark.parametrize("name", ["onnx", "manifest", "card"])
def test_a_file_of_any_size_costs_nothing(model_folder: Path, name: str) -> None:
    """A terabyte that takes no room on the disk."""
    path = getattr(ReleaseFiles(model_folder, HEAD_ID), name)
    os.truncate(path, 1 << 40)
    said = doors(model_folder)
    assert said[0] is not None
    assert f"{path} has {1 << 40} bytes, more than" in said[0]
    assert said == [said[0]] * 3


@pytest.mark.parametrize(
    "text",
    [
        "[" * 200_000,
        '{"a":' * 100_000,
        '{"opset": ' + "9" * 1_000_000 + "}",
        '{"training_recipe": ' + "[" * 3000 + "]" * 3000 + "}",
    ],
    ids=["deep lists", "deep objects", "long number", "deep recipe"],
)
def test_a_manifest_of_strange_json_is_one_message(model_folder: Path, text: str) -> None:
    files = ReleaseFiles(model_folder, HEAD_ID)
    files.manifest.write_text(text)
    said = doors(model_folder)
    assert said[0] is not None
    assert "is not a manifest" in said[0]
    assert said == [said[0]] * 3


@pytest.mark.parametrize(
    ("said_of_it", "why"),
    [
        ({"feature_mean": (1.0,)}, "1 means"),
        ({"mos_range": (1.0, 100.0)}, "MOS run over"),
        ({"opset": 99}, "operator set is 99"),
        ({"feature_order": ("a",) * F}, "names the feature 'a' more than once"),
        ({"feature_order": tuple(f"f{at}" for at in range(200_000))}, "more than"),
    ],
)
def test_a_manifest_that_fits_no_head_is_refused(
    release: Release, tmp_path: Path, said_of_it: dict[str, object], why: str
) -> None:
    files = put(release, tmp_path, release.onnx)
    manifest = Manifest.read(files.manifest).model_copy(update=said_of_it)
    files.manifest.write_text(manifest.with_checksums(release.card).to_json())
    said = doors(tmp_path)
    assert said[0] is not None
    assert why in said[0]
    assert said == [said[0]] * 3


def test_what_a_release_may_hold_a_head_may() -> None:
    assert RELEASED_OPERATORS < ALLOWED_OPERATORS
    assert not {"Loop", "If", "Scan"} & RELEASED_OPERATORS
    assert LARGEST_GRAPH_BYTES == 64 << 20
