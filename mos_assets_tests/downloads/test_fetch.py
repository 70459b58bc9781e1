"""One try of one clip against a real server: only a whole, verified file gets the clip's name."""

from __future__ import annotations

import hashlib
import os
import time
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from mos_assets.downloads.plan import FetchError
from mos_assets_tests.downloads.serving import (
    QUICK,
    Site,
    body,
    fetch,
    ranged,
    send,
    status,
    to,
)

CLIP = hashlib.sha256(b"clip").digest() * 1000


def left(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def test_a_whole_clip_has_its_name_and_nothing_else_is_left(site: Site, tmp_path: Path) -> None:
    assert fetch(site.has("/a", body(CLIP)), tmp_path, name="sub/a.mp4") == len(CLIP)
    assert (tmp_path / "sub" / "a.mp4").read_bytes() == CLIP
    assert left(tmp_path) == ["sub", "sub/a.mp4"]
    ((_, headers),) = site.asked
    assert headers["accept-encoding"] == "identity"
    assert "range" not in headers


@pytest.mark.parametrize(
    ("code", "permanent"),
    [
        *((code, True) for code in (400, 401, 403, 404, 406, 410, 416, 451, 300, 304)),
        *((code, False) for code in (408, 425, 429, 500, 502, 503, 504, 599, 204, 206)),
    ],
)
def test_which_statuses_another_try_may_mend(
    site: Site, tmp_path: Path, code: int, permanent: bool
) -> None:
    content = b"" if code in (204, 304) else b"said no"
    url = site.has("/a", lambda h: send(h, code, content))
    with pytest.raises(FetchError, match=str(code)) as caught:
        fetch(url, tmp_path)
    assert caught.value.permanent == permanent
    assert left(tmp_path) == []


def test_redirects_are_followed_by_hand_to_their_end(site: Site, tmp_path: Path) -> None:
    site.has("/clip", body(CLIP))
    site.has("/c", to("clip", 307))
    site.has("/b", to(site.url("/c"), 301))
    assert fetch(site.has("/a", to("/b", 303)), tmp_path) == len(CLIP)
    assert [path for path, _ in site.asked] == ["/a", "/b", "/c", "/clip"]


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        ("file:///etc/passwd", "'file'"),
        ("ftp://127.0.0.1/a", "'ftp'"),
        ("http://u:p@127.0.0.1/a", "password"),
        ("http://[::1/a", "no address"),
        ("https:", "no host"),
    ],
)
def test_redirects_that_are_not_followed(
    site: Site, tmp_path: Path, location: str, reason: str
) -> None:
    with pytest.raises(FetchError, match=reason) as caught:
        fetch(site.has("/a", to(location)), tmp_path)
    assert caught.value.permanent
    assert len(site.asked) == 1
    assert left(tmp_path) == []


def test_a_redirect_without_a_location_and_one_without_end(site: Site, tmp_path: Path) -> None:
    with pytest.raises(FetchError, match="leads nowhere") as nowhere:
        fetch(site.has("/n", status(302)), tmp_path)
    site.has("/b", to("/a"))
    with pytest.raises(FetchError, match="more than 5 redirects") as endless:
        fetch(site.has("/a", to("/b")), tmp_path)
    assert nowhere.value.permanent
    assert endless.value.permanent
    assert len(site.asked) == 1 + 6


def test_a_clip_over_the_cap_is_not_read(site: Site, tmp_path: Path) -> None:
    """With a Content-Length nothing of the body is waited for; without one the body is cut off."""

    def announces(h: BaseHTTPRequestHandler) -> None:
        send(h, 200, b"x", content_length=str(QUICK.max_bytes + 1))
        time.sleep(3)

    def pours(h: BaseHTTPRequestHandler) -> None:
        send(h, 200, b"", content_length="")
        while True:
            h.wfile.write(b"x" * 65536)

    for path, behaviour in (("/announced", announces), ("/poured", pours)):
        began = time.monotonic()
        with pytest.raises(FetchError, match=r"more than 0.1 MB \(MOS_DOWNLOAD_MB\)") as caught:
            fetch(site.has(path, behaviour), tmp_path)
        assert (caught.value.permanent, caught.value.by_setting) == (False, True)
        assert time.monotonic() - began < 2.5
        assert left(tmp_path) == []
    assert fetch(site.has("/at", body(b"x" * QUICK.max_bytes)), tmp_path) == QUICK.max_bytes


def test_an_empty_file_is_no_clip(site: Site, tmp_path: Path) -> None:
    with pytest.raises(FetchError, match="empty") as caught:
        fetch(site.has("/a", body(b"")), tmp_path)
    assert not caught.value.permanent
    assert left(tmp_path) == []


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (CLIP, "text/html; charset=utf-8"),
        (b"\n<!DOCTYPE html><title>gone</title>", "video/mp4"),
        (b"<HTML>", "application/octet-stream"),
    ],
)
def test_a_page_is_no_clip(site: Site, tmp_path: Path, content: bytes, kind: str) -> None:
    """A login page or a captive portal answers 200 for everything: another run may do better."""
    with pytest.raises(FetchError, match="page") as caught:
        fetch(site.has("/a", body(content, content_type=kind)), tmp_path)
    assert not caught.value.permanent
    assert left(tmp_path) == []


def test_a_body_that_was_compressed_unasked_is_refused(site: Site, tmp_path: Path) -> None:
    with pytest.raises(FetchError, match="compressed"):
        fetch(site.has("/a", body(CLIP, content_encoding="gzip")), tmp_path)


def test_a_truncated_body_is_not_a_clip_and_is_resumed(site: Site, tmp_path: Path) -> None:
    url = site.has("/a", ranged(CLIP, '"v1"', cut=1000))
    with pytest.raises(FetchError) as caught:
        fetch(url, tmp_path)
    assert not caught.value.permanent
    assert left(tmp_path) == ["a.mp4.part", "a.mp4.part-of"]
    assert fetch(url, tmp_path) == len(CLIP)
    assert (tmp_path / "a.mp4").read_bytes() == CLIP
    assert left(tmp_path) == ["a.mp4"]
    assert site.asked[-1][1]["range"] == "bytes=1000-"
    assert site.asked[-1][1]["if-range"] == '"v1"'


def test_a_truncated_body_without_a_validator_is_begun_anew(site: Site, tmp_path: Path) -> None:
    url = site.has("/a", body(CLIP[:500], content_length=str(len(CLIP))))
    with pytest.raises(FetchError):
        fetch(url, tmp_path)
    assert left(tmp_path) == []
    site.has("/a", body(CLIP))
    assert fetch(url, tmp_path) == len(CLIP)
    assert "range" not in site.asked[-1][1]


def test_a_clip_that_changed_meanwhile_is_begun_anew(site: Site, tmp_path: Path) -> None:
    url = site.has("/a", ranged(CLIP, '"v1"', cut=1000))
    with pytest.raises(FetchError):
        fetch(url, tmp_path)
    other = CLIP[::-1]
    site.has("/a", ranged(other, '"v2"'))
    assert fetch(url, tmp_path) == len(other)
    assert (tmp_path / "a.mp4").read_bytes() == other


@pytest.mark.parametrize(
    "answer",
    [
        {"content_range": f"bytes 900-{len(CLIP) - 1}/{len(CLIP)}", "etag": '"v1"'},
        {"content_range": f"bytes 1000-{len(CLIP) - 2}/{len(CLIP)}", "etag": '"v1"'},
        {"content_range": f"bytes 1000-{len(CLIP) - 1}/{len(CLIP)}", "etag": '"v2"'},
        {"content_range": "bytes 1000-", "etag": '"v1"'},
        {"etag": '"v1"'},
    ],
)
def test_a_rest_that_does_not_fit_is_never_joined(
    site: Site, tmp_path: Path, answer: dict[str, str]
) -> None:
    url = site.has("/a", ranged(CLIP, '"v1"', cut=1000))
    with pytest.raises(FetchError):
        fetch(url, tmp_path)
    site.has("/a", lambda h: send(h, 206, CLIP[1000:], **answer))
    with pytest.raises(FetchError, match="another part") as caught:
        fetch(url, tmp_path)
    assert not caught.value.permanent
    assert left(tmp_path) == []


def test_a_part_of_another_address_is_not_continued(site: Site, tmp_path: Path) -> None:
    with pytest.raises(FetchError):
        fetch(site.has("/a", ranged(CLIP, '"v1"', cut=1000)), tmp_path)
    assert fetch(site.has("/b", ranged(CLIP[::-1], '"v1"')), tmp_path) == len(CLIP)
    assert (tmp_path / "a.mp4").read_bytes() == CLIP[::-1]


def test_the_cap_counts_what_is_there_already(site: Site, tmp_path: Path) -> None:
    url = site.has("/a", ranged(CLIP, '"v1"', cut=1000))
    with pytest.raises(FetchError):
        fetch(url, tmp_path)
    with pytest.raises(FetchError, match="too large") as caught:
        fetch(url, tmp_path, replace(QUICK, max_bytes=len(CLIP) - 1))
    assert (caught.value.permanent, caught.value.by_setting) == (False, True)
    assert left(tmp_path) == []


def test_a_server_that_falls_silent_is_left(site: Site, tmp_path: Path) -> None:
    def silent(h: BaseHTTPRequestHandler) -> None:
        send(h, 200, CLIP[:10], content_length=str(len(CLIP)))
        time.sleep(5)

    with pytest.raises(FetchError, match="time-out") as caught:
        fetch(site.has("/a", silent), tmp_path, replace(QUICK, idle_s=0.2))
    assert not caught.value.permanent


@pytest.mark.parametrize("in_headers", [True, False])
def test_a_server_that_trickles_is_left_at_the_deadline(
    site: Site, tmp_path: Path, in_headers: bool
) -> None:
    """Every byte is in time for the idle limit, of the headers as of the body."""

    def trickles(h: BaseHTTPRequestHandler) -> None:
        if in_headers:
            h.wfile.write(b"HTTP/1.1 200 OK\r\nx-slow: ")
        else:
            send(h, 200, b"", content_length=str(len(CLIP)))
        for _ in range(500):
            h.wfile.write(b"x")
            time.sleep(0.01)

    began = time.monotonic()
    with pytest.raises(FetchError, match="time-out"):
        fetch(site.has("/a", trickles), tmp_path, replace(QUICK, total_s=0.5))
    assert time.monotonic() - began < 4


def test_nobody_listens(site: Site, tmp_path: Path) -> None:
    with pytest.raises(FetchError, match="connection") as caught:
        fetch("http://127.0.0.1:1/a", tmp_path)
    assert not caught.value.permanent
    assert not caught.value.heard


def test_proxies_of_the_environment_are_ignored(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert fetch(site.has("/a", body(CLIP)), tmp_path) == len(CLIP)


def test_links_in_the_clip_folder_are_never_written_through(site: Site, tmp_path: Path) -> None:
    outside, folder = tmp_path / "outside", tmp_path / "clips"
    outside.mkdir()
    folder.mkdir()
    (outside / "precious").write_bytes(b"mine")
    (folder / "sub").symlink_to(outside)
    (folder / "a.mp4").symlink_to(outside / "new")
    (folder / "a.mp4.part").symlink_to(outside / "precious")
    (folder / "a.mp4.part-of").symlink_to(outside / "precious")
    url = site.has("/a", ranged(CLIP, '"v1"'))
    with pytest.raises(FetchError, match="not a plain folder") as caught:
        fetch(url, folder, name="sub/a.mp4")
    assert caught.value.permanent
    assert fetch(url, folder) == len(CLIP)
    assert left(outside) == ["precious"]
    assert (outside / "precious").read_bytes() == b"mine"
    assert not (folder / "a.mp4").is_symlink()


def test_a_clip_folder_that_is_a_link_itself_is_its_owners_choice(
    site: Site, tmp_path: Path
) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "clips").symlink_to(tmp_path / "disk")
    assert fetch(site.has("/a", body(CLIP)), tmp_path / "clips") == len(CLIP)
    assert left(tmp_path / "disk") == ["a.mp4"]


@pytest.mark.parametrize("name", ["x" * 250 + ".mp4", "ü" * 124 + ".mp4"])
def test_a_name_too_long_for_a_file(site: Site, tmp_path: Path, name: str) -> None:
    with pytest.raises(FetchError, match="too long") as caught:
        fetch(site.has("/a", body(CLIP)), tmp_path, name=name)
    assert caught.value.permanent
    assert site.asked == []


@pytest.mark.parametrize("name", ["b.mp4/a.mp4", "a.mp4.part/a.mp4", ".lock", "x/.a.mp4"])
def test_names_that_stand_in_the_way_of_others(site: Site, tmp_path: Path, name: str) -> None:
    """One row of a manifest must not keep the clip of another row from being written."""
    with pytest.raises(FetchError, match="refused") as caught:
        fetch(site.has("/a", body(CLIP)), tmp_path, name=name)
    assert caught.value.permanent
    assert left(tmp_path) == []


def test_what_a_server_says_is_fit_for_a_terminal(site: Site, tmp_path: Path) -> None:
    with pytest.raises(FetchError) as caught:
        fetch(site.has("/a", to("x\x1b]0;owned:" + "y" * 500 + "://")), tmp_path)
    assert caught.value.reason.isprintable()
    assert len(caught.value.reason) <= 200


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_folder_that_cannot_be_written_is_no_fault_of_the_clip(
    site: Site, tmp_path: Path
) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(PermissionError):
        fetch(site.has("/a", body(CLIP)), tmp_path)
    tmp_path.chmod(0o700)
