"""The difference of two encodes of one source, and whether it is larger than the head's error."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mos_assets.evaluation.text import count, plain, share
from mos_assets.predictor import ClipPrediction
from mos_assets.records import MOS_MAX, MOS_MIN
from mos_assets.release.manifest import Manifest, ManifestPairBand, ManifestPairedInterval

_LARGEST = MOS_MAX - MOS_MIN


@dataclass(frozen=True, slots=True)
class Difference:
    """What the second of two encodes has over the first."""

    first: ClipPrediction
    second: ClipPrediction
    interval: tuple[float, float] | None
    """Within -4..4: holds the difference of the ratings of `level` of such pairs, on average over
    contents like those of the head's corpus. None where none can be promised."""
    level: float | None
    order: ManifestPairBand | None
    """How often people rated pairs as far apart as these in the predicted order; None without an
    interval, and where that was not seen often enough."""
    reason: str | None
    """Why there is no interval."""

    @property
    def mos(self) -> float:
        """Second minus first."""
        return self.second.mos - self.first.mos

    @property
    def told_apart(self) -> bool | None:
        """Whether the interval lies on one side of 0; None without one."""
        if self.interval is None:
            return None
        return self.interval[0] > 0 or self.interval[1] < 0

    def sentences(self, first: str, second: str) -> tuple[str, ...]:
        """What it means, for a reader to whom the two are called so."""
        better, other = (second, first) if self.mos > 0 else (first, second)
        if self.interval is None:
            return (f"no interval of the difference can be promised: {self.reason}",)
        told = (
            f"the difference is larger than the interval: {better} would be rated above {other}"
            if self.told_apart
            else f"the difference is not larger than the interval: that {better} would be rated "
            f"above {other} cannot be promised"
        )
        if self.mos == 0.0:
            told = "the two score the same"
        if self.order is None:
            return (told,)
        return (
            told,
            f"of {count(self.order.n_pairs)} pairs of one content that the head put "
            f"{plain(self.order.low, 2)} to {plain(self.order.high, 2)} MOS apart, people rated "
            f"{share(self.order.order_held)} in that order",
        )


def difference(first: ClipPrediction, second: ClipPrediction, manifest: Manifest) -> Difference:
    """The difference of two clips that one head scored and that show the same content."""
    promised = promised_pairs((first, second), manifest)
    if isinstance(promised, str):
        return Difference(first, second, None, None, None, promised)
    gap = second.mos - first.mos
    interval = (
        max(-_LARGEST, gap - promised.half_width),
        min(_LARGEST, gap + promised.half_width),
    )
    bands = (each for each in promised.bands if gap and each.low <= abs(gap) <= each.high)
    return Difference(
        first,
        second,
        interval,
        promised.level,
        next(bands, None),
        None,
    )


def promised_pairs(
    clips: Sequence[ClipPrediction], manifest: Manifest
) -> ManifestPairedInterval | str:
    """What the head promises of differences between these clips; why not, where it cannot."""
    for clip in clips:
        if not clip.comparable:
            return (
                f"{clip.clip} was not measured in the way in which the clips of {manifest.id}'s "
                "corpus were"
            )
        if clip.interval is None:
            return f"the score of {clip.clip} has none ({clip.reason})"
    if manifest.paired_interval is None:
        return (
            f"the manifest of {manifest.id} says nothing of pairs; a head that was judged by this "
            "version, on a corpus with several clips of a content, does"
        )
    return manifest.paired_interval
