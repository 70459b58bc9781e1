"""What may be declared of a feature table, and every mistake in it: one message with the remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from mos_assets.corpora import declarations, load_feature_tables
from mos_assets.errors import CorpusError
from mos_assets.features import declared_columns
from mos_assets.pipeline.declared import require_declarations
from mos_assets_tests.corpora.making import write_tree

HEADER = "clip_name,adm2,vif,note,ssim\na,.5,.25,x,1\n"
LIBVMAF = 'extractor = "libvmaf"\nreference = "source"\nversion = "2.3"\n'
CONTAINER = 'extractor = "container"\nversion = "1"\n'


def test_columns_get_the_names_of_the_extractor(tmp_path: Path) -> None:
    toml = f'{LIBVMAF}scaling = "bicubic"\n[columns]\nvif_scale0 = "vif"\nadm2 = "adm2_mean"\n'
    header = HEADER.replace("adm2", "adm2_mean")
    write_tree(tmp_path, {"c/features/t.csv": header, "c/features/t.toml": toml})
    (table,) = load_feature_tables("c", tmp_path)
    assert table.columns == ("adm2", "vif_scale0", "ssim")
    told = table.declaration
    assert told is not None
    assert told.words == "libvmaf under source scaled bicubic, 2.3"
    assert declared_columns(table, told) == ("adm2", "vif_scale0")


@pytest.mark.parametrize(
    ("toml", "message"),
    [
        (LIBVMAF.replace("libvmaf", "vmaf"), "extractor: 'vmaf' is none of .*container.*libvmaf"),
        (LIBVMAF.replace("source", "pristine"), "reference: Input should be 'loopback'"),
        (LIBVMAF.replace('reference = "source"\n', ""), "reference: libvmaf compares.*source"),
        (CONTAINER + 'reference = "self"\n', "reference: container compares clips with nothing"),
        (CONTAINER + 'scaling = "bicubic"\n', "scaling: container compares clips with nothing"),
        (CONTAINER, "the table has no column of container .*its own are adm2, vif, ssim"),
        (LIBVMAF.replace('version = "2.3"\n', ""), "version: Field required"),
        (LIBVMAF.replace("2.3", "2 + 3"), "version: String should match"),
        (LIBVMAF + 'scaling = "better"\n', "scaling: Input should be 'none'"),
        (LIBVMAF + "by = 1\n", "by: unknown key"),
        (LIBVMAF + '[columns]\nvif_scale0 = "wif"\n', "vif_scale0: 'wif' is not in the table"),
        (LIBVMAF + '[columns]\nvif_scale0 = "note"\n', "vif_scale0: 'note' holds no numbers"),
        (LIBVMAF + '[columns]\nadm2 = "vif"\n', "the table would have 'adm2' twice"),
        (LIBVMAF + '[columns]\nsharp = "vif"\n', "'sharp' is no column of libvmaf, whose columns"),
        ("extractor = libvmaf\n", "cannot be read as TOML"),
        ("", "extractor: Field required"),
    ],
)
def test_a_mistake_is_one_message_with_the_file(tmp_path: Path, toml: str, message: str) -> None:
    write_tree(tmp_path, {"c/features/t.csv": HEADER, "c/features/t.toml": toml})
    with pytest.raises(CorpusError, match=rf"c/features/t\.toml.*{message}"):
        require_declarations("c", tmp_path)


def test_a_declaration_stands_beside_its_table(tmp_path: Path) -> None:
    write_tree(tmp_path, {"c/features/t.csv": HEADER, "c/features/other.toml": LIBVMAF})
    with pytest.raises(CorpusError, match=r"other\.toml declares a table that is not there.*t\)"):
        declarations("c", tmp_path)
