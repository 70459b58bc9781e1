"""A block more from a new extractor: one class, and it is everywhere that people look."""

from collections.abc import Callable, Iterator
from pathlib import Path

import dagster as dg
import pytest

from mos_assets.features import BLOCKS, Column, Columns, Decoded, Output, PictureExtractor, Tap
from mos_assets.features.libraries import OPENCV
from mos_assets.features.outputs import GREY_VIDEO, grey_pictures
from mos_assets.release.manifest import Manifest
from mos_assets.release.naming import ReleaseFiles
from mos_assets_tests.assets.conftest import Ran, make_world, ran, write_labels

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
            chain = f"[bright]select=not(mod(n\\,{step})),format=gray[lumas]"
            return Tap("bright", (chain,), (Output("lumas", (*GREY_VIDEO, "lumas.y4m")),))

        def read(self, decoded: Decoded) -> Columns:
            found = [float(p.mean()) for p in grey_pictures(decoded.folder / "lumas.y4m")]
            return Columns({LUMA.name: sum(found) / len(found)}, None)

    yield
    del BLOCKS["luma-v1"]


def test_one_class_is_everywhere(
    luma: None, tmp_path: Path, write_clips: Callable[[Path], None]
) -> None:
    """One run of the graph: store, UI, manifest and card."""
    write_clips(tmp_path / "corpora" / "bright" / "clips")
    write_labels(tmp_path / "corpora" / "bright")
    bright = ran(make_world(tmp_path, "bright", features="luma-v1+container-v1", epochs=1))
    _store(bright)
    _ui(bright)
    _head(bright)


def _store(bright: Ran) -> None:
    table = bright.world.database.fetch("SELECT part, fingerprint, luma FROM clip_measurements")
    assert set(table["part"].to_pylist()) == {"luma"}
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


def _head(bright: Ran) -> None:
    files = ReleaseFiles(
        bright.world.settings.paths.model_folder, "bright_mos_head_v1_luma-v1_container-v1"
    )
    manifest = Manifest.read(files.manifest)
    assert manifest.feature_order[0] == "luma"
    assert manifest.extractor_fingerprint.startswith("luma-v1=luma-1.")
    assert "| 0 | luma | one frame a second | mean grey level |" in files.card.read_text()
