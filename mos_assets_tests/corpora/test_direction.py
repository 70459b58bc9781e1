"""Measures that fall where ratings rise: a scale declared the wrong way round."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from mos_assets.corpora.direction import measured_direction, rate_findings
from mos_assets.records import Clip, Finding, LabelOrigin, Probe, Severity
from mos_assets_tests.corpora.making import FIVE, found, load, own, rated, write_tree

BLOCKS, WARNS = Severity.BLOCKS, Severity.WARNS


def measured(root: Path, columns: dict[str, Sequence[float]]) -> None:
    lines = [",".join(["clip_name", *columns])]
    lines += [
        ",".join([f"w{at:02d}", *(f"{value:.6g}" for value in row)])
        for at, row in enumerate(zip(*columns.values(), strict=True))
    ]
    write_tree(root, {"mine/features/t.csv": "\n".join([*lines, ""])})


NOISE = np.random.default_rng(5).normal(size=40)
BETTER = FIVE + NOISE / 2


@pytest.mark.parametrize(
    ("columns", "severity"),
    [
        ({"vmaf_mean": -BETTER}, BLOCKS),
        ({"psnr": -BETTER, "x": BETTER}, BLOCKS),
        ({"lpips": BETTER}, BLOCKS),
        ({"adm2": -BETTER}, WARNS),
        ({"adm2": -BETTER, "bitrate": -BETTER}, BLOCKS),
        ({"vmaf": -BETTER, "ssim": BETTER}, WARNS),
        ({"bit_rate_kbps": -BETTER}, WARNS),
        ({"vmaf": BETTER, "adm2": BETTER, "lpips": -BETTER, "bitrate": BETTER}, None),
        ({"brisque": -BETTER, "noise": -BETTER, "vmaf": NOISE}, None),
    ],
)
def test_measures_that_fall_where_ratings_rise(
    tmp_path: Path, columns: dict[str, Sequence[float]], severity: Severity | None
) -> None:
    own(tmp_path, rated(FIVE))
    measured(tmp_path, columns)
    told: tuple[Finding, ...] = load(tmp_path).findings
    assert [finding.severity for finding in told] == ([severity] if severity else [])
    if told:
        assert "n = 40" in told[0].what
        assert "declare scale = [5, 1]" in told[0].remedy


def test_measured_quality_that_falls_where_ratings_rise() -> None:
    """adm2 and vif against pristine files; one that rises, or few clips, is no evidence."""
    mos = np.linspace(1.5, 4.5, 30)
    near = np.column_stack([1 - mos / 10, 1 - mos / 8, np.arange(30.0) % 7])
    names = ("adm2", "vif_scale0", "motion2")
    (told,) = measured_direction(names, near, mos)
    assert "adm2 -1.00 (n = 30)" in told
    assert "motion2" not in told
    assert measured_direction(names, 1 - near, mos) == ()
    assert measured_direction(names, near[:15], mos[:15]) == ()
    near[:, 1] = mos
    assert measured_direction(names, near, mos) == ()


def test_bits_that_fall_where_ratings_rise() -> None:
    """Within contents only: between them, bits tell of the content."""

    def clips(slope: float, contents: int) -> list[Clip]:
        return [
            Clip(
                *(f"c/{at}", "c", "1", None, f"{at}.mp4", None, None, None, None),
                Probe(
                    64, 64, 25.0, 1.0, 25, "yuv420p", "h264", None, 0, 9000 * (1 + at % 6), 0, 25.0
                ),
                *(3.0 + slope * (at % 6) + at // 6 % 3 / 9, None, None, LabelOrigin.HUMAN),
                *(f"c/{at // 6 if contents > 1 else at}", None, None),
            )
            for at in range(30)
        ]

    assert rate_findings(clips(0.3, 5), (1, 5)) == ()
    assert rate_findings(clips(-0.3, 1), (1, 5)) == ()
    (finding,) = rate_findings(clips(-0.3, 5), (1, 5))
    assert (finding.severity, "(n = 30)" in finding.what) == (WARNS, True)


def test_a_table_that_cannot_be_asked_hides_no_other(tmp_path: Path) -> None:
    own(tmp_path, rated(FIVE))
    measured(tmp_path, {"vmaf": -BETTER})
    write_tree(
        tmp_path,
        {
            "mine/features/torn.csv": 'clip_name,ssim\nw01,"\n',
            "mine/features/other.csv": 'clip_name,x\nw01,"\n',
        },
    )
    said = found(tmp_path)
    assert "vmaf" in said[BLOCKS]
    assert "table torn: whether the ratings rise" in said[WARNS]
    assert "other" not in said[WARNS]
