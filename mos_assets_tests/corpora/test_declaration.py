"""Labels that contradict what is declared of them: what cannot be right blocks, what may be right
warns, and honest corpora raise nothing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from mos_assets.errors import LabelsError
from mos_assets.records import Severity
from mos_assets_tests.corpora.making import (
    FIVE,
    NO_CLIPS,
    found,
    load,
    own,
    rated,
    write_tree,
)

BLOCKS, WARNS = Severity.BLOCKS, Severity.WARNS


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


@pytest.mark.parametrize(
    ("key", "column"), [("group", "mos"), ("group", "clip"), ("std", "mos"), ("n", "mos")]
)
def test_one_column_is_not_two_things(tmp_path: Path, key: str, column: str) -> None:
    own(tmp_path, rated(FIVE))
    toml = tmp_path / "mine" / "corpus.toml"
    toml.write_text(f'{toml.read_text()}{key} = "{column}"\n')
    with pytest.raises(LabelsError, match=f"{column} and {key} .*both name the column '{column}'"):
        load(tmp_path)


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
