from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mos_assets.corpora.merging import one_label_a_clip
from mos_assets.errors import CorpusError
from mos_assets.records import Label, LabelOrigin
from mos_assets.records.label_columns import Labels
from mos_assets_tests.corpora.making import MINIMAL_TOML, load, write_tree

NO_CLIPS = MINIMAL_TOML.replace('clips = "clips"\n', "")


def own(root: Path, toml: str, labels: str) -> Path:
    return write_tree(root, {"mine/corpus.toml": toml, "mine/labels.csv": labels})


def test_native_scale_deviation_interval_and_group(tmp_path: Path) -> None:
    toml = NO_CLIPS.replace("[1.0, 5.0]", "[0, 100]") + 'ci95 = "ci"\nn = "N"\ngroup = "src"\n'
    own(tmp_path, toml, "Clip,MOS,ci,n,src\na,50,4.9,25,s\nb,100,4.9,,\nc,100.1,,,\n")
    a, b = load(tmp_path).clips
    assert (a.mos, a.n_ratings, a.content_group) == (3.0, 25, "mine/s")
    assert a.mos_std == pytest.approx(4.9 * 5 / 1.96 * 4 / 100)
    assert (b.mos, b.mos_std, b.content_group) == (5.0, None, "mine/b")


def test_the_value_that_is_refused_is_shown_as_it_was_written(tmp_path: Path) -> None:
    own(tmp_path, NO_CLIPS.replace("5.0]", "100]"), "clip,mos\na,50\nb,100.00010\nc,3.\n")
    first, second = load(tmp_path).rejected
    assert first.reason == "MOS is 100.00010, outside the declared range 1..100"
    assert second.reason == "MOS is '3.', which is a number that breaks off"


def test_a_summary_that_stands_twice_in_a_file_is_a_copy_and_a_rating_is_not(
    tmp_path: Path,
) -> None:
    toml = 'repeated = "mean"\n' + NO_CLIPS + 'n = "n"\n'
    own(tmp_path, toml, "clip,mos,n\na,3,10\na,3,10\na,4,10\nb,2,\nb,2,\nb,5,\n")
    corpus = load(tmp_path)
    assert [(clip.mos, clip.n_ratings) for clip in corpus.clips] == [(3.5, 20), (3.0, None)]
    (row,) = corpus.rejected
    assert (row.line, row.reason) == (3, "duplicate of line 2 with the same label")


def test_simulated_labels_are_marked(tmp_path: Path) -> None:
    own(tmp_path, 'label_origin = "simulated"\n' + NO_CLIPS, "clip,mos\na,3\n")
    corpus = load(tmp_path)
    assert corpus.label_origin is LabelOrigin.SIMULATED
    assert corpus.clips[0].label_origin is LabelOrigin.SIMULATED


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('name = "mine"', 'name = "yours"', r"name: 'yours' must equal the folder's name, 'mine'"),
        ("scale = ", "skale = ", r"corpus.toml: (scale|skale)"),
        ('mos = "mos"', 'mos = "mos"\nmoss = "x"', r"columns.moss: unknown key"),
        ("[1.0, 5.0]", "[5.0, 5.0]", r"scale .*\[worst, best\], two numbers that differ"),
        ("[1.0, 5.0]", "[1.0, inf]", r"scale.1"),
        ("[1.0, 5.0]", "[true, 5.0]", r"scale.0: true is no number"),
        ("[1.0, 5.0]", "[1, false]", r"scale.1: false is no number"),
        ("[1.0, 5.0]", "[-1e308, 1e308]", r"scale.*too wide"),
        ('["labels.csv"]', '["../*.csv"]', r"must stay inside"),
        ('["labels.csv"]', '["/etc/passwd"]', r"must stay inside"),
        ('["labels.csv"]', "[]", r"labels"),
        ('["labels.csv"]', '["other*.csv"]', r"no file matches 'other\*.csv'"),
        ('clips = "clips"', 'clips = "../clips"', r"must stay inside"),
        ('clips = "clips"', 'clips = "nowhere"', r"clips: there is no folder"),
        ('version = "1"', "version = 1", r"version: "),
        ('version = "1"', "version = ", r"cannot be read as TOML"),
        ('mos = "mos"', 'mos = "score"', r"labels.csv has no column.*header is: clip, mos.*score"),
        ('mos = "mos"', 'mos = "mos"\nstd = "a"\nci95 = "b"', r"std or ci95, not both"),
        ('licence = "test"', 'licence = "test"\nrepeated = "best"', r"repeated: "),
    ],
)
def test_each_mistake_in_corpus_toml_is_named(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    toml = MINIMAL_TOML.replace(old, new)
    assert toml != MINIMAL_TOML
    own(tmp_path, toml, "clip,mos\na,3\n")
    (tmp_path / "mine" / "clips").mkdir()
    with pytest.raises(CorpusError, match=message) as caught:
        load(tmp_path)
    assert str(tmp_path / "mine") in str(caught.value)


def test_a_label_file_that_links_outside_is_refused(tmp_path: Path) -> None:
    own(tmp_path, NO_CLIPS.replace("labels.csv", "*.csv"), "clip,mos\na,3\n")
    write_tree(tmp_path, {"secret.txt": "clip,mos\nb,3\n"})
    (tmp_path / "mine" / "more.csv").symlink_to(tmp_path / "secret.txt")
    with pytest.raises(CorpusError, match="leads outside"):
        load(tmp_path)


def test_empty_folder_and_no_usable_label(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    with pytest.raises(CorpusError, match=r"mine is empty.*corpus.toml"):
        load(tmp_path)
    own(tmp_path, NO_CLIPS, "clip,mos\na,9\n")
    with pytest.raises(CorpusError, match="no usable label: 1 rows"):
        load(tmp_path)


def test_repeated_ratings_are_pooled_or_refused(tmp_path: Path) -> None:
    columns = 'std = "sd"\nn = "n"\n'
    rows = "clip,mos,sd,n\na,2,1,10\na,4,0,30\nb,3,,\nb,4,,5\n"
    own(tmp_path, 'repeated = "mean"\n' + NO_CLIPS + columns, rows)
    a, b = load(tmp_path).clips
    assert (a.mos, a.n_ratings) == (3.5, 40)
    assert a.mos_std == pytest.approx(math.sqrt((10 * (1 + 2.25) + 30 * 0.25) / 40))
    assert (b.mos, b.mos_std, b.n_ratings) == (3.5, None, None)
    own(tmp_path, 'repeated = "reject"\n' + NO_CLIPS + columns, rows + "c,3,,\n")
    corpus = load(tmp_path)
    assert [clip.clip_name for clip in corpus.clips] == ["c.mp4"]
    assert [row.line for row in corpus.rejected] == [2, 3, 4, 5]


def test_names_that_differ_in_their_suffix_only_cannot_share_an_id(tmp_path: Path) -> None:
    own(tmp_path, NO_CLIPS, "clip,mos\na.mp4,3\na.mkv,3\nb,3\n")
    corpus = load(tmp_path)
    assert [clip.clip_id for clip in corpus.clips] == ["mine/b"]
    assert all("suffix" in row.reason for row in corpus.rejected)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    rows=st.lists(
        st.tuples(st.sampled_from("abc"), st.floats(1, 5), st.none() | st.integers(1, 99)),
        max_size=8,
    ),
    average=st.booleans(),
    order=st.randoms(use_true_random=False),
)
def test_every_label_is_kept_once_merged_or_rejected_whatever_the_order(
    rows: list[tuple[str, float, int | None]], average: bool, order: object
) -> None:
    labels = [
        Label(f"{name}.mp4", mos, None, n, None, None, None, "f.csv", line)
        for line, (name, mos, n) in enumerate(rows, start=2)
    ]
    kept, rejected = one_label_a_clip("c", Labels.of(labels), average=average)
    order.shuffle(labels)  # type: ignore[attr-defined]
    assert one_label_a_clip("c", Labels.of(labels), average=average) == (kept, rejected)
    names = {label.clip_name for label in labels}
    assert {k.clip_name for k in kept} | {r.clip_name for r in rejected} == names
    for label in kept:
        own_scores = [other.mos for other in labels if other.clip_name == label.clip_name]
        assert min(own_scores) <= label.mos <= max(own_scores)
    if average:
        assert len(kept) == len(names)


def test_real_avt_corpus_merges_its_repeated_ratings(real_corpora: Path) -> None:
    corpus = load(real_corpora, "avt-vqdb-uhd-1")
    assert len(corpus.clips) == 660
    assert corpus.rejected == ()
    assert len({clip.content_group for clip in corpus.clips}) == 16
