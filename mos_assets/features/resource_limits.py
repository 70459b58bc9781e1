"""How much time and memory one clip may take, from what its header claims."""

from __future__ import annotations

from mos_assets.errors import ClipError
from mos_assets.media.packets import MOST_FRAMES
from mos_assets.records import Probe

__all__ = [
    "MOST_FRAMES",
    "clock_rate",
    "expected_frames",
    "memory_limit_bytes",
    "require_comparable",
    "time_limit_s",
]

START_LIMIT_S = 60.0
"""Seconds that any clip may take, however short."""
FRAME_LIMIT_S = 0.6
"""Seconds a frame of 960 by 540 may take; about twenty times what it costs on one slow core."""
FRAME_LIMIT_PIXELS = 960 * 540
LONGEST_LIMIT_S = 3 * 3600.0
"""Seconds after which any clip is given up, whatever length its header claims."""
UNKNOWN_LENGTH_S = 600.0
"""Length that a clip is taken to have where its container names none."""
SMALLEST_COMPARED = 18
"""Columns and lines that libvmaf's adm needs; it crashes on fewer (its vif does below 8 lines)."""
MEMORY_BYTES = 4 << 30
"""Address space that measuring a clip may take, however small its pictures; three times the use."""
MEMORY_BYTES_A_PIXEL = 800
"""Address space beyond that for every pixel of a picture; about twice the use."""


def time_limit_s(probed: Probe) -> float:
    """Seconds after which a clip is given up, from its stated length and size."""
    frames = expected_frames(probed)
    size = max(1.0, probed.width * probed.height / FRAME_LIMIT_PIXELS)
    return min(LONGEST_LIMIT_S, START_LIMIT_S + frames * FRAME_LIMIT_S * size)


def expected_frames(probed: Probe) -> float:
    """Pictures that a clip has by its header."""
    return probed.frames or max(0.0, probed.duration_s or UNKNOWN_LENGTH_S) * probed.fps


def require_comparable(compared: Probe) -> None:
    """Raise ClipError where pictures of this size are too small for libvmaf."""
    if min(compared.width, compared.height) < SMALLEST_COMPARED:
        raise ClipError(
            f"its pictures are compared at {compared.width} by {compared.height}; libvmaf needs "
            f"{SMALLEST_COMPARED} by {SMALLEST_COMPARED} at least"
        )


def clock_rate(probed: Probe) -> float:
    """Frames a second by which pictures are numbered and sampled; their figures depend on it."""
    return probed.nominal_fps or probed.fps


def memory_limit_bytes(*pictures: Probe) -> int:
    """Address space for the program that decodes these clips together."""
    pixels = sum(probed.width * probed.height for probed in pictures)
    return MEMORY_BYTES + MEMORY_BYTES_A_PIXEL * pixels
