"""Whether a file is all there, by the structure of its container.

Decoders forgive much and demuxers more: what a file says of its own extent is held against it.
"""

from __future__ import annotations

import re
import struct
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from mos_assets.errors import ClipError

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.stream import VideoStream

CUT_OFF = "the file is cut off"

_Y4M_MAGIC = b"YUV4MPEG2 "
_Y4M_HEADER_BYTES = 256
_Y4M_FRAME = b"FRAME\n"
_TS_PACKETS = (188, 192, 204)
"""Bytes a packet of an MPEG transport stream: plain, with a clock, with error correction."""
_INDEXED = ("mov,mp4", "avi")
"""How the names of formats begin that list every sample."""
_ASF_DATA = bytes.fromhex("3626b2758e66cf11a6d900aa0062ce6c")
_UNKNOWN = (0, 0xFFFFFFFF)


def require_whole(
    path: Path, container: InputContainer, stream: VideoStream, packets: int
) -> None:
    """Raise ClipError where the file ends early or a sample that it lists cannot be read.

    packets: how many were read of the stream.
    """
    size = path.stat().st_size
    name = container.format.name
    if name == "mpegts" and all(size % n for n in _TS_PACKETS):
        raise ClipError(f"{CUT_OFF}: it ends inside a packet")
    with path.open("rb") as file:
        if name.startswith("mov,mp4"):
            _require_fragments(file, size)
        elif name == "avi":
            _require_riff(file, size)
        elif name == "asf":
            _require_asf(file, size)
    if name.startswith(_INDEXED):
        _require_samples(stream, size, packets)


def _require_samples(stream: VideoStream, size: int, packets: int) -> None:
    listed = 0
    for entry in stream.index_entries:
        if entry.pos + entry.size > size:
            raise ClipError(f"{CUT_OFF}: a picture that it lists lies beyond its end")
        listed += entry.size > 0
    if packets < listed:
        raise ClipError(f"the file is damaged: {packets} of the {listed} packets it lists are read")


def _require_fragments(file: BinaryIO, size: int) -> None:
    """Boxes follow each other to the end where a film comes in fragments, which nothing lists."""
    at, fragmented = 0, False
    while at + 8 <= size:
        file.seek(at)
        length, kind = struct.unpack(">I4s", file.read(8))
        if length == 1:
            length = int.from_bytes(file.read(8), "big")
        elif length == 0:
            length = size - at
        fragmented |= kind == b"moof"
        if length < 8:
            if fragmented:
                raise ClipError("the container is damaged: it holds a box without a size")
            return
        at += length
    if fragmented and at != size:
        raise ClipError(f"{CUT_OFF}: it ends inside a fragment")


def _require_riff(file: BinaryIO, size: int) -> None:
    at = 0
    while at + 8 <= size:
        file.seek(at)
        kind, length = struct.unpack("<4sI", file.read(8))
        if kind != b"RIFF" or length in _UNKNOWN:
            return
        at += 8 + length
    if at > size + 1:
        raise ClipError(f"{CUT_OFF}: it ends before its index")


def _require_asf(file: BinaryIO, size: int) -> None:
    file.seek(16)
    header = int.from_bytes(file.read(8), "little")
    file.seek(header)
    kind, length = file.read(16), int.from_bytes(file.read(8), "little")
    # A broadcast that was recorded states no length.
    if kind == _ASF_DATA and length > 50 and header + length > size:
        raise ClipError(f"{CUT_OFF}: it ends before its last packet")


def y4m_header(path: Path) -> bytes | None:
    """The first line of a YUV4MPEG2 file, or None for every other file."""
    with path.open("rb") as file:
        line = file.readline(_Y4M_HEADER_BYTES)
    return line if line.startswith(_Y4M_MAGIC) else None


def y4m_size(header: bytes) -> tuple[int, int]:
    """Columns and lines that the first line claims; 0 for what it does not say."""
    size = {key: re.search(rb" %b(\d{1,9})\b" % key, header) for key in (b"W", b"H")}
    width, height = (int(found[1]) if found else 0 for found in size.values())
    return width, height


def require_whole_y4m(path: Path, header: bytes, stream: VideoStream) -> None:
    """Its frames have one size each and no count: a rest that is no frame is a file cut off."""
    import av

    context = stream.codec_context
    if context.pix_fmt is None:
        return
    planes = av.VideoFormat(context.pix_fmt, context.width, context.height).components
    samples = sum(plane.width * plane.height * -(-plane.bits // 8) for plane in planes)
    rest = (path.stat().st_size - len(header)) % (len(_Y4M_FRAME) + samples)
    if rest:
        raise ClipError(f"{CUT_OFF}: it ends inside a frame")
