"""Whether a file is all there, by the structure of its container.

Decoders forgive much and demuxers more: what a file says of its own extent is held against it.
"""

from __future__ import annotations

import re
import struct
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from mos_assets.errors import ClipError
from mos_assets.media.transport import BLOCK_PACKETS, PACKETS, SYNC, packet_layout

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.stream import VideoStream

CUT_OFF = "the file is cut off"
DAMAGED = "the container is damaged"

_Y4M_MAGIC = b"YUV4MPEG2 "
_Y4M_HEADER_BYTES = 256
_Y4M_FRAME = b"FRAME\n"
_INDEXED = ("mov,mp4", "avi")
"""How the names of formats begin that list every sample."""
_BARE = frozenset({"h264", "hevc", "vvc", "mpegvideo", "m4v", "obu"})
"""Formats that are coded pictures and nothing else."""
_ASF_DATA = bytes.fromhex("3626b2758e66cf11a6d900aa0062ce6c")
_FLV_TAGS = (8, 9, 18)
_OGG_PAGE = 65_307
"""Bytes of the largest page."""
_EBML_HEAD = 4096
_SEGMENT = b"\x18\x53\x80\x67"
_ASF_PROPERTIES = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")
_ASF_PACKET_AT = 92
"""Where the length of a packet stands in the file properties."""
_ASF_DATA_HEAD = 50
_ASF_CORRECTED = 0x82
"""First byte of a packet that begins with two bytes of error correction, as nearly all do."""
_ASF_CORRECTED_HEAD = 5
_UNKNOWN = (0, 0xFFFFFFFF)


def require_whole(path: Path, container: InputContainer, stream: VideoStream) -> None:
    """Raise ClipError where the file ends early or the chain of its parts is broken."""
    size = path.stat().st_size
    name = container.format.name
    with path.open("rb") as file:
        if name == "mpegts":
            _require_sync(file, size)
        elif name in _BARE:
            _require_bare(file, size, name)
        elif name == "mpeg":
            _require_packs(file, size)
        elif name.startswith("mov,mp4"):
            _require_fragments(file, size)
        elif name == "avi":
            _require_riff(file, size)
        elif name == "asf":
            _require_asf(file, size)
        elif name == "flv":
            _require_flv(file, size)
        elif name == "ogg":
            _require_ogg(file, size)
        elif name.startswith("matroska"):
            _require_segment(file, size)
    _require_inside(container, stream, size)


def require_read(path: Path, container: InputContainer, stream: VideoStream, packets: int) -> None:
    """Raise ClipError where a sample that the container lists is not among the packets read."""
    listed = _require_inside(container, stream, path.stat().st_size)
    if packets < listed:
        raise ClipError(f"the file is damaged: {packets} of the {listed} packets it lists are read")


def _require_inside(container: InputContainer, stream: VideoStream, size: int) -> int:
    """Samples that the container lists so far, every one of which ends inside the file."""
    if not container.format.name.startswith(_INDEXED):
        return 0
    listed = 0
    for entry in stream.index_entries:
        if entry.pos + entry.size > size:
            raise ClipError(f"{CUT_OFF}: a picture that it lists lies beyond its end")
        listed += entry.size > 0
    return listed


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
        if length < 8 or not kind.isalnum():
            if fragmented:
                raise ClipError(f"{DAMAGED}: there is no box at byte {at}")
            return
        at += length
    if fragmented and at != size:
        raise ClipError(f"{CUT_OFF}: it ends inside a fragment")


def _require_riff(file: BinaryIO, size: int) -> None:
    """The lists that hold the pictures are all there; an index behind them may be cut."""
    at, end, behind = 0, 0, False
    while at + 12 <= size:
        file.seek(at)
        kind, length, form = struct.unpack("<4sI4s", file.read(12))
        # A chunk of a stream belongs into the list before: its length no longer fits.
        if behind and at < end and (kind[:2].isdigit() or not kind.strip().isalnum()):
            raise ClipError(f"{DAMAGED}: there is no chunk at byte {at}")
        if length in _UNKNOWN:
            return
        behind |= form == b"movi"
        if kind == b"RIFF":
            end = at + 8 + length
        if form == b"movi" and at + 8 + length > size:
            raise ClipError(f"{CUT_OFF}: it ends before its last picture")
        # Into a RIFF, past every other chunk.
        at += 12 if kind == b"RIFF" else 8 + length + length % 2


def _require_asf(file: BinaryIO, size: int) -> None:
    file.seek(16)
    header = int.from_bytes(file.read(8), "little")
    file.seek(header)
    kind, length = file.read(16), int.from_bytes(file.read(8), "little")
    # A broadcast that was recorded states no length.
    if kind != _ASF_DATA or length <= _ASF_DATA_HEAD:
        return
    if header + length > size:
        raise ClipError(f"{CUT_OFF}: it ends before its last packet")
    file.seek(0)
    told = file.read(header)
    at = told.find(_ASF_PROPERTIES) + _ASF_PACKET_AT
    step = int.from_bytes(told[at : at + 4], "little")
    if at < _ASF_PACKET_AT or not step or (length - _ASF_DATA_HEAD) % step:
        return
    first = None
    for at in range(header + _ASF_DATA_HEAD, header + length, step):
        file.seek(at)
        head = file.read(_ASF_CORRECTED_HEAD)
        begins = _asf_constant(head)
        first = begins if first is None else first
        if begins != first:
            raise ClipError(f"{DAMAGED}: there is no packet at byte {at}")


def _asf_constant(head: bytes) -> bytes:
    """What is the same in the heads of all packets: error correction, and how fields are coded."""
    return head[:1] + head[4:] if head[0] == _ASF_CORRECTED else bytes([head[0] & 0x90])


def _require_sync(file: BinaryIO, size: int) -> None:
    """Every packet of a transport stream begins with the same byte, and the last one is whole."""
    layout = packet_layout(file, size)
    if layout is None:
        if all(size % step for step, _ in PACKETS):
            raise ClipError(f"{DAMAGED}: it does not begin with packets that follow each other")
        return
    at = layout.first
    file.seek(at)
    while block := file.read(BLOCK_PACKETS * layout.step):
        marks = block[layout.mark :: layout.step]
        if marks.count(SYNC) != len(marks):
            place = at + layout.step * next(n for n, mark in enumerate(marks) if mark != SYNC)
            raise ClipError(f"{DAMAGED}: the packet at byte {place} does not begin as one")
        at += len(block)
    if (size - layout.first) % layout.step:
        raise ClipError(f"{CUT_OFF}: it ends inside a packet")


def _require_bare(file: BinaryIO, size: int, name: str) -> None:
    """A stream without a container is no transport stream that a demuxer mistook for one.

    One that begins inside a packet does so where headers of pictures stand in what is left of it.
    """
    layout = packet_layout(file, size)
    if layout is not None:
        raise ClipError(
            f"it is a transport stream that begins inside a packet, and reads as bare {name}; "
            f"leave out its first {layout.first} bytes (tail -c +{layout.first + 1})"
        )


def _require_packs(file: BinaryIO, size: int) -> None:
    """Packs and packets of a program stream follow each other from the first pack to the end."""
    at = file.read(1 << 20).find(b"\0\0\1\xba")
    while 0 <= at < size:
        file.seek(at)
        head = file.read(14)
        code = head[3] if len(head) > 3 and head[:3] == b"\0\0\1" else 0
        if code == 0xB9:
            at += 4
        elif code == 0xBA and head[4:5] > b"\x3f":
            at += 14 + (head[-1] & 7)
        elif code == 0xBA:
            at += 12
        elif code >= 0xBB:
            at += 6 + int.from_bytes(head[4:6], "big")
        elif not (head + file.read()).strip(b"\0"):
            return
        else:
            raise ClipError(f"{DAMAGED}: there is no packet at byte {at}")
    if at > size:
        raise ClipError(f"{CUT_OFF}: it ends inside a packet")


def _require_flv(file: BinaryIO, size: int) -> None:
    """Tags follow each other to the end; a length of the tag before stands behind each."""
    file.seek(5)
    at = int.from_bytes(file.read(4), "big") + 4
    while at < size:
        file.seek(at)
        head = file.read(4)
        if head[0] & 0x1F not in _FLV_TAGS:
            raise ClipError(f"{DAMAGED}: there is no tag at byte {at}")
        at += 11 + int.from_bytes(head[1:], "big")
        if at > size:
            raise ClipError(f"{CUT_OFF}: it ends inside a tag")
        at += 4


def _require_ogg(file: BinaryIO, size: int) -> None:
    """The last page is all there."""
    file.seek(max(0, size - _OGG_PAGE))
    end = file.read()
    at = end.rfind(b"OggS")
    lacing = end[at + 27 : at + 27 + end[at + 26]] if 0 <= at < len(end) - 26 else b""
    if at < 0 or at + 27 + len(lacing) + sum(lacing) > len(end) or len(end) - at < 27:
        raise ClipError(f"{CUT_OFF}: it ends inside a page")


def _require_segment(file: BinaryIO, size: int) -> None:
    """The one element that holds everything, where its length is known, ends in the file."""
    file.seek(0)
    head = file.read(_EBML_HEAD)
    at = 4 + sum(_ebml_size(head, 4))
    if head[at : at + 4] != _SEGMENT:
        return
    width, length = _ebml_size(head, at + 4)
    if length != (1 << 7 * width) - 1 and at + 4 + width + length > size:
        raise ClipError(f"{CUT_OFF}: it is shorter than it says")


def _ebml_size(data: bytes, at: int) -> tuple[int, int]:
    """Bytes that a size takes, and the size; RFC 8794 section 5."""
    if at >= len(data) or not data[at]:
        return 0, 0
    width = 9 - data[at].bit_length()
    return width, int.from_bytes(data[at : at + width], "big") & ((1 << 7 * width) - 1)


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
