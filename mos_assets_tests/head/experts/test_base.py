"""What every expert has to hold, and a further one that takes part by being listed."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import onnxruntime
import pytest
from onnx import TensorProto, helper

from mos_assets.head import (
    PARITY_LIMIT,
    Recipe,
    export_onnx,
    in_words,
    parity,
    train,
)
from mos_assets.head.exact import INPUT_BITS, to_grid
from mos_assets.head.experts import EXPERTS, Expert, FittedExpert, Sample
from mos_assets.head.experts.networks import Networks
from mos_assets.head.experts.ridge import FittedRidge, RidgeSolver
from mos_assets.head.graph import Graph
from mos_assets.head.operators import ALLOWED_OPERATORS
from mos_assets.head.standardise import Scaling
from mos_assets.records import SEED, FloatArray
from mos_assets_tests.head.conftest import QUICK, make_table, quiet, table_of


@dataclass(frozen=True)
class Quadratic(Expert):
    """Ridge on the inputs and their squares."""

    words: ClassVar[str] = "ridge regression on squares too"
    grid: ClassVar[tuple[tuple[float, ...], ...]] = ((1.0, 10.0, 100.0),)

    def prepare(self, sample: Sample) -> Callable[..., FittedExpert]:
        solver = RidgeSolver(_with_squares(sample.inputs), sample.mos, sample.weights)
        return lambda alpha: FittedQuadratic(*vars(solver.solve(alpha)).values())


@dataclass(frozen=True, eq=False)
class FittedQuadratic(FittedRidge):
    """mos = [inputs, inputs²] · weight + bias."""

    def predict(self, inputs: FloatArray) -> FloatArray:
        return super().predict(_with_squares(inputs))

    def export(self, graph: Graph, prefix: str, inputs: str) -> str:
        squares = graph.add("Mul", inputs, inputs)
        return super().export(graph, prefix, graph.add("Concat", inputs, squares, axis=1))


def _with_squares(inputs: FloatArray) -> FloatArray:
    return np.concatenate([inputs, inputs**2], axis=1)


ALL = (*EXPERTS, Quadratic("toy", Scaling.PLAIN))
each = pytest.mark.parametrize("expert", ALL, ids=lambda expert: expert.name)


def _fitted(expert: Expert) -> tuple[FittedExpert, Sample]:
    rng = np.random.default_rng(1)
    inputs = to_grid(rng.standard_normal((60, 4)), INPUT_BITS)
    sample = Sample(inputs, 3 + np.clip(inputs[:, 0] * inputs[:, 1], -2, 2), 4, (1, 2))
    quick = expert.with_params(QUICK.params)
    return quick.prepare(sample)(*(values[0] for values in expert.grid)), sample


@each
def test_exports_what_it_predicts(expert: Expert) -> None:
    """Alone, in float64, with allowed operators."""
    fitted, sample = _fitted(expert)
    graph = Graph()
    output = fitted.export(graph, "a_", "inputs")
    double = TensorProto.DOUBLE
    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "expert",
            [helper.make_tensor_value_info("inputs", double, ["batch", 4])],
            [helper.make_tensor_value_info(output, double, ["batch", 1])],
            graph.constants,
        ),
        opset_imports=[helper.make_opsetid("", 17)],
        ir_version=8,
    )
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    (found,) = session.run(None, {"inputs": sample.inputs})
    assert found[:, 0] == pytest.approx(fitted.predict(sample.inputs), abs=1e-8)
    assert {node.op_type for node in graph.nodes} <= ALLOWED_OPERATORS


@each
def test_the_same_rows_give_the_same_bits(expert: Expert) -> None:
    (one, sample), (two, _) = _fitted(expert), _fitted(expert)
    assert np.array_equal(one.predict(sample.inputs), two.predict(sample.inputs))


@each
def test_a_row_without_weight_teaches_nothing(expert: Expert) -> None:
    """Whatever its rating is; and a row that counts more pulls the surface to it."""
    _, sample = _fitted(expert)
    quick, point = expert.with_params(QUICK.params), [values[0] for values in expert.grid]
    weights = np.where(np.arange(60) == 7, 0.0, 60 / 59)

    def at_row(weights: FloatArray | None, mos: float) -> FloatArray:
        rated = np.where(np.arange(60) == 7, mos, sample.mos)
        fitted = quick.prepare(replace(sample, mos=rated, weights=weights))(*point)
        return fitted.predict(sample.inputs)

    assert np.array_equal(at_row(weights, 1.0), at_row(weights, 5.0))
    heavy = at_row(np.where(np.arange(60) == 7, 10.0, 50 / 59), 5.0)
    assert heavy[7] > at_row(None, 5.0)[7] > at_row(weights, 5.0)[7]
    ones = at_row(np.ones(60), 5.0)
    assert ones == pytest.approx(at_row(None, 5.0), abs=1e-3)


@each
def test_hyper_parameters_are_plain_data(expert: Expert) -> None:
    params = expert.for_table(100, 10).params
    assert json.loads(json.dumps(params)) == params


def test_a_further_expert_takes_part_by_being_listed(tmp_path: Path) -> None:
    """A bowl is its shape: it outweighs the others, and the file says what the head says."""
    rng = np.random.default_rng(3)
    features = rng.uniform(-1, 1, (200, 3))
    mos = np.clip(1.5 + features[:, 0] ** 2 + 2 * features[:, 1] ** 2, 1, 5)
    table = table_of(features, mos + rng.normal(0, 0.05, 200).clip(-0.4, 0.4), np.arange(200) % 5)
    recipe = Recipe(params=QUICK.params, experts=ALL)
    head = train(table, recipe, [SEED], progress=quiet).head
    assert head.blend["toy"] > 0.4
    exported = export_onnx(head, tmp_path / "head.onnx")
    assert parity(head, exported.path, features) <= PARITY_LIMIT
    assert exported.n_parameters == head.n_parameters
    (toy,) = [one.fitted for one in head.experts if one.name == "toy"]
    assert toy.n_parameters == 2 * (3 + 1) + 1, "weights of all columns, and the bias"


@pytest.mark.parametrize("places", [[0], [2], [4], [1, 3, 5]], ids=str)
@pytest.mark.parametrize("contents", [1, 7])
def test_any_choice_of_experts_trains(places: list[int], contents: int, tmp_path: Path) -> None:
    """Of a single content nothing can be learnt of whom to trust: one of them is the head."""
    table = make_table(rows=60, columns=3)
    groups = tuple(f"content {row % contents}" for row in range(60))
    experts = tuple(ALL[place] for place in places)
    params = {"epochs": 2} if any(expert.seeded for expert in experts) else {}
    recipe = Recipe(params=params, experts=experts)
    head = train(replace(table, groups=groups), recipe, [1, 2], progress=quiet).head
    assert set(head.blend) <= {expert.name for expert in recipe.experts}
    assert len(head.blend) == 1 or contents > 1
    assert sum(head.blend.values()) == pytest.approx(1.0)
    path = export_onnx(head, tmp_path / "head.onnx").path
    assert parity(head, path, table.features) <= PARITY_LIMIT


def test_kinds_are_described_once_each() -> None:
    words = in_words(ALL)
    assert words.startswith("linear is ridge regression, kernel a Gaussian kernel")
    assert words.endswith(", toy ridge regression on squares too")
    assert words.count("soft:") == 1


def test_an_expert_without_words_is_no_class() -> None:
    with pytest.raises(TypeError, match="Silent has no words"):
        type("Silent", (Expert,), {})


def test_a_hyper_parameter_has_one_value() -> None:
    other = Networks("other", Scaling.PLAIN, hidden=7)
    with pytest.raises(AssertionError, match="hidden means two things"):
        Recipe(experts=(*EXPERTS, other))


@pytest.mark.parametrize("twice", [ALL[0], Quadratic("network", Scaling.SOFT)])
def test_two_experts_of_one_name_are_refused(twice: Expert) -> None:
    with pytest.raises(ValueError, match=twice.name):
        Recipe(experts=(*EXPERTS, twice))
