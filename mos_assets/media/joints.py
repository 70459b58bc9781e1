"""Transport streams that were joined: where one whole recording follows another.

A demuxer calls the last picture before a joint corrupt, since the continuity counter does not go on
there; so it does where packets are lost. Source: ISO/IEC 13818-1, sections 2.4.3.2 to 2.4.3.7.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from mos_assets.media.transport import BLOCK_PACKETS, packet_layout

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.stream import VideoStream

_BYTES = 188
_BEGINS, _FAULTY, _PADDING = 0x40, 0x80, 0x1FFF
_HEADERS = re.compile(rb"\x00\x00\x01[\x67\x47\x27\x40\x42\xb3\xb0]")
"""Start codes of what stands before a picture to start from, in H.264, HEVC and MPEG."""
_STEADY = 1.5
"""Times the step before, up to which no picture is missing between two."""


ANOTHER_TICKS = 10 * 90_000
"""Ticks of the clock ahead from which on another recording begins; less may be missing pictures."""


@dataclass(slots=True)
class _Programme:
    """What was read last of the packets with one number."""

    counter: int
    at: int
    """Where its last packet with a payload lies."""
    begun: tuple[int, ...] = ()
    """Where its last two pictures begin."""


def is_joined(path: Path, container: InputContainer, stream: VideoStream) -> bool:
    """Whether nothing is missing where the counter of the stream's packets does not go on.

    That is so where the packet before is filled up, as only the last one of a picture is, and the
    next one begins a picture to start from at another time (earlier, or 10 s and more later), or
    the one that is due by the clock.
    """
    if container.format.name != "mpegts":
        return False
    with path.open("rb") as file:
        return all(whole for _, number, whole in _breaks(file, path) if number == stream.id)


def mended(path: Path, copy: Path) -> Path:
    """A copy at `copy` whose counters go on over such joints; the file itself without any, and
    where it is no transport stream.

    A decoder that ends at the first fault can read it, and still ends at every other fault.
    """
    with path.open("rb") as file:
        joints = {at: number for at, number, whole in _breaks(file, path) if whole}
        layout = packet_layout(file, path.stat().st_size)
        if not joints or layout is None:
            return path
        counters: dict[int, int] = {}
        shifts: dict[int, int] = {}
        file.seek(layout.first)
        at = layout.first
        with copy.open("wb") as out:
            while block := bytearray(file.read(BLOCK_PACKETS * layout.step)):
                for start in range(layout.mark, len(block), layout.step):
                    number = (block[start + 1] & 0x1F) << 8 | block[start + 2]
                    counter = block[start + 3] & 15
                    if at + start in joints:
                        shifts[number] = counters[number] + 1 - counter
                    counter = counter + shifts.get(number, 0) & 15
                    counters[number] = counter
                    block[start + 3] = block[start + 3] & 0xF0 | counter
                out.write(block)
                at += len(block)
    return copy


def _breaks(file: BinaryIO, path: Path) -> Iterator[tuple[int, int, bool]]:
    """Packets whose counter does not follow the one before: place, number, and whether all is
    there."""
    layout = packet_layout(file, path.stat().st_size)
    if layout is None:
        return
    known: dict[int, _Programme] = {}
    at = layout.first
    while True:
        file.seek(at)
        block = file.read(BLOCK_PACKETS * layout.step)
        if not block:
            return
        for start in range(layout.mark, len(block) - 3, layout.step):
            flags, control = block[start + 1], block[start + 3]
            number = (flags & 0x1F) << 8 | block[start + 2]
            here = at + start
            if flags & _FAULTY:
                yield here, number, False
            if number == _PADDING:
                continue
            last = known.get(number)
            if last is None:
                last = known[number] = _Programme(control - 1 & 15, here)
            filled, held = control & 0x20, control & 0x10
            told = filled and block[start + 4] and block[start + 5] & 0x80
            if (control - bool(held)) & 15 != last.counter and not told:
                whole = bool(flags & _BEGINS and held and not flags & _FAULTY)
                yield here, number, whole and _is_joint(file, last, here)
            last.counter = control & 15
            if held:
                last.at = here
                if flags & _BEGINS:
                    last.begun = (*last.begun[-1:], here)
        at += len(block)


def _is_joint(file: BinaryIO, last: _Programme, here: int) -> bool:
    """Whether a picture ends in the last packet and another one that nothing precedes begins."""
    if not last.begun or not _is_filled_up(_read(file, last.at)):
        return False
    packet = _read(file, here)
    marked = packet[3] & 0x20 and packet[4] and packet[5] & 0x40
    starts = bool(marked) or _HEADERS.search(_payload(packet)) is not None
    stamps = [_decoded_at(_payload(_read(file, place))) for place in (*last.begun, here)]
    now, before_now = stamps[-1], stamps[-2]
    if now is None or before_now is None:
        return starts
    step = now - before_now
    if starts and (step <= 0 or step >= ANOTHER_TICKS):
        return True
    usual = before_now - (stamps[0] or 0)
    return len(stamps) == 3 and stamps[0] is not None and 0 < step <= _STEADY * usual


def _read(file: BinaryIO, at: int) -> bytes:
    file.seek(at)
    return file.read(_BYTES)


def _payload(packet: bytes) -> bytes:
    return packet[5 + packet[4] if packet[3] & 0x20 else 4 :]


def _is_filled_up(packet: bytes) -> bool:
    """Whether the adaptation field is longer than what it holds: ISO/IEC 13818-1, 2.4.3.4."""
    if not packet[3] & 0x20:
        return False
    length = packet[4]
    if length == 0:
        return True
    flags = packet[5]
    needed = 1 + 6 * bool(flags & 0x10) + 6 * bool(flags & 0x08) + bool(flags & 0x04)
    if flags & 0x02 and needed + 5 < len(packet):
        needed += 1 + packet[5 + needed]
    if flags & 0x01 and needed + 5 < len(packet):
        needed += 1 + packet[5 + needed]
    return length > needed


def _decoded_at(payload: bytes) -> int | None:
    """The stamp at which a picture is decoded, in 1/90000 s; 2.4.3.7."""
    if len(payload) < 19 or payload[:3] != b"\0\0\1" or not payload[7] & 0x80:
        return None
    told = payload[14:19] if payload[7] & 0x40 else payload[9:14]
    return (
        (told[0] & 0x0E) << 29
        | told[1] << 22
        | (told[2] & 0xFE) << 14
        | told[3] << 7
        | told[4] >> 1
    )
