"""Many rows at once: the numbers of one at a time, whatever the table; no gap without a word."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mos_assets import Predictor
from mos_assets.errors import FeatureError, ReleaseError
from mos_assets.evaluation import fit_envelope
from mos_assets.head import MISSING_VALUE, Recipe, export_onnx, onnx_predict, train
from mos_assets.predictor import OnMissing
from mos_assets.predictor.batch import BLOCK_ROWS
from mos_assets.records import FloatArray, TrainingTable
from mos_assets_tests.conftest import HEAD_ID, Release

ORDER = ("adm2", "motion2", "saliency_mean")


@pytest.fixture(scope="module")
def predictor(release: Release, tmp_path_factory: pytest.TempPathFactory) -> Predictor:
    folder = tmp_path_factory.mktemp("model")
    release.put(folder)
    return Predictor(folder)


@pytest.fixture(scope="module")
def gap_filler(
    release: Release, rated: TrainingTable, tmp_path_factory: pytest.TempPathFactory
) -> Predictor:
    """A head that fills gaps and knows a second encoder."""
    features = rated.features.copy()
    features[::7, 0] = np.nan
    table = replace(
        rated,
        features=features,
        slots=np.arange(200) % 2,
        encoder_vocab=("ugc-mixed", "studio"),
    )
    recipe = Recipe(
        impute=True, params={"members": 1, "epochs": 2, "inducing_points": 16, "trees": 10}
    )
    head = train(table, recipe, [1, 2], progress=lambda _: None).head
    folder = tmp_path_factory.mktemp("gaps")
    exported = export_onnx(head, folder / f"{HEAD_ID}.onnx")
    manifest = release.manifest.model_copy(
        update={
            "sha256": exported.sha256,
            "missing_value": MISSING_VALUE,
            "encoder_vocab": table.encoder_vocab,
            "feature_mean": tuple(map(float, head.feature_mean)),
            "feature_std": tuple(map(float, head.feature_std)),
        }
    )
    (folder / f"{HEAD_ID}.json").write_text(manifest.with_checksums(release.card).to_json())
    (folder / f"{HEAD_ID}_card.md").write_text(release.card)
    return Predictor(folder)


class Stream:
    """A table that can do nothing but be read as an Arrow stream."""

    def __init__(self, table: pa.Table) -> None:
        self._table = table

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self._table.__arrow_c_stream__(requested_schema)


@dataclass
class Convertible:
    """A table that knows how to become an Arrow table."""

    table: pa.Table

    def to_arrow(self) -> pa.Table:
        return self.table


def columns(rows: FloatArray) -> dict[str, Any]:
    """By name, in another order, among others that are no numbers."""
    named = {name: rows[:, ORDER.index(name)] for name in reversed(ORDER)}
    return {"clip": [f"clip {i}" for i in range(len(rows))], **named, "vmaf": [None] * len(rows)}


FORMS: dict[str, Callable[[FloatArray], Any]] = {
    "float64": lambda rows: rows,
    "float32": lambda rows: rows.astype(np.float32),
    "columns first": np.asfortranarray,
    "every second": lambda rows: np.repeat(rows, 2, axis=0)[::2],
    "big-endian": lambda rows: rows.astype(">f8"),
    "lists": lambda rows: rows.tolist(),
    "mapping": columns,
    "mapping of lists": lambda rows: {k: list(v) for k, v in columns(rows).items()},
    "pandas": lambda rows: pd.DataFrame(columns(rows)),
    "pandas, other index": lambda rows: pd.DataFrame(columns(rows), index=range(len(rows), 0, -1)),
    "pandas, own types": lambda rows: pd.DataFrame(columns(rows)).convert_dtypes(
        convert_integer=False
    ),
    "pandas on Arrow": lambda rows: pd.DataFrame(columns(rows)).convert_dtypes(
        dtype_backend="pyarrow", convert_integer=False
    ),
    "Arrow": lambda rows: pa.table(columns(rows)),
    "Arrow in pieces": lambda rows: pa.concat_tables(
        [pa.table(columns(rows[:90])), pa.table(columns(rows[90:]))]
    ),
    "records": lambda rows: pd.DataFrame(columns(rows)).to_records(),
    "DuckDB": lambda rows: duckdb.from_arrow(pa.table(columns(rows))),
    "reader": lambda rows: pa.table(columns(rows)).to_reader(),
    "record batch": lambda rows: pa.RecordBatch.from_pydict(columns(rows)),
    "stream": lambda rows: Stream(pa.table(columns(rows))),
    "to_arrow": lambda rows: Convertible(pa.table(columns(rows))),
    "text": lambda rows: {name: [repr(float(x)) for x in rows[:, i]]
                          for i, name in enumerate(ORDER)},
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_the_rows_gives_the_numbers_of_one_at_a_time(
    predictor: Predictor, rated: TrainingTable, form: str
) -> None:
    rows = np.resize(rated.features, (BLOCK_ROWS + 3, 3))
    expected = [
        predictor.predict_mos(dict(zip(ORDER, map(float, row), strict=True)), "libx264")
        for row in rated.features
    ]
    answer = predictor.predict_many(FORMS[form](rows))
    assert len(answer) == len(rows)
    assert answer.reasons == {}
    assert answer.outside is None
    assert answer.low is not None
    assert answer.high is not None
    for at, one in enumerate(np.resize(np.array(expected, dtype=object), len(rows))):
        assert (answer.mos[at], (answer.low[at], answer.high[at])) == (one.mos, one.interval)
    assert (answer.head_id, answer.status, answer.reason) == (
        HEAD_ID,
        expected[0].status,
        expected[0].reason,
    )


GOOD = [1.0, 2.0, 3.0]
REFUSED: dict[str, tuple[Any, str]] = {
    "NaN": ([GOOD, [1.0, math.nan, math.nan]], "Row 1: feature 'motion2' is missing, and 1 more;"),
    "infinite": ([[1.0, 2.0, -math.inf]], "Row 0: feature 'saliency_mean' is -inf;"),
    "late": (np.vstack([np.ones((2000, 3)), [[np.nan, 1, 1]]]), "Row 2000: feature 'adm2' is miss"),
    "None": ({name: [1.0, None] for name in ORDER}, "Row 1: feature 'adm2' is missing"),
    "NA": (
        pd.DataFrame({name: pd.array([1, None], dtype="Int64") for name in ORDER}),
        "Row 1: feature 'adm2' is missing",
    ),
    "null": (pa.table({name: [1, None] for name in ORDER}), "Row 1: feature 'adm2' is missing"),
    "masked": (np.ma.masked_equal(np.eye(3) + 1, 2.0), "Row 0: feature 'adm2' is missing"),
    "text": ({**{name: [1.0, 2.0] for name in ORDER}, "motion2": ["3", "much"]},
             "Column 'motion2' is 'much' in row 1, no number"),
    "dates": ({name: np.array(["2026-01-01"], "M8[D]") for name in ORDER},
              "Column 'adm2' is of the type datetime"),
    "complex": ({name: np.array([1j]) for name in ORDER}, "Column 'adm2' is of the type complex"),
    "no column": (pd.DataFrame({"adm2": [1.0], "Motion2": [1.0]}),
                  "Column 'motion2' is missing, nor 1 more; .* There: adm2, Motion2"),
    "twice": (pd.DataFrame([[1.0] * 4], columns=[*ORDER, "adm2"]), "'adm2' is there 2 times"),
    "lengths": ({"adm2": [1.0], "motion2": [1.0, 2.0], "saliency_mean": [1.0]},
                "Column 'motion2' has 2 rows, and 'adm2' has 1"),
    "one number": (dict.fromkeys(ORDER, 1.0), "Column 'adm2' is 1.0, and a column is"),
    "wide column": ({name: np.ones((2, 2)) for name in ORDER}, "the shape"),
    "one row": (np.ones(3), r"shape \(3,\), and this head takes \[rows, 3\], in the order adm2,"),
    "too narrow": (np.ones((4, 2)), r"shape \(4, 2\)"),
    "ragged": ([GOOD, [1.0]], "not of one length"),
    "no table": (7, "The rows are int"),
    "nothing": (None, "The rows are NoneType"),
    "text alone": ("rows.csv", "The rows are str"),
}  # fmt: skip


@pytest.mark.parametrize("kind", REFUSED)
def test_what_cannot_be_scored_is_named(predictor: Predictor, kind: str) -> None:
    rows, why = REFUSED[kind]
    with pytest.raises(FeatureError, match=why) as caught:
        predictor.predict_many(rows)
    assert "\n" not in str(caught.value)


@given(st.data())
def test_rows_without_a_score_have_a_reason_and_others_their_own_score(
    predictor: Predictor, release: Release, rated: TrainingTable, data: st.DataObject
) -> None:
    count = data.draw(st.integers(0, 40))
    rows = np.resize(rated.features, (count, 3)).copy()
    holes = data.draw(
        st.lists(st.tuples(st.integers(0, 39), st.integers(0, 2), st.sampled_from(
            [math.nan, math.inf, -math.inf])), max_size=8)
    )  # fmt: skip
    for row, column, value in holes:
        if row < count:
            rows[row, column] = value
    answer = predictor.predict_many(rows, on_missing="null")
    whole = np.isfinite(rows).all(axis=1)
    assert set(answer.reasons) == set(np.flatnonzero(~whole))
    assert answer.low is not None
    assert np.array_equal(np.isnan(answer.mos), ~whole)
    assert np.array_equal(np.isnan(answer.low), ~whole)
    if whole.any():
        assert np.array_equal(answer.mos[whole], onnx_predict(release.onnx, rows[whole]))


def test_a_gap_is_filled_only_by_a_head_that_learnt_to_and_only_when_asked(
    predictor: Predictor, gap_filler: Predictor
) -> None:
    rows = pa.table({"adm2": [None, 1.0], "motion2": [5.0, 5.0], "saliency_mean": [1.0, 1.0]})
    filled = gap_filler.predict_many(rows, on_missing=OnMissing.IMPUTE)
    one = gap_filler.predict_mos({"adm2": None, "motion2": 5.0, "saliency_mean": 1.0}, "libx264")
    assert filled.mos[0] == one.mos
    assert filled.reasons == {}
    with pytest.raises(FeatureError, match="Row 0: feature 'adm2' is missing"):
        gap_filler.predict_many(rows)
    with pytest.raises(FeatureError, match="'adm2' is inf"):
        gap_filler.predict_many(np.full((1, 3), math.inf), on_missing="impute")
    with pytest.raises(FeatureError, match=f"{HEAD_ID} was not trained to fill gaps"):
        predictor.predict_many(rows, on_missing="impute")
    with pytest.raises(FeatureError, match="on_missing='skip' is not known"):
        predictor.predict_many(rows, on_missing="skip")


def test_encoders_are_given_for_all_rows_or_for_each(gap_filler: Predictor) -> None:
    rows = np.tile([[0.5, 5.0, 1.0]], (4, 1))
    clip = dict(zip(ORDER, rows[0].tolist(), strict=True))
    studio, other = (gap_filler.predict_mos(clip, codec).mos for codec in ("studio", "libx264"))
    assert studio != other
    for codec in (
        ["studio", "libx264", None, "studio"],
        pa.array(["studio", "libx264", None, "studio"]),
        pd.Series(["studio", "libx264", None, "studio"]),
        np.array(["studio", "libx264", "ugc-mixed", "studio"]),
    ):
        assert gap_filler.predict_many(rows, codec).mos.tolist() == [studio, other, other, studio]
    assert gap_filler.predict_many(rows, "studio").mos.tolist() == [studio] * 4
    onehot = np.array([[0, 1, 0], [1, 0, 0], [1, 0, 0], [0, 1, 0]])
    assert gap_filler.predict_many(rows, encoder_onehot=onehot).mos.tolist() == [
        *(studio, other, other, studio),
    ]
    for wrong, why in (
        ({"codec": "theora"}, "^Codec 'theora'"),
        ({"codec": ["studio", "theora", None, None]}, "Row 1: Codec 'theora'"),
        ({"codec": 5}, "codec is of the type int, and a name"),
        ({"codec": [["studio"]] * 4}, "Row 0: Codec"),
        ({"encoder_onehot": [[1], [1, 0]]}, "no array of numbers"),
        ({"codec": ["studio"]}, "1 names for 4 rows"),
        ({"encoder_onehot": onehot[:2]}, "4 rows need"),
        ({"encoder_onehot": np.ones((4, 2))}, "Row 0: .* a single 1"),
        ({"encoder_onehot": np.eye(4)}, "Row 2: encoder_onehot slot 2 .* not known"),
    ):
        with pytest.raises(FeatureError, match=why):
            gap_filler.predict_many(rows, **wrong)


def test_no_rows_are_no_scores(predictor: Predictor) -> None:
    for empty in (np.empty((0, 3)), {name: [] for name in ORDER}, pd.DataFrame(columns=[*ORDER])):
        assert predictor.predict_many(empty).mos.shape == (0,)


def test_without_a_head_there_are_no_scores(tmp_path: Path) -> None:
    with pytest.raises(ReleaseError, match=r"is missing\..* predict_many needs a head"):
        Predictor(tmp_path).predict_many(np.ones((1, 3)))


def test_rows_outside_the_training_rows_have_no_interval(
    release: Release, rated: TrainingTable, tmp_path: Path
) -> None:
    """As `predict_mos` says it of each; a row without a score lies nowhere."""
    groups = [f"g{at}" for at in range(len(rated.features))]
    envelope = fit_envelope(ORDER, rated.features, np.arange(len(groups)) % 5, groups)
    manifest = release.manifest.model_copy(update={"applicability": envelope})
    replace(release, manifest=manifest).put(tmp_path)
    predictor = Predictor(tmp_path)
    rows = np.resize(rated.features, (BLOCK_ROWS + 40, 3))
    rows[::3, 1] *= 1e4
    rows[BLOCK_ROWS + 1] = np.nan
    answer = predictor.predict_many(rows, on_missing="null")
    assert answer.outside is not None
    assert answer.low is not None
    assert answer.high is not None
    assert 0.3 < answer.outside.mean() < 0.4
    for at in (0, 1, 2, BLOCK_ROWS, BLOCK_ROWS + 4, BLOCK_ROWS + 39):
        one = predictor.predict_mos(dict(zip(ORDER, rows[at].tolist(), strict=True)), "libx264")
        assert one.applicability is not None
        assert one.applicability.inside is not bool(answer.outside[at])
        ends = (answer.low[at], answer.high[at])
        assert np.isnan(ends).all() if one.interval is None else ends == one.interval
    assert not answer.outside[BLOCK_ROWS + 1]
    assert np.isnan(answer.low[BLOCK_ROWS + 1])


def test_a_head_that_can_promise_no_interval_gives_none(release: Release, tmp_path: Path) -> None:
    bare = release.manifest.model_copy(update={"interval": None})
    replace(release, manifest=bare).put(tmp_path)
    answer = Predictor(tmp_path).predict_many(np.ones((2, 3)))
    assert (answer.low, answer.high) == (None, None)
