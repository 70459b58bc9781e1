"""Votes beside label files, tests that share clips, and both on real votes."""

from __future__ import annotations

import csv
import math
import shutil
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest

from mos_assets.corpora import votes_of_folder, votes_page
from mos_assets.corpora.voting.proposal import propose_votes
from mos_assets.errors import CorpusError
from mos_assets.records import Corpus, Estimator, Severity
from mos_assets_tests.corpora.making import load, write_tree

TOML = """\
name = "mine"
version = "1"
licence = "test"
labels = ["labels.csv"]
scale = {scale}
repeated = "{repeated}"

[columns]
clip = "clip"
{columns}

[votes]
files = ["votes*.csv"]
estimator = "{estimator}"
{votes}
"""


def corpus_of(
    root: Path,
    files: dict[str, str],
    columns: str = 'mos = "mos"',
    votes: str = "",
    scale: str = "[1, 5]",
    estimator: str = "mean",
    repeated: str = "mean",
) -> Corpus:
    toml = TOML.format(
        columns=columns, votes=votes, scale=scale, estimator=estimator, repeated=repeated
    )
    write_tree(root, {"mine/corpus.toml": toml, **{f"mine/{n}": t for n, t in files.items()}})
    found = load(root)
    for account in found.accounts:
        lost = {row.line for row in found.rejected if row.source == account.source and row.line}
        assert account.rows == account.used + len(lost), account
    return found


def test_a_group_may_stand_in_the_table_of_votes_as_well(tmp_path: Path) -> None:
    files = {
        "labels.csv": "clip,mos,scene\na,3.5,x\nb,1.5,x\n",
        "votes.csv": "clip,scene,u1,u2\na,x,3,4\nb,x,1,2\n",
    }
    found = corpus_of(tmp_path, files, 'mos = "mos"\ngroup = "scene"')
    assert {clip.content_group for clip in found.clips} == {"mine/x"}
    assert [clip.mos for clip in found.clips] == [3.5, 1.5]
    assert not found.rejected


def test_labels_of_few_digits_agree_and_others_are_named(tmp_path: Path) -> None:
    votes = "clip,u1,u2,u3\na,3,4,4\nb,1,2,2\nc,5,5,4\nd,1,1,1\n"
    labels = "clip,mos,g\na,3.67,x\nb.mp4,1.7,y\nc,4.6,z\ne,2,w\n"
    corpus = corpus_of(
        tmp_path, {"votes.csv": votes, "labels.csv": labels}, 'mos = "mos"\ngroup = "g"'
    )
    # The votes are used, and where there are none the label.
    assert [(c.clip_name, round(c.mos, 3), c.content_group) for c in corpus.clips] == [
        ("a.mp4", 3.667, "mine/x"),
        ("b.mp4", 1.667, "mine/y"),
        ("c.mp4", 4.667, "mine/z"),
        ("d.mp4", 1, "mine/d"),
        ("e.mp4", 2, "mine/w"),
    ]
    (row,) = corpus.rejected
    assert (row.source, row.line, row.clip_name) == ("labels.csv", 4, "c.mp4")
    assert row.reason == (
        "MOS is 4.6, and the mean of the clip's votes 4.66667; the votes are used"
    )
    assert corpus.ratings is not None
    (found,) = corpus.ratings.disagreements
    assert (found.clip, found.label, round(found.votes, 3)) == ("c.mp4", 4.6, 4.667)
    severities = {f.what.split(" are ")[0]: f.severity for f in corpus.findings}
    assert severities["1 of 3 labels"] is Severity.WARNS
    assert any("1 clips have a label and no votes" in f.what for f in corpus.findings)
    assert any("1 of 5 labels have no group" in f.what for f in corpus.findings)


def test_many_labels_unlike_their_votes_block(tmp_path: Path) -> None:
    votes = "clip,u1,u2\n" + "".join(f"c{n},{n % 5 + 1},{n % 4 + 1}\n" for n in range(20))
    labels = "clip,mos\n" + "".join(f"c{n},{(n + 7) % 5 + 1}\n" for n in range(20))
    corpus = corpus_of(tmp_path, {"votes.csv": votes, "labels.csv": labels})
    assert corpus.ratings is not None
    found = corpus.ratings.disagreements
    blocks = [each for each in corpus.findings if each.severity is Severity.BLOCKS]
    assert [each.what for each in blocks] == [
        f"{len(found)} of 20 labels are not the mean of their clip's votes: they are of another "
        "test or scale"
    ]
    # Every one of them is named with both values.
    assert sum("the mean of the clip's votes" in row.reason for row in corpus.rejected) == len(
        found
    )


def test_labels_on_another_scale_than_the_votes(tmp_path: Path) -> None:
    labels = "clip,mos\na,25\nb,75.0\nc,50.1\n"
    corpus = corpus_of(
        tmp_path,
        {"votes.csv": "clip,u1,u2\na,1,3\nb,3,5\nc,3,3\n", "labels.csv": labels},
        votes="scale = [1, 5]",
        scale="[0, 100]",
    )
    assert [row.line for row in corpus.rejected] == [4]
    assert "MOS is 50.1, and the mean of the clip's votes 50;" in corpus.rejected[0].reason


def test_label_files_may_give_groups_alone(tmp_path: Path) -> None:
    labels = "clip,g\na,x\nb,x\nz,y\n"
    corpus = corpus_of(
        tmp_path,
        {"votes.csv": "clip,u1,u2\na,1,3\nb,3,5\n", "labels.csv": labels},
        'group = "g"',
    )
    assert [(c.mos, c.content_group) for c in corpus.clips] == [(2, "mine/x"), (4, "mine/x")]
    (row,) = corpus.rejected
    assert (row.line, row.clip_name) == (4, "z.mp4")
    assert row.reason.startswith("no vote that could be used names its clip")


def test_votes_and_their_mean_in_one_file(tmp_path: Path) -> None:
    table = "clip,u1,u2,mos\na,1,3,2\nb,3,5,4\nc,3,4,1\n"
    files = {"votes.csv": table, "labels.csv": table}
    corpus = corpus_of(tmp_path, files, votes='ignore = ["mos"]')
    assert [row.line for row in corpus.rejected] == [4]
    toml = (tmp_path / "mine/corpus.toml").read_text().replace("labels.csv", "votes.csv")
    write_tree(tmp_path, {"mine/corpus.toml": toml})
    same = load(tmp_path)
    assert [(account.rows, account.used) for account in same.accounts] == [(3, 2)]


TESTS = {
    "votes_1.csv": "clip,u1,u2\n" + "".join(f"c{n},{n % 5 + 1},{n % 5 + 1}\n" for n in range(10)),
    "votes_2.csv": "clip,u1,u2\n"
    + "".join(f"c{n},{n % 5 / 2 + 2},{n % 5 / 2 + 2}\n" for n in range(4, 15)),
    "votes_3.csv": "clip,u1,u2\nx,1,2\ny,4,5\n",
}


def test_sessions_are_aligned_on_common_clips_or_kept_apart(tmp_path: Path) -> None:
    labels = "clip,g\n" + "".join(f"c{n},g\n" for n in range(15)) + "x,g\ny,g\n"
    corpus = corpus_of(
        tmp_path,
        {**TESTS, "labels.csv": labels},
        'group = "g"',
        'session = "file"',
        repeated="align",
    )
    assert corpus.ratings is not None
    first, second, third = corpus.ratings.sessions
    assert (first.slope, first.offset) == pytest.approx((0.5, 1.5))
    assert (second.slope, second.offset, second.aligned) == (1, 0, "votes_2")
    assert third.apart == "it shares no clip with another"
    mos = {clip.clip_name: clip.mos for clip in corpus.clips}
    # Both tests say the same of a clip once they are on one scale.
    assert [mos[f"c{n}.mp4"] for n in range(15)] == pytest.approx(
        [n % 5 / 2 + 2 for n in range(15)]
    )
    assert any("3 sessions are 2 that cannot be mapped" in each.what for each in corpus.findings)


def test_label_files_of_several_tests_are_aligned_too(tmp_path: Path) -> None:
    rows = [f"c{n},1,{n % 5 + 1},.4" for n in range(14)]
    rows += [f"c{n},2,{n % 5 / 2 + 2 + (n % 2) / 5},.2" for n in range(4, 15)]
    toml = TOML.partition("[votes]")[0].format(
        columns='mos = "mos"\nsession = "test"\nci95 = "ci"', scale="[1, 5]", repeated="align"
    )
    labels = "\n".join(["clip,test,mos,ci", *rows, ""])
    write_tree(tmp_path, {"mine/corpus.toml": toml, "mine/labels.csv": labels})
    corpus = load(tmp_path)
    found = {clip.clip_name: clip for clip in corpus.clips}
    assert [found[f"c{n}.mp4"].mos for n in range(15)] == pytest.approx(
        [n % 5 + 1 for n in range(15)], abs=0.3
    )
    assert {clip.session for clip in corpus.clips} == {"1", "1+2", "2"}
    one, two = corpus.sessions
    assert (one.clips, one.votes, two.clips, one.aligned) == (14, 0, 11, "1")
    # An interval is stretched with its scale, and that of a mean of two is of both.
    assert two.slope == pytest.approx(2, abs=0.2)
    assert found["c14.mp4"].mos_ci95 == pytest.approx(0.2 * two.slope)
    assert found["c0.mp4"].mos_ci95 == pytest.approx(0.4)
    assert found["c5.mp4"].mos_ci95 == pytest.approx(math.hypot(0.4, 0.2 * two.slope) / 2)
    assert one.ceiling is not None
    assert corpus.between.repeats == 10
    assert corpus.between.variance is not None
    write_tree(tmp_path, {"mine/corpus.toml": toml.replace('session = "test"', "")})
    with pytest.raises(CorpusError, match="has to know the test of each rating"):
        load(tmp_path)


def test_a_label_of_a_session_is_held_against_its_votes(tmp_path: Path) -> None:
    votes = {"votes_1.csv": "clip,u1,u2\na,1,1\n", "votes_2.csv": "clip,u1,u2\na,5,5\n"}
    labels = "clip,test,mos\na,votes_1,5\na,votes_2,5\n"
    corpus = corpus_of(
        tmp_path,
        {**votes, "labels.csv": labels},
        'mos = "mos"\nsession = "test"',
        'session = "file"',
    )
    assert [row.line for row in corpus.rejected] == [2]
    assert corpus.clips[0].mos == 3


def test_a_corpus_without_votes_is_told_what_they_would_be(tmp_path: Path) -> None:
    wide = "clip,user1,user2,user3,scene\na,1,2,3,x\nb,2,3,4,x\nc,5,4,3,y\n"
    write_tree(tmp_path, {"mine/votes.csv": wide, "mine/other.csv": "clip,mos,n\na,1,3\nb,2,3\n"})
    found = propose_votes(tmp_path / "mine")
    assert found is not None
    assert (found.files, found.clip, found.ignore) == (("votes.csv",), "clip", ("scene",))
    with pytest.raises(CorpusError, match=r"has no corpus.toml.*votes = \{ files"):
        load(tmp_path)
    write_tree(
        tmp_path,
        {
            "mine/corpus.toml": 'name = "mine"\nversion = "1"\nlicence = "t"\nscale = [1, 5]\n'
            + 'labels = ["other.csv"]\n[columns]\nclip = "clip"\nmos = "mos"\n'
        },
    )
    with pytest.raises(CorpusError, match="names no votes"):
        votes_of_folder(tmp_path / "mine")
    # What is proposed is a corpus that loads.
    head = 'name = "mine"\nversion = "1"\nlicence = "t"\nscale = [1, 5]\n'
    toml = f'{head}[columns]\nclip = "clip"\n{found.toml}\n'
    write_tree(tmp_path, {"mine/corpus.toml": toml})
    assert len(load(tmp_path).clips) == 3


def test_the_votes_of_avt_vqdb_uhd_1_give_its_labels(tmp_path: Path, real_corpora: Path) -> None:
    source = real_corpora / "avt-vqdb-uhd-1"
    if not (source / "votes").is_dir():
        pytest.skip(f"the votes of AVT-VQDB-UHD-1 are not at {source}")
    shutil.copytree(source, tmp_path / "avt-vqdb-uhd-1")
    toml = (source / "corpus.toml").read_text()
    votes = '\n[votes]\nfiles = ["votes/*.csv"]\nsession = "file"\nestimator = "{}"\n'
    (tmp_path / "avt-vqdb-uhd-1/corpus.toml").write_text(toml + votes.format("mean"))
    by_mean = load(tmp_path, "avt-vqdb-uhd-1")
    assert by_mean.rejected == ()
    assert by_mean.findings == ()
    assert by_mean.ratings is not None
    assert len(by_mean.ratings.votes.vote) == 19_620
    written: dict[str, list[float]] = defaultdict(list)
    with (source / "labels.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            written[row["clip_name"]].append(float(row["mos"]))
    ratings, names = by_mean.ratings.ratings, by_mean.ratings.votes.clips
    made: dict[str, list[float]] = defaultdict(list)
    for clip, mos in zip(ratings.clip.tolist(), ratings.mos.tolist(), strict=True):
        made[names[clip]].append(mos)
    assert made.keys() == written.keys()
    for name, given in written.items():
        assert sorted(made[name]) == pytest.approx(sorted(given), abs=1e-12)
    (tmp_path / "avt-vqdb-uhd-1/corpus.toml").write_text(
        toml.replace('"mean"', '"align"') + votes.format("p913")
    )
    aligned = load(tmp_path, "avt-vqdb-uhd-1").ratings
    assert aligned is not None
    assert aligned.estimator is Estimator.P913
    (mapped,) = [each for each in aligned.sessions if each.rmse_before is not None]
    assert mapped.common == 96
    assert float(np.abs(aligned.estimate.raters.bias).max()) == pytest.approx(0.87, abs=0.01)
    page = "\n".join(votes_page(*votes_of_folder(tmp_path / "avt-vqdb-uhd-1")))
    assert "Dancers_8s_40974kbps_2160p_60.0fps_h264.mp4" in page
    assert "test_1/user28" in page


def test_the_votes_of_avt_image_pairs_give_its_labels(tmp_path: Path, real_corpora: Path) -> None:
    source = real_corpora / "avt-image-pairs"
    if not (source / "votes.csv").is_file():
        pytest.skip(f"the votes of the AVT image pairs are not at {source}")
    toml = (source / "corpus.toml").read_text().replace('clips = "clips"\n', "")
    toml += '\n[votes]\nfiles = ["votes.csv"]\nestimator = "mean"\n'
    files = {name: (source / name).read_bytes() for name in ("labels.csv", "votes.csv")}
    write_tree(
        tmp_path,
        {
            "avt-image-pairs/corpus.toml": toml,
            **{f"avt-image-pairs/{name}": content for name, content in files.items()},
        },
    )
    found, ratings = votes_of_folder(tmp_path / "avt-image-pairs")
    assert found.rejected == ()
    assert ratings.disagreements == ()
    written = {
        row["clip"]: (float(row["mos"]), float(row["sd"]), int(row["n"]))
        for row in csv.DictReader(files["labels.csv"].decode().splitlines())
    }
    assert len(found.labels) == len(written)
    for label in found.labels:
        mos, std, n = written[label.clip_name]
        assert label.n_ratings == n
        assert math.isclose(label.mos, mos, abs_tol=5.1e-7)
        assert label.mos_std is not None
        assert math.isclose(label.mos_std, std, abs_tol=5.1e-7)
