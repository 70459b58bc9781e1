"""How much each player of a game adds (Shapley 1953), in full or by sampling.

A game is worth something for every set of players; here the players are features that a clip has
in place of the corpus's means. The values of all add up to what everybody together is worth over
nobody.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import factorial

import numpy as np

from mos_assets.records import SEED, FloatArray

MOST_EXACT = 12
"""Players up to which all 2^n sets are looked at."""
ROUNDS = 200
"""Pairs of orders, one the other's reverse, that are drawn for more players."""

Mask = np.typing.NDArray[np.bool_]
Game = Callable[[Mask], FloatArray]
"""Who plays, [n, players] → what each set is worth, [n]."""


@dataclass(frozen=True, eq=False)
class Shares:
    """Of each player."""

    values: FloatArray
    """[players]."""
    standard_errors: FloatArray | None
    """[players], of the sampling; None where all sets were looked at."""
    nobody: float
    """What the empty set is worth."""


def shapley(game: Game, players: int) -> Shares:
    """Shapley values; exact for up to `MOST_EXACT` players, else from `ROUNDS` seeded pairs of
    opposite orders (Mitchell et al. 2022), whose values add up exactly all the same."""
    return _exact(game, players) if players <= MOST_EXACT else _sampled(game, players)


def _exact(game: Game, players: int) -> Shares:
    sets = (np.arange(1 << players)[:, None] >> np.arange(players)) & 1
    playing = sets.astype(np.bool_)
    worth = np.asarray(game(playing), dtype=np.float64)
    size = playing.sum(axis=1)
    weight = np.array(
        [factorial(s) * factorial(players - s - 1) / factorial(players) for s in range(players)]
    )
    values = np.zeros(players)
    for player in range(players):
        without = np.flatnonzero(~playing[:, player])
        gain = worth[without | (1 << player)] - worth[without]
        values[player] = np.sum(weight[size[without]] * gain)
    return Shares(values, None, float(worth[0]))


def _sampled(game: Game, players: int) -> Shares:
    rng = np.random.default_rng(SEED)
    found = np.zeros((ROUNDS, players))
    nobody = 0.0
    for row in range(ROUNDS):
        order = rng.permutation(players)
        for each in (order, order[::-1]):
            playing = np.zeros((players + 1, players), dtype=np.bool_)
            for at, player in enumerate(each, start=1):
                playing[at:, player] = True
            worth = np.asarray(game(playing), dtype=np.float64)
            nobody = float(worth[0])
            found[row, each] += np.diff(worth) / 2
    errors: FloatArray = found.std(axis=0, ddof=1) / np.sqrt(ROUNDS)
    return Shares(found.mean(axis=0), errors, nobody)
