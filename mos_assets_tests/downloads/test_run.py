"""Many clips: what is tried again, how often, how fast, and what is left when a run is ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from mos_assets.downloads.plan import DownloadProgress, Job, Limits, Outcome
from mos_assets.downloads.run import download_all
from mos_assets_tests.downloads.serving import (
    QUICK,
    Behaviour,
    Site,
    body,
    ranged,
    send,
    status,
)

CLIP = b"clip" * 500


def run(
    jobs: Sequence[Job], folder: Path, limits: Limits = QUICK
) -> tuple[dict[str, Outcome], list[DownloadProgress]]:
    """Outcomes by clip; each job must have exactly one."""
    outcomes: list[Outcome] = []
    seen: list[DownloadProgress] = []
    download_all(jobs, folder, limits, on_done=outcomes.extend, on_progress=seen.append)
    assert sorted(outcome.job.clip_name for outcome in outcomes) == sorted(
        job.clip_name for job in jobs
    )
    return {outcome.job.clip_name: outcome for outcome in outcomes}, seen


def after(times: int, first: Behaviour, then: Behaviour) -> Behaviour:
    """The first behaviour so many times, and the second from then on."""
    count = 0
    lock = threading.Lock()

    def behave(h: BaseHTTPRequestHandler) -> None:
        nonlocal count
        with lock:
            count += 1
            now = count
        (first if now <= times else then)(h)

    return behave


def test_what_may_mend_is_tried_again_and_nothing_else(site: Site, tmp_path: Path) -> None:
    site.has("/good", body(CLIP))
    site.has("/gone", status(410))
    site.has("/down", status(503))
    site.has("/shy", after(3, status(500), body(CLIP)))
    site.has("/busy", after(2, status(429, retry_after="0"), body(CLIP)))
    names = ("good", "gone", "down", "shy", "busy")
    jobs = [Job(f"{name}.mp4", site.url(f"/{name}")) for name in names]
    found, seen = run([*jobs, Job("odd.mp4", "file:///etc/passwd")], tmp_path)
    assert {name: (o.size_bytes, o.permanent, o.attempts) for name, o in found.items()} == {
        "good.mp4": (len(CLIP), False, 1),
        "gone.mp4": (None, True, 1),
        "down.mp4": (None, False, QUICK.attempts),
        "shy.mp4": (len(CLIP), False, 4),
        "busy.mp4": (len(CLIP), False, 3),
        "odd.mp4": (None, True, 1),
    }
    assert found["gone.mp4"].reason == "status 410"
    assert [site.times(f"/{name}") for name in names] == [1, 1, QUICK.attempts, 4, 3]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["busy.mp4", "good.mp4", "shy.mp4"]
    last = seen[-1]
    assert (last.total, last.done, last.failed, last.bytes) == (6, 3, 3, 3 * len(CLIP))


def test_a_torn_connection_is_taken_up_where_it_was(site: Site, tmp_path: Path) -> None:
    """Each try brings 300 bytes more; in the end they are one file."""
    content = os.urandom(1000)

    def flaky(h: BaseHTTPRequestHandler) -> None:
        start = int(h.headers.get("Range", "bytes=0-").removeprefix("bytes=").rstrip("-"))
        more = {"etag": '"v"', "content_length": str(len(content) - start)}
        if start:
            more["content_range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        send(h, 206 if start else 200, content[start : start + 300], **more)

    found, _ = run([Job("a.mp4", site.has("/a", flaky))], tmp_path)
    assert found["a.mp4"].size_bytes == 1000
    assert (tmp_path / "a.mp4").read_bytes() == content
    assert site.times("/a") == 4


def test_workers_are_bounded_and_share_the_work(site: Site, tmp_path: Path) -> None:
    inside = most = 0
    lock = threading.Lock()

    def behave(h: BaseHTTPRequestHandler) -> None:
        nonlocal inside, most
        with lock:
            inside += 1
            most = max(most, inside)
        time.sleep(0.05)
        with lock:
            inside -= 1
        send(h, 200, CLIP)

    jobs = [Job(f"{n}.mp4", site.has(f"/{n}", behave)) for n in range(12)]
    run(jobs, tmp_path, replace(QUICK, parallel=3))
    assert 2 <= most <= 3


def test_the_rate_holds_over_all_workers_and_hops(site: Site, tmp_path: Path) -> None:
    """A lower bound on time cannot flake: 20 requests at 40 a second take 19 gaps of 25 ms."""
    site.has("/clip", body(CLIP))
    redirect = lambda h: send(h, 302, b"", location="/clip")  # noqa: E731
    jobs = [Job(f"{n}.mp4", site.has(f"/{n}", redirect)) for n in range(10)]
    began = time.monotonic()
    run(jobs, tmp_path, replace(QUICK, parallel=8, requests_per_s=40))
    assert len(site.asked) == 20
    assert time.monotonic() - began >= 19 / 40


def test_retry_after_silences_every_worker(site: Site, tmp_path: Path) -> None:
    """One server's wish holds all requests: nothing is asked while it lasts."""
    times: list[float] = []

    def busy(h: BaseHTTPRequestHandler) -> None:
        times.append(time.monotonic())
        send(h, 429, b"", retry_after="60")

    site.has("/busy", after(1, busy, body(CLIP)))
    site.has("/other", lambda h: (times.append(time.monotonic()), send(h, 200, CLIP))[1])
    jobs = [Job("busy.mp4", site.url("/busy"))]
    jobs += [Job(f"{n}.mp4", site.url("/other")) for n in range(3)]
    found, _ = run(jobs, tmp_path, replace(QUICK, parallel=1, pause_s=0.4))
    assert all(outcome.size_bytes for outcome in found.values())
    assert times[1] - times[0] >= 0.39


def test_a_dead_server_is_given_up_and_others_are_not(site: Site, tmp_path: Path) -> None:
    dead = [Job(f"dead{n}.mp4", f"http://127.0.0.1:1/{n}") for n in range(60)]
    good = [Job(f"good{n}.mp4", site.has(f"/{n}", body(CLIP))) for n in range(3)]
    found, _ = run([*dead, *good], tmp_path, replace(QUICK, patience_s=0.0))
    assert all(found[job.clip_name].size_bytes for job in good)
    left = [found[job.clip_name] for job in dead]
    assert not any(outcome.permanent for outcome in left)
    unasked = [o for o in left if o.reason is not None and "not asked any more" in o.reason]
    assert len(unasked) >= 40


def test_results_come_in_batches_from_the_callers_thread(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mos_assets.downloads.run.BATCH", 5)
    site.has("/a", body(CLIP))
    batches: list[int] = []
    threads: set[int] = set()

    def on_done(batch: Sequence[Outcome]) -> None:
        batches.append(len(batch))
        threads.add(threading.get_ident())

    jobs = [Job(f"{n}.mp4", site.url("/a")) for n in range(23)]
    download_all(jobs, tmp_path, QUICK, on_done=on_done, on_progress=lambda _: None)
    assert sum(batches) == 23
    assert all(size >= 5 for size in batches[:-1])
    assert threads == {threading.get_ident()}


def test_a_full_disk_ends_the_run_and_keeps_what_is_finished(site: Site, tmp_path: Path) -> None:
    """A folder in the place of the `.part` stands for a disk that cannot be written."""
    (tmp_path / "2.mp4.part").mkdir()
    (tmp_path / "2.mp4.part" / "x").touch()
    site.has("/a", body(CLIP))
    jobs = [Job(f"{n}.mp4", site.url("/a")) for n in range(4)]
    outcomes: list[Outcome] = []
    limits = replace(QUICK, parallel=1)
    with pytest.raises(OSError, match=r"2\.mp4\.part"):
        download_all(jobs, tmp_path, limits, on_done=outcomes.extend, on_progress=lambda _: None)
    assert [outcome.job.clip_name for outcome in outcomes][:2] == ["0.mp4", "1.mp4"]


@pytest.fixture
def plain_interrupt() -> Iterator[None]:
    """Python's own handler: other tests in this process may have run what sets another one."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("plain_interrupt")
def test_an_interrupt_ends_the_workers_and_hands_out_what_is_finished(
    site: Site, tmp_path: Path
) -> None:
    """Ctrl-C while one clip is done and another one hangs."""

    def hangs(h: BaseHTTPRequestHandler) -> None:
        send(h, 200, CLIP[:100], content_length=str(len(CLIP)), etag='"v"')
        time.sleep(30)

    jobs = [Job("done.mp4", site.has("/a", body(CLIP))), Job("hung.mp4", site.has("/b", hangs))]
    outcomes: list[Outcome] = []

    def interrupt(now: DownloadProgress) -> None:
        if now.done == 1 and site.times("/b"):
            os.kill(os.getpid(), signal.SIGINT)

    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        download_all(
            jobs,
            tmp_path,
            replace(QUICK, idle_s=30),
            on_done=outcomes.extend,
            on_progress=interrupt,
        )
    assert time.monotonic() - began < 15
    assert [(o.job.clip_name, o.size_bytes) for o in outcomes] == [("done.mp4", len(CLIP))]
    assert not any(t.name.startswith("download") for t in threading.enumerate())
    assert not (tmp_path / "hung.mp4").exists()
    site.has("/b", ranged(CLIP, '"v"'))
    run([jobs[1]], tmp_path)
    assert (tmp_path / "hung.mp4").read_bytes() == CLIP


CHILD = """
import sys
from pathlib import Path
from mos_assets_tests.downloads.serving import fetch
fetch(sys.argv[1], Path(sys.argv[2]))
"""


@pytest.mark.parametrize("resumes", [True, False])
def test_a_killed_process_leaves_a_part_and_the_next_one_finishes_it(
    site: Site, tmp_path: Path, resumes: bool
) -> None:
    content = os.urandom(90_000)
    arrived = threading.Event()

    def slow(h: BaseHTTPRequestHandler) -> None:
        etag = {"etag": '"v"'} if resumes else {}
        send(h, 200, content[:50_000], content_length=str(len(content)), **etag)
        arrived.set()
        time.sleep(20)

    url = site.has("/a", slow)
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, url, str(tmp_path)], cwd=Path(__file__).parents[2]
    )
    part = tmp_path / "a.mp4.part"
    try:
        assert arrived.wait(30)
        deadline = time.monotonic() + 30
        while not (part.is_file() and part.stat().st_size) and time.monotonic() < deadline:
            time.sleep(0.01)
    finally:
        child.kill()
        child.wait()
    kept = part.stat().st_size
    assert 0 < kept <= 50_000
    assert not (tmp_path / "a.mp4").exists()
    site.has("/a", ranged(content, '"v"'))
    run([Job("a.mp4", url)], tmp_path)
    assert (tmp_path / "a.mp4").read_bytes() == content
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]
    assert site.asked[-1][1].get("range") == (f"bytes={kept}-" if resumes else None)
