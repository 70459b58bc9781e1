"""A real S3 server on loopback, once a session, and a bucket of its own for each test that asks."""

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import Request, urlopen
from uuid import uuid4

import pytest

KEYS = {
    "AWS_ACCESS_KEY_ID": "made-by-the-tests",
    "AWS_SECRET_ACCESS_KEY": "hush-hush",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}


class Server:
    """moto's server in a process of its own."""

    def __init__(self, log: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env={**os.environ, **KEYS},
        )
        assert self._process.stderr is not None
        lines = iter(self._process.stderr.readline, b"")
        found = (re.search(rb"Running on (http://127\.0\.0\.1:\d+)", line) for line in lines)
        self.address = next(match[1].decode() for match in found if match)
        # It writes a line a request, and stands still where nobody reads them.
        threading.Thread(target=self._drain, args=(log,), daemon=True).start()

    def _drain(self, log: Path) -> None:
        assert self._process.stderr is not None
        with log.open("ab") as file:
            for line in self._process.stderr:
                file.write(line)

    def freeze(self) -> None:
        """Answer nobody, as a server that is cut off."""
        os.kill(self._process.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Go on."""
        os.kill(self._process.pid, signal.SIGCONT)

    @contextmanager
    def asking_for_rights(self) -> Iterator[None]:
        """Know nobody, whatever the credentials, for the block."""
        self._allow(b"0")
        yield
        self._allow(b"inf")

    def _allow(self, requests: bytes) -> None:
        url = f"{self.address}/moto-api/reset-auth"
        kind = {"Content-Type": "text/plain"}
        urlopen(Request(url, requests, kind, method="POST")).close()  # noqa: S310 - loopback

    def end(self) -> None:
        self.thaw()
        self._process.kill()
        self._process.wait()


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("moto") / "log")
    yield server
    server.end()


@pytest.fixture
def fresh_clients() -> Iterator[None]:
    """s3fs keeps clients, with the address and credentials that the environment had at first."""
    import s3fs

    s3fs.S3FileSystem.clear_instance_cache()
    yield
    s3fs.S3FileSystem.clear_instance_cache()


@pytest.fixture
def impatient(fresh_clients: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """One try of some seconds, as fsspec's own configuration may have it."""
    import s3fs
    from fsspec.config import conf

    timeouts = {"connect_timeout": 4, "read_timeout": 4, "retries": {"total_max_attempts": 1}}
    monkeypatch.setitem(conf, "s3", {"config_kwargs": timeouts})
    monkeypatch.setattr(s3fs.S3FileSystem, "retries", 1)


@pytest.fixture
def bucket(s3_server: Server, monkeypatch: pytest.MonkeyPatch) -> str:
    """The URL of a new bucket, for this process and those that it starts."""
    import s3fs

    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3_server.address)
    name = f"bucket-{uuid4().hex[:12]}"
    s3fs.S3FileSystem(endpoint_url=s3_server.address).call_s3("create_bucket", Bucket=name)
    return f"s3://{name}"
