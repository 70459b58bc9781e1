"""Labels that contradict what is declared of them: what cannot be right blocks, what may be right
warns, and honest corpora raise nothing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mos_assets.corpora.deviations import require_possible_ci95, require_possible_std
from mos_assets.corpora.direction import measured_direction, rate_findings
from mos_assets.errors import LabelsError
from mos_assets.records import Clip, Corpus, Finding, LabelOrigin, Probe, Severity
from mos_assets_tests.corpora.making import MINIMAL_TOML, load, write_tree

NO_CLIPS = MINIMAL_TOML.replace('clips = "clips"\n', "")
BLOCKS, WARNS = Severity.BLOCKS, Severity.WARNS
FIVE = np.random.default_rng(3).uniform(1.2, 4.8, 40).round(2)
"""Ratings as a study on five points has them."""


def own(root: Path, rows: Sequence[str], scale: str = "[1, 5]", columns: str = "") -> Path:
    """A corpus whose label file has the header `clip,mos` and the names of `columns`."""
    toml = NO_CLIPS.replace("[1.0, 5.0]", scale) + "".join(
        f'{name} = "{name}"\n' for name in columns.split(",") if name
    )
    header = f"clip,mos{',' if columns else ''}{columns}"
    text = "\n".join([header, *rows, ""])
    return write_tree(root, {"mine/corpus.toml": toml, "mine/labels.csv": text})


def rated(values: Sequence[float]) -> list[str]:
    return [f"w{at:02d},{value:g}" for at, value in enumerate(values)]


def found(root: Path) -> dict[Severity, str]:
    """All that was found of each severity."""
    findings = load(root).findings
    return {s: " ".join(f.with_examples for f in findings if f.severity is s) for s in Severity}


@pytest.mark.parametrize(
    ("scale", "values", "severity", "says"),
    [
        ("[0, 100]", FIVE, BLOCKS, "fit 1..5"),
        ("[100, 0]", FIVE, BLOCKS, "declare scale = [5, 1]"),
        ("[0, 100]", 1 + 2 * (FIVE - 1), BLOCKS, "fit 1..9"),
        ("[0, 100]", 2.5 * (FIVE - 1), BLOCKS, "fit 0..10"),
        ("[0, 100]", (FIVE - 1) / 4, BLOCKS, "fit 0..1"),
        ("[0, 10]", (FIVE - 1) / 4, BLOCKS, "fit 0..1"),
        ("[0, 1000]", 25 * (FIVE - 1), BLOCKS, "fit 0..100"),
        ("[0, 10]", FIVE, BLOCKS, "fit 1..5"),
        ("[0, 10]", FIVE[:15], WARNS, "fit 1..5"),
        ("[0, 100]", FIVE[:4], WARNS, "fit 1..5"),
        ("[0, 100]", [45, *FIVE[1:]], BLOCKS, "39 of 40 ratings"),
        ("[0, 100]", [45, *FIVE[1:6]], BLOCKS, "5 of 6 ratings"),
        ("[0, 100]", [99, 0, 45, 38, *FIVE[4:]], BLOCKS, "the others (38, 45, 99)"),
        ("[100, 0]", [45, 99, *FIVE[2:]], BLOCKS, "declare scale = [5, 1]"),
        ("[0, 1000]", [900, *25 * (FIVE[1:] - 1)], BLOCKS, "fit 0..100"),
        ("[0, 10]", [9.5, *FIVE[1:15]], WARNS, "14 of 15 ratings"),
        ("[1, 5]", [4.9, *FIVE[1:] / 100 + 2], WARNS, "38 of 40 ratings"),
        ("[0, 100]", [*FIVE[:20], *20 * FIVE[20:]], WARNS, "two scales in one column"),
        ("[0, 100]", [*FIVE[:12], *25 * (FIVE[12:] - 1)], WARNS, "two scales in one column"),
        ("[0, 100]", [*2 * FIVE[:25], *20 * FIVE[25:]], WARNS, "two scales in one column"),
        ("[1, 9]", FIVE, WARNS, "fit 1..5"),
        ("[1, 5]", FIVE / 100 + 3, WARNS, "% of the declared scale"),
        ("[0, 100]", 4 * FIVE, WARNS, "of the declared scale 0..100"),
        ("[1, 5]", np.where(FIVE > 3.5, 20 * FIVE, FIVE), BLOCKS, "0..100 would hold all of them"),
        ("[1, 5]", np.full(40, 3.0), WARNS, "all 40 ratings are 3"),
        ("[0, 100]", np.arange(40) + 1.0, WARNS, "ranks or row numbers"),
    ],
)
def test_ratings_of_another_scale(
    tmp_path: Path, scale: str, values: Sequence[float], severity: Severity, says: str
) -> None:
    said = found(own(tmp_path, rated(values), scale))
    assert says in said[severity], said
    assert severity is BLOCKS or not said[BLOCKS]


@pytest.mark.parametrize(
    ("scale", "low", "high"),
    [
        *(
            ("[1, 5]", 1.22, 4.64),
            ("[1, 5]", 1.86, 4.0),
            ("[1, 5]", 4.1, 4.9),
            ("[1, 5]", 1.1, 2.4),
        ),
        *(("[0, 100]", 6, 94), ("[0, 100]", 55, 85), ("[0, 10]", 3, 8), ("[1, 9]", 1.8, 6.9)),
        *(("[-3, 3]", -1.4, 1.9), ("[0, 1]", 0.1, 0.9), ("[100, 0]", 6, 94), ("[10, 0]", 1, 9)),
    ],
)
def test_honest_ratings_raise_nothing(tmp_path: Path, scale: str, low: float, high: float) -> None:
    values = np.random.default_rng(1).uniform(low, high, 40).round(2)
    assert load(own(tmp_path, rated(values), scale)).findings == ()


@pytest.mark.parametrize(
    "values",
    [
        np.random.default_rng(2).exponential(25, 60).clip(0, 100),
        [*np.zeros(12), *np.random.default_rng(2).uniform(20, 80, 40)],
        [*np.random.default_rng(2).uniform(2, 9, 3), *np.random.default_rng(2).uniform(20, 80, 40)],
    ],
)
def test_many_good_clips_are_no_second_scale(tmp_path: Path, values: Sequence[float]) -> None:
    assert load(own(tmp_path, rated(values), "[100, 0]")).findings == ()


def test_where_every_row_is_outside_the_scale_that_fits_is_named(tmp_path: Path) -> None:
    own(tmp_path, rated((FIVE - 1) / 4.01))
    with pytest.raises(LabelsError, match=r"no usable label: 40 rows.*0\.\.1 would hold all"):
        load(tmp_path)


def test_a_scale_that_runs_downwards(tmp_path: Path) -> None:
    rows = ["a,0,5,25", "b,25,5,25", "c,100,0,25", "d,100.5,1,25"]
    corpus = load(own(tmp_path, rows, "[100, 0]", "std,n"))
    assert [clip.mos for clip in corpus.clips] == [5.0, 4.0, 1.0]
    assert [clip.mos_std for clip in corpus.clips[1:]] == [0.2, 0.0]
    assert [row.reason for row in corpus.rejected] == [
        "MOS is 100.5, outside the declared range 100..0"
    ]


@pytest.mark.parametrize(
    ("header", "scale", "warned"),
    [
        *(
            ("DMOS", "[0, 100]", True),
            ("dmos_p1", "[1, 5]", True),
            ("ImpairmentScore", "[1, 5]", 1),
        ),
        *(("dMOS", "[1, 5]", True), ("D-MOS", "[1, 5]", 1), ("ddmos", "[1, 5]", 1)),
        *(("differential_mos", "[1, 5]", True), ("delta_mos", "[1, 5]", 1), ("DSIS", "[1, 5]", 1)),
        *(("DeltaMOS", "[1, 5]", True), ("\u0394MOS", "[1, 5]", 1), ("deltamos", "[1, 5]", 1)),
        *(("DMOS", "[100, 0]", False), ("admos", "[1, 5]", 0), ("mos_admos", "[0, 100]", False)),
    ],
)
def test_a_name_that_says_lower_is_better(
    tmp_path: Path, header: str, scale: str, warned: bool
) -> None:
    own(tmp_path, rated(20 * FIVE if "100" in scale else FIVE), scale)
    toml, labels = (tmp_path / "mine" / name for name in ("corpus.toml", "labels.csv"))
    toml.write_text(toml.read_text().replace('mos = "mos"', f'mos = "{header}"'))
    labels.write_text(labels.read_text().replace("clip,mos", f"clip,{header}"))
    assert ("lower is better" in found(tmp_path)[WARNS]) == warned


@pytest.mark.parametrize(("header", "warned"), [("MOS", True), ("quality", True), ("DMOS", False)])
def test_five_as_the_worst_is_doubted(tmp_path: Path, header: str, warned: bool) -> None:
    rows = [row.replace("w", "") for row in rated(FIVE)]
    toml = NO_CLIPS.replace("[1.0, 5.0]", "[5, 1]").replace('"mos"', f'"{header}"')
    text = "\n".join([f"clip,{header}", *rows, ""])
    write_tree(tmp_path, {"mine/corpus.toml": toml, "mine/labels.csv": text})
    assert ("says that 1 is" in found(tmp_path)[WARNS]) == warned


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


def grouped(root: Path, groups: Sequence[str]) -> Corpus:
    rows = [
        f"w{at:02d},{mos:g},{group}"
        for at, (mos, group) in enumerate(zip(FIVE, groups, strict=True))
    ]
    return load(own(root, rows, columns="group"))


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


@pytest.mark.parametrize(
    "hole",
    [
        *("", "N/A", "-", "null", "?", "??", ".", "...", "unknown", "Unknown", "#N/A", "TBD"),
        *("(none)", "<NA>", "n.a.", "not available", "unbekannt", "\u2014", "#NV", "k. A."),
    ],
)
def test_a_label_without_a_group_blocks(tmp_path: Path, hole: str) -> None:
    (finding,) = grouped(
        tmp_path, [hole if at == 7 else f"s{at // 4}" for at in range(40)]
    ).findings
    assert finding.severity is BLOCKS
    assert "w07.mp4 (line 9)" in finding.examples
    assert "w07" not in finding.sentence, "a card names no clip"


@pytest.mark.parametrize(
    "spellings",
    [
        ("1", "1.0", "01", "1."),
        ("1000", "1e3", '"1000,0"', "+1000"),
        ("0", "-0", "0.0", "0e5"),
        ("Foot Ball", "foot ball", "foot_ball", "foot  ball"),
        ("caf\u00e9", "cafe\u0301", "CAF\u00c9", "caf\u00e9\u200b"),
    ],
)
def test_spellings_of_one_group_are_one(tmp_path: Path, spellings: Sequence[str]) -> None:
    groups = [spellings[at % 4] if at < 8 else f"other {at // 4}" for at in range(40)]
    corpus = grouped(tmp_path, groups)
    assert len({clip.content_group for clip in corpus.clips[:8]}) == 1
    assert len({clip.content_group for clip in corpus.clips}) == 9
    (finding,) = corpus.findings
    assert finding.severity is WARNS
    assert "1 groups are spelt in several ways" in finding.what


@pytest.mark.parametrize(
    "spellings",
    [
        *(("src01", "src1"), ("SRC01", "src1"), ("src 1", "src1"), ("src1.mp4", "src1")),
        *(("'src1'", "src1"), ("src1.", "src1"), ("foot ball", "football"), ("1,000", "1000")),
        *(("K\u00fcche", "Kuche"), ("src1.yuv", "SRC_01"), ("0", "s1"), ("misc", "s1")),
    ],
)
def test_what_may_be_one_group_warns_and_stays_apart(
    tmp_path: Path, spellings: tuple[str, str]
) -> None:
    groups = [f'"{spellings[at % 2]}"' if at < 4 else f"other {at // 4}" for at in range(40)]
    corpus = grouped(tmp_path, groups)
    assert len({clip.content_group for clip in corpus.clips}) == 11
    (finding,) = corpus.findings
    assert finding.severity is WARNS
    assert "one content may be on both sides of a fold" in finding.what


@pytest.mark.parametrize(
    "names",
    [
        *(("1_11", "11_1", "111"), ("s1", "s10", "s100"), ("a.v1", "a.v2", "a.v3")),
        *(("12345678901234567890", "12345678901234567891"), ("1e999", "2e999")),
        *(("\u304b", "\u304c"), ("0", "1", "2"), ("set1/s1", "set2/s1"), ("10", "1", "100")),
    ],
)
def test_different_groups_stay_apart_in_silence(tmp_path: Path, names: Sequence[str]) -> None:
    corpus = grouped(tmp_path, [names[at % len(names)] for at in range(40)])
    assert len({clip.content_group for clip in corpus.clips}) == len(names)
    assert corpus.findings == ()


@pytest.mark.parametrize(
    ("key", "column"), [("group", "mos"), ("group", "clip"), ("std", "mos"), ("n", "mos")]
)
def test_one_column_is_not_two_things(tmp_path: Path, key: str, column: str) -> None:
    own(tmp_path, rated(FIVE))
    toml = tmp_path / "mine" / "corpus.toml"
    toml.write_text(f'{toml.read_text()}{key} = "{column}"\n')
    with pytest.raises(LabelsError, match=f"{column} and {key} .*both name the column '{column}'"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("a,1.5,3.5,", "votes on 1..5 with a mean of 1.5 can have at most 1.95"),
        ("a,1.05,0.9,20", "20 votes on 1..5 with a mean of 1.05 can have at most"),
        ("a,3,1,1", "one vote on 1..5 with a mean of 3 can have at most 0"),
        ("a,1.00,0,20", None),
        ("a,3,2.05,20", None),
        ("a,4.75,0.85,4", None),
        ("a,2.5,2.1,2", None),
        ("a,3,NA,", None),
    ],
)
def test_deviations_that_no_votes_can_have(tmp_path: Path, row: str, reason: str | None) -> None:
    corpus = load(own(tmp_path, [row, "b,3,1,20"], columns="std,n"))
    told = [row.reason for row in corpus.rejected]
    assert len(told) == (reason is not None)
    assert all(reason is not None and reason in each for each in told)


def test_many_impossible_deviations_are_another_column(tmp_path: Path) -> None:
    rows = [f"w{at:02d},{mos:g},{(3.9, 0.5)[at % 2]}" for at, mos in enumerate(FIVE)]
    said = found(own(tmp_path, rows, columns="std"))[BLOCKS]
    assert "deviations are larger than any votes on 1..5 can have" in said


@given(st.lists(st.integers(1, 5), min_size=2, max_size=30), st.integers(0, 6))
def test_deviations_of_real_votes_are_possible(votes: list[int], digits: int) -> None:
    """Rounded to any digit, as a sample or as a population, and as intervals of Student's t."""
    n, mean = len(votes), float(np.mean(votes))
    sample = float(np.std(votes, ddof=1))
    for std in (sample, float(np.std(votes))):
        cells = (f"{std:.{digits}f}", f"{mean:.{digits}f}")
        for known in (n, None):
            require_possible_std(float(cells[0]), float(cells[1]), known, (1, 5), cells)
    from scipy.stats import t

    half = float(t.ppf(0.975, n - 1)) * sample / math.sqrt(n)
    cells = (f"{half:.{digits}f}", f"{mean:.{digits}f}")
    require_possible_ci95(float(cells[0]), float(cells[1]), n, (5, 1), cells)


def test_an_empty_cell_takes_nothing_from_a_column_of_another_case(tmp_path: Path) -> None:
    root = own(tmp_path, [])
    (root / "mine" / "labels.csv").write_text("clip,MOS,mos\na,60,\nb,40,3\n")
    corpus = load(root)
    assert [(row.line, row.reason) for row in corpus.rejected] == [(2, "MOS is empty")]


def test_one_clip_in_two_spellings_is_named_where_no_file_tells(tmp_path: Path) -> None:
    rows = ["Küche,3", "Ku\u0308che,2", "b,4"]
    assert "1 clip names stand in several rows" in found(own(tmp_path, rows))[WARNS]


@pytest.mark.parametrize(("other", "severity"), [("3.6", WARNS), ("72", BLOCKS)])
def test_ratings_of_two_columns_do_not_mix_in_silence(
    tmp_path: Path, other: str, severity: Severity
) -> None:
    """KonViD-150k: the first column with something in it wins."""
    rows = [f"c{at},3.5{at % 10},{other}" for at in range(30)] + ["d,,3.3"]
    text = "\n".join(["video_name,mos,video_score", *rows, ""])
    write_tree(tmp_path, {"konvid-150k/k150kb_scores.csv": text})
    corpus = load(tmp_path, "konvid-150k")
    assert len(corpus.clips) == 31
    assert any(
        f.severity is severity and "take their rating from" in f.what for f in corpus.findings
    )


def test_real_corpora_raise_nothing(real_corpora: Path) -> None:
    names = ("avt-image-pairs", "avt-vqdb-uhd-1", "avt-vqdb-uhd-1-nvc", "konvid-1k", "konvid-150k")
    there = [name for name in names if (real_corpora / name).is_dir()]
    assert {name: load(real_corpora, name).findings for name in there} == dict.fromkeys(there, ())
