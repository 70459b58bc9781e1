"""Metrics of others: named in corpus.toml, or known by their names."""

from pathlib import Path

import numpy as np
import pytest

from mos_assets.corpora import foreign_metrics
from mos_assets.corpora.corpus_toml import read_toml
from mos_assets.errors import CorpusError
from mos_assets.records import JoinedTable
from mos_assets_tests.corpora.making import MINIMAL_TOML, write_tree

TABLES = (
    JoinedTable("full.ref", ("VMAF", "psnr", "b"), np.arange(6.0).reshape(2, 3), ()),
    JoinedTable("own", ("ssim", "sharp"), np.arange(4.0).reshape(2, 2), ()),
)


def _corpus(root: Path, more: str = "", name: str = "mine") -> Path:
    write_tree(root / name, {"corpus.toml": MINIMAL_TOML + more, "labels.csv": "clip,mos\na,1\n"})
    return root


@pytest.mark.parametrize(
    ("more", "inputs", "found"),
    [
        ("", (), {"VMAF": 0, "psnr": 1, "ssim": 0}),
        ("", ("vmaf", "SSIM"), {"psnr": 1}),
        ('[metrics]\nvmaf = "full.ref.VMAF"\n', (), {"vmaf": 0, "psnr": 1, "ssim": 0}),
        ('[metrics]\nsharpness = "own.sharp"\n', ("psnr", "vmaf"), {"sharpness": 1, "ssim": 0}),
    ],
)
def test_metrics_are_named_or_known(
    tmp_path: Path, more: str, inputs: tuple[str, ...], found: dict[str, float]
) -> None:
    """What the head takes itself is no metric of others, unless somebody says so."""
    metrics = foreign_metrics("mine", _corpus(tmp_path, more), TABLES, inputs)
    assert {name: values[0] for name, values in metrics.items()} == found


@pytest.mark.parametrize("place", ["own.vmaf", "none.ssim", "full.ref"])
def test_a_metric_that_is_not_there_is_an_error(tmp_path: Path, place: str) -> None:
    root = _corpus(tmp_path, f'[metrics]\nx = "{place}"\n')
    with pytest.raises(CorpusError, match=r"metrics\.x: .*there: full\.ref\.VMAF"):
        foreign_metrics("mine", root, TABLES, ())


@pytest.mark.parametrize(
    "more", ['[metrics]\nx = "vmaf"\n', "[metrics]\nx = 3\n", '[metrics]\nx = ".b"\n']
)
def test_a_metric_is_a_table_and_a_column(tmp_path: Path, more: str) -> None:
    with pytest.raises(CorpusError, match=r"corpus\.toml: metrics\.x"):
        read_toml(_corpus(tmp_path, more) / "mine")


def test_a_namespace_is_read(tmp_path: Path) -> None:
    text = MINIMAL_TOML.replace("version", 'namespace = "films"\nversion', 1)
    write_tree(tmp_path / "mine", {"corpus.toml": text})
    assert read_toml(tmp_path / "mine").namespace == "films"
