from __future__ import annotations

import os
from pathlib import Path

import pytest

from mos_assets.corpora import clips, looking
from mos_assets.corpora.files import FileState
from mos_assets.errors import CorpusError
from mos_assets.records import corpus_columns, label_columns, rows
from mos_assets.records.corpus_columns import FileColumns
from mos_assets.store import Database, corpus_rows
from mos_assets_tests.corpora.making import MINIMAL_TOML, load, write_tree


def corpus_of(root: Path, labels: str, clips: dict[str, bytes], toml: str = MINIMAL_TOML) -> Path:
    write_tree(root, {"mine/corpus.toml": toml, "mine/labels.csv": labels})
    (root / "mine" / "clips").mkdir(exist_ok=True)
    return write_tree(root, {f"mine/clips/{name}": content for name, content in clips.items()})


def test_a_second_run_opens_nothing_and_a_new_clip_costs_one(
    tmp_path: Path, videos: tuple[bytes, ...]
) -> None:
    labels = "clip,mos\na,3\nsub/b.mp4,2\nbroken,4\n"
    corpus_of(tmp_path, labels, {"a.mp4": videos[0], "sub/b.mp4": videos[1], "broken.mp4": b"text"})
    first = load(tmp_path)
    assert first.clips_opened == 3
    again = load(tmp_path, known=first.files)
    assert again.clips_opened == 0
    assert (again.clips, again.rejected, again.files) == (first.clips, first.rejected, first.files)
    corpus_of(tmp_path, labels + "c,1\n", {"c.mp4": videos[2]})
    assert load(tmp_path, known=first.files).clips_opened == 1


def test_known_clips_are_not_even_readable(tmp_path: Path, videos: tuple[bytes, ...]) -> None:
    """Not opened means not opened: other bytes behind the same size and mtime go unnoticed."""
    corpus_of(tmp_path, "clip,mos\na,3\n", {"a.mp4": videos[0]})
    first = load(tmp_path)
    path = tmp_path / "mine" / "clips" / "a.mp4"
    before = path.stat()
    path.write_bytes(bytes(before.st_size))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert load(tmp_path, known=first.files).clips == first.clips
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    touched = load(tmp_path, known=first.files)
    assert touched.clips_opened == 1
    assert touched.clips == ()


def test_a_broken_clip_costs_its_own_label_only(tmp_path: Path, videos: tuple[bytes, ...]) -> None:
    labels = "clip,mos\ngood,3\nempty,2\ntext,2\nabsent,4\n"
    corpus_of(tmp_path, labels, {"good.mp4": videos[0], "empty.mp4": b"", "text.mp4": b"hello"})
    corpus = load(tmp_path)
    assert [(clip.clip_name, clip.path is None) for clip in corpus.clips] == [
        ("absent.mp4", True),
        ("good.mp4", False),
    ]
    assert [(row.line, row.clip_name) for row in corpus.rejected] == [
        (3, "empty.mp4"),
        (4, "text.mp4"),
    ]
    assert "the file is empty" in corpus.rejected[0].reason
    good = corpus.clips[1]
    assert good.probe is not None
    assert (good.probe.width, good.probe.codec) == (64, "h264")


def test_same_bytes_are_one_row_or_a_conflict(tmp_path: Path, videos: tuple[bytes, ...]) -> None:
    one, two, three = videos
    labels = "clip,mos\na,3\nb,3\nc,4\nd,2\ne,1\n"
    files = {"a.mp4": one, "b.mp4": one, "c.mp4": two, "d.mp4": two, "e.mp4": three}
    corpus_of(tmp_path, labels, files)
    corpus = load(tmp_path)
    assert [clip.clip_name for clip in corpus.clips] == ["a.mp4", "e.mp4"]
    reasons = {row.clip_name: row.reason for row in corpus.rejected}
    assert set(reasons) == {"b.mp4", "c.mp4", "d.mp4"}
    assert "same bytes and label as a.mp4" in reasons["b.mp4"]
    assert "conflict" in reasons["c.mp4"]
    assert "conflict" in reasons["d.mp4"]


def test_clips_without_a_label_are_reported(tmp_path: Path, videos: tuple[bytes, ...]) -> None:
    corpus_of(
        tmp_path, "clip,mos\na,3\n", {"a.mp4": videos[0], "x.mp4": videos[1], "notes.txt": b""}
    )
    (row,) = load(tmp_path).rejected
    assert (row.line, row.clip_name, row.source) == (None, "x.mp4", "clips")


def test_links_to_folders_are_said_not_to_be_followed(
    tmp_path: Path, videos: tuple[bytes, ...]
) -> None:
    root = corpus_of(tmp_path, "clip,mos\na,3\n", {"a.mp4": videos[0]})
    (root / "mine" / "more").mkdir()
    (root / "mine" / "more" / "b.mp4").write_bytes(videos[1])
    (root / "mine" / "clips" / "linked").symlink_to(root / "mine" / "more")
    (row,) = load(root).rejected
    assert (row.source, row.line, row.clip_name) == ("clips", None, "linked")
    assert "link to a folder" in row.reason


@pytest.mark.parametrize("mos", ["3", "4.5"])
def test_contents_that_hold_the_same_bytes_are_one_group(
    tmp_path: Path, videos: tuple[bytes, ...], mos: str
) -> None:
    """Whether one of the copies is used, or none since their labels differ."""
    labels = f"clip,mos,src\na1,3,g1\na2,3.5,g1\nb1,{mos},g2\nb2,2,g2\nc,2,g3\n"
    clips = {"a1.mp4": videos[0], "b1.mp4": videos[0], "b2.mp4": videos[1]}
    root = corpus_of(tmp_path, labels, clips, MINIMAL_TOML + 'group = "src"\n')
    groups = {clip.clip_name: clip.content_group for clip in load(root).clips}
    assert len(groups) == (4 if mos == "3" else 3)
    assert groups["a2.mp4"] == groups["b2.mp4"] == "mine/g1"
    assert groups["c.mp4"] == "mine/g3"


def test_a_name_that_leads_outside_is_never_opened(
    tmp_path: Path, videos: tuple[bytes, ...]
) -> None:
    outside = tmp_path / "outside.mp4"
    outside.write_bytes(videos[0])
    labels = f"clip,mos\na,3\n../../outside.mp4,3\n{outside},3\n"
    corpus_of(tmp_path, labels, {"a.mp4": videos[1]})
    corpus = load(tmp_path)
    assert [row.line for row in corpus.rejected] == [3, 4]
    assert [file.path.name for file in corpus.files] == ["a.mp4"]


def test_a_pipe_in_the_clip_folder_is_no_clip(tmp_path: Path, videos: tuple[bytes, ...]) -> None:
    """Opening it would hang the run for ever."""
    corpus_of(tmp_path, "clip,mos\na,3\np,3\n", {"a.mp4": videos[0]})
    os.mkfifo(tmp_path / "mine" / "clips" / "p.mp4")
    assert [clip.path is None for clip in load(tmp_path).clips] == [False, True]


def test_references_are_found_hashed_once_and_missed_aloud(
    tmp_path: Path, videos: tuple[bytes, ...]
) -> None:
    labels = "clip,mos,ref\na,3,pristine/p.mp4\nb,2,pristine/p.mp4\nc,2,gone.mp4\n"
    write_tree(tmp_path, {"mine/pristine/p.mp4": videos[2]})
    toml = MINIMAL_TOML + 'reference = "ref"\n'
    corpus_of(tmp_path, labels, {"a.mp4": videos[0], "b.mp4": videos[1]}, toml)
    corpus = load(tmp_path)
    a, b, c = corpus.clips
    assert a.reference_path == b.reference_path == tmp_path / "mine" / "pristine" / "p.mp4"
    assert a.reference_sha256 is not None
    assert (c.reference_path, c.reference_sha256) == (None, None)
    assert "gone.mp4" in corpus.rejected[0].reason
    assert corpus.clips_opened == 3
    assert load(tmp_path, known=corpus.files).clips_opened == 0


def test_the_result_does_not_depend_on_the_order_of_label_rows(
    tmp_path: Path, videos: tuple[bytes, ...]
) -> None:
    rows = ["a,3", "b,3", "c,4", "d,2"]
    files = {"a.mp4": videos[0], "b.mp4": videos[0], "c.mp4": videos[1]}
    corpus_of(tmp_path / "x", "clip,mos\n" + "\n".join(rows), files)
    corpus_of(tmp_path / "y", "clip,mos\n" + "\n".join(rows[::-1]), dict(reversed(files.items())))

    def essence(root: Path) -> list[tuple[str, float, str | None]]:
        return [(clip.clip_id, clip.mos, clip.sha256) for clip in load(root).clips]

    assert essence(tmp_path / "x") == essence(tmp_path / "y")


def test_a_clip_that_goes_away_while_it_is_looked_for_is_named(
    tmp_path: Path, videos: tuple[bytes, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the listing of the folder and the look at the file."""
    corpus_of(tmp_path, "clip,mos\na,3\nb,2\n", {"a.mp4": videos[0], "b.mp4": videos[1]})
    look = looking.file_state

    def once_gone(path: str) -> FileState | None:
        if path.endswith("/a.mp4"):
            Path(path).unlink()
        return look(path)

    monkeypatch.setattr(looking, "file_state", once_gone)
    corpus = load(tmp_path)
    assert [clip.clip_name for clip in corpus.clips] == ["b.mp4"]
    (row,) = corpus.rejected
    assert (row.clip_name, row.line) == ("a.mp4", 2) and "it went away" in row.reason
    assert not corpus.settled


def test_parts_are_as_good_as_the_whole(
    tmp_path: Path, videos: tuple[bytes, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some rows at a time, in memory and into the store: new files, known ones, copies, flaws."""
    names = [f"c{at:02d}" for at in range(11)]
    labels = "clip,mos\n" + "".join(f"{name},{1 + at % 4}\n" for at, name in enumerate(names))
    files = {f"{name}.mp4": videos[at % 3] + bytes([at % 9]) for at, name in enumerate(names[:9])}
    corpus_of(tmp_path, labels, {**files, "c03.mp4": b"text", "c07.mp4": files["c06.mp4"]})
    whole = load(tmp_path)
    assert len(whole.clips) == 8 and len(whole.files) == 9
    for module in (clips, looking, corpus_columns, label_columns, rows):
        monkeypatch.setattr(module, "BATCH", 3)
    known = FileColumns.of(list(whole.files)[::2])
    store = Database(tmp_path / "store")
    for parts in (load(tmp_path), load(tmp_path, known=known), load(tmp_path, known=whole.files)):
        assert tuple(parts.clips) == tuple(whole.clips)
        assert (parts.rejected, parts.accounts) == (whole.rejected, whole.accounts)
        assert set(parts.files) == set(whole.files)
        corpus_rows.write_corpora(store, [parts])
        assert corpus_rows.read_clips(store, ["mine"]) == tuple(whole.clips)
        assert set(corpus_rows.seen_files(store, "mine")) == set(whole.files)
    ingested = store.fetch("SELECT count(DISTINCT ingested_at) AS n FROM raw_corpus")
    assert ingested["n"].to_pylist() == [1]
    assert whole.clips[2:5] == tuple(whole.clips)[2:5] and whole.clips[-1] == list(whole.clips)[-1]


def test_a_name_that_no_table_can_hold_is_no_row_of_one(
    tmp_path: Path, videos: tuple[bytes, ...]
) -> None:
    """A sensor may distrust a file of such a name."""
    corpus_of(tmp_path, "clip,mos\na,3\nb,2\n", {"a.mp4": videos[0], "b.mp4": videos[1]})
    files = load(tmp_path).files
    path = str(tmp_path / "mine/clips/a.mp4")
    assert files.without({os.fsdecode(b"/\xff.mp4")}) is files
    assert files.without({os.fsdecode(b"/\xff.mp4"), path}).paths == [
        path.replace("a.mp4", "b.mp4")
    ]


def test_a_label_file_whose_name_is_no_text_is_refused(tmp_path: Path) -> None:
    write_tree(tmp_path / "mine", {"corpus.toml": MINIMAL_TOML.replace("labels.csv", "*.csv")})
    (tmp_path / "mine" / "clips").mkdir()
    (tmp_path / "mine" / os.fsdecode(b"caf\xe9.csv")).write_text("clip,mos\na,3\n")
    with pytest.raises(CorpusError, match="is not UTF-8; rename it"):
        load(tmp_path)
