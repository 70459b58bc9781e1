"""A real HTTP server on the loopback whose paths behave as a test says."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event

from mos_assets.downloads.fetch import fetch_clip
from mos_assets.downloads.pace import Pace
from mos_assets.downloads.plan import Job, Limits

Behaviour = Callable[[BaseHTTPRequestHandler], None]

QUICK = Limits(
    private=True,
    requests_per_s=10_000,
    max_bytes=100_000,
    backoff_s=0.001,
    pause_s=0.05,
    idle_s=5.0,
)
"""Bounds that a test can reach; waiting for them is never what a passing test does for long."""


@dataclass
class Site:
    """The server: what each path does, and what it was asked."""

    port: int = 0
    paths: dict[str, Behaviour] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"

    def has(self, path: str, behaviour: Behaviour) -> str:
        self.paths[path] = behaviour
        return self.url(path)

    def times(self, path: str) -> int:
        return sum(asked == path for asked, _ in self.asked)


@contextmanager
def serve() -> Iterator[Site]:
    site = Site()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            site.asked.append((self.path, {k.lower(): v for k, v in self.headers.items()}))
            self.close_connection = True
            behaviour = site.paths.get(self.path)
            try:
                if behaviour is None:
                    send(self, 404, b"nothing here")
                else:
                    behaviour(self)
            except (BrokenPipeError, ConnectionResetError):
                return

        def log_message(self, *_: object) -> None:
            return

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False

    with Server(("127.0.0.1", 0), Handler) as server:
        site.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield site
        finally:
            server.shutdown()
            thread.join()


def send(h: BaseHTTPRequestHandler, status: int, body: bytes, **headers: str) -> None:
    """An answer; a header is named as in Python, `content_length=""` leaves it out."""
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    given.setdefault("content-length", str(len(body)))
    given.setdefault("content-type", "video/mp4")
    h.send_response(status)
    for name, value in given.items():
        if value:
            h.send_header(name, value)
    h.send_header("connection", "close")
    h.end_headers()
    h.wfile.write(body)


def status(code: int, **headers: str) -> Behaviour:
    return lambda h: send(h, code, b"said no", **headers)


def body(content: bytes, **headers: str) -> Behaviour:
    return lambda h: send(h, 200, content, **headers)


def to(location: str, code: int = 302) -> Behaviour:
    return lambda h: send(h, code, b"", location=location)


def ranged(content: bytes, etag: str, *, cut: int | None = None) -> Behaviour:
    """Resumes where If-Range is this ETag; `cut`: the connection breaks after so many bytes."""

    def behave(h: BaseHTTPRequestHandler) -> None:
        asked = h.headers.get("Range")
        if asked and h.headers.get("If-Range") == etag:
            start = int(asked.removeprefix("bytes=").removesuffix("-"))
            span = f"bytes {start}-{len(content) - 1}/{len(content)}"
            send(h, 206, content[start:], etag=etag, content_range=span)
            return
        send(h, 200, content[:cut], etag=etag, content_length=str(len(content)))

    return behave


def fetch(url: str, folder: Path, limits: Limits = QUICK, name: str = "a.mp4") -> int:
    """One try, as a worker makes it."""
    stop = Event()
    pace = Pace(limits.requests_per_s, stop)
    return fetch_clip(Job(name, url), folder, limits, pace, stop)
