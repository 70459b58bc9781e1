"""What a clip holds, counted from its own coded video packets.

Durations, frame counts and rates that a container states are not asked: sound and subtitles
last longer, clocks start late, indexes count what an edit list hides.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

from mos_assets.errors import ClipError
from mos_assets.media.fields import Fields
from mos_assets.media.pictures import (
    LEADING_KNOWN,
    LOOKED_INTO,
    is_bidirectional,
    leading_is_dropped,
    length_bytes,
    pictures_in,
    starts_anew,
)

if TYPE_CHECKING:
    from fractions import Fraction

    from av.container import InputContainer
    from av.packet import Packet
    from av.video.stream import VideoStream

MOST_FRAMES = 216_000
"""Frames beyond which a clip is refused, an hour at 60 a second: their logs are held in memory."""
MOST_PACKETS = 4 * MOST_FRAMES
"""Packets of one stream after which counting ends."""
STATED_RATE_TOLERANCE = 0.05
"""Relative difference at which time stamps overrule the frame rate that a container states."""
EXACT_RATE_TOLERANCE = 1e-3
"""Relative difference within which time stamps bear a stated rate out, and no other is asked."""
_TINY_BYTES = 16
"""A packet this small may only say that nothing has changed."""
_EXACT = frozenset({"av1", "h264", "hevc", "mpeg4", "vp8", "vp9"})
"""Codecs of which a tiny packet holds a picture or says that it does not."""
_KEPT_BACK = 2
_MOST_LACKING = 8
"""Pictures near the end that may be missing, and how far from the end."""
_STEP_TOLERANCE = 0.3
"""Of a frame's time; Matroska rounds stamps to milliseconds."""


@dataclass(slots=True)
class Counted:
    """What the video packets of a clip hold."""

    packets: int = 0
    """All that were read, those that are not shown included."""
    frames: int = 0
    """Pictures that a player shows."""
    coded_bytes: int = 0
    """Bytes of their packets, and of packets without a picture that they are predicted from."""
    doubtful: int = 0
    """Packets of which only a decoder can tell whether a picture comes of them."""
    stamps: list[int] = field(default_factory=list)
    """When the pictures are shown, where that is known, in units of the stream's time base."""
    first: bytes = b""
    """The first packet that may hold a picture."""
    restarts: bool = False
    """Whether the clock runs back on the way, as in files that were joined."""

    def span_s(self, time_base: Fraction | None) -> float | None:
        """Seconds from the first picture to the last; None where the stamps do not say."""
        if time_base is None or self.restarts or len(self.stamps) < max(2, self.frames):
            return None
        return float((max(self.stamps) - min(self.stamps)) * time_base)


def count_packets(
    container: InputContainer, stream: VideoStream, *, joined: Callable[[], bool] = bool
) -> Counted:
    """Read every packet of the stream, to the end of the file.

    Packets that an edit list hides are not counted; nor are those before the first random access
    point and those that are shown before it but need what lies before it, since no decoder makes
    pictures of them. `joined` is asked once where the demuxer calls a packet corrupt: whether that
    only says that whole recordings follow each other (`joints.py`). Raises ClipError where a packet
    is not whole, and where there is no end.
    """
    codec = stream.codec_context.codec.canonical_name
    look = codec in LOOKED_INTO
    extradata = stream.codec_context.extradata
    length = length_bytes(codec, extradata)
    counted = Counted()
    fields = Fields(extradata, length) if codec == "h264" else None
    before = _LeadIn(codec, length, ordered=container.format.name != "avi")
    last: int | None = None
    packed = harmless = False
    for packet in container.demux(stream):
        size, pts, dts = packet.size, packet.pts, packet.dts
        if not size and pts is None and dts is None:
            continue  # the library's mark of the end
        counted.packets += 1
        if counted.packets > MOST_PACKETS:
            raise ClipError(f"it has more than {MOST_FRAMES} frames, which are refused")
        if packet.is_corrupt and not (harmless := harmless or joined()):
            raise ClipError(f"the file is damaged: packet {counted.packets} of its video is broken")
        if dts is not None:
            counted.restarts |= last is not None and dts < last
            last = dts
        if not size or packet.is_discard:
            before.note(packet)
            continue
        if not before.shows(packet):
            counted.doubtful += 1
            if pts is not None and counted.stamps and pts > counted.stamps[0]:
                # As an AVI stamps them, in the order of coding: the first picture comes after.
                counted.stamps[0] = pts
            continue
        counted.first = counted.first or bytes(packet)
        here = pictures_in(codec, bytes(packet)) if look else 1
        if fields is not None and fields.may_come and fields.is_second(bytes(packet)):
            here = 0
        if size <= _TINY_BYTES and codec not in _EXACT:
            counted.doubtful += 1
        packed |= here > 1
        counted.frames += here
        counted.coded_bytes += size
        if here and pts is not None:
            counted.stamps += [pts] * here
    # Of pictures that share packets, the decoder may keep the last for one that never comes.
    counted.doubtful += _KEPT_BACK * packed + before.unsure
    if not before.found:
        # No packet is marked as a point to start from: perhaps all of them are.
        counted.frames, counted.coded_bytes = before.packets, before.bytes
        counted.stamps = before.stamps
    return counted


class _LeadIn:
    """Packets up to and around the first random access point."""

    def __init__(self, codec: str, length: int, *, ordered: bool) -> None:
        self.found = False
        self.packets = self.bytes = 0
        self.unsure = 0
        self.stamps: list[int] = []
        self._codec, self._length_bytes = codec, length
        self._by_kind = codec == "h264" and not ordered
        """The stamps of an AVI rise as pictures are coded: H.264 in it is told by their kinds."""
        self._first: bytes | None = None
        self._first_pts: int | None = None
        self._at_once = True

    def note(self, packet: Packet[VideoStream]) -> None:
        """Take in a packet that is hidden, from which others may be predicted."""
        self.found |= packet.is_keyframe

    def shows(self, packet: Packet[VideoStream]) -> bool:
        """Whether a picture can come of the next packet."""
        pts = packet.pts
        if not self.found:
            if not packet.is_keyframe:
                self.packets += 1
                self.bytes += packet.size
                if pts is not None:
                    self.stamps.append(pts)
                return False
            self.found = True
            self._first, self._first_pts = bytes(packet), pts
            return True
        if self._first is None:
            return True
        if packet.is_keyframe:
            self._first = None
            return True
        if not self._leads(packet):
            self._at_once = False
            return True
        self.unsure += self._codec not in LEADING_KNOWN
        return not leading_is_dropped(self._codec, bytes(packet), self._first, self._length_bytes)

    def _leads(self, packet: Packet[VideoStream]) -> bool:
        """Whether it is shown before the random access point that it follows."""
        if self._codec == "hevc":
            return True  # what it says of itself tells, whatever its stamp
        if self._by_kind:
            self._by_kind = not starts_anew(self._first or b"", self._length_bytes) and bool(
                is_bidirectional(self._codec, bytes(packet), self._length_bytes)
            )
            return self._by_kind
        if self._first_pts is None:
            return False
        if packet.pts is None:
            # Matroska has no stamp for what lies before its zero.
            return packet.dts is None
        if packet.pts == self._first_pts and self._codec in LEADING_KNOWN:
            # Matroska, again: it may have been moved up to zero. Or both are shown at one time.
            # Pictures that lead follow at once.
            leads = self._at_once and is_bidirectional(
                self._codec, bytes(packet), self._length_bytes
            )
            self.unsure += leads is None
            return bool(leads)
        return packet.pts < self._first_pts


def shown_rate(stated: Iterable[float], counted: Counted, time_base: Fraction | None) -> float:
    """Frames a second: the one definition of a clip's frame rate.

    Of the rates that a container states, the one which the pictures' own time stamps bear out: the
    first within a thousandth of theirs, else the first within a twentieth. Where they contradict
    all of them, (pictures - 1) / seconds from the first to the last; where there are no stamps, the
    first stated rate. A clip that was cut without coding it anew may lack some of its last
    pictures, those that were predicted from one behind the cut: that is no contradiction.
    """
    rates = list(stated)
    span_s = counted.span_s(time_base)
    if span_s is None or span_s <= 0 or time_base is None:
        return rates[0]
    measured = (counted.frames - 1) / span_s
    for tolerance in (EXACT_RATE_TOLERANCE, STATED_RATE_TOLERANCE):
        for rate in rates:
            if math.isclose(measured, rate, rel_tol=tolerance):
                return rate
    return next((rate for rate in rates if _lacks_last(rate, counted, time_base)), measured)


def _lacks_last(rate: float, counted: Counted, time_base: Fraction) -> bool:
    """Whether the pictures come at this rate, but for some that are missing near the end."""
    last = min(_MOST_LACKING, len(counted.stamps) // 4)
    stamps = sorted(counted.stamps)
    steps = [float((b - a) * time_base) * rate for a, b in pairwise(stamps)]
    if not last or sum(steps) - len(steps) > _MOST_LACKING + 0.5:
        return False
    even = steps[:-last]
    mean = math.fsum(even) / len(even)
    return math.isclose(mean, 1.0, rel_tol=STATED_RATE_TOLERANCE) and all(
        abs(step - 1.0) < _STEP_TOLERANCE for step in even
    )
