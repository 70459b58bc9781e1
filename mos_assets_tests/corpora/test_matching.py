"""Labels and files whose names differ in spelling: matched where one match is certain, else named
with the difference; and every file among the clips that nobody looks at."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mos_assets.corpora.matching import match_spellings
from mos_assets.corpora.names import VIDEO_SUFFIXES, stem
from mos_assets.media.ffmpeg import find_ffmpeg, run_ffmpeg
from mos_assets.records import Corpus, Unmatched
from mos_assets_tests.corpora.making import MINIMAL_TOML, load, write_tree

NFD = unicodedata.normalize("NFD", "Küche.mp4")


def corpus_of(
    root: Path, names: Sequence[str], files: Sequence[str], videos: Sequence[bytes]
) -> Corpus:
    """A corpus of these labels, and these clips of which no two have the same bytes."""
    rows = "".join(f"{name},{1 + at % 4}\n" for at, name in enumerate(names))
    write_tree(root, {"mine/corpus.toml": MINIMAL_TOML, "mine/labels.csv": f"clip,mos\n{rows}"})
    (root / "mine" / "clips").mkdir()
    for at, name in enumerate(files):
        write_tree(root, {f"mine/clips/{name}": videos[0] + b"\0\0\0\x0cfree%04d" % at})
    return load(root)


def reason_of(found: Sequence[Unmatched]) -> dict[str, str]:
    return {each.name: each.reason for each in found}


@pytest.mark.parametrize(
    ("name", "file", "differs"),
    [
        *(("Küche.mp4", NFD, "Unicode form"), (NFD, "Küche.mp4", "Unicode form")),
        *(("\u200bv.mp4", "v.mp4", "cannot be seen"), ("v\u00ad.mp4", "v.mp4", "cannot be seen")),
        *(
            ("a\u00a0b.mp4", "a b.mp4", "cannot be seen"),
            ("v.mp4", "v\u200f.mp4", "cannot be seen"),
        ),
        *(
            ("A.MP4", "a.mp4", "case"),
            ("ﬁlm１.mp4", "film1.mp4", "width"),
            ("V", "v.mkv", "suffix"),
        ),
        *(("sub/a.mp4", "a.mp4", "folder"), ("a.mp4", "sub/a.mp4", "folder")),
        *(("./clips/a.mp4", "a.mp4", "folder"), ("C:\\x\\a.mp4", "a.mp4", "folder")),
        *(("/data/x/a.mp4", "a.mp4", "folder"), ("x\\a.mp4", "x/a.mp4", None)),
        *(
            ("a.avi", "a.mp4", "suffix"),
            ("1", "0001.mp4", "zeros"),
            ("s01e2", "S1E02.mp4", "zeros"),
        ),
    ],
)
def test_one_certain_match_is_taken(
    tmp_path: Path, videos: tuple[bytes, ...], name: str, file: str, differs: str | None
) -> None:
    corpus = corpus_of(tmp_path, [name, "other"], [file, "other.mp4"], videos)
    assert [clip.path is None for clip in corpus.clips] == [False, False]
    assert (corpus.missing, corpus.rejected) == ((), ())
    assert [differs is not None and differs in note.reason for note in corpus.respelt] == (
        [True] if differs else []
    )
    odd = [finding for finding in corpus.findings if "cannot be seen" in finding.what]
    assert len(odd) == (name.strip() != name or any(c in name for c in "\u200b\u00ad\u00a0"))


@pytest.mark.parametrize(
    ("names", "files", "missing"),
    [
        (["a", "b"], ["x/a.mp4", "y/a.mp4", "b.mp4"], {"a.mp4"}),
        (["1", "01", "b"], ["001.mp4", "b.mp4"], {"1.mp4", "01.mp4"}),
        (["a", "A.mp4"], ["a.mp4", "a.mkv"], {"A.mp4"}),
        (["v", "\u200bv"], ["v.mp4"], {"[U+200B]v.mp4"}),
        (["gone", "b"], ["b.mp4"], {"gone.mp4"}),
    ],
)
def test_what_is_not_certain_is_named(
    tmp_path: Path,
    videos: tuple[bytes, ...],
    names: Sequence[str],
    files: Sequence[str],
    missing: set[str],
) -> None:
    corpus = corpus_of(tmp_path, names, files, videos)
    assert set(reason_of(corpus.missing)) == missing
    assert corpus.respelt == ()


def test_folders_of_another_machine_that_fit_no_file_are_rejected(
    tmp_path: Path, videos: tuple[bytes, ...]
) -> None:
    names = ["C:\\x\\a.mp4", "D:\\y\\a.mp4", "/etc/b.mp4", "b"]
    corpus = corpus_of(tmp_path, names, ["a.mp4", "b.mp4"], videos)
    assert [row.line for row in corpus.rejected if row.line] == [2, 3, 4]
    assert "separate folders by '/'" in corpus.rejected[1].reason


def test_rows_that_sum_up_the_others(tmp_path: Path, videos: tuple[bytes, ...]) -> None:
    """Unless a clip is called so."""
    summaries = [
        *("Mean", "Total", "Avg.", "Std Dev", "n", "OVERALL", "Overall mean", "Std. Dev."),
        *(
            "Mean (n=6)",
            "Totals",
            "Average over all",
            "Durchschnitt",
            "MW",
            "\u00d8",
            "\u5e73\u5747",
        ),
    ]
    corpus = corpus_of(tmp_path, ["a", *summaries, "median"], ["a.mp4", "median.mp4"], videos)
    assert [clip.clip_name for clip in corpus.clips] == ["a.mp4", "median.mp4"]
    assert [row.line for row in corpus.rejected] == list(range(3, 3 + len(summaries)))


def test_files_that_nobody_looks_at_are_named(tmp_path: Path, videos: tuple[bytes, ...]) -> None:
    files = ["ok.mp4", ".hidden.mp4", "raw.yuv", "tape.dv", "notes.txt", "half.mp4.part", "bare"]
    folder = tmp_path / "mine" / "clips"
    corpus_of(tmp_path, ["ok", "raw", "tape.dv", "gone"], files, videos)
    (folder / "gone.mp4").symlink_to("nowhere.mp4")
    corpus = load(tmp_path)
    over, missing = reason_of(corpus.overlooked), reason_of(corpus.missing)
    assert {".hidden.mp4", "raw.yuv", "tape.dv", "notes.txt", "half.mp4.part", "bare"} < set(over)
    assert "hidden" in over[".hidden.mp4"]
    assert "ffmpeg -f rawvideo" in over["raw.yuv"]
    assert over["notes.txt"] == ".txt is no suffix of a clip"
    assert set(missing) == {"raw.mp4", "tape.dv", "gone.mp4"}
    assert missing["tape.dv"].startswith("wrap it"), "the name stands once"
    assert "neither size nor rate" in missing["raw.mp4"]
    assert "-c copy tape.mkv" in missing["tape.dv"]
    assert "link to a file that is not there" in missing["gone.mp4"]


@pytest.mark.parametrize(
    ("suffix", "muxer", "codec"),
    [
        *(
            (".MTS", "mpegts", "libx264"),
            (".m2ts", "mpegts", "libx264"),
            (".mts", "mpegts", "libx264"),
        ),
        *(
            (".vob", "vob", "mpeg2video"),
            (".mpg", "mpeg", "mpeg1video"),
            (".ts", "mpegts", "libx264"),
        ),
        *((".ogv", "ogg", "libtheora"), (".wmv", "asf", "wmv2"), (".asf", "asf", "wmv2")),
        *((".3gp", "3gp", "h263"), (".mxf", "mxf", "mpeg2video"), (".divx", "avi", "mpeg4")),
        *((".qt", "mov", "mpeg4"), (".f4v", "f4v", "libx264"), (".mod", "mpeg", "mpeg2video")),
    ],
)
def test_suffixes_of_cameras_and_discs_are_clips(
    tmp_path: Path, suffix: str, muxer: str, codec: str
) -> None:
    assert suffix.lower() in VIDEO_SUFFIXES
    write_tree(
        tmp_path, {"mine/corpus.toml": MINIMAL_TOML, "mine/labels.csv": f"clip,mos\na{suffix},3\n"}
    )
    path = tmp_path / "mine" / "clips" / f"a{suffix}"
    path.parent.mkdir()
    made = run_ffmpeg(
        find_ffmpeg(),
        [
            *("-f", "lavfi", "-i", "testsrc2=s=352x288:r=25:d=0.2", "-pix_fmt", "yuv420p"),
            *("-c:v", codec, "-f", muxer, str(path)),
        ],
    )
    assert made.returncode == 0, made.stderr.decode()
    (clip,) = load(tmp_path).clips
    assert clip.probe is not None
    assert clip.probe.width == 352


NAMES = st.text("aA0\u00e9\u0301\u200b1/. ", min_size=1, max_size=6)


@given(st.lists(NAMES, unique=True, max_size=8), st.lists(NAMES, unique=True, max_size=8))
def test_a_match_is_the_only_one_both_ways(names: list[str], files: list[str]) -> None:
    lost, free = set(names) - set(files), set(files) - set(names)
    found = match_spellings(lambda: names, files, lost, free)
    assert set(found) <= lost
    assert {each.file for each in found.values()} <= free
    assert len({each.file for each in found.values()}) == len(found)
    assert match_spellings(lambda: names[::-1], files[::-1], lost, free) == found
    for name, each in found.items():
        assert stem(each.file) not in {stem(other) for other in names if other != name}
