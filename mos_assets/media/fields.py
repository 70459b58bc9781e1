"""Field pictures of H.264: two packets that make one picture.

Source: ITU-T H.264, sections 7.3.2.1.1 (sequence parameter set) and 7.3.3 (slice header).
"""

from __future__ import annotations

from mos_assets.media.pictures import nal_units

_SLICES = (1, 5)
_SPS = 7
_HEADER_BYTES = 64
"""A slice header's first fields, and most of a parameter set, lie within these."""
_WITH_CHROMA = frozenset({100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135})
"""Profiles whose parameter set says how chroma is sampled."""


class Fields:
    """Watches the packets of a stream for fields, and pairs them."""

    def __init__(self, extradata: bytes | None, length: int) -> None:
        self._length = length
        self._frame_num_bits = 0
        self._planes = False
        self._possible = False
        self._open: tuple[int, int] | None = None
        """Number and parity of a field whose other one has not come."""
        if extradata and length:
            size = int.from_bytes(extradata[6:8], "big")
            self._learn(extradata[8 : 8 + size])
        elif extradata:
            self._look_for_sps(extradata)

    @property
    def may_come(self) -> bool:
        """Whether the stream may hold fields, or may still say so."""
        return self._possible or not self._length

    def is_second(self, data: bytes) -> bool:
        """Whether a packet holds only the second field of a picture begun by the one before."""
        if not self._length:
            self._look_for_sps(data)
        if not self._possible:
            return False
        found = {
            field
            for unit in nal_units(data, self._length)
            if unit and unit[0] & 31 in _SLICES and (field := self._field(unit)) is not None
        }
        if len(found) != 1:
            # A whole frame, or both of its fields in one packet.
            self._open = None
            return False
        (field,) = found
        number, parity = field
        if self._open == (number, 1 - parity):
            self._open = None
            return True
        self._open = field
        return False

    def _look_for_sps(self, data: bytes) -> None:
        if b"\0\0\1\x67" in data or b"\0\0\1\x27" in data or b"\0\0\1\x47" in data:
            for unit in nal_units(data, 0):
                if unit and unit[0] & 31 == _SPS:
                    self._learn(unit)

    def _learn(self, unit: bytes) -> None:
        """What of a sequence parameter set a slice header depends on."""
        bits = _Bits(unit[1:])
        profile = bits.take(8)
        bits.take(16)
        bits.golomb()
        self._planes = False
        if profile in _WITH_CHROMA:
            chroma = bits.golomb()
            if chroma == 3:
                self._planes = bool(bits.take(1))
            bits.golomb()
            bits.golomb()
            bits.take(1)
            if bits.take(1):
                for index in range(8 if chroma != 3 else 12):
                    if bits.take(1):
                        bits.skip_scaling(16 if index < 6 else 64)
        self._frame_num_bits = bits.golomb() + 4
        order = bits.golomb()
        if order == 0:
            bits.golomb()
        elif order == 1:
            bits.take(1)
            bits.golomb()
            bits.golomb()
            for _ in range(min(255, bits.golomb())):
                bits.golomb()
        bits.golomb()
        bits.take(1)
        bits.golomb()
        bits.golomb()
        self._possible = not bits.take(1)

    def _field(self, unit: bytes) -> tuple[int, int] | None:
        """Frame number and parity of a slice of a field; None for one of a frame."""
        bits = _Bits(unit[1:_HEADER_BYTES])
        for _ in range(3):
            bits.golomb()
        bits.take(2 * self._planes)
        number = bits.take(self._frame_num_bits)
        return (number, bits.take(1)) if bits.take(1) else None


class _Bits:
    """Bits of a NAL unit, the first first; past the end all are 1, so that no number is long."""

    def __init__(self, data: bytes) -> None:
        self._data = data.replace(b"\0\0\3", b"\0\0")
        self._at = 0

    def take(self, count: int) -> int:
        value = 0
        for _ in range(count):
            byte, bit = divmod(self._at, 8)
            self._at += 1
            value = value << 1 | (
                self._data[byte] >> (7 - bit) & 1 if byte < len(self._data) else 1
            )
        return value

    def golomb(self) -> int:
        """An unsigned number in exponential Golomb code; 9.1."""
        zeros = 0
        while zeros < 32 and not self.take(1):
            zeros += 1
        return (1 << zeros) - 1 + self.take(zeros)

    def skip_scaling(self, size: int) -> None:
        """A scaling list; 7.3.2.1.1.1."""
        last = following = 8
        for _ in range(size):
            if following:
                code = self.golomb()
                following = (last + (code + 1) // 2 * (1 if code % 2 else -1)) % 256
            last = following or last
