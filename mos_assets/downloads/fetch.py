"""One try of one clip: follow redirects by hand, resume or start anew, verify, rename."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import httpx

from mos_assets.downloads.addresses import parse_url, redirected
from mos_assets.downloads.pace import Pace, retry_after_s
from mos_assets.downloads.partial import Partial, place
from mos_assets.downloads.plan import MEGABYTE, FetchError, Job, Limits, StoppedError
from mos_assets.downloads.transport import Connections
from mos_assets.io.writing import sync_file

_REDIRECTS = (301, 302, 303, 307, 308)
_TRY_LATER = (408, 425, 429)
"""The only ones of 4xx that another try may mend."""
_PAGES = ("text/html", "application/xhtml+xml")
_PAGE_BEGINS = re.compile(rb"\s*<(?:!doctype\s+html|html[\s>])", re.IGNORECASE)
_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)", re.ASCII)
_STRONG_ETAG = re.compile(r'"[ !#-~]{1,200}"')


def fetch_clip(job: Job, folder: Path, limits: Limits, pace: Pace, stop: Event) -> int:
    """Download one clip into the folder and return its size in bytes.

    Raises FetchError where that failed, StoppedError where the run is being ended, and OSError
    where the folder cannot be written. Only a whole, verified file gets the clip's name.
    """
    url = parse_url(job.url)
    target = place(folder, job.clip_name)
    partial = Partial(target, job.url)
    try:
        with (
            _only_what_resumes(partial),
            Connections(limits, stop) as connections,
            _answer(connections, url, partial, limits, pace) as answer,
        ):
            size = _receive(answer, partial, limits, stop)
    except httpx.TimeoutException as error:
        raise FetchError(f"time-out: {error}", heard=False) from error
    except httpx.HTTPError as error:
        detail = str(error) or type(error).__name__
        raise FetchError(f"connection: {detail}", heard=False) from error
    partial.finish()
    return size


@contextmanager
def _only_what_resumes(partial: Partial) -> Iterator[None]:
    """Of a try that failed, keep what the next one can continue."""
    try:
        yield
    except Exception as error:
        final = isinstance(error, FetchError) and (error.permanent or error.by_setting)
        if final or not partial.validator:
            partial.discard()
        raise


@contextmanager
def _answer(
    connections: Connections, url: httpx.URL, partial: Partial, limits: Limits, pace: Pace
) -> Iterator[httpx.Response]:
    """The answer at the end of the redirects, each of which is checked as the first address."""
    headers = {}
    if partial.validator:
        headers = {"Range": f"bytes={partial.size}-", "If-Range": partial.validator}
    for _ in range(limits.hops + 1):
        pace.wait()
        answer = connections.get(url, headers)
        try:
            if answer.status_code not in _REDIRECTS:
                yield answer
                return
        finally:
            answer.close()
        if "location" not in answer.headers:
            raise FetchError(f"status {answer.status_code} that leads nowhere", permanent=True)
        url = redirected(url, answer.headers["location"])
    raise FetchError(f"refused: more than {limits.hops} redirects", permanent=True)


def _receive(answer: httpx.Response, partial: Partial, limits: Limits, stop: Event) -> int:
    """Write the body to the part and check it; the size of the whole."""
    start = _start(answer, partial, limits)
    kind = answer.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind in _PAGES:
        raise FetchError(f"the server sent a page ({kind}) in place of a clip")
    if answer.headers.get("content-encoding", "identity").lower() != "identity":
        raise FetchError("the server sent the clip compressed, unasked", permanent=True)
    length = answer.headers.get("content-length", "")
    promised = start + int(length) if re.fullmatch(r"\d{1,18}", length, re.ASCII) else None
    if promised is not None and promised > limits.max_bytes:
        raise _too_large(limits)
    validator = _validator(answer)
    size = start
    with partial.append() if start else partial.restart(validator) as file:
        for chunk in answer.iter_raw():
            if stop.is_set():
                raise StoppedError
            if size == 0 and _PAGE_BEGINS.match(chunk):
                raise FetchError("the server sent a page (HTML) in place of a clip")
            size += len(chunk)
            if size > limits.max_bytes:
                raise _too_large(limits)
            file.write(chunk)
        sync_file(file)
    if size == 0:
        raise FetchError("the server sent an empty file")
    if promised is not None and size != promised:
        raise FetchError(f"the server sent {size} bytes and promised {promised}")
    return size


def _start(answer: httpx.Response, partial: Partial, limits: Limits) -> int:
    """Byte at which the body begins. Raises FetchError for an answer that is no clip."""
    status = answer.status_code
    if status == 200:
        return 0
    asked = partial.validator
    if status == 206 and asked:
        found = _RANGE.fullmatch(answer.headers.get("content-range", ""))
        changed = _validator(answer) not in ("", asked)
        fits = found is not None and (int(found[1]), int(found[2])) == (
            partial.size,
            int(found[3]) - 1,
        )
        if fits and not changed:
            return partial.size
        partial.discard()
        raise FetchError("the server sent another part than was asked for")
    if status == 416 and asked:
        partial.discard()
        raise FetchError("the server has no more of the clip; it is begun anew")
    later = status in _TRY_LATER or status >= 500
    # Any other answer says that the clip is not to be had there; an empty 2xx says nothing.
    raise FetchError(
        f"status {status}",
        permanent=not later and status >= 300,
        retry_after_s=retry_after_s(answer.headers.get("retry-after"), limits) if later else 0.0,
        heard=status < 500,
    )


def _validator(answer: httpx.Response) -> str:
    """What makes the rest of these bytes recognisable later; '' where the server cannot resume."""
    if answer.headers.get("accept-ranges", "").strip().lower() == "none":
        return ""
    etag: str = answer.headers.get("etag", "").strip()
    if _STRONG_ETAG.fullmatch(etag):
        return etag
    # A weak ETag says that the bytes may differ; a date is all that other servers have.
    modified: str = answer.headers.get("last-modified", "").strip()
    return modified if not etag and re.fullmatch(r"[\x20-\x7e]{1,64}", modified) else ""


def _too_large(limits: Limits) -> FetchError:
    size = limits.max_bytes / MEGABYTE
    return FetchError(f"too large: more than {size:g} MB (MOS_DOWNLOAD_MB)", by_setting=True)
