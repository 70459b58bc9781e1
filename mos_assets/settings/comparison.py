"""How libvmaf compares a clip: with what, and on which of its pictures."""

from __future__ import annotations

from dataclasses import dataclass

from mos_assets.settings.choices import Loopback, ReferencePolicy, Sampling


@dataclass(frozen=True, slots=True)
class Comparison:
    """What the figures of a comparison depend on besides both files and the programs.

    Raises ValueError for `Sampling.AUTO`: what is measured is one or the other.
    """

    reference: ReferencePolicy
    sampling: Sampling = Sampling.EVERY
    loopback: Loopback = Loopback.ONE
    """Always this one under another policy, where it says nothing."""

    def __post_init__(self) -> None:
        if self.sampling is Sampling.AUTO:
            raise ValueError("the sampling of a comparison is not resolved")

    @classmethod
    def of(cls, told: Comparison | ReferencePolicy) -> Comparison:
        """A policy alone, as scripts have it, is a comparison of every picture."""
        return cls(told) if isinstance(told, ReferencePolicy) else told


def comparison(
    reference: ReferencePolicy, sampling: Sampling, loopback: Loopback = Loopback.ONE
) -> Comparison:
    """What these settings ask for.

    A transcode is ours to define, and sparse figures tell the same of it. Published figures against
    a pristine file are means over every frame.
    """
    if sampling is Sampling.AUTO:
        sparse = reference is ReferencePolicy.LOOPBACK
        sampling = Sampling.SPARSE if sparse else Sampling.EVERY
    if reference is not ReferencePolicy.LOOPBACK:
        loopback = Loopback.ONE
    return Comparison(reference, sampling, loopback)
