"""The transcodes that the loopback policy can compare a clip with, one row a definition.

What a head was trained on stays measurable: a row is never changed, a better one gets the next
number.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Transcode:
    """What becomes of a clip's pictures before they are compared with it."""

    name: str
    """In the fingerprint."""
    arguments: tuple[str, ...]
    """ffmpeg's for the encoder, which runs on one thread: figures do not depend on the cores."""


LOOPBACK = Transcode(
    "x264-veryfast-crf35",
    ("-c:v", "libx264", "-preset", "veryfast", "-crf", "35", "-threads", "1"),
)
