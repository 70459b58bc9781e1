"""One connection for one try: to an address that was checked, under a deadline, without proxies.

The name is resolved once, in the place where the connection is made, so that the address that
was checked is the one that is asked. Host header and TLS still see the name.
"""

from __future__ import annotations

import functools
import ssl
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from threading import Event
from typing import Any, Self

import httpcore
import httpx

from mos_assets.downloads.addresses import resolve
from mos_assets.downloads.plan import Limits, StoppedError

_SLICE_S = 0.5
"""How soon a waiting read notices that the run is being ended."""
_ADDRESSES_TRIED = 4
_HEADERS = {"User-Agent": "mos-assets", "Accept": "*/*", "Accept-Encoding": "identity"}


class Connections:
    """The connections of one try of one clip; what goes wrong on them is httpx.HTTPError.

    There is no httpx.Client on top: nothing follows a redirect, keeps a cookie, asks a proxy or
    logs an address.
    """

    def __init__(self, limits: Limits, stop: Event) -> None:
        backend = _Backend(limits, stop)
        self._pool = httpcore.ConnectionPool(ssl_context=_tls(), network_backend=backend)
        timeout = httpx.Timeout(limits.idle_s, connect=limits.connect_s)
        self._extensions = {"timeout": timeout.as_dict()}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.close()

    def get(self, url: httpx.URL, headers: Mapping[str, str]) -> httpx.Response:
        """The answer as it comes, its body unread; the caller closes it."""
        request = httpx.Request("GET", url, headers={**_HEADERS, **headers})
        target = httpcore.URL(
            scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
        )
        with _as_httpx():
            answer = self._pool.handle_request(
                httpcore.Request(
                    "GET", target, headers=request.headers.raw, extensions=self._extensions
                )
            )
        assert isinstance(answer.stream, Iterable)  # noqa: S101 - a type that httpcore leaves open
        return httpx.Response(answer.status, headers=answer.headers, stream=_Body(answer.stream))


class _Body(httpx.SyncByteStream):
    def __init__(self, stream: Iterable[bytes]) -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[bytes]:
        with _as_httpx():
            yield from self._stream

    def close(self) -> None:
        close = getattr(self._stream, "close", None)
        if close is not None:
            close()


class _Backend(httpcore.NetworkBackend):
    """Connects to addresses that were checked, never to a name."""

    def __init__(self, limits: Limits, stop: Event) -> None:
        self._limits, self._stop = limits, stop
        self._plain = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        try:
            addresses = resolve(host, port, private=self._limits.private)
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(f"{host} cannot be resolved: {error}") from error
        failure: Exception = httpcore.ConnectError(f"{host} has no address")
        for address in addresses[:_ADDRESSES_TRIED]:
            try:
                stream = self._plain.connect_tcp(
                    address, port, timeout, local_address, socket_options
                )
                deadline = time.monotonic() + self._limits.total_s
                return _Stream(stream, deadline, self._stop)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure


class _Stream(httpcore.NetworkStream):
    """A stream whose reads end at the deadline, however a server trickles, and when stopped."""

    def __init__(self, inner: httpcore.NetworkStream, deadline: float, stop: Event) -> None:
        self._inner, self._deadline, self._stop = inner, deadline, stop

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        now = time.monotonic()
        end = self._deadline if timeout is None else min(self._deadline, now + timeout)
        while True:
            if self._stop.is_set():
                raise StoppedError
            left = end - time.monotonic()
            if left <= 0:
                raise httpcore.ReadTimeout("the server was too slow")
            try:
                return self._inner.read(max_bytes, min(left, _SLICE_S))
            except httpcore.ReadTimeout:
                continue

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, timeout)

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        inner = self._inner.start_tls(ssl_context, server_hostname, timeout)
        return _Stream(inner, self._deadline, self._stop)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


@functools.cache
def _tls() -> ssl.SSLContext:
    """Certificates are read once; SSL_CERT_FILE may name another set of them."""
    return httpx.create_ssl_context()


@contextmanager
def _as_httpx() -> Iterator[None]:
    try:
        yield
    except httpcore.TimeoutException as error:
        raise httpx.ReadTimeout(str(error)) from error
    except httpcore.NetworkError as error:
        raise httpx.ReadError(str(error)) from error
    except (httpcore.ProtocolError, httpcore.UnsupportedProtocol) as error:
        raise httpx.RemoteProtocolError(str(error)) from error
