"""Networks: many are one wide one, and groups of members share out evenly."""

from __future__ import annotations

import numpy as np
import pytest

from mos_assets.head.exact import INPUT_BITS, to_grid
from mos_assets.head.experts import Sample
from mos_assets.head.experts.adamw import Job, learning_rates, train_networks
from mos_assets.head.experts.networks import FittedNetworks, Networks, average
from mos_assets.head.standardise import Scaling
from mos_assets.records import FloatArray

QUICK = Networks("network", Scaling.SOFT, hidden=4, epochs=3, batch_rows=16)


def _rows() -> tuple[FloatArray, FloatArray]:
    rng = np.random.default_rng(1)
    inputs = to_grid(rng.standard_normal((50, 3)), INPUT_BITS)
    return inputs, 3 + np.tanh(inputs[:, 0])


def _logit(network: FittedNetworks, inputs: FloatArray) -> FloatArray:
    share = (network.predict(inputs) - 1) / 4
    return np.log(share / (1 - share))


def test_the_average_of_members_is_one_wide_network() -> None:
    inputs, mos = _rows()
    jobs = [Job(inputs, mos, np.random.default_rng(seed)) for seed in (1, 2, 3)]
    members = train_networks(jobs, QUICK, 1, lambda _done, _all: None)
    alone = [_logit(average([one]), inputs) for one in members]
    assert _logit(average(members), inputs) == pytest.approx(np.mean(alone, axis=0), abs=1e-9)


@pytest.mark.parametrize(("members", "orders"), [(1, 1), (7, 3), (2, 5)])
def test_every_member_is_trained_once(members: int, orders: int) -> None:
    inputs, mos = _rows()
    expert = QUICK.with_params({"members": members, "batch_orders": orders})
    fitted = expert.prepare(Sample(inputs, mos, 3, (1, 2)))()
    assert isinstance(fitted, FittedNetworks)
    assert fitted.hidden_weight.shape == (3, members * 4)


def test_fits_made_together_are_fits_made_alone() -> None:
    """To the last bit where the rows are as many; the stack only saves time."""
    inputs, mos = _rows()
    samples = [Sample(inputs, mos, 3, (seed,)) for seed in (1, 2)]
    told: list[tuple[int, int]] = []
    both = QUICK.fit_all([(s, ()) for s in samples], lambda done, total: told.append((done, total)))
    for sample, fitted in zip(samples, both, strict=True):
        alone = QUICK.prepare(sample)()
        assert np.array_equal(alone.predict(inputs), fitted.predict(inputs))
    assert told[-1][0] == told[-1][1]


def test_the_learning_rate_rises_once_and_falls() -> None:
    rates = learning_rates(QUICK, 40)
    top = int(np.argmax(rates))
    assert top == 10
    assert max(rates) == QUICK.learning_rate
    assert (np.diff(rates[: top + 1]) > 0).all()
    assert (np.diff(rates[top:]) < 0).all()
