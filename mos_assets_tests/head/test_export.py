"""The file says what the head says, in range, with allowed operators and reproducible bytes."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnx import numpy_helper
from onnx.reference import ReferenceEvaluator

from mos_assets.head import (
    PARITY_LIMIT,
    ExportedHead,
    Recipe,
    TrainingResult,
    export_onnx,
    onnx_predict,
    parity,
    train,
)
from mos_assets.head.export import OPSET
from mos_assets.head.operators import ALLOWED_OPERATORS
from mos_assets.records import SEED, TrainingTable
from mos_assets_tests.head.conftest import QUICK, make_table, quiet


@pytest.fixture(scope="session")
def exported(result: TrainingResult, tmp_path_factory: pytest.TempPathFactory) -> ExportedHead:
    return export_onnx(result.head, tmp_path_factory.mktemp("head") / "head.onnx")


def test_the_contract_of_inputs_and_output(exported: ExportedHead) -> None:
    graph = onnx.load(exported.path).graph

    def shape(value: onnx.ValueInfoProto) -> tuple[str, int, list[str | int]]:
        tensor = value.type.tensor_type
        return (
            value.name,
            tensor.elem_type,
            [d.dim_param or d.dim_value for d in tensor.shape.dim],
        )

    single = onnx.TensorProto.FLOAT
    assert [shape(value) for value in graph.input] == [
        ("features", single, ["batch", 5]),
        ("encoder_onehot", single, ["batch", 1]),
    ]
    assert [shape(value) for value in graph.output] == [("mos", single, ["batch"])]


def test_one_file_holds_everything(exported: ExportedHead) -> None:
    model = onnx.load(exported.path, load_external_data=False)
    assert not any(tensor.external_data for tensor in model.graph.initializer)
    assert [entry.name for entry in exported.path.parent.iterdir()] == ["head.onnx"]
    assert exported.sha256 == hashlib.sha256(exported.path.read_bytes()).hexdigest()
    assert [(entry.domain, entry.version) for entry in model.opset_import] == [("", OPSET)]


def test_the_graph_ends_in_one_plus_four_sigmoid(exported: ExportedHead) -> None:
    graph = onnx.load(exported.path).graph
    assert [node.op_type for node in graph.node][-5:] == [
        *("Sigmoid", "Mul", "Add"),
        *("Cast", "Squeeze"),
    ]


def test_only_allowed_operators(exported: ExportedHead) -> None:
    assert set(exported.operators) <= ALLOWED_OPERATORS
    assert "Sigmoid" in exported.operators


def test_no_trace_of_time_or_place(exported: ExportedHead, result: TrainingResult) -> None:
    other = exported.path.with_name("other name.onnx")
    again = export_onnx(result.head, other)
    other.unlink()
    assert again.sha256 == exported.sha256


def test_equals_the_reference_on_real_rows(
    exported: ExportedHead, result: TrainingResult, table: TrainingTable
) -> None:
    assert parity(result.head, exported.path, table.features) <= PARITY_LIMIT


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(
        st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=5, max_size=5),
        min_size=1,
        max_size=20,
    )
)
def test_any_finite_row_is_in_range_and_equal(
    exported: ExportedHead, result: TrainingResult, rows: list[list[float]]
) -> None:
    """1 <= MOS <= 5 and parity hold for every float64, far outside of float32 too."""
    features = np.array(rows)
    mos = onnx_predict(exported.path, features)
    assert ((mos >= 1) & (mos <= 5)).all()
    assert parity(result.head, exported.path, features) <= PARITY_LIMIT


def test_parity_far_outside_of_the_training_rows(
    exported: ExportedHead, result: TrainingResult, table: TrainingTable
) -> None:
    rng = np.random.default_rng(4)
    near = table.features.mean(axis=0) + 5 * table.features.std(axis=0) * rng.standard_normal(
        (2000, 5)
    )
    far = rng.choice([-1e30, -1e10, -1.0, 0.0, 1e-30, 1.0, 1e10, 1e30], (2000, 5))
    for features in (near, far):
        assert parity(result.head, exported.path, features) <= PARITY_LIMIT


def test_parity_notices_another_head(exported: ExportedHead, table: TrainingTable) -> None:
    other = train(
        make_table(seed=9),
        Recipe(params={"members": 1, "epochs": 2, "inducing_points": 16, "trees": 10}),
        [1],
        progress=quiet,
    ).head
    assert parity(other, exported.path, table.features) > PARITY_LIMIT


def test_a_constant_column_has_no_say(
    exported: ExportedHead, result: TrainingResult, table: TrainingTable
) -> None:
    """Its weights were never trained: a new value there must not move the prediction."""
    moved = table.features.copy()
    moved[:, -1] = -1e6
    expected = onnx_predict(exported.path, table.features)
    assert np.array_equal(onnx_predict(exported.path, moved), expected)
    assert np.array_equal(result.head.predict(moved), result.head.predict(table.features))


@pytest.mark.parametrize("rows", [1, 1024])
def test_batches_of_any_size(
    exported: ExportedHead, result: TrainingResult, table: TrainingTable, rows: int
) -> None:
    features = np.resize(table.features, (rows, 5))
    assert onnx_predict(exported.path, features).shape == (rows,)
    assert parity(result.head, exported.path, features) <= PARITY_LIMIT


def test_a_single_slot_has_no_say(exported: ExportedHead, table: TrainingTable) -> None:
    """With one kind of encoder there is nothing to learn of it, whatever a caller passes."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(
        exported.path.read_bytes(), options, providers=["CPUExecutionProvider"]
    )
    features = table.features.astype(np.float32)
    mos = [
        session.run(["mos"], {"features": features, "encoder_onehot": np.full((120, 1), value)})[0]
        for value in (np.float32(1.0), np.float32(0.0))
    ]
    assert np.array_equal(mos[0], mos[1])


def test_a_second_slot_is_learnt(tmp_path: Path) -> None:
    """Clips of the second encoder are rated one MOS higher at the same features."""
    plain = make_table(rows=200, columns=3)
    slots = (np.arange(200) // 5) % 2
    mos = np.clip(plain.mos * 0.5 + 0.5 + slots, 1, 5)
    vocab = ("ugc-mixed", "studio")
    table = replace(plain, mos=mos, slots=slots, encoder_vocab=vocab)
    result = train(
        table,
        Recipe(params={"members": 2, "epochs": 10, "inducing_points": 16, "trees": 10}),
        [SEED],
        progress=quiet,
    )
    exported = export_onnx(result.head, tmp_path / "head.onnx")
    assert onnx.load(exported.path).graph.input[1].type.tensor_type.shape.dim[1].dim_value == 2
    first = onnx_predict(exported.path, table.features, np.zeros(200, dtype=np.int64))
    second = onnx_predict(exported.path, table.features, np.ones(200, dtype=np.int64))
    assert (second - first).mean() == pytest.approx(1.0, abs=0.15)
    assert parity(result.head, exported.path, table.features, slots) <= PARITY_LIMIT
    assert result.head.encoder_vocab == vocab


def test_gaps_are_filled_inside_the_graph(tmp_path: Path) -> None:
    table = make_table(rows=120, columns=4)
    features = table.features.copy()
    features[::7, 0] = np.nan
    features[::5, 2] = np.nan
    recipe = replace(QUICK, impute=True)
    head = train(replace(table, features=features), recipe, [SEED], progress=quiet).head
    exported = export_onnx(head, tmp_path / "head.onnx")
    empty = np.full((3, 4), np.nan)
    huge = np.full((4, 4), [[-3e38], [-1e300], [-0.94e30], [3e38]])
    for rows in (features, table.features, empty, huge):
        assert parity(head, exported.path, rows) <= PARITY_LIMIT
    # A gap is not the same as the median: the flag is seen.
    medians = np.tile(head.inputs.medians, (3, 1))
    assert not np.allclose(head.predict(empty), head.predict(medians), atol=1e-3)
    assert exported.operators == tuple(sorted(set(exported.operators) & ALLOWED_OPERATORS))


def test_no_features_of_a_clip_leave_with_the_head(
    exported: ExportedHead, result: TrainingResult, table: TrainingTable
) -> None:
    """Research licences forbid it: the inducing points are drawn, not taken from rows."""
    columns = result.head.inputs.columns(table.features, table.encoder)
    constants = [numpy_helper.to_array(t) for t in onnx.load(exported.path).graph.initializer]
    kernels = [c.T for c in constants if c.ndim == 2 and c.shape[0] == columns.shape[1]]
    assert kernels
    for inputs in result.head.standardiser.transform(columns).values():
        varying = inputs.std(axis=0) > 0
        for points in kernels:
            apart = np.abs(points[:, None, varying] - inputs[None][..., varying]).max(axis=2)
            assert apart.min() > 1e-3


@pytest.mark.parametrize("impute", [False, True])
def test_what_is_no_number_gives_none_and_every_number_gives_one(
    tmp_path: Path, impute: bool
) -> None:
    """ONNX leaves open what Clip makes of NaN; sums of the largest numbers may not overflow."""
    table = make_table(rows=80, columns=3)
    features = table.features.copy()
    features[::7, 0] = np.nan if impute else 0.0
    recipe = replace(QUICK, impute=impute)
    head = train(replace(table, features=features), recipe, [SEED], progress=quiet).head
    content = export_onnx(head, tmp_path / "head.onnx", {"b": "2", "a": "1"}).path.read_bytes()
    model = onnx.load_from_string(content)
    assert [(entry.key, entry.value) for entry in model.metadata_props] == [("a", "1"), ("b", "2")]
    largest = np.finfo(np.float32).max
    numbers = [0.0, 1.0, -largest, largest, -1e30, 1e-45]
    rows = np.array([[a, b, c] for a in numbers for b in numbers for c in numbers], np.float32)
    strange = np.array([np.eye(3) * value + 1 - np.eye(3) for value in (1, 2, 3)], np.float32)
    strange = strange.reshape(-1, 3)
    for row, value in zip(strange, [np.nan, np.inf, -np.inf] * 3, strict=True):
        row[row.argmax() if row.max() > 1 else 0] = value
    both = np.vstack([rows, strange])
    fed = {"features": both, "encoder_onehot": np.ones((len(both), 1), np.float32)}
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    with np.errstate(all="ignore"):
        for (mos,) in (session.run(None, fed), ReferenceEvaluator(model).run(None, fed)):
            scores, none = mos[: len(rows)], mos[len(rows) :]
            assert ((scores >= 1) & (scores <= 5)).all()
            assert np.isnan(none).all()


def test_bytes_predict_like_the_file(exported: ExportedHead, table: TrainingTable) -> None:
    content = exported.path.read_bytes()
    assert np.array_equal(
        onnx_predict(content, table.features), onnx_predict(exported.path, table.features)
    )


def test_parity_of_nothing_is_refused(exported: ExportedHead, result: TrainingResult) -> None:
    with pytest.raises(ValueError, match="at least one row"):
        parity(result.head, exported.path, np.empty((0, 5)))
