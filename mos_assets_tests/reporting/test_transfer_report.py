"""The transfer report reads what it wrote, and its schema is published."""

# mypy: disable-error-code="no-untyped-def"
from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from mos_assets.errors import StoreError
from mos_assets.evaluation.transfer import ScoredCorpus, transfer_figures
from mos_assets.reporting.transfer_report import (
    TransferReport,
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
    return TransferReport(
        head_id="made_mos_head_v1", candidate_id="c1", corpora=(transfer_figures(tested),)
    )


def test_the_published_schema_is_that_of_the_reports(report) -> None:
    """Else: python -c "from mos_assets.reporting.transfer_report import transfer_schema_text as t;
    print(t(), end='')" > docs/transfer_report.schema.json"""
    assert SCHEMA.read_text(encoding="utf-8") == transfer_schema_text()
    whole = transfer_schema()
    corpus = json.loads(report.to_json())["corpora"][0]
    assert set(corpus) == set(whole["$defs"]["TransferFigures"]["required"])
    assert set(corpus["slices"][0]) == set(whole["$defs"]["Slice"]["required"])


def test_it_reads_what_it_wrote(report, tmp_path) -> None:
    path = tmp_path / "transfer_report.json"
    with pytest.raises(StoreError, match="is missing"):
        TransferReport.read(path)
    path.write_text(report.to_json(), encoding="utf-8")
    assert TransferReport.read(path) == report
    path.write_text("{}", encoding="utf-8")
    with pytest.raises(StoreError, match="not a transfer report of this version"):
        TransferReport.read(path)


def test_every_row_of_the_table_has_its_columns(report) -> None:
    """Whatever a corpus is called."""
    lines = [line.replace("\\|", "") for line in transfer_table(report.corpora).splitlines()]
    assert len(lines) > 3
    assert len({line.count("|") for line in lines}) == 1
