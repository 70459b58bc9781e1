"""The experts of the head, a file each, and the registry that everything else goes through."""

from __future__ import annotations

from collections.abc import Sequence

from mos_assets.head.experts.base import Expert, FittedExpert, Point, Sample
from mos_assets.head.experts.kernel import Kernel
from mos_assets.head.experts.networks import Networks
from mos_assets.head.experts.ridge import Ridge
from mos_assets.head.experts.trees import Trees
from mos_assets.head.standardise import Scaling

__all__ = ["EXPERTS", "Expert", "FittedExpert", "Point", "Sample", "in_words"]

EXPERTS: tuple[Expert, ...] = (
    Ridge("linear", Scaling.PLAIN),
    Ridge("linear, soft", Scaling.SOFT),
    Kernel("kernel", Scaling.PLAIN),
    Kernel("kernel, soft", Scaling.SOFT),
    Networks("network", Scaling.SOFT),
    Trees("trees", Scaling.SOFT),
)
"""The simplest first, in the order of the graph; a further one goes last, as places are part of
random streams."""


def in_words(experts: Sequence[Expert] = EXPERTS) -> str:
    """What each kind of expert is, as the middle of a sentence."""
    kinds: dict[type[Expert], list[Expert]] = {}
    for expert in experts:
        kinds.setdefault(type(expert), []).append(expert)
    on_both = [kind for kind, some in kinds.items() if len({e.scaling for e in some}) > 1]
    phrases: list[str] = []
    for kind, some in kinds.items():
        verb = "" if phrases else "is "
        note = " (soft: on outlier-proof scores)" if kind in on_both[-1:] else ""
        phrases.append(f"{some[0].name} {verb}{kind.words}{note}")
    return ", ".join(phrases)
