"""Reading a container's header, and hashing a file: the two looks that every new clip gets."""

from __future__ import annotations

import hashlib
from pathlib import Path

from mos_assets.errors import ClipError
from mos_assets.media.ffmpeg import CONTAINER_FORMATS
from mos_assets.records import Probe

PROBE_VERSION = "1"
"""Raised whenever the same file would give another Probe."""

_HASH_BLOCK = 1 << 20


def hash_file(path: Path) -> str:
    """sha256 of the bytes of one file, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_HASH_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def probe(path: Path) -> Probe:
    """What the container says of its first video stream; nothing is decoded.

    Raises ClipError with the reason where there is no usable video stream.
    """
    import av
    from av.error import FFmpegError

    if path.stat().st_size == 0:
        raise ClipError("the file is empty")
    try:
        with av.open(
            f"file:{path.absolute()}",
            options={"protocol_whitelist": "file", "format_whitelist": CONTAINER_FORMATS},
        ) as container:
            if not container.streams.video:
                raise ClipError("there is no video stream in it")
            stream = container.streams.video[0]
            context = stream.codec_context
            rate = stream.average_rate or stream.guessed_rate or stream.base_rate
            if not rate:
                raise ClipError("its video stream names no frame rate")
            if not context.width or not context.height:
                raise ClipError("its video stream names no picture size")
            if stream.duration is not None and stream.time_base is not None:
                duration: float | None = float(stream.duration * stream.time_base)
            elif container.duration is not None:
                duration = container.duration / av.time_base
            else:
                duration = None
            return Probe(
                width=context.width,
                height=context.height,
                fps=float(rate),
                duration_s=duration,
                frames=stream.frames or None,
                pix_fmt=context.pix_fmt,
                codec=context.name,
                bit_rate=stream.bit_rate or container.bit_rate or None,
            )
    except FFmpegError as error:
        raise ClipError(f"no video can be read from it ({error.strerror or error})") from error
