"""Figures on parts of the corpus."""

# mypy: disable-error-code="no-untyped-def"
from __future__ import annotations

import math
from dataclasses import replace

from mos_assets.evaluation import PLCC
from mos_assets.reporting.findings import findings


def test_slices_cover_every_clip_once_a_dimension(make_table, predict, report_on) -> None:
    table = make_table(held_out=50)
    height = table.height.copy()
    height[:10] = math.nan
    report = report_on(replace(table, height=height), predict(table))
    for dimension in ("height", "codec", "mos"):
        assert sum(s.n for s in report.slices if s.dimension == dimension) == 350
    unknown = next(s for s in report.slices if s.name == "unknown")
    assert unknown.of(PLCC) is None
    assert unknown.reason == "10 clips are too few, 20 are needed"
    held_out = next(s for s in report.slices if s.dimension == "held out")
    assert (held_out.n, held_out.name) == (50, "part b")
    assert any("held-out clips (part b)" in sentence for sentence in findings(report))
