from __future__ import annotations

from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mos_assets.corpora.names import join_key, match_names, safe_name, stem
from mos_assets.records import Clip, LabelOrigin
from mos_assets.tables.cells import CellError


def clip(name: str, corpus: str = "c") -> Clip:
    return Clip(
        clip_id=f"{corpus}/{stem(name)}",
        corpus=corpus,
        corpus_version="1",
        part=None,
        clip_name=name,
        path=None,
        sha256=None,
        size_bytes=None,
        mtime_ns=None,
        probe=None,
        mos=3.0,
        mos_std=None,
        n_ratings=None,
        label_origin=LabelOrigin.HUMAN,
        content_group="g",
        reference_path=None,
        reference_sha256=None,
    )


@given(st.text(max_size=30))
def test_a_name_is_refused_or_stays_inside(text: str) -> None:
    try:
        name = safe_name(text)
    except CellError:
        return
    path = PurePosixPath(name)
    assert not path.is_absolute()
    assert ".." not in path.parts
    assert not set(name) & {"\x00", "\n", "\r", "\\"}
    assert name.startswith(text)


@pytest.mark.parametrize(
    "name",
    [
        *("", "..", "../a.mp4", "a/../../b.mp4", "/etc/passwd", "a//b", "./a", "a\x00b"),
        *("a\nb", "..\\a.mp4", "C:/a.mp4", "~/a.mp4", "x" * 300),
    ],
)
def test_unsafe_names(name: str) -> None:
    with pytest.raises(CellError):
        safe_name(name)


def test_a_bare_stem_means_mp4_and_dots_are_no_suffix() -> None:
    assert safe_name("0001") == "0001.mp4"
    assert safe_name("clip_59.94fps") == "clip_59.94fps.mp4"
    assert safe_name("sub/a.MKV") == "sub/a.MKV"


def test_konvid_crops_are_their_ids() -> None:
    for kind in ("original", "cut"):
        assert join_key(f"8536919744_{kind}_centercrop_960x540_8s.mp4") == "8536919744"
    assert join_key("8536919744_other.mp4") == "8536919744_other"


def test_rows_meet_clips_by_id_name_stem_and_crop() -> None:
    clips = [clip("a.mp4"), clip("b.mp4"), clip("17.mp4"), clip("d.mp4"), clip("e.mp4")]
    rows = ["c/b", "17_cut_centercrop_960x540_8s.mp4", "a", "stranger", "d", "d.mp4"]
    match = match_names(rows, clips)
    assert match.row_of_clip == (2, 0, 1, None, None)
    assert match.unmatched_rows == ("stranger",)
    assert match.repeated == ("d",)
