"""Which workers may compute: those that are as the caller is; and the core each of them has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from mos_assets.cluster.on_worker import Answer
from mos_assets.cluster.work import Fact

MOST_NAMED = 3
"""Differences, or workers, that one message names."""


def differences(here: Sequence[Fact], there: Sequence[Fact]) -> str | None:
    """What differs, in words; None where nothing does."""
    found = {fact.what: fact.value for fact in there}
    odd = [
        f"{fact.what} is {found.get(fact.what, 'not known')} there and {fact.value} here"
        for fact in here
        if found.get(fact.what) != fact.value
    ]
    return _named(odd, "; ") if odd else None


def refusals(refused: Mapping[str, str]) -> str:
    """Who was refused, and why."""
    return _named([f"{name}: {why}" for name, why in sorted(refused.items())], ". ")


def dealt_cores(
    answers: Mapping[str, Answer], threads: Mapping[str, int]
) -> dict[str, tuple[int, ...]]:
    """Worker → a core for each of its threads.

    Workers on one machine get different ones, as long as there are some: unbound ones push each
    other about, and a bound one cannot leave a core that another keeps busy.
    """
    taken: Counter[tuple[str, int]] = Counter()
    dealt: dict[str, tuple[int, ...]] = {}
    for name, answer in sorted(answers.items()):
        mine: list[int] = []
        for _ in range(threads.get(name, 1) if answer.machine and answer.cores else 0):
            core = min(answer.cores, key=lambda core: (taken[answer.machine, core], core))
            taken[answer.machine, core] += 1
            mine.append(core)
        dealt[name] = tuple(mine)
    return dealt


def _named(found: Sequence[str], between: str) -> str:
    more = len(found) - MOST_NAMED
    return between.join(found[:MOST_NAMED]) + (f"{between}and {more} more" if more > 0 else "")
