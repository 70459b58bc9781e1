"""Packets of H.264 that hold one field of a picture, written bit by bit: no encoder here does."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mos_assets.media.fields import Fields

START = b"\0\0\1"


def packed(*fields: tuple[int, int]) -> bytes:
    """(value, width) one after the other; width 0 is an exponential Golomb code."""
    text = ""
    for value, width in fields:
        code = f"{value + 1:b}"
        text += f"{value:0{width}b}" if width else "0" * (len(code) - 1) + code
    text += "1"
    text = text.ljust(-(-len(text) // 8) * 8, "0")
    return bytes(int(text[at : at + 8], 2) for at in range(0, len(text), 8)) + b"\xff" * 8


def sps(interlaced: bool) -> bytes:
    """A parameter set of the main profile, 8 bits of frame number."""
    told = ((77, 8), (0, 8), (30, 8), (0, 0), (4, 0), (2, 0), (2, 0), (0, 1), (9, 0), (2, 0))
    return START + b"\x67" + packed(*told, (int(not interlaced), 1))


def slice_of(number: int, field: str) -> bytes:
    """A slice of frame `number`: of the top or bottom field, or of the whole frame."""
    shape = ((0, 1),) if field == "frame" else ((1, 1), (int(field == "bottom"), 1))
    return START + b"\x41" + packed((0, 0), (5, 0), (0, 0), (number, 8), *shape)


FRAMES = st.lists(st.sampled_from(["frame", "fields", "both in one", "alone"]), max_size=12)


@given(FRAMES)
def test_every_picture_is_counted_once(frames: list[str]) -> None:
    watch = Fields(sps(interlaced=True), 0)
    pictures = 0
    for number, kind in enumerate(frames):
        top, bottom = slice_of(number, "top"), slice_of(number, "bottom")
        packets = {
            "frame": [slice_of(number, "frame")],
            "fields": [top + top, bottom],
            "both in one": [top + bottom],
            "alone": [top],
        }[kind]
        pictures += sum(not watch.is_second(packet) for packet in packets)
    assert pictures == len(frames)


def test_a_progressive_stream_has_no_fields() -> None:
    watch = Fields(sps(interlaced=False), 0)
    assert not watch.is_second(slice_of(1, "top"))
    assert not watch.is_second(slice_of(1, "bottom"))


@given(st.binary(max_size=200))
def test_any_bytes_are_no_second_field_on_their_own(data: bytes) -> None:
    assert not Fields(None, 0).is_second(data)
    assert not Fields(data, 4).is_second(data)
