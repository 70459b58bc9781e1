"""What a scheme can do that fsspec has no common word for: puts under a condition, and ages.

A row a scheme in `BACKENDS`. A scheme without conditional writes cannot keep two runs apart, and
has no row.
"""

from __future__ import annotations

import hashlib
from asyncio import timeout
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from threading import Lock
from typing import Any, Protocol

from mos_assets.errors import ChangedError

ANSWER_S, SLOWEST_BYTES_S = 40.0, 200_000
"""How long a request may take with all its retries: half of what a lock lives, and the bytes."""
PART_BYTES, PARTS_AT_ONCE = 16 << 20, 2
"""Of a large object as it is put: what of it is in memory at once."""


@dataclass(frozen=True, slots=True)
class Condition:
    """What has to be there for a put to be carried out; with neither, anything."""

    absent: bool = False
    etag: str | None = None


class Backend(Protocol):
    """Paths are fsspec's, without the scheme. Raises what the library raises."""

    def reach(self, path: str) -> None:
        """One name below a path, to see whether it can be asked for."""

    def get(self, path: str) -> tuple[bytes, str]:
        """All bytes, and their ETag."""

    def get_range(self, path: str, start: int, stop: int, etag: str) -> bytes:
        """Some bytes, of exactly this version."""

    def put(self, path: str, content: bytes, condition: Condition) -> str:
        """One whole object; its ETag."""

    def put_file(self, path: str, source: Path) -> None:
        """One whole object, in parts that are nobody's before the last is there."""

    def age_s(self, path: str) -> float:
        """Seconds since it was put, by the server's own clock."""

    def etag_of(self, listed: Mapping[str, Any]) -> str:
        """Of an entry of a listing."""

    def modified(self, listed: Mapping[str, Any]) -> datetime:
        """When an entry of a listing was put."""


class S3:
    """Any server that speaks S3 and knows If-Match and If-None-Match on PutObject."""

    def __init__(self, filesystem: Any) -> None:
        self._s3 = filesystem

    def _named(self, path: str) -> dict[str, str]:
        bucket, key, _ = self._s3.split_path(path)
        return {"Bucket": bucket, "Key": key}

    def _ask(self, method: str, size: int, **request: object) -> dict[str, Any]:
        """One request with its retries, bounded in time by the bytes that go over.

        s3fs 2026.9 waits without an end for a server that was to say "100 Continue" to a put.
        """
        answer: dict[str, Any] = self._bounded(self._s3._call_s3(method, **request), size)
        return answer

    def _bounded(self, coroutine: Any, size: int) -> Any:
        from fsspec.asyn import sync

        async def waited() -> Any:
            async with timeout(ANSWER_S + size / SLOWEST_BYTES_S):
                return await coroutine

        return sync(self._s3.loop, waited)

    def reach(self, path: str) -> None:
        bucket, _, prefix = path.partition("/")
        self._ask("list_objects_v2", 0, Bucket=bucket, Prefix=prefix, MaxKeys=1)

    def get(self, path: str) -> tuple[bytes, str]:
        return self._body(0, **self._named(path))

    def get_range(self, path: str, start: int, stop: int, etag: str) -> bytes:
        wanted = {"Range": f"bytes={start}-{stop - 1}", "IfMatch": etag}
        return self._body(stop - start, **self._named(path), **wanted)[0]

    def _body(self, size: int, **request: str) -> tuple[bytes, str]:
        answer = self._ask("get_object", 0, **request)
        body = answer["Body"]
        try:
            content = self._bounded(body.read(), max(size, int(answer["ContentLength"])))
            return bytes(content), str(answer["ETag"])
        finally:
            body.close()

    def put(self, path: str, content: bytes, condition: Condition) -> str:
        asked = {"IfNoneMatch": "*"} if condition.absent else {}
        if condition.etag is not None:
            asked = {"IfMatch": condition.etag}
        answer = self._ask("put_object", len(content), **self._named(path), Body=content, **asked)
        return str(answer["ETag"])

    def put_file(self, path: str, source: Path) -> None:
        parts = {"chunksize": PART_BYTES, "max_concurrency": PARTS_AT_ONCE}
        put = self._s3._put_file(str(source), path, **parts)
        self._bounded(put, source.stat().st_size)

    def age_s(self, path: str) -> float:
        answer = self._ask("head_object", 0, **self._named(path))
        now = parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"])
        put: datetime = answer["LastModified"]
        return (now - put).total_seconds()

    def etag_of(self, listed: Mapping[str, Any]) -> str:
        return str(listed["ETag"])

    def modified(self, listed: Mapping[str, Any]) -> datetime:
        found: datetime = listed["LastModified"]
        return found


class Memory:
    """fsspec's memory:// of this process: for tests, and for trying things out."""

    _door = Lock()

    def __init__(self, filesystem: Any) -> None:
        self._memory = filesystem

    def reach(self, path: str) -> None:
        self._memory.find(path)

    def get(self, path: str) -> tuple[bytes, str]:
        content = bytes(self._memory.cat_file(path))
        return content, _etag(content)

    def get_range(self, path: str, start: int, stop: int, etag: str) -> bytes:
        content, found = self.get(path)
        if found != etag:
            raise ChangedError(f"memory:/{path} is not as it was")
        return content[start:stop]

    def put(self, path: str, content: bytes, condition: Condition) -> str:
        with self._door:
            there = self._memory.exists(path)
            other = condition.etag is not None and (
                not there or _etag(self._memory.cat_file(path)) != condition.etag
            )
            if other or (condition.absent and there):
                raise ChangedError(f"memory:/{path} is not as it was")
            self._memory.pipe_file(path, content)
        return _etag(content)

    def put_file(self, path: str, source: Path) -> None:
        self.put(path, source.read_bytes(), Condition())

    def age_s(self, path: str) -> float:
        put: datetime = self._memory.modified(path)
        return (datetime.now(UTC) - put).total_seconds()

    def etag_of(self, listed: Mapping[str, Any]) -> str:
        return _etag(self._memory.cat_file(listed["name"]))

    def modified(self, listed: Mapping[str, Any]) -> datetime:
        found: datetime = self._memory.modified(listed["name"])
        return found


def _etag(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


BACKENDS: Mapping[str, Callable[[Any], Backend]] = {"s3": S3, "memory": Memory}
