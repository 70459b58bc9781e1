"""Every label row ends as a clip or as a rejected row, whatever is wrong with it."""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from mos_assets.records import Corpus
from mos_assets_tests.corpora.making import MINIMAL_TOML, load, write_tree

NAMES = st.sampled_from(["a", "a.mp4", "b", "b.mkv", "../c", "", "d", "e", "f"])
SCORES = st.sampled_from(["1", "3", "3.0", "5", "5.1", "nan", "", "inf", "x", "2"])
ROWS = st.lists(st.one_of(st.tuples(NAMES, SCORES).map(",".join), st.just('"torn'), st.just("")))


def assert_it_adds_up(corpus: Corpus) -> None:
    rejected = Counter(row.source for row in corpus.rejected if row.line is not None)
    for account in corpus.accounts:
        assert account.rows == account.used + rejected[account.source], account
    places = Counter((row.source, row.line) for row in corpus.rejected if row.line is not None)
    assert not [place for place, times in places.items() if times > 1]


@settings(max_examples=60, deadline=None)
@given(first=ROWS, second=ROWS, repeated=st.sampled_from(["mean", "reject"]))
def test_rows_of_any_files_add_up(first: list[str], second: list[str], repeated: str) -> None:
    toml = MINIMAL_TOML.replace('"labels.csv"', '"*.csv"').replace('clips = "clips"\n', "")
    toml = f'repeated = "{repeated}"\n{toml}'
    with tempfile.TemporaryDirectory() as folder:
        one, two = ("\n".join(["clip,mos", *rows]) for rows in (first, second))
        tree = {"corpus.toml": toml, "one.csv": one, "two.csv": f"{two}\nlast,3\n"}
        corpus = load(write_tree(Path(folder) / "mine", tree).parent)
    assert_it_adds_up(corpus)
    assert sum(account.rows for account in corpus.accounts) == sum(
        bool(row.strip()) for row in (*first, *second, "last,3")
    )


def test_the_two_files_of_konvid_1k_and_clips_of_the_same_bytes_add_up(tmp_path: Path) -> None:
    """A label stands for a row in each file; where its clip is a copy, both are rejected."""
    attributes = "flickr_id,file_name,MOS\n1,1.mp4,3.00001\n2,2.mp4,3\n3,3.mp4,9\n"
    mos = '"flickr_id","mos"\n"1","3"\n"2","3"\n"3","2"\n'
    folder = tmp_path / "konvid-1k"
    write_tree(
        folder,
        {
            "KoNViD_1k_metadata/KoNViD_1k_attributes.csv": attributes,
            "KoNViD_1k_metadata/KoNViD_1k_mos.csv": mos,
            "KoNViD_1k_videos/.keep": "",
        },
    )
    corpus = load(tmp_path, "konvid-1k")
    assert_it_adds_up(corpus)
    assert [account.used for account in corpus.accounts] == [2, 3]


def test_parts_of_konvid_150k_add_up(tmp_path: Path) -> None:
    write_tree(
        tmp_path / "konvid-150k",
        {
            "k150ka_scores.csv": "video_name,video_score\nx.mp4,3\ny.mp4,3\ny.mp4,3\n",
            "k150kb_scores.csv": "video_name,mos,video_score\nx.mp4,2,2\nz.mp4,7,3\n",
        },
    )
    corpus = load(tmp_path, "konvid-150k")
    assert_it_adds_up(corpus)
    assert [(account.rows, account.used) for account in corpus.accounts] == [(3, 1), (2, 1)]


def test_a_clip_of_another_suffix_is_found_where_it_is_the_only_one(tmp_path: Path) -> None:
    tree = {"mine/corpus.toml": MINIMAL_TOML, "mine/labels.csv": "clip,mos\na,3\nb,2\nc,4\n"}
    files = {"a.mkv": b"text", "b.mkv": b"x", "b.webm": b"y", "c.mp4": b"z", "c.mkv": b"w"}
    write_tree(tmp_path, {**tree, **{f"mine/clips/{k}": v for k, v in files.items()}})
    corpus = load(tmp_path)
    found = {row.clip_name: row.reason for row in corpus.rejected}
    assert found["a.mp4"].startswith("the clip cannot be used")
    assert [clip.clip_name for clip in corpus.clips] == ["b.mp4"]
    assert corpus.clips[0].path is None
    assert {name for name, why in found.items() if "no label" in why} == {
        "b.mkv",
        "b.webm",
        "c.mkv",
    }
    assert_it_adds_up(corpus)
