"""How libvmaf compares a clip: with what, and on which of its pictures."""

from __future__ import annotations

from dataclasses import dataclass

from mos_assets.settings.choices import ReferencePolicy, Sampling


@dataclass(frozen=True, slots=True)
class Comparison:
    """What the figures of a comparison depend on besides both files and the programs.

    Raises ValueError for `Sampling.AUTO`: what is measured is one or the other.
    """

    reference: ReferencePolicy
    sampling: Sampling = Sampling.EVERY

    def __post_init__(self) -> None:
        if self.sampling is Sampling.AUTO:
            raise ValueError("the sampling of a comparison is not resolved")


def comparison(reference: ReferencePolicy, sampling: Sampling) -> Comparison:
    """What these settings ask for.

    A transcode is ours to define, and sparse figures tell the same of it. Published figures against
    a pristine file are means over every frame.
    """
    if sampling is Sampling.AUTO:
        loopback = reference is ReferencePolicy.LOOPBACK
        sampling = Sampling.SPARSE if loopback else Sampling.EVERY
    return Comparison(reference, sampling)
