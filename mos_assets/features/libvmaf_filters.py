"""What of the one ffmpeg command is libvmaf's: which pictures reach it, and its logs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mos_assets.features.extractors.base import PictureExtractor
from mos_assets.features.outputs import COMPARISON_LOG, MOTION_LOG
from mos_assets.features.stride import Stride

_TEMPORAL = frozenset({"motion"})
"""Extractors that compare a picture with its neighbours."""


@dataclass(frozen=True, slots=True)
class LibvmafFilters:
    """The filters of libvmaf that one command needs.

    Pictures that are not compared never reach the costly extractors. What needs neighbours looks at
    the reference's pictures alone, and against themselves they give the same figure: no transcode.
    """

    features: tuple[str, ...]
    """Extractors that compare pairs."""
    moved: tuple[str, ...]
    """Those that look at every picture where not every pair is compared."""
    compared: Stride

    @classmethod
    def of(cls, extractors: Sequence[PictureExtractor], compared: Stride) -> LibvmafFilters | None:
        """All that the extractors ask of it; None where none compares."""
        wanted = dict.fromkeys(name for each in extractors for name in each.compares)
        if not wanted:
            return None
        moved = () if compared.is_every else tuple(name for name in wanted if name in _TEMPORAL)
        return cls(tuple(name for name in wanted if name not in moved), moved, compared)

    @property
    def outputs(self) -> tuple[str, ...]:
        """Labels of what has to be drawn so that its logs are written."""
        return ("compared", "moved") if self.moved else ("compared",)

    def pair(self, distorted: str, reference: str) -> tuple[str, ...]:
        """Chains that compare two streams of pictures that are numbered alike."""
        if self.compared.is_every:
            return (self._compare(distorted, reference),)
        return (
            f"[{distorted}]{self._select}[coded]",
            f"[{reference}]{self._select}[chosen]",
            self._compare("coded", "chosen"),
        )

    def scaled(self, distorted: str, size: str, reference: str) -> tuple[str, ...]:
        """The same, the one scaled to the size of the other: `size` shows what `reference` does."""
        scale = "scale=w=rw:h=rh:flags=bicubic[resized]"
        if self.compared.is_every:
            return (f"[{distorted}][{size}]{scale}", self._compare("resized", reference))
        return (
            f"[{distorted}]{self._select}[coded]",
            f"[{size}]{self._select}[wanted]",
            f"[{reference}]{self._select}[chosen]",
            f"[coded][wanted]{scale}",
            self._compare("resized", "chosen"),
        )

    def split(self, *labels: str) -> str:
        """The end of a chain of the reference, which feeds [moving] too where that is wanted."""
        every = [*labels, *(["moving"] if self.moved else [])]
        ends = "".join(f"[{label}]" for label in every)
        return ends if len(every) == 1 else f",split={len(every)}{ends}"

    def motion(self, first: str = "null") -> tuple[str, ...]:
        """Chains from [moving], where that is wanted; `first` is what the pictures go through."""
        if not self.moved:
            return ()
        log = _filter(self.moved, MOTION_LOG)
        return (f"[moving]{first},split[kept][itself]", f"[kept][itself]{log}[moved]")

    @property
    def _select(self) -> str:
        return f"select={self.compared.condition}"

    def _compare(self, distorted: str, reference: str) -> str:
        return f"[{distorted}][{reference}]{_filter(self.features, COMPARISON_LOG)}[compared]"


def _filter(features: Sequence[str], log: str) -> str:
    return (
        f"libvmaf=model=:feature={'|'.join(f'name={name}' for name in features)}"
        f":log_fmt=json:log_path={log}:n_threads=0:shortest=1:repeatlast=0"
    )
