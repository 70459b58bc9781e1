"""Vote files, wide and long: which votes count, and what becomes of the others."""

from __future__ import annotations

from pathlib import Path
from statistics import fmean, stdev
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mos_assets.errors import CorpusError, LabelsError
from mos_assets.records import Corpus, Severity
from mos_assets_tests.corpora.making import load, write_tree

HEAD = 'name = "mine"\nversion = "1"\nlicence = "test"\nscale = [1, 5]\nrepeated = "mean"\n'
MEAN = 'estimator = "mean"'


def corpus_of(root: Path, files: dict[str, str | bytes], votes: str, top: str = HEAD) -> Corpus:
    """A corpus of these files, with `[columns] clip` and the given lines of `[votes]`."""
    toml = f'{top}[columns]\nclip = "clip"\n[votes]\n{votes}\n'
    write_tree(root, {"mine/corpus.toml": toml, **{f"mine/{n}": t for n, t in files.items()}})
    found = load(root)
    for account in found.accounts:
        lost = {row.line for row in found.rejected if row.source == account.source and row.line}
        assert account.rows == account.used + len(lost), account
    return found


def said(corpus: Corpus) -> list[tuple[str, float, int | None]]:
    return [(clip.clip_name, clip.mos, clip.n_ratings) for clip in corpus.clips]


def reasons(corpus: Corpus) -> list[tuple[int | None, str]]:
    return [(row.line, row.reason) for row in corpus.rejected]


def test_wide_rows_are_clips_and_columns_raters(tmp_path: Path) -> None:
    table = "clip,u1,u2,u3,content\na,1,2,3,x\nb.mkv,5,,4,y\nc,,,,z\nd,6,x,2,z\n,1,1,1,z\ne,1,2\n"
    corpus = corpus_of(tmp_path, {"v.csv": table}, f'files = ["v.csv"]\nignore = ["con*"]\n{MEAN}')
    assert said(corpus) == [("a.mp4", 2, 3), ("b.mkv", 4.5, 2), ("d.mp4", 2, 1)]
    assert corpus.clips[0].mos_std == 1
    assert corpus.clips[2].mos_std is None
    found = reasons(corpus)
    assert [line for line, _ in found] == [4, 5, 5, 6, 7]
    assert found[0][1] == "no rater voted on it"
    assert found[1][1].startswith("column 'u1': vote is 6, outside the declared range 1..5")
    assert found[2][1].startswith("column 'u2': vote is 'x', which is not a number")
    assert found[4][1].startswith("torn row")


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("bom", ["", "\ufeff"])
def test_long_rows_are_votes(tmp_path: Path, newline: str, bom: str) -> None:
    lines = [
        *(f"{bom}clip,who,vote,day", "a,x,1,1", "a,y,2,1", "a.mp4,z,3,1", "", "a,w,2,1", "b,x,4,1"),
        *("b,,4,1", ",x,4,1", "b,y,6,1", "b,z,'3',1", "c,x", 'b,y,"5",1', "../c,x,3,1", "b,w,,1"),
    ]
    corpus = corpus_of(
        tmp_path,
        {"v.csv": newline.join(lines) + newline},
        f'files = ["v.csv"]\nvote = "vote"\nrater = "WHO"\n{MEAN}',
    )
    assert said(corpus) == [("a.mp4", 2, 4), ("b.mp4", fmean((4, 4, 5)), 3)]
    assert [line for line, _ in reasons(corpus)] == [9, 10, 11, 12, 14, 15]
    # Who judges raters has no use for a vote of nobody.
    p913 = corpus_of(
        tmp_path, {}, 'files = ["v.csv"]\nvote = "vote"\nrater = "who"\nestimator = "p913"'
    )
    assert (8, "rater is empty") in reasons(p913)


def test_a_rater_who_votes_twice(tmp_path: Path) -> None:
    table = "clip,who,vote\na,x,1\na,x,1\na,y,2\na,y,4\na,z,5\nb,x,1\n"
    corpus = corpus_of(
        tmp_path, {"v.csv": table}, f'files = ["v.csv"]\nvote = "vote"\nrater = "who"\n{MEAN}'
    )
    assert said(corpus) == [("a.mp4", 3, 2), ("b.mp4", 1, 1)]
    assert reasons(corpus) == [
        (3, "duplicate of v.csv:2, with the same vote of rater 'x'"),
        *(
            (
                at,
                "conflict: rater 'y' gave the clip different votes (v.csv:4, v.csv:5); "
                "none is used",
            )
            for at in (4, 5)
        ),
    ]
    wide = "clip,u1,u2\na,1,2\na,1,2\nb,3,3\nb,3,4\n"
    corpus = corpus_of(tmp_path, {"w.csv": wide}, f'files = ["w.csv"]\n{MEAN}')
    assert said(corpus) == [("a.mp4", 1.5, 2), ("b.mp4", 3, 1)]
    assert [line for line, _ in reasons(corpus)] == [3, 4, 5, 5]


def test_sessions_keep_people_of_one_name_apart(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "t/1.csv": "clip,u1,u2\na,1,2\nb,3,4\n",
        "t/2.csv": "clip,u1,u2\na,5,4\nc,3,4\n",
    }
    by_file = corpus_of(tmp_path, files, f'files = ["t/*.csv"]\nsession = "file"\n{MEAN}')
    assert said(by_file) == [("a.mp4", 3, 4), ("b.mp4", 3.5, 2), ("c.mp4", 3.5, 2)]
    assert by_file.ratings is not None
    assert by_file.ratings.votes.raters == ("1/u1", "1/u2", "2/u1", "2/u2")
    assert [(s.name, s.clips, s.raters, s.votes) for s in by_file.ratings.sessions] == [
        ("1", 2, 2, 4),
        ("2", 2, 2, 4),
    ]
    none = corpus_of(tmp_path, files, f'files = ["t/*.csv"]\n{MEAN}')
    assert said(none) == [("b.mp4", 3.5, 2), ("c.mp4", 3.5, 2)]
    assert len(none.rejected) == 4
    table = "clip,lab,who,vote\na,k,x,1\na,k,y,3\na,l,x,5\na,,x,5\n"
    by_column = corpus_of(
        tmp_path,
        {"v.csv": table},
        'files = ["v.csv"]\nvote = "vote"\nrater = "who"\nsession = { column = "lab" }\n' + MEAN,
    )
    assert said(by_column) == [("a.mp4", 3, 3)]
    assert reasons(by_column) == [(5, "session is empty")]
    with pytest.raises(LabelsError, match="no usable label: 4 rows of v"):
        corpus_of(
            tmp_path,
            {},
            'files = ["v.csv"]\nvote = "vote"\nrater = "who"\nsession = { column = "lab" }\n'
            + MEAN,
            HEAD.replace('"mean"', '"reject"'),
        )


def test_names_that_differ_in_their_suffix_and_names_of_other_machines(tmp_path: Path) -> None:
    table = "clip,u1,u2\na.mp4,1,2\na.mkv,1,2\n/data/b.mp4,3,3\n=1+1,4,5\n"
    corpus = corpus_of(tmp_path, {"v.csv": table}, f'files = ["v.csv"]\n{MEAN}')
    assert [clip.clip_name for clip in corpus.clips] == ["=1+1.mp4"]
    assert [line for line, _ in reasons(corpus)] == [2, 3, 4]


def test_group_and_reference_of_vote_files_where_there_are_no_labels(tmp_path: Path) -> None:
    toml = HEAD + '[columns]\nclip = "clip"\ngroup = "scene"\n[votes]\nfiles = ["v.csv"]\n' + MEAN
    table = "clip,scene,u1,u2\na,s,1,2\nb,s,3,4\nc,t,3,4\nd,t,3,4\nd,s,,4\n"
    write_tree(tmp_path, {"mine/corpus.toml": toml, "mine/v.csv": table})
    corpus = load(tmp_path)
    assert [(c.clip_name, c.content_group) for c in corpus.clips] == [
        ("a.mp4", "mine/s"),
        ("b.mp4", "mine/s"),
        ("c.mp4", "mine/t"),
    ]
    long = "clip,scene,vote\na,s,1\nb,t,3\na,s,2\n"
    write_tree(tmp_path, {"mine/v.csv": long, "mine/corpus.toml": toml + '\nvote = "vote"\n'})
    assert [clip.content_group for clip in load(tmp_path).clips] == ["mine/s", "mine/t"]


def test_a_scale_of_another_kind_blocks_and_lower_may_be_better(tmp_path: Path) -> None:
    rows = "".join(f"c{n},{n % 5 + 1},{(n + n // 5) % 5 + 1},{n % 4 + 1}\n" for n in range(25))
    table = "clip,u1,u2,u3\n" + rows
    found = corpus_of(
        tmp_path, {"v.csv": table}, f'files = ["v.csv"]\nscale = [0, 100]\n{MEAN}'
    ).findings
    assert [each.severity for each in found] == [Severity.BLOCKS]
    outside = corpus_of(tmp_path, {}, f'files = ["v.csv"]\nscale = [1, 4]\n{MEAN}').findings
    assert any("votes are outside the declared scale 1..4" in each.what for each in outside)
    upside = corpus_of(tmp_path, {}, f'files = ["v.csv"]\nscale = [5, 1]\n{MEAN}')
    plain = corpus_of(tmp_path, {}, f'files = ["v.csv"]\n{MEAN}')
    assert [c.mos for c in upside.clips] == pytest.approx([6 - c.mos for c in plain.clips])


@pytest.mark.parametrize(
    ("table", "votes", "message"),
    [
        ("clip;u1;u2\na;1;2\n", 'files = ["v.csv"]', "has no column for the key clip of"),
        ("clip,u1,mos\na,1,2\n", 'files = ["v.csv"]', "'mos' looks like no rater"),
        ("clip,u1,u1\na,1,2\n", 'files = ["v.csv"]', "several columns 'u1'"),
        ("clip,u1,\na,1,2\n", 'files = ["v.csv"]', "number 3, has no name"),
        ("clip,u1\na,1\n", 'files = ["v.csv"]\nraters = ["w*"]', "no column for 'w\\*' in raters"),
        ("clip\na\n", 'files = ["v.csv"]', "no column of a rater"),
        (
            "clip,u1,codec\n" + "".join(f"c{n},1,hevc\n" for n in range(9)),
            'files = ["v.csv"]',
            "no cell of the column 'codec' is a number",
        ),
        ("clip,v\na,1\n", 'files = ["v.csv"]\nvote = "v"', "has to know who voted"),
        ("clip,v\na,1\n", 'files = ["v.csv"]\nrater = "v"', "which need vote too"),
        ("clip,v\na,1\n", 'files = ["v.csv"]\nvote = "v"\nrater = "v"', "both name the column 'v'"),
        ("clip,v\na,1\n", 'files = ["v.csv"]\nshape = "long"', "needs vote"),
        ("clip,u\na,1\n", 'files = ["../v.csv"]', "must stay inside the corpus folder"),
        ("clip,u\na,1\n", 'files = ["w.csv"]', "no file matches 'w.csv'"),
        ("clip,u\na,1\n", 'files = ["v.csv"]\nestimator = "best"', "votes.estimator"),
        ("clip,u\na,1\n", 'files = ["v.csv"]\nsession = "files"', "votes.session"),
        ("clip,u\na,1\n", 'files = ["v.csv"]\nscale = [5, 5]', "must be \\[worst, best\\]"),
        ("clip,u\na,9\n", 'files = ["v.csv"]', "no usable label"),
    ],
)
def test_what_is_declared_wrongly_is_one_message(
    tmp_path: Path, table: str, votes: str, message: str
) -> None:
    with pytest.raises(CorpusError, match=message):
        corpus_of(tmp_path, {"v.csv": table}, votes)


def test_raters_are_named_in_any_case_and_brackets_are_no_glob(tmp_path: Path) -> None:
    table = "clip,u[1],U[2],x\na,1,2,5\n"
    corpus = corpus_of(
        tmp_path, {"v.csv": table}, f'files = ["v.csv"]\nraters = ["U[1]", "u*2?"]\n{MEAN}'
    )
    assert said(corpus) == [("a.mp4", 1.5, 2)]


def test_decimal_commas_are_told_apart_from_votes(tmp_path: Path) -> None:
    table = 'clip,u1,u2\na,"3,5",4\n'
    corpus = corpus_of(tmp_path, {"v.csv": table}, f'files = ["v.csv"]\n{MEAN}')
    (row,) = corpus.rejected
    assert row.reason == (
        "column 'u1': vote is '3,5', which is not a number; write decimals with a point"
    )


votes = st.dictionaries(
    st.tuples(st.sampled_from("abcdef"), st.sampled_from(["u1", "u2", "u3", "u4"])),
    st.sampled_from(["1", "2", "3.5", "4", "5", "0", "six", " 2"]),
    min_size=1,
)


@settings(max_examples=60)
@given(votes=votes, seed=st.randoms(use_true_random=False))
def test_wide_and_long_say_the_same_and_every_row_is_accounted_for(
    votes: dict[tuple[str, str], str], seed: object
) -> None:
    raters = sorted({rater for _, rater in votes})
    clips = sorted({clip for clip, _ in votes})
    wide = [f"{c}," + ",".join(votes.get((c, r), "") for r in raters) for c in clips]
    long = [f"{c},{r},{vote}" for (c, r), vote in votes.items()]
    seed.shuffle(long)  # type: ignore[attr-defined]
    good = {at: float(v) for at, v in votes.items() if v not in ("0", "six")}
    by_clip = {c: [v for (clip, _), v in good.items() if clip == c] for c in clips}
    told = {c: of for c, of in by_clip.items() if of}
    with TemporaryDirectory() as name:
        root = Path(name)
        files: dict[str, str | bytes] = {
            "w.csv": "\n".join([f"clip,{','.join(raters)}", *wide]) + "\n",
            "l.csv": "\n".join(["clip,who,vote", *long]) + "\n",
        }
        for lines in ('files = ["w.csv"]', 'files = ["l.csv"]\nvote = "vote"\nrater = "who"'):
            if not told:
                with pytest.raises(LabelsError):
                    corpus_of(root, files, f"{lines}\n{MEAN}")
                continue
            corpus = corpus_of(root, files, f"{lines}\n{MEAN}")
            assert len(corpus.rejected) == len(votes) - len(good)
            assert [c.clip_name for c in corpus.clips] == [f"{c}.mp4" for c in sorted(told)]
            for clip in corpus.clips:
                mine = told[clip.clip_name[:1]]
                assert clip.n_ratings == len(mine)
                assert clip.mos == pytest.approx(fmean(mine), abs=1e-12)
                if len(mine) > 1:
                    assert clip.mos_std == pytest.approx(stdev(mine), abs=1e-12)
