"""Block names, their columns, and the ids that heads get from them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mos_assets.errors import SettingsError
from mos_assets.features import (
    BLOCKS,
    expand_columns,
    feature_blocks_id,
    parse_blocks,
    required_parts,
)

names = st.sampled_from([*BLOCKS, "videval", "my.table_2"])


def test_konvid_v1_is_the_eleven_columns_in_the_published_order() -> None:
    assert expand_columns(parse_blocks("konvid-v1"), {}) == (
        *("adm2", "vif_scale0", "vif_scale1", "vif_scale2", "vif_scale3", "motion2"),
        *("saliency_mean", "saliency_var"),
        *("shot_count_norm", "shot_mean_len_norm", "shot_cut_density"),
    )


def test_konvid_v1_expands_in_place() -> None:
    assert parse_blocks("konvid-v1+videval") == ("canonical-6", "saliency", "shots", "videval")
    assert parse_blocks(" videval + shots ") == ("videval", "shots")


@pytest.mark.parametrize(
    ("text", "suffix"),
    [
        ("konvid-v1", ""),
        ("canonical-6+saliency+shots", ""),
        ("canonical-6+container-v1", "_canonical-6_container-v1"),
        ("videval", "_videval"),
        ("konvid-v1+videval", "_konvid-v1_videval"),
        ("konvid-v1+nr-v1", "_konvid-v1_nr-v1"),
    ],
)
def test_id_suffix(text: str, suffix: str) -> None:
    assert feature_blocks_id(text) == suffix


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "empty"),
        ("shots+", "empty"),
        ("shots++saliency", "empty"),
        ("shots+shots", "shots twice"),
        ("konvid-v1+saliency", "saliency twice"),
        ("konvid-v1+konvid-v1", "twice"),
        ("../secrets", "not a block name"),
        ("a/b", "not a block name"),
        (".hidden", "not a block name"),
    ],
)
def test_a_bad_value_is_refused_and_named(text: str, named: str) -> None:
    with pytest.raises(SettingsError, match=named):
        parse_blocks(text)


@given(st.lists(names, min_size=1, unique=True))
def test_distinct_blocks_come_back_in_order_and_have_distinct_ids(blocks: list[str]) -> None:
    assert parse_blocks("+".join(blocks)) == tuple(blocks)
    turned = blocks[::-1]
    if turned != blocks:
        assert feature_blocks_id("+".join(blocks)) != feature_blocks_id("+".join(turned))


@given(st.text(alphabet="abk-v1.+/ \x00é", max_size=30))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    """Whatever comes out can be a file name in the features folder and never leaves it."""
    try:
        blocks = parse_blocks(text)
    except SettingsError:
        return
    assert blocks
    assert len(set(blocks)) == len(blocks)
    assert not any("/" in name or "\x00" in name or name.startswith(".") for name in blocks)


def test_parts_follow_from_the_blocks() -> None:
    konvid = {"libvmaf", "saliency", "shots"}
    assert required_parts(parse_blocks("konvid-v1+nr-v1+videval")) == {*konvid, "nr"}
    assert required_parts(parse_blocks("konvid-v1")) == konvid
    assert required_parts(("canonical-6", "container-v1")) == {"libvmaf"}
    assert required_parts(("videval", "container-v1")) == frozenset()


def test_external_tables_bring_their_own_columns() -> None:
    columns = expand_columns(("videval", "container-v1"), {"videval": ("f1", "f2")})
    assert columns == ("f1", "f2", "log10_bits_per_pixel", "height", "fps")
    with pytest.raises(SettingsError, match="'videval'"):
        expand_columns(("videval",), {})
    with pytest.raises(SettingsError, match="height twice"):
        expand_columns(("videval", "container-v1"), {"videval": ("height",)})
