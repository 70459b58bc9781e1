"""Refused operators are found wherever they hide."""

from __future__ import annotations

from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper

from mos_assets.head.operators import ALLOWED_OPERATORS, check_operators


def _save(path: Path, nodes: list[onnx.NodeProto], functions: list[onnx.FunctionProto]) -> Path:
    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1])
    graph = helper.make_graph(nodes, "made", [value], [value])
    onnx.save(helper.make_model(graph, functions=functions), str(path))
    return path


def _body(*nodes: onnx.NodeProto) -> onnx.GraphProto:
    return helper.make_graph(list(nodes), "body", [], [])


def _node(name: str, domain: str = "") -> onnx.NodeProto:
    return helper.make_node(name, ["x"], ["y"], domain=domain)


def test_the_list_holds_what_it_should() -> None:
    assert {"Loop", "If", "Softsign", "BitShift"} <= ALLOWED_OPERATORS
    assert not {"Scan", "Sin", "Where", "Greater"} & ALLOWED_OPERATORS


@pytest.mark.parametrize("name", ["Scan", "Sin", "relu", "RELU", "Where"])
def test_refused_at_the_top(tmp_path: Path, name: str) -> None:
    assert check_operators(_save(tmp_path / "m.onnx", [_node("Relu"), _node(name)], [])) == (name,)


def test_allowed_graph_passes(tmp_path: Path) -> None:
    assert check_operators(_save(tmp_path / "m.onnx", [_node("Relu"), _node("Gemm")], [])) == ()


def test_bodies_are_searched_at_every_depth(tmp_path: Path) -> None:
    inner = helper.make_node(
        "If", ["c"], ["z"], then_branch=_body(_node("Sin")), else_branch=_body(_node("Cos"))
    )
    outer = helper.make_node("Loop", ["n", "c"], ["z"], body=_body(_node("Relu"), inner))
    assert check_operators(_save(tmp_path / "m.onnx", [outer], [])) == ("Cos", "Sin")


def test_functions_are_searched(tmp_path: Path) -> None:
    function = helper.make_function(
        "own", "Tidy", ["x"], ["y"], [_node("Sin")], [helper.make_opsetid("", 17)]
    )
    path = _save(tmp_path / "m.onnx", [_node("Tidy", "own")], [function])
    assert check_operators(path) == ("Sin", "own::Tidy")


def test_an_allowed_name_of_a_foreign_domain_is_refused(tmp_path: Path) -> None:
    """`Gelu` of another domain is another operator, which the runtime may not have."""
    path = _save(tmp_path / "m.onnx", [_node("Gelu", "com.microsoft")], [])
    assert check_operators(path) == ("com.microsoft::Gelu",)
