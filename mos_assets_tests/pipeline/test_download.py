"""Downloads with their state in the store: a re-run asks for nothing, a lost clip is fetched."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from mos_assets.downloads import DownloadProgress, DownloadSummary, run
from mos_assets.errors import CorpusError
from mos_assets.pipeline.download import fetch_clips, progress_line, summary_line
from mos_assets.records import Download, DownloadState
from mos_assets.settings import Settings
from mos_assets.store import Database, download_rows
from mos_assets_tests.downloads.serving import Site, body, send, serve, status
from mos_assets_tests.settings.making import using, values

CORPUS = "konvid-150k"
CLIP = b"clip" * 100


@pytest.fixture
def site() -> Iterator[Site]:
    with serve() as found:
        yield found


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "corpora" / CORPUS).mkdir(parents=True)
    return Settings.of(
        corpus=CORPUS,
        corpus_root=str(tmp_path / "corpora"),
        store=str(tmp_path / "store"),
        konvid_150k_floor=1,
        download_private=True,
        download_rate=1000,
    )


def manifest(settings: Settings, rows: dict[str, str]) -> Path:
    folder = settings.paths.corpus_folder / CORPUS
    lines = "".join(f"{name},{url},3\n" for name, url in rows.items())
    (folder / "manifest.csv").write_text("name,url,mos\n" + lines)
    return folder / "clips"


def silent(_: DownloadProgress) -> None:
    return


def fetch(settings: Settings, *, again: bool = False) -> DownloadSummary:
    return fetch_clips(settings.run, settings.paths, CORPUS, silent, again=again)


def state(settings: Settings) -> dict[str, Download]:
    rows = download_rows.read_downloads(Database(settings.paths.store_folder), CORPUS)
    return {row.clip_name: row for row in rows}


def test_the_life_of_a_manifest(settings: Settings, site: Site) -> None:
    site.has("/a", body(CLIP))
    rows = {
        "a.mp4": site.url("/a"),
        "gone.mp4": site.url("/gone"),
        "nowhere.mp4": "",
        "there.mp4": site.url("/never"),
    }
    clips = manifest(settings, rows)
    clips.mkdir()
    (clips / "there.mp4").write_bytes(b"put there by hand")
    first = fetch(settings)
    assert (first.clips, first.present, first.downloaded, first.failed, first.permanent) == (
        *(4, 1, 1, 0, 2),
    )
    found = state(settings)
    assert set(found) == set(rows)
    assert (found["there.mp4"].state, found["there.mp4"].attempts) == (DownloadState.DONE, 0)
    assert (found["a.mp4"].state, found["a.mp4"].size_bytes) == (DownloadState.DONE, len(CLIP))
    assert (found["gone.mp4"].permanent, found["gone.mp4"].reason) == (True, "status 404")
    assert found["nowhere.mp4"].permanent
    assert "no address" in str(found["nowhere.mp4"].reason)

    asked = len(site.asked)
    second = fetch(settings)
    assert (second.present, second.downloaded, second.permanent) == (2, 0, 2)
    assert len(site.asked) == asked
    assert state(settings) == found

    (clips / "a.mp4").unlink()
    assert fetch(settings).downloaded == 1
    assert state(settings)["a.mp4"].attempts == 2
    assert (site.times("/a"), site.times("/gone")) == (2, 1)
    (clips / "a.mp4").write_bytes(b"")
    assert fetch(settings).downloaded == 1

    site.has("/gone", body(CLIP))
    assert fetch(settings).downloaded == 0
    assert fetch(settings, again=True).downloaded == 1
    assert state(settings)["gone.mp4"].state is DownloadState.DONE
    manifest(settings, {**rows, "nowhere.mp4": site.url("/a")})
    assert fetch(settings).downloaded == 1
    assert (clips / "there.mp4").read_bytes() == b"put there by hand"


def test_a_clip_that_failed_and_was_put_there_by_hand_is_done(
    settings: Settings, site: Site
) -> None:
    clips = manifest(settings, {"a.mp4": site.url("/gone")})
    fetch(settings)
    (clips / "a.mp4").write_bytes(CLIP)
    assert fetch(settings).present == 1
    row = state(settings)["a.mp4"]
    assert (row.state, row.permanent, row.size_bytes) == (DownloadState.DONE, False, len(CLIP))


def test_what_failed_for_now_is_tried_in_the_next_run(
    settings: Settings, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "backoff_s", lambda *_: 0.0)
    clips = manifest(settings, {"a.mp4": site.url("/a")})
    site.has("/a", body(b"<html>log in</html>", content_type="text/html"))
    assert fetch(settings).failed == 1
    row = state(settings)["a.mp4"]
    assert (row.permanent, row.attempts) == (False, 4)
    site.has("/a", body(CLIP))
    assert fetch(settings).downloaded == 1
    assert state(settings)["a.mp4"].attempts == 5
    assert (clips / "a.mp4").read_bytes() == CLIP


def test_a_manifest_cannot_reach_this_machine_by_default(settings: Settings, site: Site) -> None:
    manifest(settings, {"a.mp4": site.has("/a", body(CLIP))})
    strict = using(settings, download_private=False)
    assert (fetch(strict).failed, fetch(strict).permanent) == (1, 0)
    assert site.asked == []
    assert "MOS_DOWNLOAD_PRIVATE" in str(state(settings)["a.mp4"].reason)
    assert state(settings)["a.mp4"].attempts == 2, "it is not tried again in the same run"
    assert fetch(settings).downloaded == 1


def test_the_remedy_that_is_named_for_a_large_clip_works(settings: Settings, site: Site) -> None:
    manifest(settings, {"a.mp4": site.has("/a", body(b"x" * 1_000_001))})
    assert fetch(using(settings, download_mb=1)).failed == 1
    assert "MOS_DOWNLOAD_MB" in str(state(settings)["a.mp4"].reason)
    assert site.times("/a") == 1
    assert fetch(using(settings, download_mb=2)).downloaded == 1


def test_a_clip_that_is_there_under_another_suffix_is_not_asked_for(
    settings: Settings, site: Site
) -> None:
    """Where a run would find it, and where a killed run had not yet said that it came."""
    clips = manifest(settings, {"a": site.url("/a"), "7": site.url("/7"), "c": site.url("/c")})
    clips.mkdir()
    for name in ("a.webm", "7_original_centercrop_960x540_8s.mp4", "c.mkv", "c.webm"):
        (clips / name).write_bytes(CLIP)
    found = fetch(settings)
    assert (found.present, found.permanent) == (2, 1)
    assert [path for path, _ in site.asked] == ["/c"]
    assert {name for name, row in state(settings).items() if row.state is DownloadState.DONE} == {
        "a.mp4",
        "7.mp4",
    }


def test_other_corpora_have_nothing_to_download(settings: Settings) -> None:
    assert fetch(using(settings, corpus="demo")) == DownloadSummary()
    folder = settings.paths.corpus_folder / CORPUS
    (folder / "k150ka_scores.csv").write_text("video_name,video_score\na.mp4,3\n")
    assert fetch(settings) == DownloadSummary()
    assert not Database(settings.paths.store_folder).exists
    with pytest.raises(CorpusError, match="MOS_MANIFEST"):
        fetch(using(settings, manifest="gone.csv"))


def test_two_runs_do_not_write_the_same_files(settings: Settings, site: Site) -> None:
    clips = manifest(settings, {"a.mp4": site.has("/a", body(CLIP))})
    clips.mkdir()
    with (clips / ".lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(CorpusError, match="Another process downloads clips"):
            fetch(settings)
    assert site.asked == []
    assert fetch(settings).downloaded == 1


def test_a_folder_in_the_way_is_named(settings: Settings, site: Site) -> None:
    clips = manifest(settings, {"a.mp4": site.has("/a", body(CLIP))})
    clips.write_text("not a folder")
    with pytest.raises(CorpusError, match=r"cannot be downloaded into .*clips"):
        fetch(settings)


CHILD = """
import json
import sys
from mos_assets.downloads import run
from mos_assets.pipeline.download import fetch_clips
from mos_assets.settings import Settings
settings = Settings.of(**json.loads(sys.argv[1]))
fetch_clips(settings.run, settings.paths, "konvid-150k", lambda _: None)
"""


def test_a_killed_run_is_taken_up_without_asking_for_what_is_there(
    settings: Settings, site: Site
) -> None:
    """SIGKILL in mid-download, before any state was stored: the finished files say it."""

    def hangs(h: BaseHTTPRequestHandler) -> None:
        send(h, 200, CLIP[:100], content_length=str(len(CLIP)))
        time.sleep(20)

    rows = {f"{n}.mp4": site.has(f"/{n}", body(CLIP)) for n in range(10)}
    rows["hung.mp4"] = site.has("/hung", hangs)
    clips = manifest(settings, rows)
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, json.dumps(values(settings))],
        cwd=Path(__file__).parents[2],
    )
    try:
        deadline = time.monotonic() + 60
        while len(list(clips.glob("*.mp4"))) < 10 and time.monotonic() < deadline:
            time.sleep(0.02)
    finally:
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
    assert len(list(clips.glob("*.mp4"))) == 10
    site.asked.clear()
    site.has("/hung", body(CLIP))
    found = fetch(settings)
    assert (found.present, found.downloaded) == (10, 1)
    assert [path for path, _ in site.asked] == ["/hung"]
    assert sorted(path.name for path in clips.iterdir()) == [
        ".lock",
        *sorted(rows),
    ]


def test_progress_is_told_and_reads_well(settings: Settings, site: Site) -> None:
    site.has("/a", body(CLIP))
    site.has("/b", status(404))
    manifest(settings, {"a.mp4": site.url("/a"), "b.mp4": site.url("/b")})
    seen: list[DownloadProgress] = []
    found = fetch_clips(settings.run, settings.paths, CORPUS, seen.append)
    assert (seen[-1].total, seen[-1].done, seen[-1].failed) == (2, 1, 1)
    assert [now.done + now.failed for now in seen] == sorted(n.done + n.failed for n in seen)
    line = progress_line(CORPUS, DownloadProgress(1000, 100, 3, 250_000_000, 50.0))
    assert line == (
        "konvid-150k: 100 of 1000 clips downloaded, 250 MB, 2.0 clips a second, "
        "about 7 min left, 3 failed"
    )
    assert "1 are missing (50.0 %): 0 to be tried again, 1 not to be had" in summary_line(
        CORPUS, found
    )
