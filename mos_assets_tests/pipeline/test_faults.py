"""A disk that is full, and a corpus that changes, while a run is at work."""

from __future__ import annotations

import logging
import re
import shutil
from pathlib import Path

import dagster as dg
import pytest

from mos_assets.assets.reporting import user_errors
from mos_assets.features import SHARD_SUFFIX, read_shard
from mos_assets.features.entries import ENTRY_SUFFIX, read_entry
from mos_assets.io.log_lines import MOST_NAMED
from mos_assets.media.ffmpeg import Ffmpeg, run_ffmpeg
from mos_assets.pipeline import ingest, measure
from mos_assets.settings import Settings
from mos_assets.store import Database
from mos_assets_tests.corpora.making import MINIMAL_TOML, write_tree
from mos_assets_tests.disks import leave, tiny_disk
from mos_assets_tests.pipeline.chain import ROWS, Chain, write_corpus
from mos_assets_tests.settings.making import using

LOG = logging.getLogger(__name__)
CLIPS = 3


@pytest.fixture(scope="module")
def clip(ffmpeg: Ffmpeg, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Ten frames, 64 by 64."""
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    words = ["-f", "lavfi", "-i", "testsrc2=s=64x64:r=25", "-frames:v", "10", "-c:v", "libx264"]
    assert run_ffmpeg(ffmpeg, [*words, "-preset", "ultrafast", str(path)]).returncode == 0
    return path.read_bytes()


def another(clip: bytes, number: int) -> bytes:
    """The same pictures in other bytes: a box that readers pass over."""
    return clip + (16).to_bytes(4, "big") + b"free" + number.to_bytes(8, "big")


@pytest.fixture
def settings(clip: bytes, tmp_path: Path) -> Settings:
    """Three clips with labels, of which the saliency is measured."""
    labels = "".join(f"c{number}.mp4,{2 + number}\n" for number in range(CLIPS))
    files: dict[str, str | bytes] = {
        "corpus.toml": MINIMAL_TOML,
        "labels.csv": f"clip,mos\n{labels}",
        **{f"clips/c{number}.mp4": another(clip, number) for number in range(CLIPS)},
    }
    write_tree(tmp_path / "corpora" / "mine", files)
    return Settings.of(
        corpus="mine",
        corpus_root=str(tmp_path / "corpora"),
        store=str(tmp_path / "store"),
        features="saliency",
        workers=1,
    )


def store_of(settings: Settings) -> Database:
    return Database(settings.paths.store_folder)


def ingested(settings: Settings) -> Settings:
    ingest.ingest(settings.run, settings.paths, store_of(settings), LOG.info)
    return settings


def measured(settings: Settings) -> measure.Merged:
    return measure.measure(settings.run, settings.paths, store_of(settings), LOG)


def kept(store: Path) -> tuple[int, int]:
    """Entries of journals and shards, each of which can be read; nothing else is there."""
    files = [path for path in store.glob("shards/**/*") if path.is_file() and path.name != ".lock"]
    entries = [path for path in files if path.suffix == ENTRY_SUFFIX]
    shards = [path for path in files if path.suffix == SHARD_SUFFIX]
    assert len(files) == len(entries) + len(shards), files
    assert all(read_entry(path) for path in entries)
    assert all(read_shard(path) for path in shards)
    return len(entries), len(shards)


def test_a_disk_that_is_full_at_any_step_is_one_message_and_the_next_run_goes_on(
    settings: Settings, tmp_path: Path
) -> None:
    """A page more of room each time: no journal can be written, then no shard, then no table."""
    rows = measured(ingested(using(settings, store=str(tmp_path / "roomy")))).rows
    found = []
    with tiny_disk(tmp_path / "store", "20m") as disk:
        ingested(settings)
        for pages in range(20):
            leave(disk, pages)
            with pytest.raises(dg.Failure) as told, user_errors():
                measured(settings)
            assert re.fullmatch(r".*disk .*is full.*run again.*", str(told.value.description))
            found.append(kept(disk))
            if found[-1] == (0, 1):
                break
        assert found[0] == (0, 0)
        assert {(1, 0), (0, 1)} <= set(found), "no shard, then no table"
        leave(disk, 2000)
        assert measured(settings).rows.equals(rows)
        assert kept(disk)[0] == 0


def test_a_clip_that_is_replaced_under_a_run_is_never_judged_by_other_pictures(
    settings: Settings, clip: bytes
) -> None:
    """After it was read: it has no figures in this run, which says so. After it was measured: the
    run judges what it had read. The next one takes it as it is."""
    clips = settings.paths.corpus_folder / "mine" / "clips"
    ingested(settings)
    (clips / "c0.mp4").write_bytes(another(clip, 100))
    (clips / "c1.mp4").unlink()
    merged = measured(settings)
    assert {noted.clip_id: noted.setback.reason for noted in merged.waiting} == {
        "mine/c0": "it changed since raw_corpus read it; materialize raw_corpus again",
        "mine/c1": "the file is not there",
    }
    (figures,) = merged.rows.to_pylist()
    (clips / "c2.mp4").write_bytes(another(clip, 102))
    (again,) = measured(settings).rows.to_pylist()
    assert again == figures
    (clips / "c1.mp4").write_bytes(another(clip, 1))
    merged = measured(ingested(settings))
    assert (merged.clips, merged.waiting, merged.rows.num_rows) == (3, (), 3)
    assert figures["content"] not in merged.rows["content"].to_pylist()


def test_a_log_names_some_of_many_clips_and_counts_the_others(
    settings: Settings, clip: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """A line is a row in Dagster's storage."""
    folder, clips = settings.paths.corpus_folder / "mine", 3 * MOST_NAMED
    labels = "".join(f"c{number}.mp4,{2 + number % 3}\n" for number in range(clips))
    files: dict[str, str | bytes] = {
        "labels.csv": f"clip,mos\n{labels}",
        **{f"clips/c{number}.mp4": another(clip, number) for number in range(clips)},
    }
    write_tree(folder, files)
    ingested(settings)
    shutil.rmtree(folder / "clips")
    assert len(measured(settings).waiting) == clips
    warnings = [each.message for each in caplog.records if each.levelname == "WARNING"]
    assert len([line for line in warnings if "the file is not there" in line]) == MOST_NAMED + 1
    assert f"{clips - MOST_NAMED} more; tables clip_measurements and setbacks say why" in warnings


def test_labels_that_change_under_a_run_are_those_of_the_next(tmp_path: Path) -> None:
    """Nothing after raw_corpus opens a label file, whatever became of it."""
    write_corpus(tmp_path, "mine", ROWS)
    settings = Settings.of(
        corpus="mine",
        corpus_root=str(tmp_path / "corpora"),
        store=str(tmp_path / "store"),
        features="own",
        folds=3,
    )
    chain = Chain(tmp_path, ingested(settings))
    read = chain.prepare_from_rows().digest
    labels = tmp_path / "corpora" / "mine" / "labels.csv"
    labels.write_text(labels.read_text().replace("mine3,3.0", "mine3,1.0"))
    assert chain.prepare_from_rows().digest == read
    assert Chain(tmp_path, ingested(settings)).prepare_from_rows().digest != read
