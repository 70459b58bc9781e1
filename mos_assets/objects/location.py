"""A location that holds objects by name: what lies below one URL.

Every write is one put of one whole object, under a condition where the caller states one.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from mos_assets.errors import LocationError, UnreachableError
from mos_assets.objects.backends import BACKENDS, Backend, Condition
from mos_assets.objects.failures import in_words

RANGE_BYTES = 16 << 20
"""What is read of a large object at a time."""
_OPTIONS: dict[str, dict[str, Any]] = {
    # s3fs tries five times, with 5 s to be reached and 15 s to go on. Where botocore tries again in
    # each of these, a server that stands still is waited for as long as the lock lives, and longer.
    "s3": {"config_kwargs": {"retries": {"max_attempts": 1, "mode": "standard"}}}
}
"""As far as fsspec's own configuration does not say otherwise."""


@dataclass(frozen=True, slots=True)
class Found:
    """An object as a listing has it."""

    name: str
    """Relative to the location."""
    size: int
    etag: str
    modified: datetime


@dataclass(frozen=True)
class Location:
    """What lies below a URL such as `s3://bucket/prefix`; cheap to make, asks nobody.

    Credentials come from the environment or fsspec's own configuration. Every method raises
    LocationError in one sentence: UnreachableError where the server does not answer.
    """

    url: str

    def of(self, name: str) -> str:
        """The URL of an object."""
        return f"{self.url.rstrip('/')}/{name}".rstrip("/")

    def reach(self) -> None:
        """Ask for one name there. Raises LocationError where that is not answered."""
        with in_words(self.url):
            self._backend.reach(self._root)

    def listed(self, below: str = "") -> tuple[Found, ...]:
        """Every object whose name begins with the folder `below`, by name."""
        folder = f"{self._root}/{below}".rstrip("/")
        with in_words(self.of(below)):
            self._files.invalidate_cache()
            # Of a bucket that is not there `find` says nothing.
            self._backend.reach(self._root)
            entries = self._files.find(folder, detail=True)
            found = [
                Found(
                    path.removeprefix(self._root).lstrip("/"),
                    int(entry["size"]),
                    self._backend.etag_of(entry),
                    self._backend.modified(entry),
                )
                for path, entry in entries.items()
                if entry["type"] == "file" and not path.endswith("/")
            ]
        return tuple(sorted(found, key=lambda one: one.name))

    def read(self, name: str) -> tuple[bytes, str]:
        """The bytes of an object, and their ETag. Raises AbsentError."""
        with in_words(self.of(name)):
            return self._backend.get(self._path(name))

    def read_range(self, name: str, start: int, stop: int, etag: str) -> bytes:
        """Bytes of one version of an object. Raises ChangedError where that is not there now."""
        url = self.of(name)
        with in_words(url):
            content = self._backend.get_range(self._path(name), start, stop, etag)
        if len(content) != stop - start:
            raise UnreachableError(
                f"{url} broke off: {len(content)} of {stop - start} bytes came. Run again."
            )
        return content

    def put(
        self, name: str, content: bytes, *, absent: bool = False, etag: str | None = None
    ) -> str:
        """Put one whole object; its ETag.

        absent: only where there is none. etag: only over this version. Raises ChangedError where
        that does not hold.
        """
        with in_words(self.of(name)):
            return self._backend.put(self._path(name), content, Condition(absent, etag))

    def read_to(self, name: str, path: Path) -> None:
        """Write an object, however large, to a file. Raises AbsentError, OSError of the disk."""
        with in_words(self.of(name)):
            entry = self._files.info(self._path(name))
            size, etag = int(entry["size"]), self._backend.etag_of(entry)
        with path.open("wb") as file:
            for start in range(0, size, RANGE_BYTES):
                file.write(self.read_range(name, start, min(size, start + RANGE_BYTES), etag))

    def put_file(self, name: str, path: Path) -> None:
        """Put one whole object of the bytes of a file, however large, whatever is there."""
        with in_words(self.of(name)):
            if path.stat().st_size <= RANGE_BYTES:
                self._backend.put(self._path(name), path.read_bytes(), Condition())
            else:
                self._backend.put_file(self._path(name), path)

    def delete(self, names: Collection[str]) -> None:
        """Remove objects; one that is not there is none to remove."""
        for name in names:
            with in_words(self.of(name)):
                try:
                    self._files.rm_file(self._path(name))
                except FileNotFoundError:
                    continue

    def age_s(self, name: str) -> float:
        """Seconds since an object was put, by the server's clock. Raises AbsentError."""
        with in_words(self.of(name)):
            return self._backend.age_s(self._path(name))

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}"

    @cached_property
    def _opened(self) -> tuple[Any, str]:
        from fsspec.config import conf
        from upath import UPath

        scheme = self.url.partition(":")[0]
        given = conf.get(scheme, {})
        if scheme not in BACKENDS:
            raise LocationError(
                f"{self.url}: objects are kept in {' and '.join(BACKENDS)} alone; of {scheme} it "
                "is not known how to write under a condition."
            )
        options = {k: v for k, v in _OPTIONS.get(scheme, {}).items() if k not in given}
        try:
            path = UPath(self.url, **options)
            return path.fs, path.path.rstrip("/")
        except ImportError as error:
            raise LocationError(
                f"{self.url} needs the extra [{scheme}] ({error}): .venv/bin/pip install "
                f"-c constraints.txt -e '.[{scheme}]'"
            ) from None

    @property
    def _files(self) -> Any:
        return self._opened[0]

    @property
    def _root(self) -> str:
        return self._opened[1]

    @cached_property
    def _backend(self) -> Backend:
        return BACKENDS[self.url.partition(":")[0]](self._files)
