"""How the packets of an MPEG transport stream lie in a file (ISO/IEC 13818-1, section 2.4.3.2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO

SYNC = 0x47
"""The byte that marks a packet."""
PACKETS = ((188, 0), (192, 4), (204, 0))
"""Bytes of a packet, and those before its mark: plain, with a clock, with error correction."""
BLOCK_PACKETS = 1 << 14
"""Packets to read at a time."""
_LONGEST = 204
_SURE = 8
"""Marks in a row that are no accident."""


@dataclass(frozen=True, slots=True)
class PacketLayout:
    """Where packets begin."""

    step: int
    """Bytes from one packet to the next."""
    mark: int
    """Bytes of a packet before its mark."""
    first: int
    """Bytes before the first whole packet. A recording may begin inside of one: it lacks no more
    than one that begins a packet later."""


def packet_layout(file: BinaryIO, size: int) -> PacketLayout | None:
    """How the packets of a file of `size` bytes lie; None where no run of them is at its beginning.

    In whole packets two marks are enough; elsewhere eight are.
    """
    file.seek(0)
    head = file.read((_SURE + 1) * _LONGEST)
    for step, mark in PACKETS:
        at = step + mark
        if size % step == 0 and len(head) > at and head[mark] == head[at] == SYNC:
            return PacketLayout(step, mark, 0)
    for step, mark in PACKETS:
        for first in range(step):
            marks = head[first + mark :: step][:_SURE]
            if len(marks) == marks.count(SYNC) == _SURE:
                return PacketLayout(step, mark, first)
    return None
