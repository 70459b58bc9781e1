"""What the head looks at."""

# mypy: disable-error-code="no-untyped-def"
from __future__ import annotations

from dataclasses import replace

import numpy as np

from mos_assets.records import FeatureLoss
from mos_assets.reporting.markdown import render_markdown
from mos_assets.reporting.plots import draw


def test_a_feature_ranks_by_its_family_where_alone_it_misleads(good, report_on, tmp_path) -> None:
    table, oof, _ = good
    table = replace(
        table,
        feature_order=("signal", "noise", "copy"),
        features=np.column_stack([table.features, table.features[:, 0]]),
    )
    lost = {("copy",): 0.9, ("copy", "signal"): 0.3, ("signal",): 0.2, ("noise",): 0.5}
    losses = [FeatureLoss(1, fold, names, x) for fold in range(5) for names, x in lost.items()]
    report = report_on(table, oof, losses=losses)
    assert [row.feature for row in report.importance] == ["noise", "copy", "signal"]
    warning = "Shuffled alone, copy costs more than with correlated features, because"
    assert warning in render_markdown(report)

    lost[("noise",)] = 0.25
    losses = [FeatureLoss(1, fold, names, x) for fold in range(5) for names, x in lost.items()]
    report = report_on(table, oof, losses=losses)
    (figure,) = [f for f in draw(table, oof, report, tmp_path) if f.file == "importance.png"]
    assert figure.title == "copy and what it correlates with matter most: they cost .300 PLCC"
    assert warning in figure.sentence

    lost[("copy",)] = 0.2
    losses = [FeatureLoss(1, fold, names, x) for fold in range(5) for names, x in lost.items()]
    assert "cannot exist" not in render_markdown(report_on(table, oof, losses=losses))
