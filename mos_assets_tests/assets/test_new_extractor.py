"""A block more, from a new extractor or a network: it is everywhere that people look."""

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import dagster as dg
import pytest

from mos_assets import Predictor
from mos_assets.errors import FeatureError
from mos_assets.features import BLOCKS, Column, Columns, Decoded, Output, PictureExtractor, Tap
from mos_assets.features.libraries import OPENCV
from mos_assets.features.networks import forget_network
from mos_assets.features.outputs import GREY_VIDEO, grey_pictures
from mos_assets.release.manifest import Manifest
from mos_assets.release.naming import ReleaseFiles
from mos_assets_tests.assets.conftest import Ran, make_world, ran, write_labels
from mos_assets_tests.networks.making import Write

LUMA = Column("luma", "levels", (0.0, 255.0), "mean grey level", "one frame a second")


@pytest.fixture
def luma() -> Iterator[None]:
    """The block `luma-v1`, while these tests last."""

    class Luma(PictureExtractor):
        name = "luma"
        version = 1
        block = "luma-v1"
        columns = (LUMA,)
        libraries = (OPENCV,)
        settings = ("mean-1fps",)
        compares = ()

        def tap(self, step: int) -> Tap:
            chain = f"[meaned]select=not(mod(n\\,{step})),format=gray[lumas]"
            return Tap("meaned", (chain,), (Output("lumas", (*GREY_VIDEO, "lumas.y4m")),))

        def read(self, decoded: Decoded) -> Columns:
            found = [float(p.mean()) for p in grey_pictures(decoded.folder / "lumas.y4m")]
            return Columns({LUMA.name: sum(found) / len(found)}, None)

    yield
    del BLOCKS["luma-v1"]
    forget_network("tiny-1")


def test_one_class_is_everywhere(
    luma: None, means: Write, tmp_path: Path, write_clips: Callable[[Path], None]
) -> None:
    """One run of the graph: store, UI, manifest and card; then clips by the head."""
    write_clips(tmp_path / "corpora" / "bright" / "clips")
    write_labels(tmp_path / "corpora" / "bright")
    network = means("tiny-1", ("CC0-1.0", "CC-BY-4.0"))
    world = make_world(
        tmp_path,
        "bright",
        features="luma-v1+container-v1+tiny-1",
        networks=str(network.parent),
        epochs=1,
    )
    bright = ran(world)
    _store(bright)
    _ui(bright)
    _head(bright)
    _measured_again(bright, network)


def _store(bright: Ran) -> None:
    select = "SELECT part, fingerprint, luma, tiny_1_red FROM clip_measurements WHERE part = "
    table = bright.world.database.fetch(f"{select}'network_tiny_1'")
    (fingerprint,) = set(table["fingerprint"].to_pylist())
    assert ":onnxruntime-" in fingerprint
    assert ":onnx-" in fingerprint
    assert len(set(table["tiny_1_red"].to_pylist())) > 10
    assert table["luma"].null_count == len(table) == 15
    table = bright.world.database.fetch(f"{select}'luma'")
    (fingerprint,) = set(table["fingerprint"].to_pylist())
    assert fingerprint.startswith("luma-1.")
    assert ":opencv-" in fingerprint
    assert fingerprint.endswith(":mean-1fps")
    levels = table["luma"].to_pylist()
    assert len(levels) == 15
    assert len(set(levels)) > 10
    assert all(0 <= level <= 255 for level in levels)


def _ui(bright: Ran) -> None:
    for asset in ("clip_measurements", "extracted_features"):
        schema = bright.metadata(asset)["dagster/column_schema"]
        assert isinstance(schema, dg.TableSchemaMetadataValue)
        (column,) = [column for column in schema.schema.columns if column.name == "luma"]
        assert column.description == "mean grey level (levels, 0..255); one frame a second"
        (column,) = [column for column in schema.schema.columns if column.name == "tiny_1_blue"]
        assert column.description == (
            "output of a network, number 2 (no unit); network tiny-1, mean over what it is fed of "
            "a clip"
        )


def _head(bright: Ran) -> None:
    files = ReleaseFiles(
        bright.world.settings.paths.model_folder, "bright_mos_head_v1_luma-v1_container-v1_tiny-1"
    )
    manifest = Manifest.read(files.manifest)
    assert manifest.feature_order[0] == "luma"
    assert manifest.extractor_fingerprint.startswith("luma-v1=luma-1.")
    card = files.card.read_text()
    assert "| 0 | luma | one frame a second | mean grey level |" in card
    (used,) = manifest.networks
    assert f"| tiny-1 | CC-BY-4.0 | the tests | {used.sha256} |" in card


def _measured_again(bright: Ran, network: Path) -> None:
    """The head scores where the same network is, and says what is missing where it is not."""
    folder = bright.world.settings.paths.model_folder
    predictor = Predictor(folder, "bright_mos_head_v1_luma-v1_container-v1_tiny-1")
    clip = bright.world.folder("bright") / "clips" / "scene0_crf18.mp4"
    answer = predictor.predict_clip(clip)
    assert answer.comparable
    onnx, toml = network / "tiny-1.onnx", network / "network.toml"
    said = toml.read_text()
    toml.write_text(said.replace('licence = "CC-BY-4.0"', 'licence = "MIT"'))
    assert predictor.predict_clip(clip) == answer
    for change, told in (
        (lambda: toml.write_text(said.replace("count = 4", "count = 5")), "another network.toml"),
        (lambda: onnx.write_bytes(onnx.read_bytes() + b"\x32\x00"), "another ONNX file"),
        (toml.unlink, "cannot be used"),
        (lambda: shutil.rmtree(network), f"there is no folder {network}; put"),
    ):
        change()
        with pytest.raises(FeatureError, match=re.escape(told)):
            predictor.predict_clip(clip)
