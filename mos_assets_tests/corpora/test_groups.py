"""Groups of one content, in the spellings that label files have."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from mos_assets.records import Corpus, Severity
from mos_assets_tests.corpora.making import FIVE, load, own

BLOCKS, WARNS = Severity.BLOCKS, Severity.WARNS


def grouped(root: Path, groups: Sequence[str]) -> Corpus:
    rows = [
        f"w{at:02d},{mos:g},{group}"
        for at, (mos, group) in enumerate(zip(FIVE, groups, strict=True))
    ]
    return load(own(root, rows, columns="group"))


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
