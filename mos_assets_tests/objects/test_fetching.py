"""Clips in a bucket on this disk while they are read: whole, of one version, and bounded."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from mos_assets.errors import MachineError
from mos_assets.objects import Location
from mos_assets.objects.fetching import Room, fetched
from mos_assets.objects.stubs import RemoteFile, mark, remote_file, write_stub
from mos_assets_tests.buckets import Server

CONTENT = bytes(range(256)) * 1024


@contextmanager
def cutting_off(address: str, after: int, times: int) -> Iterator[str]:
    """A way to the server on which, so many times, the answer ends after so many bytes."""
    host, port = urlsplit(address).hostname, urlsplit(address).port
    left = [times]
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                near, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=carry, args=(near,), daemon=True).start()

    def carry(near: socket.socket) -> None:
        far = socket.create_connection((host or "", port or 0))
        threading.Thread(target=pump, args=(near, far, None), daemon=True).start()
        pump(far, near, after)

    def pump(source: socket.socket, sink: socket.socket, most: int | None) -> None:
        carried = 0
        while chunk := _received(source):
            carried += len(chunk)
            if most is not None and carried > most and left[0] > 0:
                left[0] -= 1
                break
            sink.sendall(chunk)
        for each in (source, sink):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    threading.Thread(target=serve, daemon=True).start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    listening.close()


def _received(source: socket.socket) -> bytes:
    try:
        return source.recv(16_384)
    except OSError:
        return b""


@pytest.fixture
def clip(bucket: str) -> RemoteFile:
    etag = Location(bucket).put("clips/a.mp4", CONTENT)
    return RemoteFile(bucket, "clips/a.mp4", len(CONTENT), etag)


@pytest.mark.parametrize(("times", "comes"), [(2, True), (1000, False)])
def test_a_fetch_that_is_cut_off_comes_again_or_is_the_machines_failure(
    clip: RemoteFile,
    s3_server: Server,
    fresh_clients: None,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    times: int,
    comes: bool,
) -> None:
    with cutting_off(s3_server.address, 100_000, times) as address:
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)
        if comes:
            with fetched([clip], tmp_path) as (path,):
                assert path.read_bytes() == CONTENT
        else:
            with (
                pytest.raises(MachineError, match=r"could not be fetched: s3://.*a\.mp4") as caught,
                fetched([clip], tmp_path),
            ):
                pass
            assert caught.value.passing
    assert list(tmp_path.iterdir()) == []


def test_another_version_or_none_is_never_taken_for_the_clip(
    clip: RemoteFile, bucket: str, tmp_path: Path
) -> None:
    Location(bucket).put("clips/a.mp4", CONTENT[::-1])
    with pytest.raises(MachineError, match="changed since raw_corpus read it"):
        fetched([clip], tmp_path).__enter__()
    Location(bucket).delete(["clips/a.mp4"])
    with pytest.raises(MachineError, match="is not there any more"):
        fetched([clip], tmp_path).__enter__()
    assert list(tmp_path.iterdir()) == []


def test_no_more_is_on_the_disk_than_there_is_room_for() -> None:
    room, held, most = Room(10), [0], [0]
    door = threading.Lock()

    def use(size: int) -> None:
        for _ in range(50):
            with room.taken(size):
                with door:
                    held[0] += size
                    most[0] = max(most[0], held[0])
                with door:
                    held[0] -= size

    threads = [threading.Thread(target=use, args=(size,)) for size in (3, 4, 6, 10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most[0] <= 10
    with pytest.raises(MachineError, match="more than MOS_FETCH_MB=0"), room.taken(11):
        pass


def test_a_stub_stands_for_a_clip_only_where_a_bucket_is_mirrored(tmp_path: Path) -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    for size in (0, 1_000_000):
        write_stub(tmp_path / "a.mp4", size, '"e"', at)
        assert remote_file(tmp_path / "a.mp4") is None
    mirror = tmp_path / "mirror"
    mark(mirror, "s3://bucket/corpora/mine")
    (mirror / "clips").mkdir()
    stub = mirror / "clips/a.mp4"
    write_stub(stub, 1_000_000, '"e"', at)
    found = RemoteFile("s3://bucket/corpora/mine", "clips/a.mp4", 1_000_000, '"e"')
    assert remote_file(stub) == found
    assert stub.stat().st_size == 1_000_000
    before = stub.stat().st_mtime_ns
    write_stub(stub, 1_000_000, '"f"', at)
    assert stub.stat().st_mtime_ns != before
    (mirror / "labels.csv").write_text("clip,mos\n")
    assert remote_file(mirror / "labels.csv") is None
