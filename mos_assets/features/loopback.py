"""The transcodes that the loopback policy can compare a clip with, one row a definition.

What a head was trained on stays measurable: a row is never changed, a better one gets the next
number.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mos_assets.settings import Loopback


@dataclass(frozen=True, slots=True)
class Transcode:
    """What becomes of a clip's pictures before they are compared with it."""

    name: str
    """In the fingerprint."""
    arguments: tuple[str, ...]
    """ffmpeg's for the encoder, which runs on one thread: figures do not depend on the cores."""
    alone: bool = False
    """Whether no picture needs its neighbours: then only those that are compared are coded."""


TRANSCODES: Mapping[Loopback, Transcode] = {
    Loopback.ONE: Transcode(
        "x264-veryfast-crf35",
        ("-c:v", "libx264", "-preset", "veryfast", "-crf", "35", "-threads", "1"),
    ),
    Loopback.TWO: Transcode(
        "2-x264-intra-veryfast-crf35",
        ("-c:v", "libx264", "-preset", "veryfast", "-crf", "35", "-g", "1", "-threads", "1"),
        alone=True,
    ),
}
