"""The transfer report reads what it wrote, and its schema is published."""

# mypy: disable-error-code="no-untyped-def"
from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from mos_assets.errors import StoreError
from mos_assets.evaluation.mixed import TestedCorpus, without_figures
from mos_assets.evaluation.transfer import ScoredCorpus, transfer_figures
from mos_assets.reporting.transfer_report import (
    TransferReport,
    transfer_page,
    transfer_schema,
    transfer_schema_text,
    transfer_table,
)

SCHEMA = Path(__file__).parents[2] / "docs" / "transfer_report.schema.json"


@pytest.fixture(scope="module")
def report(make_table, predict) -> TransferReport:
    table = make_table(n=60)
    tested = ScoredCorpus(
        "a|b", table, predict(table).predictions, np.zeros(60, bool), distance=np.ones(60)
    )
    one = without_figures(("a|b",), TestedCorpus("c", table), "nothing | there")
    told = one.model_copy(update={"plcc": 0.9, "rmse": 0.4, "clips": 60, "reason": None})
    both = told.model_copy(update={"trained": ("a|b", "c")})
    return TransferReport(
        head_id="made_mos_head_v1",
        candidate_id="c1",
        corpora=(transfer_figures(tested),),
        matrix=(one, both),
        left_out_corpora=(told,),
    )


def test_the_published_schema_is_that_of_the_reports(report) -> None:
    """Else: python -c "from mos_assets.reporting.transfer_report import transfer_schema_text as t;
    print(t(), end='')" > docs/transfer_report.schema.json"""
    assert SCHEMA.read_text(encoding="utf-8") == transfer_schema_text()
    whole = transfer_schema()
    corpus = json.loads(report.to_json())["corpora"][0]
    assert set(corpus) == set(whole["$defs"]["TransferFigures"]["required"])
    (left_out,) = json.loads(report.to_json())["left_out_corpora"]
    assert set(left_out) == set(whole["$defs"]["CrossFigures"]["required"])
    assert set(corpus["slices"][0]) == set(whole["$defs"]["Slice"]["required"])


def test_it_reads_what_it_wrote(report, tmp_path) -> None:
    path = tmp_path / "transfer_report.json"
    with pytest.raises(StoreError, match="is missing"):
        TransferReport.read(path)
    path.write_text(report.to_json(), encoding="utf-8")
    assert TransferReport.read(path) == report
    before = json.loads(report.to_json())
    del before["matrix"], before["left_out_corpora"]
    path.write_text(json.dumps(before), encoding="utf-8")
    assert TransferReport.read(path).matrix == ()
    path.write_text("{}", encoding="utf-8")
    with pytest.raises(StoreError, match="not a transfer report of this version"):
        TransferReport.read(path)


def test_every_row_of_the_table_has_its_columns(report) -> None:
    """Whatever a corpus is called."""
    lines = [line.replace("\\|", "") for line in transfer_table(report.corpora).splitlines()]
    assert len(lines) > 3
    assert len({line.count("|") for line in lines}) == 1


def test_the_page_has_matrix_and_left_out_corpora(report) -> None:
    """With the reasons of empty cells; and nothing of the kind where one corpus trains."""
    page = transfer_page(report)
    for line in (
        "| trained on | on c |",
        "| a\\|b | – |",
        "| all together | .900 (.400) |",
        "| c | a\\|b | 60 | 0 | 0 | .900 | – | .400 | – |",
        "- a\\|b on c: no PLCC, since nothing \\| there",
    ):
        assert line in page.splitlines()
    alone = report.model_copy(update={"matrix": (), "left_out_corpora": ()})
    assert "teach" not in transfer_page(alone)
    assert "trained on" in transfer_page(report.model_copy(update={"corpora": ()}))
