"""Names that strangers chose: none leads out of the corpus, and none stops a run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mos_assets.automation.scans import scan_corpora
from mos_assets.corpora.names import safe_name
from mos_assets.records import Corpus
from mos_assets.settings import Settings
from mos_assets.store import Database, corpus_rows
from mos_assets.tables.cells import CellError
from mos_assets_tests.corpora.making import MINIMAL_TOML, load, write_tree


def made(root: Path, labels: str, clips: dict[str, bytes], toml: str = MINIMAL_TOML) -> Path:
    write_tree(root, {"mine/corpus.toml": toml, "mine/labels.csv": labels})
    folder = root / "mine" / "clips"
    folder.mkdir(exist_ok=True)
    write_tree(folder, clips)
    return folder


def reason_of(corpus: Corpus) -> dict[str | None, str]:
    return {row.clip_name: row.reason for row in corpus.rejected}


def stored(corpus: Corpus, folder: Path) -> Corpus:
    """The corpus, after it went through the store and a second look opened nothing."""
    database = Database(folder / "store")
    corpus_rows.write_corpora(database, [corpus])
    assert len(corpus_rows.read_clips(database, ["mine"])) == len(corpus.clips)
    assert corpus_rows.rejected_table(database, ["mine"]).num_rows == len(corpus.rejected)
    return corpus


@pytest.mark.parametrize("name", ["\udcff.mp4", "a\ud800b", "sub/\udfff/x.mp4"])
def test_half_characters_are_refused(name: str) -> None:
    with pytest.raises(CellError, match="not UTF-8"):
        safe_name(name)


def test_odd_names_that_stay_inside_are_clips(tmp_path: Path, videos: tuple[bytes, ...]) -> None:
    """To a shell, to an option parser or to a protocol they would mean something; here nothing."""
    names = ["-y.mp4", "$(touch x);`id`|&.mp4", "concat:a|b.mp4"]
    rows = "".join(f"{name},{mos}\n" for mos, name in enumerate(names, 1))
    made(tmp_path, "clip,mos\n" + rows, dict(zip(names, videos, strict=True)))
    corpus = stored(load(tmp_path), tmp_path)
    assert {clip.clip_name for clip in corpus.clips if clip.probe} == set(names)
    assert corpus.rejected == ()


@pytest.mark.parametrize("name", ["http://127.0.0.1/a.mp4", "file:///etc/passwd", "../a.mp4"])
def test_a_name_that_is_an_address_is_refused(
    name: str, tmp_path: Path, videos: tuple[bytes, ...]
) -> None:
    made(tmp_path, f"clip,mos\na,3\n{name},3\n", {"a.mp4": videos[0]})
    corpus = stored(load(tmp_path), tmp_path)
    assert [row.line for row in corpus.rejected] == [3]
    assert len(corpus.files) == 1


def test_file_names_that_are_no_text_are_rejected_rows(
    tmp_path: Path, videos: tuple[bytes, ...]
) -> None:
    folder = made(tmp_path, "clip,mos\na,3\n", {"a.mp4": videos[0], "new\nline.mp4": videos[1]})
    (folder / os.fsdecode(b"caf\xe9.mp4")).write_bytes(videos[2])
    below = folder / os.fsdecode(b"\xff")
    below.mkdir()
    (below / "b.mp4").write_bytes(videos[2])
    corpus = stored(load(tmp_path), tmp_path)
    assert [clip.clip_name for clip in corpus.clips] == ["a.mp4"]
    reasons = reason_of(corpus)
    assert len(reasons) == 3
    assert sum("not UTF-8" in reason for reason in reasons.values()) == 2
    assert all(name is not None and name.isprintable() for name in reasons)
    settings = Settings.of(corpus="mine", corpus_root=str(tmp_path), store=str(tmp_path / "store"))
    looks = [
        scan_corpora(settings.run, settings.paths, every_file=True, turn=turn) for turn in range(2)
    ]
    assert looks[0].signature == looks[1].signature


def test_a_link_that_leads_out_is_refused_by_name(
    tmp_path: Path, videos: tuple[bytes, ...]
) -> None:
    outside = tmp_path / "outside.mp4"
    outside.write_bytes(videos[0])
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "c.mp4").write_bytes(videos[1])
    labels = "clip,mos\nout,3\nin,2\nsub/c,4\nloop,1\ngone,1\n"
    folder = made(tmp_path, labels, {"in_real.mp4": videos[2]})
    write_tree(tmp_path, {"mine/objects/kept.mp4": videos[2]})
    (folder / "in_real.mp4").unlink()
    (folder / "out.mp4").symlink_to(outside)
    (folder / "stray.mp4").symlink_to(outside)
    (folder / "in.mp4").symlink_to("../objects/kept.mp4")
    (folder / "sub").symlink_to(tmp_path / "elsewhere")
    (folder / "loop.mp4").symlink_to("loop.mp4")
    (folder / "gone.mp4").symlink_to("nowhere.mp4")
    corpus = stored(load(tmp_path), tmp_path)
    assert [clip.clip_name for clip in corpus.clips if clip.path] == ["in.mp4"]
    assert [file.path.name for file in corpus.files] == ["in.mp4"]
    reasons = reason_of(corpus)
    assert "leads outside the corpus folder" in reasons["out.mp4"]
    assert "leads outside the corpus folder" in reasons["stray.mp4"]
    assert {clip.clip_name for clip in corpus.clips if not clip.path} == {
        "gone.mp4",
        "loop.mp4",
        "sub/c.mp4",
    }
    assert load(tmp_path, known=corpus.files).rejected == corpus.rejected


def test_the_folder_itself_may_be_a_link(tmp_path: Path, videos: tuple[bytes, ...]) -> None:
    """Clips lie where their owner has room for them."""
    made(tmp_path, "clip,mos\na,3\n", {}).rmdir()
    (tmp_path / "disk").mkdir()
    (tmp_path / "disk" / "a.mp4").write_bytes(videos[0])
    (tmp_path / "mine" / "clips").symlink_to(tmp_path / "disk")
    (clip,) = load(tmp_path).clips
    assert clip.probe is not None


def test_a_reference_that_leads_out_is_refused_by_name(
    tmp_path: Path, videos: tuple[bytes, ...]
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "p.mp4").write_bytes(videos[1])
    long = "x/" * 3000 + "p"
    labels = f"clip,mos,ref\na,3,linked/p.mp4\nb,2,{long}\n"
    made(
        tmp_path,
        labels,
        {"a.mp4": videos[0], "b.mp4": videos[2]},
        MINIMAL_TOML + 'reference = "ref"\n',
    )
    (tmp_path / "mine" / "linked").symlink_to(outside)
    corpus = stored(load(tmp_path), tmp_path)
    assert [clip.reference_path for clip in corpus.clips] == [None, None]
    assert "leads outside the corpus folder" in reason_of(corpus)["a.mp4"]
    assert "not there" in reason_of(corpus)["b.mp4"]
