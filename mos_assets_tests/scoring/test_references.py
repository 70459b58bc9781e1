"""Which reference a clip gets: by name up to a word border, or by a table; never a guess."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mos_assets.errors import ClipError, CorpusError
from mos_assets.scoring.references import FolderReferences, TableReferences


def folder_of(root: Path, *names: str) -> Path:
    folder = root / "references"
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


@pytest.mark.parametrize(
    ("clip", "reference"),
    [
        ("park.mp4", "park.mkv"),
        ("park_360p.mp4", "park.mkv"),
        ("PARK-low.webm", "park.mkv"),
        ("park.1080p.h264", "park.mkv"),
        ("park_run_3.mp4", "park_run.y4m"),
        ("park_runner.mp4", "park.mkv"),
        ("café (2).mp4", "cafe\u0301.mkv"),
        ("sub/park.mp4", "park.mkv"),
        ("parking.mp4", None),
        ("my_park.mp4", None),
        ("park2.mp4", None),
    ],
)
def test_the_longest_name_up_to_a_word_border_counts(
    tmp_path: Path, clip: str, reference: str | None
) -> None:
    folder = folder_of(tmp_path, "park.mkv", "park_run.y4m", "cafe\u0301.mkv", "notes.txt")
    references = FolderReferences(folder)
    if reference is None:
        with pytest.raises(ClipError, match="no reference in"):
            references.of(tmp_path / clip)
    else:
        assert references.of(tmp_path / clip) == folder / reference


@given(st.text("ab_1.-", min_size=1, max_size=8), st.text("ab_1.-", max_size=8))
def test_a_name_is_a_references_own_and_what_a_border_parts(stem: str, rest: str) -> None:
    """A clip whose name goes on with a letter or digit is another scene."""
    references = FolderReferences.__new__(FolderReferences)
    references._folder, references._by_stem = Path("r"), {stem: [Path("r", f"{stem}.mkv")]}
    clip = Path(f"{stem}{rest}.mp4")
    if rest and rest[0].isalnum():
        with pytest.raises(ClipError):
            references.of(clip)
    else:
        assert references.of(clip) == Path("r", f"{stem}.mkv")


def test_two_references_of_one_name_are_refused(tmp_path: Path) -> None:
    references = FolderReferences(folder_of(tmp_path, "a/park.mkv", "b/park.y4m"))
    with pytest.raises(ClipError, match=r"2 references have its name.*--reference-table"):
        references.of(Path("park_1.mp4"))


def test_a_clip_is_not_its_own_reference(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, "park.mkv", "park_low.mp4")
    assert FolderReferences(folder).of(folder / "park_low.mp4") == folder / "park.mkv"


def test_references_may_lie_around_the_clips_and_not_among_them(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, "park.mkv", "encodes/park_low.mp4", "encodes/park_low_2.mp4")
    references = FolderReferences(folder, [folder / "encodes"])
    assert references.of(folder / "encodes" / "park_low_2.mp4") == folder / "park.mkv"
    assert references.files == frozenset({str((folder / "park.mkv").resolve())})
    with pytest.raises(CorpusError, match="the folder of the clips too"):
        FolderReferences(folder, [tmp_path / "references" / "."])


def test_a_folder_without_videos_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="no video file"):
        FolderReferences(folder_of(tmp_path, "notes.txt"))


@pytest.fixture
def table(tmp_path: Path) -> Path:
    folder_of(tmp_path, "p.mkv", "l.mkv")
    path = tmp_path / "references" / "pairs.csv"
    path.write_text(
        "clip,reference\npark,p.mkv\nx/lake.mp4,l.mkv\ntwo.mp4,p.mkv\ntwo.mp4,l.mkv\n"
        "lost.mp4,gone.mkv\n"
    )
    return path


def test_a_table_names_the_pairs(table: Path) -> None:
    references = TableReferences(table)
    assert references.of(Path("/any/park.mp4")) == table.parent / "p.mkv"
    assert references.of(Path("/any/x/lake.mp4")) == table.parent / "l.mkv"
    assert references.notes([Path("/any/park.mp4")]) == (
        f"{table}: 3 of its clips were not given, such as x/lake, two, lost",
    )


@pytest.mark.parametrize(
    ("clip", "said"),
    [
        ("/any/y/lake.mp4", "has no row for it"),
        ("two.mp4", "names 2 references for it, p.mkv in row 4, l.mkv in row 5"),
        ("lost.mp4", "gone.mkv is not there"),
    ],
)
def test_what_a_table_does_not_say_is_refused(table: Path, clip: str, said: str) -> None:
    with pytest.raises(ClipError, match=said):
        TableReferences(table).of(Path(clip))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("clip,mos\na.mp4,3\n", "no column for the reference"),
        ("reference\na.mkv\n", "no column for the clip"),
        ("clip,reference\na.mp4,\n", "names no reference"),
        ("clip,reference\na.mp4,b.mkv,c\n", "line 2"),
    ],
)
def test_a_table_that_cannot_be_used_is_refused(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "pairs.csv"
    path.write_text(text)
    with pytest.raises(CorpusError, match=said):
        TableReferences(path)


def test_a_table_of_json_lines_with_a_folder_beside_it(tmp_path: Path) -> None:
    folder, path = folder_of(tmp_path, "p.mkv"), tmp_path / "pairs.jsonl"
    path.write_text(json.dumps({"file_name": "a.mp4", "Source": "p.mkv"}))
    assert TableReferences(path, folder).of(Path("a.mp4")) == folder / "p.mkv"
