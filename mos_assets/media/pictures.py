"""Which coded packets hold a picture that a player shows, by what each codec says of itself.

Nothing is decoded: a few bits at the start of a packet tell. Sources: RFC 6386 section 9.1 (VP8),
the VP9 bitstream specification sections 6.1 and 7.2, the AV1 specification section 5.9.2, ISO/IEC
14496-2 section 6.2 (MPEG-4 Visual), ITU-T H.262 section 6.2.2.6 and ITU-T H.265 table 7-1.
"""

from __future__ import annotations

from collections.abc import Iterator

_VOP = b"\0\0\1\xb6"
_NOT_CODED_BYTES = 8
"""A coded MPEG-4 picture needs more; what is no longer repeats the picture before it."""
_GROUP = b"\0\0\1\xb8"
_CLOSED_GROUP = 0x40
_RASL = (8, 9)
"""NAL unit types of pictures that lead a random access point and need what came before it."""
_DROPPED_BY_DECODERS = frozenset({"h264", "mpeg4", "vc1", "wmv3"})
LEADING_KNOWN = _DROPPED_BY_DECODERS | {"hevc", "mpeg1video", "mpeg2video"}
"""Codecs of which it is known here what becomes of leading pictures."""
_LONGEST, _START = 4, b"\0\0\0\1"
_ORIENTATION = 47
"""Payload type of the message that says how pictures are turned."""
_AV1_FRAME_HEADERS = (3, 6)
_H264_SLICES = (1, 2, 3, 4, 5)
_H264_B = 1
_PICTURE_TYPES = {
    "mpeg4": (_VOP, 0, 6, 3, 2),
    "mpeg1video": (b"\0\0\1\0", 1, 3, 7, 3),
    "mpeg2video": (b"\0\0\1\0", 1, 3, 7, 3),
}
"""Start code, bytes after it, and the bits that say of which kind a picture is: those of B."""


def pictures_in(codec: str, data: bytes) -> int:
    """Pictures that one packet of the codec makes a decoder show, of its first bits."""
    if not data:
        return 0
    match codec:
        case "vp8":
            return data[0] >> 4 & 1
        case "vp9":
            return int(_vp9_shows(data))
        case "av1":
            return int(_av1_shows(data))
        case "mpeg4":
            return 0 if len(data) <= _NOT_CODED_BYTES else max(1, data.count(_VOP))
    return 1


LOOKED_INTO = frozenset({"vp8", "vp9", "av1", "mpeg4"})
"""Codecs whose packets may hold no picture, or several; with others each packet holds one."""


def starts_anew(data: bytes, length_bytes: int) -> bool:
    """Whether a packet of H.264 is a picture behind which nothing before it is used (IDR)."""
    return any(unit[:1] and unit[0] & 31 == 5 for unit in nal_units(data, length_bytes))


def is_bidirectional(codec: str, data: bytes, length_bytes: int) -> bool | None:
    """Whether a packet holds a B picture; None where its first bits do not say."""
    if codec == "h264":
        slices = (u for u in nal_units(data, length_bytes) if u and u[0] & 31 in _H264_SLICES[:2])
        unit = next(slices, b"")
        # The address of the slice and its kind, two numbers in exponential Golomb code.
        bits, at = "".join(f"{byte:08b}" for byte in unit[1:9]) + 8 * "1", 0
        for _ in range(2):
            zeros = bits.index("1", at) - at
            number = int(bits[at + zeros : at + 2 * zeros + 1], 2) - 1
            at += 2 * zeros + 1
            if at >= len(bits) - 8:
                return None
        return number % 5 == _H264_B
    mark, after, shift, mask, kind = _PICTURE_TYPES.get(codec, (b"", 0, 0, 0, 0))
    at = data.find(mark) + len(mark) + after
    if not mark or at < len(mark) + after or at >= len(data):
        return None
    return data[at] >> shift & mask == kind


def leading_is_dropped(codec: str, data: bytes, first: bytes, length_bytes: int) -> bool:
    """Whether a picture that is shown before the first random access point cannot be decoded.

    `data` is its packet and `first` the packet of that point; `length_bytes` as in `nal_units`.
    """
    match codec:
        case "hevc":
            kinds = (unit[0] >> 1 & 0x3F for unit in nal_units(data, length_bytes) if unit)
            return any(kind in _RASL for kind in kinds)
        case "mpeg1video" | "mpeg2video":
            at = first.find(_GROUP)
            return not (0 <= at < len(first) - 7 and first[at + 7] & _CLOSED_GROUP)
    return codec in _DROPPED_BY_DECODERS


def nal_units(data: bytes, length_bytes: int) -> Iterator[bytes]:
    """The NAL units of a packet of H.264 or HEVC.

    Each follows its length in `length_bytes` bytes, or a start code where that is 0, and where a
    packet has start codes in spite of its stream's header (as libav tells them apart).
    """
    if length_bytes == _LONGEST and data[:4] == _START and int.from_bytes(data[5:9]) > len(data):
        length_bytes = 0
    if not length_bytes:
        yield from data.split(b"\0\0\1")[1:]
        return
    at = 0
    while at + length_bytes < len(data):
        start = at + length_bytes
        at = start + int.from_bytes(data[at:start], "big")
        yield data[start:at]


def length_bytes(codec: str, extradata: bytes | None) -> int:
    """Bytes of the length before each NAL unit of a stream; 0 for start codes.

    Source: ISO/IEC 14496-15, the decoder configuration records.
    """
    at = {"h264": 4, "hevc": 21}.get(codec)
    if at is None or extradata is None or len(extradata) <= at or extradata[0] != 1:
        return 0
    return (extradata[at] & 3) + 1


def says_orientation(codec: str, data: bytes, length_bytes: int) -> bool:
    """Whether a packet holds a display orientation message; ITU-T H.264, D.1."""
    if codec not in ("h264", "hevc"):
        return False
    skip = 1 if codec == "h264" else 2
    for unit in nal_units(data, length_bytes):
        if len(unit) > skip and (unit[0] & 31 == 6 if skip == 1 else unit[0] >> 1 == 39):
            at = skip
            while at + 2 < len(unit):
                kind, at = _sei_number(unit, at)
                size, at = _sei_number(unit, at)
                if kind == _ORIENTATION:
                    return True
                at += size
    return False


def _sei_number(unit: bytes, at: int) -> tuple[int, int]:
    """A number of bytes of 255 and one below, and where it ends."""
    value = 0
    while at < len(unit) - 1 and unit[at] == 255:
        value, at = value + 255, at + 1
    return value + unit[at] if at < len(unit) else value, at + 1


def _vp9_shows(data: bytes) -> bool:
    """A superframe ends in the frame that is shown; a frame alone says whether it is."""
    if data[-1] & 0xE0 == 0xC0:
        return True
    bits = data[0]
    # frame_marker(2) profile(2) [reserved(1)] show_existing(1) frame_type(1) show_frame(1)
    shift = 1 if bits >> 4 & 3 == 3 else 0
    existing, shown = bits >> (3 - shift) & 1, bits >> (1 - shift) & 1
    return bool(existing or shown)


def _av1_shows(data: bytes) -> bool:
    """Whether any frame header in a packet shows its frame, or one that was decoded before."""
    for kind, at, _ in _obus(data):
        if kind in _AV1_FRAME_HEADERS and at < len(data):
            existing, shown = data[at] >> 7, data[at] >> 4 & 1
            if existing or shown:
                return True
    return False


def _obus(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Type, begin and end of the payload of each unit of an AV1 packet."""
    at = 0
    while at < len(data):
        header = data[at]
        kind, extended, sized = header >> 3 & 15, header >> 2 & 1, header >> 1 & 1
        at += 1 + extended
        size = len(data) - at
        if sized:
            size, at = _leb128(data, at)
        yield kind, at, min(at + size, len(data))
        at += size


def _leb128(data: bytes, at: int) -> tuple[int, int]:
    """A number in seven bits a byte, the lowest first, and where it ends."""
    value = 0
    for place in range(8):
        if at >= len(data):
            break
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << (7 * place)
        if not byte & 0x80:
            break
    return value, at
