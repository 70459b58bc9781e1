"""What of the one ffmpeg command is libvmaf's: which pictures reach it, and its logs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mos_assets.features.outputs import COMPARISON_LOG, MOTION_LOG
from mos_assets.features.stride import Stride

if TYPE_CHECKING:
    from mos_assets.features.extractors.base import PictureExtractor

_TEMPORAL = frozenset({"motion"})
"""Extractors that compare a picture with its neighbours."""


@dataclass(frozen=True, slots=True)
class LibvmafFilters:
    """The filters of libvmaf that one command needs.

    Pictures that are not compared never reach the costly extractors.
    """

    features: tuple[str, ...]
    """Extractors that compare pairs."""
    moved: tuple[str, ...]
    """Those that look at every picture where not every pair is compared."""
    compared: Stride
    side: str = ""
    """What labels end in and logs begin with; empty for the comparison that extractors share."""

    @classmethod
    def of(
        cls, extractors: Sequence[PictureExtractor], compared: Stride, side: str = ""
    ) -> LibvmafFilters | None:
        """All that the extractors ask of it; None where none compares."""
        wanted = dict.fromkeys(name for each in extractors for name in each.compares)
        if not wanted:
            return None
        moved = () if compared.is_every else tuple(name for name in wanted if name in _TEMPORAL)
        features = tuple(name for name in wanted if name not in moved)
        return cls(features, moved, compared, side)

    @property
    def outputs(self) -> tuple[str, ...]:
        """Labels of what has to be drawn so that its logs are written."""
        drawn = ("compared", "moved") if self.moved else ("compared",)
        return tuple(f"{label}{self.side}" for label in drawn)

    def pair(self, distorted: str, reference: str) -> tuple[str, ...]:
        """Chains that compare two streams of pictures that are numbered alike."""
        if self.compared.is_every:
            return (self.compare(distorted, reference),)
        # Motion looks at the reference alone, but after what both are converted to as a pair.
        own = self.side
        return (
            f"[{distorted}]split[coding{own}][beside{own}]",
            f"[{reference}]split[choosing{own}][moving{own}]",
            f"[coding{own}]{self._select}[coded{own}]",
            f"[choosing{own}]{self._select}[chosen{own}]",
            self.compare(f"coded{own}", f"chosen{own}"),
            f"[beside{own}][moving{own}]{_filter(self.moved, own + MOTION_LOG)}[moved{own}]",
        )

    def compare(self, distorted: str, reference: str) -> str:
        """The chain that compares every picture of two streams."""
        log = self.side + COMPARISON_LOG
        return f"[{distorted}][{reference}]{_filter(self.features, log)}[compared{self.side}]"

    def motion(self, first: str) -> tuple[str, ...]:
        """Chains from [moving], where that is wanted: all pictures, beside themselves."""
        if not self.moved:
            return ()
        log = _filter(self.moved, MOTION_LOG)
        return (f"[moving]{first},split[kept][itself]", f"[kept][itself]{log}[moved]")

    @property
    def thinned(self) -> str:
        """The beginning of a chain that leaves out what is not compared."""
        return "" if self.compared.is_every else f"{self._select},"

    @property
    def _select(self) -> str:
        return f"select={self.compared.condition}"


def _filter(features: Sequence[str], log: str) -> str:
    return (
        f"libvmaf=model=:feature={'|'.join(f'name={name}' for name in features)}"
        f":log_fmt=json:log_path={log}:n_threads=0:shortest=1:repeatlast=0"
    )
