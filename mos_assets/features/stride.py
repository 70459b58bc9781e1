"""Which pairs of pictures are compared: every one, or the sparse ones of a clip.

vif and adm cost most of a measurement and change little from a picture to the next, but their
changes have a rhythm: B-frames come every second, third or fourth picture, repeated pictures every
fifth (24 frames a second shown as 30), and a fixed step may keep meeting the same kind. Steps here
are powers of the golden ratio, as nearly as Fibonacci numbers give them: their pictures fall evenly
on the places of any such rhythm. Motion, which needs neighbours, is always that of all pictures.
"""

from __future__ import annotations

from dataclasses import dataclass

from mos_assets.settings import Sampling

SPARSE_VERSION = 1
"""In the fingerprint; raised whenever a clip would be compared on other pictures."""
SPARSE_SHARES = (144, 233, 377, 610)
"""Pictures that are compared of each PERIOD: one in 11.1, 6.9, 4.2 or 2.6."""
PERIOD = 1597
"""A prime, so that no rhythm divides it."""
FEWEST_COMPARED = 20
"""The smallest share that comes to as many is taken; a clip that is too short is compared whole."""


@dataclass(frozen=True, slots=True)
class Stride:
    """Picture n, counted from 0, where (n * share + share / 2) mod PERIOD < share."""

    share: int

    @property
    def is_every(self) -> bool:
        """Whether no picture is left out."""
        return self.share == PERIOD

    @property
    def condition(self) -> str:
        """For ffmpeg's select filter, on pictures that are numbered as they come."""
        return f"lt(mod(n*{self.share}+{self._first}\\,{PERIOD})\\,{self.share})"

    def chosen(self, pictures: int) -> int:
        """How many of the first so many pictures these are."""
        return ((pictures - 1) * self.share + self._first) // PERIOD + (self._first < self.share)

    @property
    def _first(self) -> int:
        # Half a period: the first pictures after a key frame are not like the rest.
        return 0 if self.is_every else PERIOD // 2


EVERY = Stride(PERIOD)


def stride(sampling: Sampling, pictures: int) -> Stride:
    """What is compared of a clip with so many pictures, as its packets say."""
    if sampling is Sampling.SPARSE:
        for share in SPARSE_SHARES:
            if Stride(share).chosen(pictures) >= FEWEST_COMPARED:
                return Stride(share)
    return EVERY
