"""What the demo corpus does to its scenes: six degradations, each at three levels.

A degradation is a filter chain and the x264 settings that store its result. Where the codec
itself is not the degradation, the rate factor is low enough for the stored clip to look as
the filters left it.
"""

from __future__ import annotations

from dataclasses import dataclass

from mos_assets.demo.scenes import HEIGHT, WIDTH

_TRANSPARENT = "crf=16"


@dataclass(frozen=True, slots=True)
class Level:
    """One strength of one degradation."""

    filters: str
    """Filter chain from the scene to what is stored."""
    x264: str
    """`-x264-params` of the stored clip."""
    severity: float
    """Harm to the picture, 0 (none) to 1; what the simulated viewers see."""


@dataclass(frozen=True, slots=True)
class Degradation:
    """One way to spoil a scene, mildest level first."""

    name: str
    levels: tuple[Level, Level, Level]

    def level(self, scene_index: int) -> int:
        """Which level a scene gets: by turns, so that none is only mild or only harsh."""
        return (scene_index + _ORDER[self.name]) % len(self.levels)


def _scaled(divisor: int) -> str:
    exact = "flags=bicubic+accurate_rnd+bitexact"
    return f"scale={WIDTH // divisor}:{HEIGHT // divisor}:{exact},scale={WIDTH}:{HEIGHT}:{exact}"


DEGRADATIONS: tuple[Degradation, ...] = (
    Degradation(
        "light-rate",
        (
            Level("null", "crf=16", 0.02),
            Level("null", "crf=22", 0.10),
            Level("null", "crf=27", 0.22),
        ),
    ),
    Degradation(
        "heavy-rate",
        (
            Level("null", "crf=34", 0.48),
            Level("null", "crf=39", 0.70),
            Level("null", "crf=44", 0.90),
        ),
    ),
    Degradation(
        "downscale",
        (
            Level(_scaled(2), _TRANSPARENT, 0.30),
            Level(_scaled(3), _TRANSPARENT, 0.55),
            Level(_scaled(5), _TRANSPARENT, 0.82),
        ),
    ),
    Degradation(
        "blur",
        (
            Level("gblur=sigma=0.8", _TRANSPARENT, 0.26),
            Level("gblur=sigma=1.8", _TRANSPARENT, 0.58),
            Level("gblur=sigma=4", _TRANSPARENT, 0.92),
        ),
    ),
    Degradation(
        "noise",
        (
            Level("noise=alls=4:allf=t:all_seed=101", _TRANSPARENT, 0.04),
            Level("noise=alls=8:allf=t:all_seed=102", _TRANSPARENT, 0.14),
            Level("noise=alls=16:allf=t:all_seed=103", _TRANSPARENT, 0.30),
        ),
    ),
    Degradation(
        "blocking",
        (
            Level("null", "qp=34:no-deblock=1", 0.50),
            Level("null", "qp=40:no-deblock=1", 0.76),
            Level("null", "qp=46:no-deblock=1", 0.97),
        ),
    ),
)
"""Severities are the authors' ranking of the levels by eye; nobody was asked."""

_ORDER = {degradation.name: index for index, degradation in enumerate(DEGRADATIONS)}
