"""A corpus that is as it was is not read again, and one that is not always is."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from mos_assets.pipeline.ingest import Ingested, ingest
from mos_assets.settings import Settings
from mos_assets.store import Database, corpus_rows, provenance
from mos_assets_tests.corpora.making import MINIMAL_TOML, write_tree
from mos_assets_tests.settings.making import using


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    labels = "clip,mos\na,3\nb,2\nsub/c,4\n"
    files = {"corpus.toml": MINIMAL_TOML, "labels.csv": labels, "clips/a.mp4": "no clip"}
    write_tree(tmp_path / "corpora" / "mine", files)
    return Settings.of(
        corpus="mine", corpus_root=str(tmp_path / "corpora"), store=str(tmp_path / "store")
    )


def run(settings: Settings) -> Ingested:
    database = Database(settings.paths.store_folder)
    return ingest(settings.run, settings.paths, database, lambda _: None)


def scores(settings: Settings) -> dict[str, float]:
    rows = corpus_rows.read_clips(Database(settings.paths.store_folder), ["mine"])
    return {clip.clip_name: clip.mos for clip in rows}


def rewrite_with_its_time(path: Path, text: str) -> None:
    before = path.stat()
    path.write_text(text)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


CHANGES: dict[str, Callable[[Path], object]] = {
    "a label, same size and time": lambda at: rewrite_with_its_time(
        at / "labels.csv", "clip,mos\na,3\nb,1\nsub/c,4\n"
    ),
    "the scale": lambda at: (at / "corpus.toml").write_text(MINIMAL_TOML.replace("1.0", "0.5")),
    "a clip more": lambda at: write_tree(at, {"clips/b.mp4": "no clip"}),
    "a clip more, deep": lambda at: write_tree(at, {"clips/sub/c.mp4": "no clip"}),
    "a clip less": lambda at: (at / "clips/a.mp4").unlink(),
    "a clip touched": lambda at: os.utime(at / "clips/a.mp4", ns=(1, 1)),
    "a clip of another size": lambda at: rewrite_with_its_time(at / "clips/a.mp4", "none"),
    "a link": lambda at: (at / "clips/b.mp4").symlink_to(at / "clips/a.mp4"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_has_changed_is_read_again_and_nothing_else(settings: Settings, change: str) -> None:
    assert run(settings).unchanged == ()
    before = scores(settings)
    assert before == {"b.mp4": 2.0, "sub/c.mp4": 4.0}
    assert run(settings) == Ingested(opened=0, downloaded=0, unchanged=("mine",))
    assert scores(settings) == before
    CHANGES[change](settings.paths.corpus_folder / "mine")
    assert run(settings).unchanged == ()
    assert run(settings).unchanged == ("mine",)


@pytest.mark.parametrize("change", CHANGES)
def test_the_store_holds_what_a_new_one_would(settings: Settings, change: str) -> None:
    """Of files too, which are left alone where they are those that were known."""
    run(settings)
    CHANGES[change](settings.paths.corpus_folder / "mine")
    run(settings)
    new = using(settings, store=f"{settings.paths.store}-new")
    run(new)
    stores = [Database(each.paths.store_folder) for each in (settings, new)]
    mine, other = (set(corpus_rows.seen_files(store, "mine")) for store in stores)
    assert mine == other
    mine, other = (corpus_rows.read_clips(store, ["mine"]) for store in stores)
    assert mine == other


def test_files_that_another_version_looked_into_are_forgotten(
    settings: Settings, tmp_path: Path
) -> None:
    """Also while none of them is there."""
    store, clip = Database(settings.paths.store_folder), "corpora/mine/clips/a.mp4"
    run(settings)
    assert len(corpus_rows.seen_files(store, "mine")) == 1
    provenance.write(store, f"{provenance.PROBES}:mine", "another")
    (tmp_path / clip).rename(tmp_path / "away.mp4")
    run(settings)
    assert len(corpus_rows.seen_files(store, "mine")) == 0
    (tmp_path / "away.mp4").rename(tmp_path / clip)
    assert run(settings).opened == 1


def test_a_corpus_of_which_a_file_could_not_be_read_is_looked_at_again(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A clip that grows while it is hashed, as one that is being copied."""
    from mos_assets.corpora import examine

    at = settings.paths.corpus_folder / "mine" / "clips" / "a.mp4"

    def growing(path: Path) -> str:
        with at.open("a") as file:
            file.write("more")
        return "0" * 64

    with monkeypatch.context() as patched:
        patched.setattr(examine, "hash_file", growing)
        run(settings)
        assert run(settings).unchanged == ()
    assert run(settings).opened == 1
    assert run(settings).unchanged == ("mine",)


def test_rows_that_another_run_replaced_are_not_taken_for_these(settings: Settings) -> None:
    """The stamp goes with the rows: whoever writes other rows takes it away."""
    run(settings)
    database = Database(settings.paths.store_folder)
    assert run(settings).unchanged == ("mine",)
    database.path.unlink()
    assert run(settings).unchanged == ()
    assert scores(settings) == {"b.mp4": 2.0, "sub/c.mp4": 4.0}


def test_several_corpora_are_told_apart(settings: Settings) -> None:
    toml = MINIMAL_TOML.replace('"mine"', '"other"').replace('clips = "clips"\n', "")
    write_tree(
        settings.paths.corpus_folder / "other", {"corpus.toml": toml, "labels.csv": "clip,mos\na,3"}
    )
    both = using(settings, corpus="mine,other")
    assert run(settings).unchanged == ()
    assert run(both).unchanged == ("mine",)
    assert run(both).unchanged == ("mine", "other")
