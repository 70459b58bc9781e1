"""Shapley's axioms, and his definition where all orders can be looked at."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mos_assets.comparing.shapley import MOST_EXACT, Game, Mask, shapley
from mos_assets.records import FloatArray


def _random(players: int, seed: int) -> Game:
    """A game without any structure: every set is worth what it is worth."""
    worth = np.random.default_rng(seed).normal(size=1 << players)

    def game(playing: Mask) -> FloatArray:
        found: FloatArray = worth[playing @ (1 << np.arange(players))]
        return found

    return game


@given(st.integers(1, 6), st.integers(0, 1000))
def test_exact_is_the_mean_gain_over_all_orders(players: int, seed: int) -> None:
    game = _random(players, seed)
    gains = np.zeros((0, players))
    for order in permutations(range(players)):
        playing = np.zeros((players + 1, players), dtype=np.bool_)
        for at, player in enumerate(order):
            playing[at + 1 :, player] = True
        gain = np.zeros(players)
        gain[list(order)] = np.diff(game(playing))
        gains = np.vstack([gains, gain])
    found = shapley(game, players)
    assert found.values == pytest.approx(gains.mean(axis=0))
    assert found.standard_errors is None


@pytest.mark.parametrize("players", [1, 5, MOST_EXACT, MOST_EXACT + 1, 39])
def test_all_values_add_up_and_a_sum_gives_each_its_own(players: int) -> None:
    weights = np.random.default_rng(players).normal(size=players)
    weights[0] = 0.0
    found = shapley(lambda playing: 2.0 + playing @ weights, players)
    assert found.values == pytest.approx(weights, abs=1e-12)
    assert found.nobody == 2.0
    curved = shapley(lambda playing: np.tanh(playing @ weights), players)
    assert curved.values.sum() == pytest.approx(np.tanh(weights.sum()))
    assert curved.values[0] == pytest.approx(0.0, abs=1e-15)


def test_sampling_comes_near_and_says_how_near() -> None:
    """Of a game of pairs, whose values are known: each player gets half of each of its pairs."""
    players = 14
    rng = np.random.default_rng(2)
    pairs = np.triu(rng.normal(size=(players, players)), k=1)

    def game(playing: Mask) -> FloatArray:
        plays = playing.astype(np.float64)
        # A third power, so that opposite orders do not give the answer at once.
        found: FloatArray = np.einsum("np,pq,nq->n", plays, pairs, plays) / 10
        return found + found**3

    found = shapley(game, players)
    again = shapley(game, players)
    assert found.standard_errors is not None
    assert (found.values == again.values).all()
    truth = _by_definition(game, players)
    off = np.abs(found.values - truth)
    assert (off <= 4 * found.standard_errors + 1e-9).all()


def _by_definition(game: Game, players: int) -> FloatArray:
    from math import comb

    playing = ((np.arange(1 << players)[:, None] >> np.arange(players)) & 1).astype(np.bool_)
    worth, size = game(playing), playing.sum(axis=1)
    values = []
    for player in range(players):
        inside = playing[:, player]
        weight = np.array([1 / (players * comb(players - 1, s)) for s in range(players)])
        values.append(
            np.sum(weight[size[inside] - 1] * worth[inside])
            - np.sum(weight[size[~inside]] * worth[~inside])
        )
    return np.array(values)
